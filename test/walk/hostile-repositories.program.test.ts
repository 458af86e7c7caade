import {readFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {expect, onTestFinished, test} from 'vitest';
import {makeHostileRepositories} from '../support/hostile-repositories.js';
import {cliFile, makeWorld} from '../support/program.js';
import {Terminal} from '../support/terminal.js';

test('strangers’ repositories are walked through check, the plan, a run that is not agreed to and the full screen, and nothing of them runs', async () => {
	const world = await makeWorld();
	const hostile = makeHostileRepositories(path.join(world.home, 'strangers'));
	for (const [name, {start, search}] of Object.entries(hostile.repositories)) {
		const env = {PATH: `${search === '' ? '' : `${search}:`}${process.env['PATH'] ?? ''}`};
		await world.cli(['check'], {cwd: start, env});
		const planned = await world.cli(['run', '--json', '--backend', 'local'], {cwd: start, env});
		if (name !== 'programs') {
			expect(planned.stdout, name).toContain('"type":"plan"');
		}

		expect(hostile.ran(), `${name}: run without -y`).toEqual([]);
		const terminal = new Terminal(process.execPath, [cliFile, 'run', '--backend', 'local'], {
			columns: 100,
			rows: 30,
			cwd: start,
			env: {...world.env, ...env},
		});
		onTestFinished(async () => {
			terminal.kill('SIGKILL');
			await terminal.ended;
		});
		await terminal.until(name === 'programs' ? /offers|plan/ : /deadline/);
		terminal.kill('SIGKILL');
		await terminal.ended;
		expect(hostile.ran(), `${name}: the full screen`).toEqual([]);
	}
}, 600_000);

test('a person’s word for a repository is given beside the yes, never by it, is kept, and is taken back', async () => {
	const world = await makeWorld();
	const hostile = makeHostileRepositories(path.join(world.home, 'strangers'));
	const {start = ''} = hostile.repositories['settings'] ?? {};
	const settings = path.join(world.home, 'dt/config.json');
	const run = async (...flags: string[]) => {
		const {stdout} = await world.cli(['run', '--json', '--backend', 'local', '--instance-type', 'process', '-d', ...flags], {
			cwd: start,
		});
		const plan = JSON.parse(stdout.split('\n').find(line => line.includes('"type":"plan"')) ?? '{}') as {
			code?: {trusted: boolean; commands: string[]};
		};
		return plan.code;
	};

	expect(await run()).toMatchObject({trusted: false});
	expect(await run('--trust-repository'), 'said, and not agreed to').toMatchObject({trusted: true});
	expect(await run(), 'what was not begun is not kept').toMatchObject({trusted: false});
	expect(await run('-y', '-n', 'one'), 'a yes alone is no word for it').toMatchObject({trusted: false});
	expect(await run('-y', '-n', 'two', '--trust-repository')).toMatchObject({trusted: true});
	expect(JSON.parse(readFileSync(settings, 'utf8'))).toMatchObject({trusted_folders: [start]});
	expect(await run()).toMatchObject({trusted: true});
	expect(await run('-y', '-n', 'three', '--no-trust-repository')).toMatchObject({trusted: false});
	expect(JSON.parse(readFileSync(settings, 'utf8'))).toMatchObject({trusted_folders: []});
}, 300_000);
