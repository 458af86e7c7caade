import {describe, expect, test} from 'vitest';
import {makeWorld, type World} from '../support/program.js';
import type {Terminal} from '../support/terminal.js';
import {open as openProgram} from './support.js';

async function project(): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	world.git('init', '-q');
	return world;
}

const open = (world: World, args: readonly string[]): Terminal => openProgram(world, args, {columns: 80});

describe('questions of the commands', () => {
	test('stop: much unsaved work is cut short, and the question stands last; it is kept, or brought home and ended', async () => {
		const world = await project();
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		await world.run('ssh', [...world.sshOptions, 'one', 'for n in $(seq 100 261); do echo x > file-$n; done']);
		const terminal = open(world, ['stop', 'one']);
		const text = await terminal.until('[B/d/k]');
		expect(text).toContain('one holds work that exists nowhere else:\n  file-100\n');
		expect(text).toContain('… and 142 more\n');
		expect(text.trimEnd()).toMatch(/b {2}bring it home, then end it\n.*\n {2}k {2}keep it running\nEnd one\? \[B\/d\/k\]$/);
		terminal.press('x', 'enter');
		await terminal.until(/\[B\/d\/k\][^]*\[B\/d\/k\] $/);
		terminal.press('k', 'enter');
		expect(await terminal.ended).toBe(0);
		expect(terminal.text()).toContain('one is left as it is.');
		const second = open(world, ['stop', 'one']);
		await second.until('[B/d/k]');
		second.press('d', 'enter');
		await second.until('Lose this work for good? [y/N]');
		second.press('enter');
		expect(await second.ended).toBe(0);
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
		const third = open(world, ['stop', 'one']);
		await third.until('[B/d/k]');
		third.press('enter');
		expect(await third.ended).toBe(0);
		expect(third.text()).toContain('one is gone.');
		expect(world.git('show', 'dstack-tui/one/uncommitted:file-261')).toBe('x\n');
		expect(await world.runs()).toEqual([]);
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
