import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {readFile, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, test} from 'vitest';
import {cliFile, eventually, makeWorld, type World} from '../support/program.js';

const slow =
	'type: dev-environment\nenv:\n  - TOKEN=hunter2\nsetup:\n  - echo once >> count\n  - sleep 1\ninit:\n  - echo begun\n';

async function project(text = slow): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': text, 'a.txt': 'a\n'});
	world.git('init', '-q');
	return world;
}

const runFile = (world: World, name: string, file: string): string => path.join(world.home, 'dt/runs', name, file);

/** Starts `run` and kills it, and nothing that it started, as soon as its journal holds `sign`. */
async function killAt(world: World, name: string, sign: string, args: readonly string[] = []): Promise<void> {
	const journal = runFile(world, name, 'journal.jsonl');
	const child = spawn(process.execPath, [cliFile, 'run', '.', '-n', name, '-y', '--plain', ...args], {
		cwd: world.project,
		env: world.env,
		stdio: 'ignore',
	});
	const ended = new Promise(resolve => {
		child.once('exit', resolve);
	});
	while (!existsSync(journal) || !(await readFile(journal, 'utf8')).includes(sign)) {
		// One that was through before the sign was seen has written it.
		if (child.exitCode !== null && !(await readFile(journal, 'utf8').catch(() => '')).includes(sign)) {
			throw new Error(`it ended with ${child.exitCode} before ${sign} came`);
		}

		await new Promise(resolve => setTimeout(resolve, 2));
	}

	child.kill('SIGKILL');
	await ended;
}

/** Ids of the host processes of this world. */
async function hosts(world: World): Promise<string[]> {
	const {stdout} = await world.run('pgrep', ['-f', `process-host.js ${world.home}`]);
	return stdout.split('\n').filter(Boolean);
}

const moments = [
	'"type":"intended"',
	'"type":"deadline-set"',
	'"type":"requested"',
	'"type":"created"',
	'"type":"address"',
	'"type":"reachable"',
	'"step":"code"',
	'"type":"step-started","at":',
	'"step":"setup"',
	'"step":"init"',
	'"type":"ready"',
];

describe('killed at any moment and started again', () => {
	for (const moment of moments) {
		test(`at ${moment}: the same environment, or a clean end, and never two`, async () => {
			const world = await project();
			await killAt(world, 'one', moment, ['--max-duration', '2h']);
			const again = await world.cli(['run', '.', '-n', 'one', '-y', '-d', '--max-duration', '2h']);
			// A program that was through when it was killed left a ready environment; its name is taken then.
			expect(again.code === 0 || (moment.includes('ready') && again.code === 2), `${again.stdout}${again.stderr}`).toBe(true);
			expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
			expect(await hosts(world)).toHaveLength(1);
			const count = await world.run('ssh', [...world.sshOptions, 'one', 'cat count']);
			expect(count.stdout).toBe('once\n');
			expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
			expect(await world.runs()).toEqual([]);
			expect(await hosts(world)).toEqual([]);
			expect(existsSync(path.join(world.home, '.ssh/config'))).toBe(false);
		});
	}

	test('without a name it is found by its folder, configuration and profile', async () => {
		const world = await project();
		await killAt(world, 'one', '"step":"setup"');
		const again = await world.cli(['run', '.', '-y', '-d']);
		expect(again.stdout).toContain('one was interrupted; going on with it');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
		expect((await world.cli(['run', '.', '-y', '-d'])).code).toBe(0);
		expect(await world.runs()).toHaveLength(2);
	});

	test('a stop that was killed is finished by whatever looks next', async () => {
		const world = await project('type: dev-environment\n');
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		const child = spawn(process.execPath, [cliFile, 'stop', 'one', '-y'], {cwd: world.project, env: world.env, stdio: 'ignore'});
		await eventually(
			async () => readFile(runFile(world, 'one', 'journal.jsonl'), 'utf8'),
			text => text.includes('"type":"stopping"'),
		);
		child.kill('SIGKILL');
		await new Promise(resolve => {
			child.once('exit', resolve);
		});
		expect(await world.runs()).toEqual([]);
		expect(await hosts(world)).toEqual([]);
		for (const file of ['secrets.json', 'id_ed25519', 'host_key', 'instance', 'instance.removed']) {
			expect(existsSync(runFile(world, 'one', file)), file).toBe(false);
		}

		expect(existsSync(path.join(world.home, '.ssh/config'))).toBe(false);
	});

	test('a journal that is damaged loses nothing: it is told, kept, and ended only by stop', async () => {
		const world = await project('type: dev-environment\n');
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		await world.run('ssh', [...world.sshOptions, 'one', 'echo mine > work.txt']);
		const journal = runFile(world, 'one', 'journal.jsonl');
		await writeFile(journal, (await readFile(journal, 'utf8')).replace('"intended"', '"intendex"'));
		const longAgo = new Date(Date.now() - 60_000);
		await utimes(runFile(world, 'one', ''), longAgo, longAgo);
		const listed = await world.cli(['ps']);
		expect(listed.stderr).toContain('The journal of one is damaged');
		expect(await readFile(runFile(world, 'one', 'instance/one/work.txt'), 'utf8')).toBe('mine\n');
		const refused = await world.cli(['stop', 'one', '-y']);
		expect(refused.code).toBe(1);
		expect(refused.stderr).toContain('it cannot be asked whether it holds work');
		expect(await hosts(world)).toHaveLength(1);
		expect(await world.cli(['stop', 'one', '-y', '--discard'])).toMatchObject({code: 0});
		expect(await hosts(world)).toEqual([]);
		expect(existsSync(runFile(world, 'one', ''))).toBe(false);
		expect(existsSync(path.join(world.home, '.ssh/config'))).toBe(false);
	});

	test('a last line that was torn is put aside, and the run goes on', async () => {
		const world = await project('type: dev-environment\n');
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		await writeFile(runFile(world, 'one', 'journal.jsonl'), '{"type":"tunnel-d', {flag: 'a'});
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		expect(await readFile(runFile(world, 'one', 'journal.torn'), 'utf8')).toContain('{"type":"tunnel-d');
	});

	test('what cannot be read is not taken for gone, and hides no other', async () => {
		const world = await project('type: dev-environment\n');
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		expect(await world.cli(['run', '.', '-n', 'two', '-y', '-d'])).toMatchObject({code: 0});
		const host = runFile(world, 'one', 'instance/host.json');
		const before = await readFile(host);
		await writeFile(host, '{');
		const listed = await world.cli(['ps', '--json']);
		expect(listed.stdout).toContain('"name":"two"');
		expect(listed.stderr).toContain('host.json cannot be read');
		await writeFile(host, before);
		expect(await world.runs()).toHaveLength(2);
	});

	test('attach says so when the host has died, instead of showing a link to nothing', async () => {
		const world = await project('type: dev-environment\n');
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		const [host] = await hosts(world);
		process.kill(Number(host), 'SIGKILL');
		const attached = await world.cli(['attach', 'one', '--plain', '-d']);
		expect(attached.code).toBe(1);
		expect(attached.stderr).toContain('has ended: its host process was killed');
		expect(attached.stdout).not.toContain('Shell:');
	});

	test('a reader that goes away does not cut a stop short', async () => {
		const world = await project('type: dev-environment\n');
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		const stopped = await world.run('sh', ['-c', `"${process.execPath}" "${cliFile}" stop one -y | true`]);
		expect(stopped.code).toBe(0);
		await eventually(
			async () => world.runs(),
			runs => runs.length === 0,
		);
		expect(await hosts(world)).toEqual([]);
	});

	test('stop from another terminal while it starts: one end, told once, by the program that held it', async () => {
		const world = await project('type: dev-environment\nsetup:\n  - sleep 30\n');
		const first = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
		await first.until('+ sleep 30');
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		const {code, stderr} = await first.ended;
		expect(code).toBe(1);
		expect(stderr).toContain('one has ended: stopped from another terminal');
		const events = (await readFile(runFile(world, 'one', 'journal.jsonl'), 'utf8')).match(
			/"type":"(stopping|gone|interrupted)"/g,
		);
		expect(events).toEqual(['"type":"stopping"', '"type":"gone"']);
		expect(existsSync(runFile(world, 'one', 'logs/background.txt'))).toBe(false);
	});
});
