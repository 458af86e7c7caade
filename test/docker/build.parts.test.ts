import {spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import process from 'node:process';
import {PassThrough} from 'node:stream';
import {describe, expect, onTestFinished, test} from 'vitest';
import {runScriptStep} from '../../source/environment/runner.js';
import type {StepContext} from '../../source/environment/step.js';
import {scriptSteps} from '../../source/environment/steps.js';
import {variablesFile} from '../../source/environment/variables.js';
import {containerContext, environment} from '../environment/support.js';
import {type Bench, findBench} from '../support/engine.js';
import {calm, derive, type DockerBackend, makeDockerBackend, removeAfterwards} from './bench.js';

const found = await findBench('Builds in Docker', ['ssh', 'tar', 'strings']);
const bench = found as Bench;

const reference = (): string => `dstack-tui-test-built:${randomBytes(6).toString('hex')}`;

const contextOf = (build: readonly string[]): StepContext => containerContext({configuration: environment({build})});

/** Commands in a held container, as the build step runs them. */
async function build({docker}: DockerBackend, id: string, commands: readonly string[]) {
	const link = await docker.inside(id, calm());
	onTestFinished(() => link.close());
	const context = contextOf(commands);
	const step = scriptSteps(context).find(each => each.id === 'build');
	const logs: string[] = [];
	const result = await runScriptStep(link, step ?? expect.fail('no step'), context, ({log}) => logs.push(log ?? ''));
	return {...result, log: logs.join('')};
}

/** Every file that the image's own layers hold, as one text of names and contents. */
function filesOf(image: string): string {
	const save = spawnSync('sh', ['-c', `docker save ${image} | tar -xOf - --wildcards '*.tar' | strings -a`], {
		env: {...process.env, DOCKER_HOST: bench.engine.host},
		maxBuffer: 1 << 30,
		encoding: 'utf8',
	});
	return save.stdout;
}

describe.skipIf(!found)('a container that holds for a build', {timeout: 120_000}, () => {
	test('is built in without SSH, kept as an image without a secret, and goes on as the environment', async () => {
		const image = await derive(
			bench,
			'true',
			'ENTRYPOINT ["/bin/echo", "of the image"]',
			'CMD ["word"]',
			'ENV KEPT=yes',
			'LABEL of=base',
		);
		const backend = makeDockerBackend(bench);
		const {instance, intent, ssh, container} = await backend.launch({build: ['-']}, {image, hold: true});
		expect(instance).toMatchObject({state: 'running', workspace: '/workflow', endpoint: {user: 'root'}});
		expect((await ssh('true')).code).not.toBe(0);

		const link = await backend.docker.inside(instance.id, calm());
		onTestFinished(() => link.close());
		const secret = `secret-${randomBytes(12).toString('hex')}`;
		await link.exec(`umask 077; cat > ${variablesFile('/dstack-tui')}`, {stdin: `export TOKEN=${secret}\n`});
		await link.exec('cat > /workflow/code.txt', {stdin: `code-${secret}\n`});
		const built = await build(backend, instance.id, ['cat code.txt > /dev/null', 'test -n "$TOKEN" && echo built > /opt/built']);
		expect(built.code, built.log).toBe(0);

		const wish = {reference: reference(), labels: {'dstack-tui.build': 'key'}};
		removeAfterwards(bench.engine, wish.reference);
		const told: string[] = [];
		const kept = await backend.docker.commit(instance.id, wish, calm(), ({text}) => told.push(text));
		expect(kept.reference).toBe(wish.reference);
		expect(kept.size).toBeGreaterThan(1_000_000);
		expect(told).toEqual([`keeping it as ${wish.reference}`]);
		// A second time there is nothing to do.
		const id = await bench.engine.docker('image', 'inspect', '--format', '{{.Id}}', wish.reference);
		expect(await backend.docker.commit(instance.id, wish, calm(), ({text}) => told.push(text))).toEqual(kept);
		expect(told).toHaveLength(1);
		expect(await bench.engine.docker('image', 'inspect', '--format', '{{.Id}}', wish.reference)).toBe(id);

		const configured = JSON.parse(
			await bench.engine.docker('image', 'inspect', '--format', '{{json .Config}}', wish.reference),
		) as {
			Labels: Record<string, string>;
		};
		expect(configured).toMatchObject({Entrypoint: ['/bin/echo', 'of the image'], Cmd: ['word']});
		expect(Object.keys((configured as {Volumes?: object}).Volumes ?? {})).toEqual([]);
		expect(configured).toMatchObject({Env: expect.arrayContaining(['KEPT=yes']) as string[]});
		expect(configured.Labels).toMatchObject({
			of: 'base',
			'dstack-tui.build': 'key',
			'dstack-tui.run': '',
			'dstack-tui.installation': '',
		});
		expect(await bench.engine.docker('run', '--rm', wish.reference)).toBe('of the image word');
		const look = 'cat /opt/built; ls -A /dstack-tui /workflow; grep -c dstack /etc/passwd; ls -A /root/.ssh /etc/profile.d';
		const seen = await bench.engine.docker('run', '--rm', '--entrypoint', 'sh', wish.reference, '-c', `${look} 2>&1; true`);
		expect(seen).toContain('built\n');
		expect(seen).not.toMatch(/code\.txt|bootstrap|zz-dstack-tui|environment/);
		const all = filesOf(wish.reference);
		expect(all.length).toBeGreaterThan(1_000_000);
		expect(all).toContain('root:x:0:0:root:/root:/bin/bash');
		for (const word of [
			secret,
			intent.authorizedKey.split(' ')[1] ?? '',
			'dstack-tui/bin',
			intent.hostKey.private.split('\n')[2] ?? '',
		]) {
			expect(all.includes(word), word).toBe(false);
		}

		const released = await backend.docker.release(instance.id, calm());
		expect(released).toMatchObject({state: 'running', id: instance.id});
		expect((await ssh('cat /opt/built code.txt; echo "$KEPT"')).stdout).toBe(`built\ncode-${secret}\nyes\n`);
		// Released it is, also when it is asked for again.
		expect(await backend.docker.release(instance.id, calm())).toMatchObject({id: instance.id});

		const second = await backend.launch({}, {image: wish.reference});
		expect((await second.ssh('cat /opt/built; ls -A')).stdout).toBe('built\n');
		expect(await bench.engine.docker('inspect', '--format', '{{.Config.Labels}}', container)).toContain(intent.installation);
	});

	test('an image without an SSH server gets one in the build; without a build the lines are shown, and it is kept', async () => {
		const image = await derive(bench, 'mv /usr/sbin/sshd /opt/sshd');
		const backend = makeDockerBackend(bench);
		const good = await backend.launch({}, {image, hold: true});
		expect((await build(backend, good.instance.id, ['mv /opt/sshd /usr/sbin/sshd'])).code).toBe(0);
		await backend.docker.release(good.instance.id, calm());
		expect((await good.ssh('pwd')).stdout).toBe('/workflow\n');

		const bad = await backend.launch({}, {image, hold: true});
		await (await backend.docker.inside(bad.instance.id, calm())).exec('echo work > /workflow/file');
		await expect(backend.docker.release(bad.instance.id, calm())).rejects.toMatchObject({
			class: 'configuration',
			message: 'The image has no SSH server (sshd)',
			next: expect.stringContaining('  - DEBIAN_FRONTEND=noninteractive apt-get install -y openssh-server\n'),
		});
		const ended = await backend.docker.describe(bad.instance.id);
		expect(ended).toMatchObject({state: 'stopped', reason: 'The image has no SSH server (sshd)'});
		expect(
			spawnSync('sh', ['-c', `cd "$(mktemp -d)" && ${ended?.kept?.command} && cat test-run-1/file`], {
				env: {...process.env, DOCKER_HOST: bench.engine.host},
				encoding: 'utf8',
			}).stdout,
		).toBe('work\n');
		await expect(backend.docker.inside(bad.instance.id, calm())).rejects.toMatchObject({class: 'configuration'});
	});

	test('its link carries streams both ways, ends with its signal, its silence and its container', async () => {
		const backend = makeDockerBackend(bench);
		const {instance, container} = await backend.launch({}, {hold: true});
		const link = await backend.docker.inside(instance.id, calm());
		const bytes = randomBytes(3_000_000);
		const source = new PassThrough();
		source.end(bytes);
		const pieces: Buffer[] = [];
		const result = await link.exec('cat; echo said >&2; exit 7', {
			stdin: source,
			onOutput: (piece, stream) => stream === 'stdout' && pieces.push(Buffer.from(piece)),
		});
		expect(result.code).toBe(7);
		expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
		expect(await link.exec('echo out; echo err >&2; id -u')).toEqual({code: 0, stdout: 'out\n0\n', stderr: 'err\n'});
		// Without an input there is its end.
		expect(await link.exec('cat; echo over')).toMatchObject({code: 0, stdout: 'over\n'});
		expect((await link.exec('kill -9 $$')).code).toBe(137);

		await expect(link.exec('sleep 600', {idleLimit: 500})).rejects.toThrow('no answer in 0.5 s');
		const abort = new AbortController();
		const running = link.exec('echo ready; cat; echo heard > /tmp/heard', {
			stdin: new PassThrough(),
			signal: abort.signal,
			onOutput: () => abort.abort(new Error('enough')),
		});
		await expect(running).rejects.toThrow('enough');
		expect((await link.exec('until [ -f /tmp/heard ]; do sleep 0.1; done; cat /tmp/heard')).stdout).toBe('heard\n');

		const other = await backend.docker.inside(instance.id, calm());
		other.close();
		expect(await other.closed).toBeUndefined();
		await expect(other.exec('true')).rejects.toThrow('closed');

		let begun = () => {};
		const started = new Promise<void>(resolve => {
			begun = resolve;
		});
		const lost = expect(link.exec('echo begun; sleep 600', {onOutput: () => begun()})).rejects.toThrow('the container stopped');
		await started;
		await bench.engine.docker('kill', container);
		await lost;
		expect((await link.closed)?.message).toContain('the container stopped');
	});

	test('it goes on holding when it is started again, and the same launch finds it', async () => {
		const backend = makeDockerBackend(bench);
		const {instance, intent, ssh, container} = await backend.launch({}, {hold: true});
		await bench.engine.docker('restart', '-t', '1', container);
		expect(await backend.docker.launch(intent, calm(), () => undefined)).toMatchObject({id: instance.id, state: 'running'});
		expect((await ssh('true')).code).not.toBe(0);
		await backend.docker.release(instance.id, calm());
		expect((await ssh('pwd')).stdout).toBe('/workflow\n');
	});
});
