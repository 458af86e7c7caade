import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {cliFile, makeWorld, type World} from '../support/program.js';
import {Terminal} from '../support/terminal.js';

async function project(): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	world.git('init', '-q');
	return world;
}

function open(world: World, args: readonly string[]): Terminal {
	const terminal = new Terminal(process.execPath, [cliFile, ...args], {
		columns: 80,
		rows: 30,
		cwd: world.project,
		env: world.env,
	});
	onTestFinished(async () => {
		terminal.kill('SIGKILL');
		await terminal.ended;
	});
	return terminal;
}

describe('questions of the commands', () => {
	test('stop: much unsaved work is cut short, and the question stands last; a no leaves it and is no failure', async () => {
		const world = await project();
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		await world.run('ssh', [...world.sshOptions, 'one', 'for n in $(seq 100 261); do echo x > file-$n; done']);
		const terminal = open(world, ['stop', 'one']);
		const text = await terminal.until('[y/N]');
		expect(text).toContain('one holds work that exists nowhere else:\n  file-100\n');
		expect(text).toContain('… and 142 more\n');
		expect(text.trimEnd()).toMatch(/End one and delete what is in it\? \[y\/N\]$/);
		terminal.press('n', 'enter');
		expect(await terminal.ended).toBe(0);
		expect(terminal.text()).toContain('one is left as it is.');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	});

	test('run: a no starts nothing and is no failure; neither answer nor end of input starts anything', async () => {
		const world = await project();
		for (const [key, code, words] of [
			['n\r', 0, 'Nothing was started.'],
			['\u0004', 0, 'Nothing was started.'],
			['\u0003', 130, 'Interrupted: nothing was done'],
		] as const) {
			const terminal = open(world, ['run', '.', '-n', 'one', '--plain']);
			await terminal.until('Start one? [y/N]');
			terminal.press(key);
			expect(await terminal.ended).toBe(code);
			expect(terminal.text()).toContain(words);
		}

		expect(await world.runs()).toEqual([]);
	});
});
