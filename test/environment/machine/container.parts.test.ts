import {randomInt} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {commitScript} from '../../../source/environment/machine/commit.js';
import {containerScript, type ContainerOptions} from '../../../source/environment/machine/container.js';
import {
	containerStateScript,
	explainState,
	parseContainerState,
	type ContainerState,
} from '../../../source/environment/machine/state.js';
import {type Bench, findBench} from '../../support/engine.js';
import {localHost} from './support.js';

const found = await findBench('Containers on a machine', ['python3']);
const bench = found as Bench;

const stays = 'echo up\ntrap "exit 0" TERM\nwhile :; do sleep 1 & wait $!; done\n';

/** A host with the folders of an environment, and the name of a container to be made there. */
async function makeEnvironment(bootstrap = stays) {
	const host = await localHost(bench);
	const name = `dt-engine-${process.pid}-${randomInt(1e9)}`;
	onTestFinished(async () => {
		await docker('rm', '-fv', name).catch(() => '');
	});
	const [code, state] = [path.join(host.folder, 'code'), path.join(host.folder, 'state')];
	await mkdir(code);
	await mkdir(state);
	const write = async (text: string) => writeFile(path.join(state, 'bootstrap'), text);
	await write(bootstrap);
	const options: ContainerOptions = {
		image: bench.image,
		name,
		hostname: 'brave-cat-1',
		run: 'brave-cat-1',
		intent: 'intent-1',
		gpus: false,
		privileged: false,
		mounts: [
			{source: code, target: '/workflow'},
			{source: state, target: '/dstack-tui'},
		],
	};
	const create = async (changes: Partial<ContainerOptions> = {}) => host.perform(containerScript({...options, ...changes}));
	const inspect = async (format: string) => docker('inspect', '--format', format, name);
	const readState = async (): Promise<ContainerState> => {
		const {code: exit, lastLines} = await host.perform(containerStateScript(name));
		expect(exit).toBe(0);
		const state = parseContainerState(lastLines.at(-1) ?? '');
		expect(state, lastLines.at(-1)).toBeDefined();
		return state as ContainerState;
	};

	return {...host, name, code, state, write, create, inspect, readState};
}

const docker = async (...args: readonly string[]) => bench.engine.docker(...args);

let count = 0;

/** An image of the bench's files after `script`, with changes to its configuration, for one test. */
async function derive(script: string, ...changes: readonly string[]): Promise<string> {
	const image = `dt-engine-derived-${process.pid}:${count++}`;
	const container = await docker('create', '--entrypoint', '/bin/sh', bench.image, '-c', script);
	await docker('start', '-a', container);
	await docker('commit', ...changes.flatMap(change => ['--change', change]), container, image);
	await docker('rm', container);
	onTestFinished(async () => {
		await docker('rmi', '-f', image).catch(() => '');
	});
	return image;
}

describe.skipIf(!found)('the container of an environment on a machine', {timeout: 120_000}, () => {
	test('is created as asked, and is the same one the next time', async () => {
		const {create, inspect, code, name} = await makeEnvironment();
		const first = await create({shmSize: 96, privileged: false});
		expect(first.code, first.log).toBe(0);
		expect(first.reason).toBe(`The container ${name} runs`);
		await writeFile(path.join(code, 'there.txt'), 'there\n');
		const inside = await docker(
			'exec',
			name,
			'sh',
			'-c',
			'cat there.txt; pwd; id -u; hostname; getent hosts brave-cat-1; df -k /dev/shm | tail -n 1',
		);
		expect(inside).toMatch(/^there\n\/workflow\n0\nbrave-cat-1\n127\.0\.1\.1 +brave-cat-1\nshm +98304 /);
		expect(
			await inspect(
				'{{.HostConfig.NetworkMode}} {{.HostConfig.RestartPolicy.Name}} {{index .Config.Labels "dstack-tui.run"}} {{index .Config.Labels "dstack-tui.intent"}}',
			),
		).toBe('host always brave-cat-1 intent-1');
		const id = await inspect('{{.Id}}');

		const again = await create();
		expect(again.log).toBe(`The container ${name} runs\n`);
		expect(await inspect('{{.Id}}')).toBe(id);
		await docker('stop', '-t', '1', name);
		const started = await create();
		expect(started.code, started.log).toBe(0);
		expect(await inspect('{{.Id}} {{.State.Running}}')).toBe(`${id} true`);
	});

	test('of another image or run is replaced, one that is not ours is left alone', async () => {
		const {create, inspect, name} = await makeEnvironment();
		expect((await create()).code).toBe(0);
		const id = await inspect('{{.Id}}');
		const replaced = await create({intent: 'intent-2'});
		expect(replaced.log).toContain('Removing the container of another image or run\n');
		expect(await inspect('{{.Id}}')).not.toBe(id);

		await docker('rm', '-f', name);
		await docker('create', '--name', name, bench.image, 'true');
		const refused = await create();
		expect(refused.code).toBe(1);
		expect(refused.reason).toBe(`there is a container ${name} on the machine that is not of this program`);
		expect(refused.next).toContain(`docker rename ${name}`);
		expect(await inspect('{{.State.Status}}')).toBe('created');
	});

	test('is there once, and runs, after its step was killed at random moments', async () => {
		const {create, kill, inspect, name} = await makeEnvironment();
		let killed = 0;
		for (let turn = 0; turn < 4; turn++) {
			const running = create().catch(() => undefined);
			await new Promise(resolve => setTimeout(resolve, 400 + randomInt(1200)));
			killed += Number(await kill('all'));
			await running;
		}

		expect(killed).toBeGreaterThan(0);
		const last = await create();
		expect(last.code, last.log).toBe(0);
		expect(await inspect('{{.State.Running}}')).toBe('true');
		expect(await docker('ps', '-aq', '--filter', `name=${name}`)).toMatch(/^[0-9a-f]{12}$/);
	});

	test('that does not stay up ends with its last words, and is not started for ever', async () => {
		const {create, inspect, write} = await makeEnvironment('echo "first words"; echo "no luck today"; exit 3\n');
		const {code, reason, log, next} = await create();
		expect(code).toBe(1);
		expect(log).toContain('first words\n');
		expect(reason).toMatch(/^the container did not stay up \((exit code 3|it ends again and again)\): no luck today$/);
		expect(next).toBe('Mend the image, or choose another.');
		expect(await inspect('{{.State.Status}}')).toBe('exited');
		await write(stays);
		expect((await create()).code).toBe(0);
	});

	test('of an image that cannot run says why', async () => {
		const {create} = await makeEnvironment();
		const missing = await create({image: 'dt-engine-nothing:1'});
		expect(missing.reason).toBe('the image dt-engine-nothing:1 is not on the machine');

		const without = await derive('rm -f /bin/sh /usr/bin/sh');
		expect((await create({image: without})).reason).toBe(`the image ${without} has no /bin/sh`);

		// What another processor's programs are to this one.
		const foreign = await derive(
			'f=$(readlink -f /bin/sh); cp "$f" /tmp/sh; printf "not for this processor" > /tmp/other; chmod 755 /tmp/other; mv /tmp/other "$f"',
		);
		const refused = await create({image: foreign});
		expect(refused.reason).toMatch(new RegExp(`^the image ${foreign} is for \\S+, the machine is \\S+ \\(exec format error\\)$`));
	});

	test('gets no GPUs where the engine cannot give any, and says so', async () => {
		const {create} = await makeEnvironment();
		const {reason, next} = await create({gpus: true});
		expect(reason).toMatch(/^the Docker engine cannot give GPUs to containers/);
		expect(next).toContain('systemctl restart docker');
	});
});

describe.skipIf(!found)('an image of what a build made', {timeout: 120_000}, () => {
	test('is configured as its base, and has nothing of the environment’s in it', async () => {
		const base = await derive(
			'true',
			...[
				'ENTRYPOINT ["/usr/bin/env"]',
				'CMD ["a", "b"]',
				'USER nobody',
				'WORKDIR /opt',
				'ENV OF_BASE="two words"',
				'EXPOSE 8080',
				'LABEL of.base=kept',
			],
		);
		const {create, name, code, perform} = await makeEnvironment();
		expect((await create({image: base})).code).toBe(0);
		await writeFile(path.join(code, 'secret-code'), 'x');
		await docker('exec', name, 'sh', '-c', 'id -u > /opt/built; head -c 3000000 /dev/urandom > /opt/large');
		const reference = `dt-engine-built-${process.pid}:1`;
		onTestFinished(async () => {
			await docker('rmi', '-f', reference).catch(() => '');
		});
		const script = (key: string) =>
			commitScript({container: name, reference, labels: {'dstack-tui.build': key}, baseImage: base});
		const {code: exit, log, reason} = await perform(script('key-1'));
		expect(exit, log).toBe(0);
		expect(reason).toMatch(new RegExp(`^${reference}: \\d+MB, of which 3\\.0MB are new$`));
		const config = async (image: string) =>
			JSON.parse(await docker('image', 'inspect', '--format', '{{json .Config}}', image)) as Record<string, unknown>;
		const [of, built] = [await config(base), await config(reference)];
		for (const key of ['Entrypoint', 'Cmd', 'User', 'WorkingDir', 'Env', 'ExposedPorts', 'Volumes']) {
			expect(built[key], key).toEqual(of[key]);
		}

		expect(built['Labels']).toEqual({
			'of.base': 'kept',
			'dstack-tui.build': 'key-1',
			'dstack-tui.run': '',
			'dstack-tui.intent': '',
			'dstack-tui.image': '',
		});
		const inside = await docker(
			'run',
			'--rm',
			'--entrypoint',
			'/bin/sh',
			reference,
			'-c',
			'cat /opt/built; ls -A /workflow /dstack-tui',
		);
		expect(inside).toBe('0\n/dstack-tui:\n\n/workflow:');

		const id = await docker('image', 'inspect', '--format', '{{.Id}}', reference);
		const again = await perform(script('key-1'));
		expect(again.log).toContain(`${reference} is here already\n`);
		expect(await docker('image', 'inspect', '--format', '{{.Id}}', reference)).toBe(id);
		expect((await perform(script('key-2'))).code).toBe(0);
		expect(await docker('image', 'inspect', '--format', '{{.Id}}', reference)).not.toBe(id);
		await docker('rmi', id);
	});

	test('of a base that says nothing says nothing either', async () => {
		const {create, name, perform} = await makeEnvironment();
		await create();
		const reference = `dt-engine-built-${process.pid}:2`;
		onTestFinished(async () => {
			await docker('rmi', '-f', reference).catch(() => '');
		});
		await perform(commitScript({container: name, reference, labels: {}, baseImage: bench.image}));
		expect(
			await docker(
				'image',
				'inspect',
				'--format',
				'{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.User}} {{json .Config.Env}}',
				reference,
			),
		).toMatch(/^(null|\[\]) (null|\[\]) "" (null|\[\])$/);
		const none = await perform(
			commitScript({container: 'dt-engine-nobody', reference: 'dt-engine-built:3', labels: {}, baseImage: bench.image}),
		);
		expect(none.reason).toBe('there is no container dt-engine-nobody to make an image of');
	});
});

describe.skipIf(!found)('what is told of a container', {timeout: 120_000}, () => {
	test('that runs, has ended, or is not there', async () => {
		const {create, readState, name} = await makeEnvironment(
			'echo "came up"; trap "echo bye; exit 7" TERM; while :; do sleep 1 & wait $!; done\n',
		);
		const before = await readState();
		expect(before.container).toBeNull();
		await create();
		const state = await readState();
		expect(state.container).toMatchObject({
			running: true,
			restarting: false,
			oomKilled: false,
			restarts: 0,
			oomKills: 0,
			lastLines: ['came up'],
		});
		expect(Math.abs((state.container?.startedAt ?? 0) - state.at)).toBeLessThan(60);
		expect(state.disks[0]?.free).toBeGreaterThan(0);
		expect(explainState(state)).toEqual([]);
		await docker('stop', name);
		const ended = await readState();
		expect(ended.container).toMatchObject({running: false, exitCode: 7, lastLines: ['came up', 'bye']});
		expect(explainState(ended)).toEqual(["The environment's container has ended with exit code 7: bye."]);
	});

	test('in which the kernel killed a process for want of memory, which goes on', async () => {
		const {create, readState, name} = await makeEnvironment();
		await create();
		await docker('update', '--memory', '64m', '--memory-swap', '64m', name);
		const hog = 'data = []\nwhile True:\n    data.append(bytearray(1 << 20))\n';
		await expect(docker('exec', name, 'python3', '-c', hog)).rejects.toThrow();
		const state = await readState();
		expect(state.container).toMatchObject({running: true});
		expect(state.container?.oomKills).toBeGreaterThan(0);
		expect(explainState(state)[0]).toMatch(/^The machine ran out of memory, and a process was killed/);
		if (state.kernelKills) {
			expect(state.kernelKills.at(-1)?.process).toMatch(/python3/);
			expect(explainState(state)[0]).toContain('python3');
		}
	});
});

describe('a line about a container', () => {
	const state: ContainerState = {
		at: 1_700_000_100,
		disks: [{path: '/var/lib/docker', free: 5_000_000, total: 8_000_000_000, freeFiles: 10}],
		kernelKills: [{at: 1_700_000_050, process: 'python3', memory: 7_500_000_000}],
		container: {
			running: true,
			restarting: false,
			paused: false,
			exitCode: 0,
			oomKilled: false,
			restarts: 2,
			startedAt: 1_700_000_000,
			finishedAt: null,
			error: '',
			oomKills: 1,
			lastLines: [],
		},
	};

	test('is taken only as it is to be', () => {
		expect(parseContainerState(JSON.stringify(state))).toEqual(state);
		for (const line of [
			'',
			'no JSON',
			'{}',
			'null',
			JSON.stringify({...state, at: 'now'}),
			`${JSON.stringify(state)}${' '.repeat(70_000)}`,
		]) {
			expect(parseContainerState(line)).toBeUndefined();
		}

		const hostile = parseContainerState(
			JSON.stringify({...state, container: {...state.container, lastLines: ['\u001B[2Jgone\nnext']}}),
		);
		expect(hostile?.container?.lastLines).toEqual(['gone next']);
	});

	test('is explained', () => {
		expect(explainState(state)).toEqual([
			'The machine ran out of memory, and a process was killed: python3 with 7.5GB. Ask for more with `memory:` under `resources:`.',
			'The disk is full: 5MB of 8.0GB are free in /var/lib/docker. Remove what is not needed, or ask for a larger one with `disk:` under `resources:`.',
			"The environment's container was started again 2 times by the engine.",
		]);
		expect(
			explainState({...state, container: null, kernelKills: null, disks: [{path: '/', free: 1e9, total: 1e10, freeFiles: 0}]}),
		).toEqual(['The disk holds no more files (/ has no free inodes). Remove some.']);
	});
});
