import {chmod, mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, test, vi} from 'vitest';
import {eventually, makeWorld, objects, type World, withoutWaits} from '../support/program.js';

const simple = 'type: dev-environment\n';

type Line = {type: string; run?: string; step?: string; kind?: string; message?: string; name?: string; details?: string[]};

const lines = objects<Line>;

async function project(text = simple): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': text, 'a.txt': 'a\n'});
	world.git('init', '-q');
	return world;
}

const journal = async (world: World, name: string): Promise<Line[]> =>
	lines(await readFile(path.join(world.home, 'dt/runs', name, 'journal.jsonl'), 'utf8'));

describe('the life of an environment on this machine', () => {
	test('stop leaves nothing: no process, no alias, no key, no folder', async () => {
		const world = await project();
		await mkdir(path.join(world.home, '.ssh'), {mode: 0o700});
		const before = '# mine, without a newline at the end\nHost other\n\tPort 7';
		await writeFile(path.join(world.home, '.ssh/config'), before, {mode: 0o644});
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		const config = await readFile(path.join(world.home, '.ssh/config'), 'utf8');
		expect(config).toMatch(/^Include /);
		expect(config.endsWith(before)).toBe(true);
		// One that flees into a session of its own, and one that hears no SIGTERM.
		await world.run('ssh', [
			...world.sshOptions,
			'one',
			`setsid sleep 300 >/dev/null 2>&1 & (trap '' TERM; sleep 300) >/dev/null 2>&1 & true`,
		]);
		await vi.waitFor(async () => expect((await world.strays()).length).toBeGreaterThan(2), {timeout: 10_000});
		const stopped = await world.cli(['stop', 'one', '-y', '--json']);
		expect({...stopped, stderr: withoutWaits(stopped.stderr)}).toMatchObject({code: 0, stderr: ''});
		expect(await world.strays()).toEqual([]);
		expect(await world.runs()).toEqual([]);
		expect(await readFile(path.join(world.home, '.ssh/config'), 'utf8')).toBe(before);
		expect((await stat(path.join(world.home, '.ssh/config'))).mode & 0o777).toBe(0o644);
		const left = await readdir(path.join(world.home, 'dt/runs/one'));
		expect(
			left.filter(name => !['journal.jsonl', 'logs'].includes(name) && !/^(?:owner|ending)\.json(?:-\d+)?$/.test(name)),
		).toEqual([]);
		const all = lines((await world.cli(['ps', '-a', '--json'])).stdout);
		expect(all).toMatchObject([{name: 'one', phase: 'gone'}]);
	});

	test('what it keeps is for its person only', async () => {
		const world = await project(`${simple}env:\n  - SECRET=s3cr3t-value\n`);
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		const open: string[] = [];
		for (const entry of await readdir(path.join(world.home, 'dt'), {recursive: true, withFileTypes: true})) {
			const file = path.join(entry.parentPath, entry.name);
			const {mode} = await stat(file);
			// The code keeps its own modes, behind folders that nobody else may enter.
			if (!file.includes('/instance/one') && (mode & 0o077) !== 0) {
				open.push(`${file} ${(mode & 0o777).toString(8)}`);
			}
		}

		expect(open).toEqual([]);
		const words = await readFile(path.join(world.home, 'dt/runs/one/journal.jsonl'), 'utf8');
		expect(words).not.toContain('s3cr3t-value');
		expect((await world.cli(['logs', 'one'])).stdout).not.toContain('s3cr3t-value');
		expect((await world.run('ssh', [...world.sshOptions, 'one', 'echo $SECRET'])).stdout).toBe('s3cr3t-value\n');
	});

	test('a name is taken once, also by two programs at the same moment', async () => {
		const world = await project();
		const results = await Promise.all([
			world.cli(['run', '.', '-n', 'one', '-y', '-d']),
			world.cli(['run', '.', '-n', 'one', '-y', '-d']),
		]);
		const codes = results.map(({code}) => code).sort();
		expect(codes).toEqual([0, 2]);
		expect(results.find(({code}) => code === 2)?.stderr).toContain('There is an environment called one already');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 2});
	});

	test('at its deadline it ends itself; work that exists nowhere else is kept until stop', async () => {
		const world = await project();
		world.git('add', '-A');
		world.git('commit', '-qm', 'All');
		await world.cli(['run', '.', '-n', 'clean', '--max-duration', '4s', '-y', '-d']);
		await world.cli(['run', '.', '-n', 'dirty', '--max-duration', '4s', '-y', '-d']);
		await world.run('ssh', [...world.sshOptions, 'dirty', 'echo mine > work.txt']);
		const ended = await eventually(
			async () => world.runs(),
			runs => runs.length === 1 && runs[0]?.phase === 'ended',
		);
		expect(ended).toMatchObject([{name: 'dirty'}]);
		expect(await world.strays()).toEqual([]);
		const [dirty] = lines((await world.cli(['ps', '--json'])).stdout) as Array<Line & {workspace: string; reason: string}>;
		expect(dirty?.reason).toContain('deadline');
		expect(await readFile(path.join(dirty?.workspace ?? '', 'work.txt'), 'utf8')).toBe('mine\n');
		const place = `What it held is kept: ${dirty?.workspace}\n`;
		const attached = await world.cli(['attach', 'dirty', '--plain']);
		expect(attached.code).toBe(1);
		expect(attached.stderr).toContain(place);
		expect(attached.stderr).toContain('Remove it: dstack-tui stop dirty');
		const {stdout} = await world.cli(['ps', '-a']);
		expect(stdout).toContain(place);
		expect(stdout).toMatch(/dirty .* {2}ended at its deadline {2,}\S+ {2,}- /);
		expect((await world.cli(['stop', 'dirty'])).stderr).toContain(place);
		expect(await world.cli(['stop', 'dirty', '-y'])).toMatchObject({code: 0});
		expect(await world.runs()).toEqual([]);
	});

	test('stop without -y asks, and without a terminal says which flag answers', async () => {
		const world = await project();
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		await world.run('ssh', [...world.sshOptions, 'one', 'echo mine > work.txt']);
		const refused = await world.cli(['stop', 'one']);
		expect(refused.code).toBe(2);
		expect(refused.stderr).toContain('-y');
		expect(refused.stderr + refused.stdout).toContain('work.txt');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	});

	test('a failed setup tells its command, exit code and last lines, stays reachable, and goes on after it was mended', async () => {
		const world = await project(
			`${simple}setup:\n  - echo first >> count\n  - echo looking; test -e mended\ninit:\n  - echo begun\n`,
		);
		const failed = await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		expect(failed.code).toBe(1);
		expect(failed.stderr).toContain('test -e mended');
		expect(failed.stderr).toContain('exit code 1');
		expect(failed.stderr).toContain('looking');
		expect(failed.stderr).toContain('attach one');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'failed'}]);
		expect((await world.run('ssh', [...world.sshOptions, 'one', 'touch mended'])).code).toBe(0);
		const again = await world.cli(['attach', 'one', '--plain', '-d']);
		expect(again.code, again.stderr).toBe(0);
		expect(again.stdout).toContain('begun');
		expect(failed.stderr).toContain(`Look inside: ssh -F ${world.home}/.ssh/config one · Try again`);
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	});

	test('signals: SIGINT while it starts ends it; later ones let go of it', async () => {
		const world = await project(`${simple}setup:\n  - sleep 30\n`);
		const starting = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
		await starting.until('+ sleep 30');
		starting.child.kill('SIGINT');
		const interrupted = await starting.ended;
		expect(interrupted.code).toBe(130);
		expect(interrupted.stdout).toContain('Ctrl-c ends it while it starts');
		expect(interrupted.stdout).toMatch(/Interrupted while it was starting: ending one…\n(?:\[events\] .*\n)*one is gone\./);
		expect(await world.runs()).toEqual([]);
		expect(await world.strays()).toEqual([]);

		await world.write({'.dstack.yml': simple});
		const held = world.start(['run', '.', '-n', 'two', '-y', '--plain']);
		await held.until('Shell: ');
		held.child.kill('SIGTERM');
		expect((await held.ended).code).toBe(143);
		expect(await world.runs()).toMatchObject([{name: 'two', phase: 'ready'}]);
		expect((await world.run('ssh', [...world.sshOptions, 'two', 'true'])).code).toBe(0);
	});

	test('two programs: one holds it, the other follows, and a stop from a third ends all', async () => {
		const world = await project(`${simple}setup:\n  - sleep 1; echo is set up\n`);
		const first = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
		await first.until('+ sleep 1');
		const second = world.start(['attach', 'one', '--plain']);
		await second.until('Shell: ');
		await first.until('Shell: ');
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		expect((await first.ended).stdout).toContain('one has ended');
		expect((await second.ended).stdout).toContain('one has ended');
		expect(await world.strays()).toEqual([]);
	});

	test('a detached start goes on by itself until it is ready', async () => {
		const world = await project(`${simple}setup:\n  - sleep 2; echo is set up\n`);
		const first = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
		await first.until('+ sleep 2');
		first.child.kill('SIGHUP');
		expect((await first.ended).code).toBe(129);
		await eventually(
			async () => world.runs(),
			([run]) => run?.phase === 'ready',
		);
		expect((await journal(world, 'one')).filter(({type, step}) => type === 'step-done' && step === 'setup')).toHaveLength(1);
	});

	test('a host process that was killed is noticed: what ran there is ended, and what it held is kept', async () => {
		const world = await project(`${simple}init:\n  - sleep 300 &\n`);
		const held = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
		await held.until('Shell: ');
		const running = JSON.parse(await readFile(path.join(world.home, 'dt/runs/one/instance/running.json'), 'utf8')) as {
			pid: number;
		};
		process.kill(running.pid, 'SIGKILL');
		const {stdout} = await held.ended;
		expect(stdout).toContain('one has ended: its host process was killed');
		expect(stdout).toContain(`What it held is kept: ${world.home}/dt/runs/one/instance/one`);
		expect(await world.strays()).toEqual([]);
		expect(await readFile(path.join(world.home, 'dt/runs/one/instance/one/a.txt'), 'utf8')).toBe('a\n');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ended'}]);
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
	});

	test('a port that is taken is told with its holder, and the next free one is used', async () => {
		const {createServer} = await import('node:net');
		const server = createServer();
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		const {port} = server.address() as {port: number};
		const world = await project(`${simple}ports:\n  - ${port}\n`);
		const {stdout} = await world.cli(['run', '.', '-n', 'one', '-y', '-d', '--json']);
		server.close();
		const plan = lines(stdout).find(({type}) => type === 'plan') as unknown as {
			warnings: string[];
			ports: Array<{local: number; wanted: number}>;
		};
		expect(plan.ports[0]).toMatchObject({wanted: port});
		expect(plan.ports[0]?.local).toBeGreaterThan(port);
		expect(plan.warnings.join(' ')).toMatch(new RegExp(`Port ${port} is taken by node .*${process.pid}`));
	});

	test('ps alone ends what a killed host left running', async () => {
		const world = await project(`${simple}init:\n  - sleep 300 &\n`);
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		const running = JSON.parse(await readFile(path.join(world.home, 'dt/runs/one/instance/running.json'), 'utf8')) as {
			pid: number;
		};
		process.kill(running.pid, 'SIGKILL');
		await eventually(
			async () => world.strays(),
			left => !left.includes(running.pid),
		);
		expect(await world.strays()).not.toEqual([]);
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ended'}]);
		expect(await world.strays()).toEqual([]);
		expect(await readFile(path.join(world.home, 'dt/runs/one/instance/one/a.txt'), 'utf8')).toBe('a\n');
	});

	test('a port inside that is another program’s, in the network that is shared, moves and is told', async () => {
		const {createServer} = await import('node:net');
		const server = createServer();
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		const {port} = server.address() as {port: number};
		const world = await project();
		const {stdout} = await world.cli(['run', '.', '-n', 'one', '-y', '-d', '--json', '-p', `${port - 7000}:${port}`]);
		server.close();
		const plan = lines(stdout).find(({type}) => type === 'plan') as unknown as {
			warnings: string[];
			ports: Array<{local: number; remote: number; direct: boolean}>;
		};
		expect(plan.ports[0]).toMatchObject({local: port - 7000, direct: false});
		expect(plan.ports[0]?.remote).toBeGreaterThan(port);
		expect(plan.warnings.join(' ')).toMatch(
			new RegExp(`Port ${port}, where your server would listen, is taken by node .*${process.pid}`),
		);
	});

	test('logs are there after the end, and --follow ends with the run', async () => {
		const world = await project(`${simple}setup:\n  - printf 'one\\033[31m red\\033]0;title\\007\\n'\n`);
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		const following = world.start(['logs', 'one', '-f']);
		await following.until('one red');
		await world.cli(['stop', 'one', '-y']);
		expect((await following.ended).code).toBe(0);
		const {stdout} = await world.cli(['logs', 'one']);
		expect(stdout).toContain('one red');
		expect(stdout).not.toContain('\u001B');
	});

	test.skipIf(process.getuid?.() !== 0)('a disk that is full stops it before anything starts', async () => {
		const world = await project();
		const small = path.join(world.home, 'small');
		await mkdir(small);
		expect(await world.run('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', small])).toMatchObject({code: 0});
		try {
			const {code, stderr} = await world.cli(['run', '.', '-y', '-d'], {env: {DSTACK_TUI_HOME: path.join(small, 'dt')}});
			expect(code).toBe(1);
			expect(stderr).toContain('No space for the environment');
			expect(stderr).toContain('DSTACK_TUI_HOME');
		} finally {
			await world.run('umount', [small]);
		}

		await chmod(small, 0o755);
	});
});
