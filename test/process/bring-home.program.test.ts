import {readdir, readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {eventually, makeWorld, objects, type World, withoutWaits} from '../support/program.js';

async function project(): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\n', 'a.txt': 'a\n'});
	world.git('init', '-q');
	world.git('add', '-A');
	world.git('commit', '-qm', 'All');
	return world;
}

const work = `echo mine > 'new file' && echo changed > a.txt && git -c user.name=T -c user.email=t@e.org commit -qam mine && echo again > a.txt`;

/** An environment with a commit and files that exist nowhere else. */
async function worked(world: World, ...flags: readonly string[]): Promise<void> {
	expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d', ...flags])).toMatchObject({code: 0});
	expect(await world.run('ssh', [...world.sshOptions, 'one', work])).toMatchObject({code: 0, stderr: ''});
}

const isHome = (world: World) => {
	expect(world.git('show', 'dstack-tui/one/main:a.txt')).toBe('changed\n');
	expect(world.git('show', 'dstack-tui/one/uncommitted:a.txt')).toBe('again\n');
	expect(world.git('show', 'dstack-tui/one/uncommitted:new file')).toBe('mine\n');
	expect(world.git('status', '--porcelain')).toBe('');
};

describe('nothing in an environment is lost', () => {
	test('stop -y brings the work home, says where, and ends; what it says can be done', async () => {
		const world = await project();
		await worked(world);
		const {code, stdout, stderr} = await world.cli(['stop', 'one', '-y']);
		expect({code, stderr: withoutWaits(stderr)}).toEqual({code: 0, stderr: ''});
		expect(stdout).toContain('uncommitted changes → branch dstack-tui/one/uncommitted');
		expect(stdout).toMatch(/one is gone\.\n$/);
		isHome(world);
		expect(await world.runs()).toEqual([]);
		for (const [, command] of stdout.matchAll(/^ +(git -C .*)$/gm)) {
			expect(await world.run('sh', ['-c', command ?? ''])).toMatchObject({code: 0});
		}

		expect(await readFile(path.join(world.project, 'a.txt'), 'utf8')).toBe('again\n');
		expect(await readFile(path.join(world.project, 'new file'), 'utf8')).toBe('mine\n');
	});

	test('bring-home alone: objects, the environment goes on, and a second time is the same', async () => {
		const world = await project();
		await worked(world);
		const first = await world.cli(['bring-home', 'one', '--json']);
		expect({...first, stderr: withoutWaits(first.stderr)}).toMatchObject({code: 0, stderr: ''});
		expect(objects(first.stdout)).toMatchObject([
			{
				run: 'one',
				type: 'brought-home',
				folder: expect.stringContaining(`${world.home}/dt/home/one-`),
				repositories: [
					{place: '', into: world.project, brought: [{name: 'dstack-tui/one/uncommitted'}, {name: 'dstack-tui/one/main'}]},
				],
			},
		]);
		isHome(world);
		const branches = world.git('branch', '--list');
		expect((await world.cli(['bring-home', 'one', '--json'])).stdout).toBe(first.stdout);
		expect(world.git('branch', '--list')).toBe(branches);
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	});

	test('what a person does while setup runs comes home, and what setup alone makes is nobody’s work', async () => {
		const world = await project();
		const setup = `touch by-setup; until [ -e "${world.home}/go" ]; do sleep 0.1; done`;
		await world.write({'.dstack.yml': `type: dev-environment\nsetup:\n  - ${setup}\n`});
		const prepare = async (name: string, visit: () => Promise<unknown>) => {
			const starting = world.cli(['run', '.', '-n', name, '-y', '-d']);
			await eventually(
				async () => readFile(path.join(world.home, 'dt/runs', name, 'journal.jsonl'), 'utf8').catch(() => ''),
				text => /"step-started"[^\n]*"setup"/.test(text),
			);
			await visit();
			await writeFile(path.join(world.home, 'go'), '');
			expect(await starting).toMatchObject({code: 0});
			const stopped = await world.cli(['stop', name, '-y']);
			expect(stopped).toMatchObject({code: 0});
			return stopped.stdout;
		};

		const work = 'echo changed > a.txt; git -c user.name=x -c user.email=x@y commit -qam mine; echo mine > new';
		expect(await prepare('one', async () => world.run('ssh', [...world.sshOptions, 'one', work]))).toContain('Brought home');
		expect(world.git('show', 'dstack-tui/one/main:a.txt')).toBe('changed\n');
		expect(world.git('show', 'dstack-tui/one/uncommitted:new')).toBe('mine\n');
		await rm(path.join(world.home, 'go'));
		expect(await prepare('two', async () => undefined)).not.toContain('rought home');
		expect(world.git('branch', '--list', 'dstack-tui/two/*')).toBe('');
	});

	test('what a person does before anything was noted there comes home', async () => {
		const world = await project();
		await world.write({'.dstack.yml': 'type: dev-environment\nfiles:\n  - x.txt:folder\n', 'x.txt': 'x\n', 'folder/a': 'a\n'});
		const run = await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		expect(run.code).toBe(1);
		await world.run('ssh', [...world.sshOptions, 'one', 'echo mine > folder/a']);
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		expect(world.git('show', 'dstack-tui/one/uncommitted:folder/a')).toBe('mine\n');
	});

	test('where it cannot be brought home nothing is ended, and --discard ends it', async () => {
		const world = await project();
		await worked(world);
		await writeFile(path.join(world.home, 'dt/home'), 'in the way\n');
		const refused = await world.cli(['stop', 'one', '-y']);
		expect(refused.code).toBe(1);
		expect(refused.stderr).toContain('one was not ended, since its work could not be brought home');
		expect(refused.stderr).toContain('dstack-tui stop one -y --discard');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
		expect(await world.cli(['stop', 'one', '-y', '--discard'])).toMatchObject({code: 0});
		expect(await world.runs()).toEqual([]);
		expect(world.git('branch', '--list')).toBe('* main\n');
	});

	test('one that cannot be asked is not ended by -y alone', async () => {
		const world = await project();
		await worked(world);
		const keyFile = path.join(world.home, 'dt/runs/one/id_ed25519');
		const key = await readFile(keyFile, 'utf8');
		const other = await readFile(path.join(world.home, 'dt/runs/one/host_key'), 'utf8');
		await writeFile(keyFile, other);
		const refused = await world.cli(['stop', 'one', '-y']);
		expect(refused.code).toBe(1);
		expect(refused.stderr).toContain('it cannot be asked whether it holds work');
		expect(refused.stderr).toContain('--discard');
		await writeFile(keyFile, key);
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		isHome(world);
	});

	test('what one has kept that ended by itself comes home too', async () => {
		const world = await project();
		await worked(world, '--max-duration', '15s');
		await eventually(
			async () => world.runs(),
			([run]) => run?.phase === 'ended',
			60_000,
		);
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		isHome(world);
		expect(await world.runs()).toEqual([]);
	});

	test('an interrupt while it starts ends it only when the work in it is home', async () => {
		const world = await project();
		await world.write({'.dstack.yml': 'type: dev-environment\nsetup:\n  - sleep 300\n'});
		world.git('commit', '-qam', 'Setup');
		const starting = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
		await starting.until('+ sleep 300');
		expect(
			await world.run('ssh', [...world.sshOptions, 'one', `cd ${world.home}/dt/runs/one/instance/one && ${work}`]),
		).toMatchObject({
			code: 0,
		});
		starting.child.kill('SIGINT');
		expect((await starting.ended).code).toBe(130);
		isHome(world);
		expect(await world.runs()).toEqual([]);
	});

	test('the repository is gone here: everything comes into a folder', async () => {
		const world = await project();
		await worked(world);
		await rm(path.join(world.project, '.git'), {recursive: true});
		const {stdout} = await world.cli(['stop', 'one', '-y']);
		expect(stdout).toContain('one is gone.');
		const [folder = ''] = await readdir(path.join(world.home, 'dt/home'));
		const files = (await readdir(path.join(world.home, 'dt/home', folder))).sort();
		expect(files).toEqual(['files.tar.gz', expect.stringMatching(/^history-[\da-f]{8}\.bundle$/), 'uncommitted.patch']);
	});
});
