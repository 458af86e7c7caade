import {spawn} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {ContainerOptions} from '../../source/agents/container/options.js';
import {stateFiles} from '../../source/agents/container/state-files.js';
import {type Bench, findBench} from '../support/engine.js';
import {temporaryFolder} from '../support/folders.js';
import {machineRights} from '../support/machines/container.js';
import {ensureMachineImage} from '../support/machines/image.js';
import {eventually} from '../support/program.js';
import {calm, derive, type Launched, makeDockerBackend} from './bench.js';

const found = await findBench('Containers in Docker', ['ssh']);
const bench = found as Bench;

/** A Docker engine inside, and not the rights that it needs, which not every engine can give. */
const withEngine: ContainerOptions = {
	user: undefined,
	folder: '/workflow',
	privileged: false,
	docker: true,
	caches: [],
	source: {folder: '/project', configuration: '/project/.dstack.yml'},
};

const reachable = async ({ssh}: Pick<Launched, 'ssh'>) =>
	eventually(
		async () => ssh('true'),
		({code}) => code === 0,
	);

/** Where the listener is gone, another one has to come; a command that only waits would reach the old one. */
async function listener({container}: Launched): Promise<string> {
	const {docker} = bench.engine;
	const pids = `for p in /proc/[0-9]*; do case "$(tr '\\0' ' ' < $p/cmdline 2>/dev/null)" in 'sshd: '*' -D '*) echo "\${p##*/}" ;; esac; done`;
	return docker('exec', container, 'sh', '-c', pids);
}

describe.skipIf(!found)('the SSH server of a container', {timeout: 120_000}, () => {
	test('comes again when it is killed, while sessions go on, and when the container is started again', async () => {
		const launched = await makeDockerBackend(bench).launch();
		const {container, ssh} = launched;
		const first = await listener(launched);
		expect(first).toMatch(/^\d+$/);
		const session = ssh('until [ -e /tmp/go ]; do sleep 0.1; done; echo went on');
		await eventually(
			async () => bench.engine.docker('exec', container, 'sh', '-c', 'cat /proc/[0-9]*/cmdline'),
			text => text.includes('/tmp/go'),
		);
		await bench.engine.docker('exec', container, 'kill', '-9', first);
		await reachable(launched);
		expect(await listener(launched)).not.toBe(first);
		await ssh('touch /tmp/go');
		expect((await session).stdout).toBe('went on\n');

		// What a person's own restart comes to.
		await ssh('pkill sshd');
		await reachable(launched);
		expect(await bench.engine.docker('logs', container)).toMatch(/The SSH server ended with exit code \d+; it is started again/);

		await ssh('echo stays > ~/.ssh/environment');
		await bench.engine.docker('restart', '-t', '1', container);
		await reachable(launched);
		expect((await ssh('cat ~/.ssh/environment; grep -c "^root:" /etc/passwd; grep "^root:" /etc/passwd')).stdout).toBe(
			'stays\n1\nroot:x:0:0:root:/root:/dstack-tui/bin/bash\n',
		);
	});

	test('one that was removed is said, and comes again when it is back', async () => {
		const launched = await makeDockerBackend(bench).launch();
		const {container} = launched;
		await bench.engine.docker('exec', container, 'sh', '-c', 'mv /usr/sbin/sshd /opt/sshd; pkill sshd');
		await eventually(
			async () => bench.engine.docker('logs', container),
			text => text.includes('was removed: nobody can connect until it is installed again'),
		);
		await bench.engine.docker('exec', container, 'mv', '/opt/sshd', '/usr/sbin/sshd');
		await reachable(launched);
	});

	test('one that cannot start at all is given up with its reason', async () => {
		const image = await derive(bench, 'printf "#!/bin/sh\\necho no such luck >&2\\nexit 3\\n" > /usr/sbin/sshd');
		await expect(makeDockerBackend(bench).launch({}, {image})).rejects.toMatchObject({
			message: 'The SSH server cannot start: no such luck',
		});
	});
});

describe.skipIf(!found)('the user of a container', {timeout: 120_000}, () => {
	const useradd = 'useradd --create-home --shell /bin/bash alice; useradd --system --shell /usr/sbin/nologin robot';

	test('logs in, owns the code and its home, and finds shell, variables and python as root would', async () => {
		const image = await derive(
			bench,
			`${useradd}; mkdir -p /opt/dstack-tui/venv; echo x > /opt/dstack-tui/venv/file`,
			'ENV OF_IMAGE=yes',
		);
		const backend = makeDockerBackend(bench);
		const {instance, ssh} = await backend.launch({user: 'alice'}, {image});
		expect(instance.endpoint?.user).toBe('alice');
		const look = 'id -un; pwd; echo "$HOME $OF_IMAGE $SHELL"; touch /workflow/mine /opt/dstack-tui/venv/file ~/mine && echo can';
		expect((await ssh(look)).stdout).toBe('alice\n/workflow\n/home/alice yes /bin/bash\ncan\n');
		expect((await ssh('cat /dstack-tui/host_key')).code).not.toBe(0);
		expect((await ssh('cat > /dstack-tui/deadline < /dev/null; mkdir -p /dstack-tui/steps && echo can')).stdout).toBe('can\n');
		expect((await ssh('id -un', 'root')).stdout).toBe('root\n');
	});

	test.each([
		['robot', 'robot', /^\d+ \d+ \/home\/robot\n$/],
		['1234', 'u1234', /^1234 0 \/home\/u1234\n$/],
		['1234:4321', 'u1234', /^1234 4321 \/home\/u1234\n$/],
		['1000', 'u1000', /^1000 1000 \/home\/alice\n$/],
		['alice:games', 'alice', /^1000 60 \/home\/alice\n$/],
		['0', 'root', /^0 0 \/root\n$/],
	])('%s is one that can work', async (user, login, expected) => {
		const image = await derive(bench, useradd);
		const {instance, ssh} = await makeDockerBackend(bench).launch({user}, {image});
		expect(instance.endpoint?.user).toBe(login);
		expect((await ssh('mkdir -p /opt/dstack-tui/venv && echo can')).stdout).toBe('can\n');
		expect((await ssh('echo "$(id -u) $(id -g) $HOME"; cd ~ && touch mine')).stdout).toMatch(expected);
	});

	test('one that is not there is said with the line that makes it', async () => {
		await expect(makeDockerBackend(bench).launch({user: 'bob'})).rejects.toMatchObject({
			class: 'configuration',
			message: 'There is no user bob in the image',
			next: expect.stringContaining('build:\n  - useradd --create-home bob'),
		});
	});
});

describe.skipIf(!found)('what a container is made with', {timeout: 120_000}, () => {
	test('caches are shared by environments of the same configuration, and belong to the user', async () => {
		const image = await derive(bench, 'useradd --create-home alice; mkdir -p /data/here; echo of the image > /data/here/file');
		const backend = makeDockerBackend(bench);
		const wish = {user: 'alice', cache: ['~/.cache/pip/deep', '/data/here', 'models']};
		const first = await backend.launch(wish, {image});
		const write =
			'echo one > ~/.cache/pip/deep/x && touch ~/.cache/other && echo two > "$(echo /dstack-tui/caches/*)/y"; cat /data/here/file';
		expect(await first.ssh(write)).toMatchObject({code: 0, stdout: 'of the image\n'});
		const second = await backend.launch(wish, {image, installation: first.intent.installation});
		const read = 'cat ~/.cache/pip/deep/x /dstack-tui/caches/*/y';
		expect((await second.ssh(read)).stdout).toBe('one\ntwo\n');
		await backend.docker.terminate(first.instance.id);
		await backend.docker.terminate(second.instance.id);
		const third = await backend.launch(wish, {image});
		expect((await third.ssh(read)).stdout).toBe('one\ntwo\n');

		const {listCaches, removeCache} = await import('../../source/backends/local/docker/caches.js');
		const kept = await listCaches(third.intent.installation);
		expect(kept.map(({path}) => path).sort()).toEqual(['/data/here', '/home/alice/.cache/pip/deep', '/workflow/models']);
		expect(kept[0]).toMatchObject({folder: '/project', configuration: '/project/.dstack.yml', inUse: true});
		await expect(removeCache(kept[0]?.name ?? '')).rejects.toThrow('in use');
		await backend.docker.terminate(third.instance.id);
		for (const {name} of kept) {
			await removeCache(name);
			await removeCache(name);
		}

		expect(await listCaches(third.intent.installation)).toEqual([]);
	});

	test('rights are only those that were asked for', async context => {
		const can = await bench.engine.docker('run', '--rm', '--privileged', '--entrypoint', 'true', bench.image).then(
			() => true,
			() => false,
		);
		if (!can) {
			context.skip('the engine here cannot give a container all rights');
		}

		const backend = makeDockerBackend(bench);
		const [plain, privileged] = [await backend.launch(), await backend.launch({privileged: true})];
		const mount = 'mkdir -p /mnt/x && mount -t tmpfs none /mnt/x && echo can';
		expect((await plain.ssh(mount)).stdout).toBe('');
		expect((await privileged.ssh(mount)).stdout).toBe('can\n');
	});

	test('a folder outside of the code is made for the user', async () => {
		const image = await derive(bench, 'useradd --create-home alice');
		const {ssh} = await makeDockerBackend(bench).launch({user: 'alice', workingDir: '/srv/work'}, {image});
		expect((await ssh('stat -c %U /srv/work')).stdout).toBe('alice\n');
	});

	test('an engine that is not in the image is said', async () => {
		await expect(makeDockerBackend(bench).launch({}, {container: withEngine})).rejects.toMatchObject({
			message: 'The image has no Docker engine',
			next: expect.stringContaining('`docker: true` brings its own'),
		});
	});
});

describe.skipIf(!found)('an engine inside', {timeout: 120_000}, () => {
	test('is a real one before SSH is there, answers the user, and comes again', async context => {
		const machine = await ensureMachineImage(bench.engine);
		if ('missing' in machine) {
			context.skip(`missing: ${machine.missing}`);
			return;
		}

		const {docker} = bench.engine;
		const image = await derive({...bench, image: machine.image}, 'useradd --create-home alice');
		const backend = makeDockerBackend(bench);
		const wish: ContainerOptions = {...withEngine, user: 'alice'};
		const {intent} = await backend.launch({}, {container: wish, hold: true});
		const name = `dstack-tui-test-inside-${process.pid}`;
		// The rights that are asked for are refused in some sandboxes; these are enough.
		await docker('create', '--name', name, ...machineRights, '--entrypoint', '/bin/sh', image, '/dstack-tui/bootstrap');
		onTestFinished(async () => void (await docker('rm', '-fv', name)));
		const folder = await temporaryFolder();
		await mkdir(path.join(folder, 'dstack-tui'));
		for (const [file, text] of Object.entries(stateFiles({...intent, hold: false}, {listen: 'loopback', ownGuard: false}))) {
			await writeFile(path.join(folder, 'dstack-tui', file), text);
		}

		await docker('cp', path.join(folder, 'dstack-tui'), `${name}:/`);
		await docker('start', name);
		const answers = async (times: number) =>
			eventually(
				async () => docker('logs', name).catch(() => ''),
				text => text.split('The Docker engine inside answers').length === times + 1,
				60_000,
			);
		await answers(1);
		const ask = ['exec', '-u', 'alice', name, 'docker', 'version', '--format', '{{.Server.Version}}'];
		expect(await docker(...ask)).toMatch(/^\d+\./);
		await docker('restart', '-t', '2', name);
		await answers(2);
		expect(await docker(...ask)).toMatch(/^\d+\./);
	});

	test('that does not start is given up with its last words', async () => {
		const image = await derive(
			bench,
			'printf "#!/bin/sh\\necho no right to mount\\nexit 1\\n" > /usr/bin/dockerd; chmod 755 /usr/bin/dockerd',
		);
		await expect(makeDockerBackend(bench).launch({}, {image, container: withEngine})).rejects.toMatchObject({
			message: 'The Docker engine inside does not start: no right to mount',
		});
	});
});

describe.skipIf(!found)('why a container ended', {timeout: 120_000}, () => {
	const ended = async ({instance}: Launched, docker: ReturnType<typeof makeDockerBackend>['docker']) =>
		eventually(
			async () => docker.describe(instance.id),
			each => each?.state === 'stopped',
		);

	test('no memory, a kill and a command of its own are told apart', async context => {
		const backend = makeDockerBackend(bench);
		const [hungry, killed, full] = [await backend.launch(), await backend.launch(), await backend.launch()];
		await bench.engine.docker('kill', killed.container);
		expect(await ended(killed, backend.docker)).toMatchObject({reason: expect.stringMatching(/killed \(exit code 137\)/)});

		await bench.engine.docker(
			'exec',
			full.container,
			'sh',
			'-c',
			'echo "write error: No space left on device" > /proc/1/fd/1; kill 1',
		);
		expect(await ended(full, backend.docker)).toMatchObject({
			reason: 'the disk is full',
			next: expect.stringContaining('docker system df'),
		});

		const pid = await bench.engine.docker('inspect', '--format', '{{.State.Pid}}', hungry.container);
		await bench.engine.docker('update', '--memory', '64m', '--memory-swap', '64m', hungry.container);
		const isOurs = await writeFile(`/proc/${pid}/oom_score_adj`, '1000').then(
			() => true,
			() => false,
		);
		if (!isOurs) {
			context.skip('only root of this machine can choose what the kernel kills');
		}

		const hog = spawn(
			'docker',
			['exec', hungry.container, 'sh', '-c', 'echo -1000 > /proc/self/oom_score_adj; exec tail /dev/zero'],
			{
				env: {...process.env, DOCKER_HOST: bench.engine.host},
				stdio: 'ignore',
			},
		);
		onTestFinished(() => void hog.kill());
		const end = await ended(hungry, backend.docker);
		expect(end?.reason).toMatch(/memory/);
		if ((await bench.engine.docker('inspect', '--format', '{{.State.OOMKilled}}', hungry.container)) !== 'true') {
			context.skip('the engine here does not tell that memory was the reason');
		}

		expect(end).toMatchObject({
			reason: 'the kernel killed it: no memory was left (exit code 137)',
			next: expect.stringContaining('more memory'),
		});
	});
});

test.skipIf(!found)('a launch that was answered already is told with the same container', {timeout: 60_000}, async () => {
	const {docker, launch} = makeDockerBackend(bench);
	const {intent, instance} = await launch();
	expect(await docker.launch(intent, calm(), () => undefined)).toMatchObject({id: instance.id});
});
