import {spawn, spawnSync} from 'node:child_process';
import {mkdir, readFile} from 'node:fs/promises';
import {createServer, type Socket} from 'node:net';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {describe, expect, onTestFinished, test} from 'vitest';
import {type Bench, findBench} from '../support/engine.js';
import {nobody, nodeForNobody, programForNobody} from '../support/nobody.js';
import {eventually, type Result} from '../support/program.js';
import {temporaryFolder} from '../support/folders.js';
import {configuration, lines, linesOf, makeDockerWorld, objects, readyOf} from './support.js';

const found = await findBench('Ends of environments in Docker', ['ssh', 'git']);
const bench = found as Bench;

const fileOrNothing = async (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** Resolves, with the container's id, as soon as the engine tells of the next `action` on a container with the installation's label. */
async function nextEvent(action: 'create' | 'start', name: string): Promise<{happened: Promise<string>}> {
	const since = await bench.engine.docker('info', '--format', '{{.SystemTime}}');
	const child = spawn(
		'docker',
		[
			...['events', '--since', since, '--filter', `event=${action}`, '--filter', `label=dstack-tui.run=${name}`],
			...['--format', '{{.ID}}'],
		],
		{env: {...process.env, DOCKER_HOST: bench.engine.host}, stdio: ['ignore', 'pipe', 'inherit']},
	);
	onTestFinished(() => {
		child.kill();
	});
	return {happened: new Promise(resolve => createInterface({input: child.stdout}).once('line', resolve))};
}

const killed = async (program: {child: {kill(signal: 'SIGKILL'): boolean}; ended: Promise<Result>}) => {
	program.child.kill('SIGKILL');
	await program.ended;
};

describe.skipIf(!found)('how an environment in a container ends', {timeout: 120_000}, () => {
	test('at its deadline by itself: unsaved work is kept, what holds none is removed', async () => {
		const {start, ready, ssh, ps, cli, containers, home, write, run} = await makeDockerWorld(bench);
		await write({'.dstack/profiles.yml': 'profiles:\n  - name: short\n    default: true\n    max_duration: 20s\n'});
		const held = start(['run', '.', '-y', '--json', '-n', 'held']);
		await Promise.all([ready(['-n', 'clean']), ready(['-n', 'dirty']), held.until('"type":"connected"')]);
		expect(await ssh('dirty', 'echo precious > work.txt')).toMatchObject({code: 0});
		const before = await ps();
		expect(before.map(({phase}) => phase)).toEqual(['ready', 'ready', 'ready']);
		const deadline = (name: string) => Number(before.find(run => run['name'] === name)?.['deadline']);

		const running = async () => bench.engine.docker('ps', '-q', '--filter', 'label=dstack-tui.run=dirty');
		const mine = (await containers()).join(' ');
		expect(mine).toContain(await running());
		const over = await held.ended;
		expect(over.code).toBe(0);
		await eventually(
			async () => bench.engine.docker('inspect', '--format', '{{.State.Running}}', ...(await containers())),
			states => !states.includes('true'),
			60_000,
		);

		const dirtyId = await bench.engine.docker(
			...[
				'ps',
				'-aq',
				'--no-trunc',
				'--filter',
				'label=dstack-tui.run=dirty',
				'--filter',
				`label=dstack-tui.installation=${(await fileOrNothing(path.join(home, 'dt/installation'))).trim()}`,
			],
		);
		const ended = Date.parse(await bench.engine.docker('inspect', '--format', '{{.State.FinishedAt}}', dirtyId));
		// The deadline is kept in whole seconds.
		expect(ended - deadline('dirty')).toBeGreaterThan(-1000);
		expect(ended - deadline('dirty')).toBeLessThan(15_000);

		expect(await ps()).toMatchObject([{name: 'dirty', phase: 'ended', reason: 'ended at its deadline'}]);
		const all = await ps('-a');
		expect(all.map(({name, phase}) => `${String(name)} ${String(phase)}`).sort()).toEqual([
			'clean gone',
			'dirty ended',
			'held gone',
		]);
		expect(await containers()).toEqual([dirtyId]);
		const attached = await cli(['attach', 'dirty', '-d']);
		expect(attached.code).toBe(1);
		expect(attached.stderr).toContain('ended at its deadline');
		const command = /Copy it out: (docker cp .*)\n/.exec(attached.stderr)?.[1] ?? '';
		expect((await cli(['ps'])).stdout).toContain(`Copy it out: ${command}\n`);
		expect(await run('sh', ['-c', command], {cwd: home})).toMatchObject({code: 0});
		expect(await fileOrNothing(path.join(home, 'dirty/work.txt'))).toBe('precious\n');
		// A second look changes nothing.
		expect(await ps()).toMatchObject([{name: 'dirty', phase: 'ended'}]);
		const asked = await cli(['stop', 'dirty']);
		expect(asked.code).toBe(2);
		expect(asked.stderr).toContain('exists nowhere else');
		expect(asked.stderr).toContain(command);
		expect(await containers()).toEqual([dirtyId]);
		expect(await cli(['stop', 'dirty', '-y'])).toMatchObject({code: 0});
		expect(await containers()).toEqual([]);
	});

	test('a container that was killed keeps what it held, and says how to get it', async () => {
		const {ready, ssh, ps, cli, containers} = await makeDockerWorld(bench);
		const {name} = await ready();
		await ssh(name, 'echo precious > work.txt');
		await bench.engine.docker('kill', ...(await containers()));
		expect(await ps()).toMatchObject([
			{name, phase: 'ended', kept: {place: expect.stringMatching(/^\/workflow in the stopped container dstack-tui-/)}},
		]);
		expect((await cli(['attach', name, '-d'])).stderr).toContain('Copy it out: docker cp dstack-tui-');
	});

	test('a deadline that was moved is the one that counts', async () => {
		const {ready, ssh, containers} = await makeDockerWorld(bench);
		const {name} = await ready(['--max-duration', '1h']);
		const [id = ''] = await containers();
		expect(Number((await ssh(name, 'cat /dstack-tui/deadline')).stdout)).toBeGreaterThan(Date.now() / 1000 + 3000);
		await ssh(name, 'echo $(($(date +%s) - 1)) > /dstack-tui/deadline');
		await eventually(
			async () => bench.engine.docker('inspect', '--format', '{{.State.Running}}', id),
			state => state === 'false',
			30_000,
		);
	});

	test('stop leaves no container, no volume, no alias and no key', async () => {
		const image = `dstack-tui-test-volume-${process.pid}`;
		const template = await bench.engine.docker('create', bench.image, 'true');
		await bench.engine.docker('commit', '--change', 'VOLUME /data', template, image);
		onTestFinished(async () => {
			await bench.engine.docker('rmi', '-f', image);
		});
		await bench.engine.docker('rm', template);
		const {ready, ssh, cli, ps, containers, home, sshOptions, run, project} = await makeDockerWorld(
			bench,
			`${configuration}image: ${image}\n`,
		);
		const mine = 'Host mine\n\tPort 2222\n';
		await run('sh', [
			'-c',
			`mkdir -p ${home}/.ssh && printf '${mine.replaceAll('\n', '\\n').replaceAll('\t', '\\t')}' > ${home}/.ssh/config`,
		]);
		const {name} = await ready();
		const [id = ''] = await containers();
		const format = '{{range .Mounts}}{{.Destination}} {{.Name}}{{"\\n"}}{{end}}';
		const mounts = lines(await bench.engine.docker('inspect', '--format', format, id)).sort();
		expect(mounts.map(line => line.split(' ')[0])).toEqual(['/data', '/dstack-tui', '/workflow']);
		const volumes = mounts.map(line => line.split(' ')[1] ?? '');
		expect(lines(await bench.engine.docker('volume', 'ls', '-q'))).toEqual(expect.arrayContaining(volumes));
		await ssh(name, 'echo work > more.txt');

		const asked = await cli(['stop', name]);
		expect(asked.code).toBe(2);
		expect(asked.stderr).toContain('more.txt');
		expect(await containers()).toEqual([id]);

		expect(await cli(['stop', name, '-y'])).toMatchObject({code: 0});
		expect(await containers()).toEqual([]);
		const left = new Set(lines(await bench.engine.docker('volume', 'ls', '-q')));
		expect(volumes.filter(volume => left.has(volume))).toEqual([]);
		expect((await run('ssh', [...sshOptions, '-G', name])).stdout).not.toContain('127.0.0.1');
		expect(await fileOrNothing(path.join(home, '.ssh/config'))).toBe(mine);
		expect(await fileOrNothing(path.join(home, 'dt/runs', name, 'id_ed25519'))).toBe('');
		expect(await ps()).toEqual([]);
		expect(await fileOrNothing(path.join(project, 'kept.txt'))).toBe('kept\n');
		expect(await cli(['stop', name, '-y'])).toMatchObject({code: 0});
	});

	test('a container that somebody removed is told as gone', async () => {
		const {ready, ps, containers, cli} = await makeDockerWorld(bench);
		const {name} = await ready();
		await bench.engine.docker('rm', '-f', ...(await containers()));
		expect(await ps()).toEqual([]);
		expect((await cli(['attach', name, '-d'])).code).toBe(1);
	});

	test('an interrupt while it is being set up ends it', async () => {
		const {start, containers, ps} = await makeDockerWorld(bench, `${configuration}setup:\n  - echo here it waits; sleep 600\n`);
		const program = start(['run', '.', '-y', '--plain']);
		await program.until('here it waits\n');
		expect(await containers()).toHaveLength(1);
		program.child.kill('SIGINT');
		expect((await program.ended).code).toBe(130);
		expect(await containers()).toEqual([]);
		expect(await ps()).toEqual([]);
	});
});

describe.skipIf(!found)('after kill -9 of the program', {timeout: 120_000}, () => {
	test.each(['create', 'start'] as const)(
		'right at the container’s %s, run again has one container and becomes ready',
		async action => {
			const {start, cli, containers, ps, ssh, git} = await makeDockerWorld(bench);
			const args = ['run', '.', '-y', '-d', '--json', '--max-duration', '1h', '-n', 'once'];
			const {happened} = await nextEvent(action, 'once');
			const program = start(args);
			await happened;
			await killed(program);
			const before = await containers();
			expect(before).toHaveLength(1);
			expect(program.output()).not.toContain('"type":"created"');
			const state = await bench.engine.docker('inspect', '--format', '{{.State.Status}}', ...before);
			expect(state).toBe(action === 'start' ? 'running' : 'created');
			// A deadline counted anew would be another second.
			const second = Math.floor(Date.now() / 1000);
			await eventually(
				() => Math.floor(Date.now() / 1000),
				now => now > second,
			);

			const {code, stdout, stderr} = await cli(args);
			expect(code, stderr + stdout).toBe(0);
			expect(readyOf(stdout).name).toBe('once');
			const after = await containers();
			expect(after).toHaveLength(1);
			if (action === 'start') {
				expect(after).toEqual(before);
			}

			const [run] = await ps();
			expect(run).toMatchObject({name: 'once', phase: 'ready'});
			expect((await ssh('once', 'cat /dstack-tui/deadline')).stdout).toBe(`${Math.floor(Number(run?.['deadline']) / 1000)}\n`);
			expect((await ssh('once', 'git status --porcelain')).stdout).toBe(git('status', '--porcelain'));
		},
	);

	test('in the middle of setup, run again goes on in the same container and repeats nothing', async () => {
		const {start, cli, containers, ssh} = await makeDockerWorld(
			bench,
			`${configuration}setup:\n  - echo run >> /root/runs\n  - until [ -e /root/go ]; do sleep 0.1; done\ninit:\n  - echo run >> /root/inits\n`,
		);
		const program = start(['run', '.', '-y', '--json', '-n', 'once']);
		await eventually(
			async () => ssh('once', 'cat /root/runs'),
			({stdout}) => stdout === 'run\n',
		);
		const before = await containers();
		await killed(program);

		const again = start(['run', '.', '-y', '-d', '--json']);
		await eventually(
			() => linesOf(again),
			all => all.some(({type, step}) => type === 'step-started' && step === 'setup'),
		);
		expect(await ssh('once', 'touch /root/go')).toMatchObject({code: 0});
		const {code, stdout, stderr} = await again.ended;
		expect(code, stderr + stdout).toBe(0);
		expect(await containers()).toEqual(before);
		expect((await ssh('once', 'cat /root/runs /root/inits')).stdout).toBe('run\nrun\n');
		// Ended by nobody's order, it is found by name as well.
		expect(await cli(['stop', 'once', '-y'])).toMatchObject({code: 0});
	});

	test('in the tunnel, the environment goes on and attach comes back to it', async () => {
		const {start, cli, ssh, ps, containers} = await makeDockerWorld(bench);
		const program = start(['run', '.', '-y', '--json', '-n', 'once']);
		await program.until('"type":"connected"');
		const before = await containers();
		await killed(program);
		expect(await ssh('once', 'true')).toMatchObject({code: 0});
		expect(await cli(['attach', 'once', '-d'])).toMatchObject({code: 0});
		expect(await ps()).toMatchObject([{name: 'once', phase: 'ready'}]);
		expect(await containers()).toEqual(before);
	});
});

/** Accepts and says nothing, as an engine that hangs. */
async function silentEngine(): Promise<string> {
	const file = path.join(await temporaryFolder(), 'silent.sock');
	const sockets = new Set<Socket>();
	const server = createServer(socket => {
		sockets.add(socket);
		socket.on('error', () => socket.destroy());
	});
	await new Promise<void>(resolve => server.listen(file, resolve));
	onTestFinished(() => {
		server.close();
		for (const socket of sockets) {
			socket.destroy();
		}
	});
	return `unix://${file}`;
}

describe.skipIf(!found)('while the engine is away', {timeout: 120_000}, () => {
	test.each(['silent', 'stopped'])('(%s) nothing is forgotten, and nothing is called ended that is not', async kind => {
		const {ready, cli, ps, containers, ssh, home} = await makeDockerWorld(bench);
		const {name} = await ready();
		const before = await containers();
		const away = {DOCKER_HOST: kind === 'silent' ? await silentEngine() : `unix://${home}/stopped.sock`};

		const listed = await cli(['ps', '--json'], {env: away});
		expect(objects(listed.stdout)).toMatchObject([{name, phase: 'ready'}]);
		const stopped = await cli(['stop', name, '-y'], {env: away});
		expect(stopped.code).toBe(1);
		expect(stopped.stderr).toContain(`${name} could not be ended`);
		expect(stopped.stderr).toContain('no engine answers at');
		expect(await containers()).toEqual(before);
		expect(await ssh(name, 'true')).toMatchObject({code: 0});

		// With the engine back, the end that was asked for is carried out by whoever looks next.
		expect(await ps()).toEqual([]);
		expect(await containers()).toEqual([]);
	});

	test('a silent one is told after seconds, and the process offer is there', async () => {
		const {cli} = await makeDockerWorld(bench);
		const {code, stdout} = await cli(['offers', '--backend', 'local', '--json'], {env: {DOCKER_HOST: await silentEngine()}});
		expect(code).toBe(0);
		expect(objects(stdout)).toMatchObject([
			{id: 'local/here/process', usable: true},
			{id: 'local/here/docker', usable: false, notes: [expect.stringContaining('no answer in 3 s')]},
		]);
	});

	test('a run that was killed at its start is not given up for a silent engine, and has one container in the end', async () => {
		const {start, ps, cli, containers} = await makeDockerWorld(bench);
		const {happened} = await nextEvent('start', 'once');
		const program = start(['run', '.', '-y', '-d', '--json', '-n', 'once']);
		await happened;
		await killed(program);
		const before = await containers();
		const listed = await cli(['ps', '--json'], {env: {DOCKER_HOST: await silentEngine()}});
		expect(objects(listed.stdout)).toMatchObject([{name: 'once', phase: 'starting'}]);
		expect(await cli(['attach', 'once', '-d'])).toMatchObject({code: 0});
		expect(await containers()).toEqual(before);
		expect(await ps()).toMatchObject([{name: 'once', phase: 'ready'}]);
	});
});

describe.skipIf(!found || process.getuid?.() !== 0)('an engine that may not be used (needs root)', {timeout: 60_000}, () => {
	test('is told with the way to get the right; the process offer is still there', async () => {
		const socket = bench.engine.host.replace('unix://', '');
		const folder = await temporaryFolder();
		const place = (name: string) => path.join(folder, name);
		const [program, node] = [await programForNobody(folder), await nodeForNobody(folder)];
		for (const name of ['home', 'project']) {
			await mkdir(place(name));
		}

		const as = (args: readonly string[]) =>
			spawnSync(node, [program, ...args], {
				...nobody,
				cwd: place('project'),
				env: {PATH: process.env['PATH'], HOME: place('home'), DSTACK_TUI_HOME: place('home/dt'), DOCKER_HOST: bench.engine.host},
				encoding: 'utf8',
			});
		expect(spawnSync('chown', ['-R', '65534:65534', place('home'), place('project')]).status).toBe(0);
		expect(spawnSync('sh', ['-c', `test -w ${socket}`], nobody).status).not.toBe(0);

		const configure = (yaml: string) =>
			spawnSync('sh', ['-c', 'cat > .dstack.yml'], {...nobody, cwd: place('project'), input: yaml});
		configure(configuration);
		const offers = as(['offers', '--backend', 'local', '--json']);
		expect(offers.status, offers.stderr).toBe(0);
		const [first, second] = objects(offers.stdout);
		expect(first).toMatchObject({id: 'local/here/process', availability: 'available', usable: true});
		expect(second).toMatchObject({id: 'local/here/docker', availability: 'unavailable', usable: false});
		expect(String(second?.['notes'])).toMatch(/you may not use it.*usermod -aG docker nobody/);

		configure(`${configuration}image: ${bench.image}\n`);
		const run = as(['run', '.', '-y', '-d']);
		expect(run.status).toBe(3);
		expect(run.stderr).toMatch(/docker.*you may not use it/);
		expect(run.stderr).toContain('needs a Docker engine');
	});
});
