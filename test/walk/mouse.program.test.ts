import {chmod, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {eventually, makeWorld, type World} from '../support/program.js';
import type {Terminal} from '../support/terminal.js';
import {open as openProgram} from './support.js';

const open = (world: World, env: NodeJS.ProcessEnv = {}): Terminal => openProgram(world, [], {columns: 120, env});

async function project(): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\nide: vscode\n'});
	world.git('init', '-q');
	return world;
}

const click = (terminal: Terminal, column: number, row: number) =>
	terminal.press(`\u001B[<0;${column + 1};${row + 1}M`, `\u001B[<0;${column + 1};${row + 1}m`);

const rowOf = (terminal: Terminal, sign: string | RegExp): number =>
	terminal.lines().findIndex(line => (typeof sign === 'string' ? line.includes(sign) : sign.test(line)));

const modes = ({emulator}: Terminal) => [emulator.modes.mouseTrackingMode, emulator.modes.sendFocusMode];
const reported = ['vt200', true];
const none = ['none', false];

/** The last that was said of each mode. */
const lastOf = ({raw}: Terminal) =>
	['1000', '1006', '1004'].map(mode => raw.slice(raw.lastIndexOf(`\u001B[?${mode}`)).slice(0, `\u001B[?${mode}h`.length));

test('a click on a header sorts, a click on a row and the wheel move, and nothing is left on behind', async () => {
	const world = await project();
	const terminal = open(world);
	await terminal.until('1 configuration below');
	expect(modes(terminal)).toEqual(reported);
	terminal.press('enter');
	await terminal.until(/local ✓/);
	const at = (row: number) => terminal.lines()[row]?.startsWith('▶') ?? false;
	const header = rowOf(terminal, /BACKEND .*\$\/H/);
	const column = terminal.lines()[header]?.indexOf('$/H') ?? 0;
	click(terminal, column, header);
	await terminal.until('$/H ▲');
	click(terminal, column, header);
	await terminal.until(text => text.includes('$/H ▼') && !at(header + 1));
	terminal.press('g');
	await terminal.until(() => at(header + 1));
	click(terminal, 10, header + 5);
	await terminal.until(() => at(header + 5));
	const first = terminal.lines()[header + 4];
	terminal.press('\u001B[<65;10;10M');
	await terminal.until(() => terminal.lines()[header + 1] === first);
	terminal.press('\u001B[<64;10;10M');
	await terminal.until(() => terminal.lines()[header + 4] === first);
	// Keys go on being heard, in one read with the mouse.
	terminal.press('\u001B[<65;10;10M?');
	await terminal.until('Keys of this screen');
	terminal.press('esc');
	await terminal.until('? keys');
	terminal.press('q');
	expect(await terminal.ended).toBe(0);
	expect(modes(terminal)).toEqual(none);
	expect(lastOf(terminal)).toEqual(['\u001B[?1000l', '\u001B[?1006l', '\u001B[?1004l']);
	// While the screen was still the program's own.
	expect(terminal.raw.lastIndexOf('\u001B[?1000l')).toBeLessThan(terminal.raw.lastIndexOf('\u001B[?1049l'));
});

test('an editor has a terminal without the mouse, and gets its own input; after it the mouse is back', async () => {
	const world = await project();
	const editor = path.join(world.home, 'editor');
	await writeFile(editor, '#!/bin/sh\necho editing\nread line\necho "heard $line."\nread line\n');
	await chmod(editor, 0o755);
	const terminal = open(world, {EDITOR: editor, VISUAL: editor});
	await terminal.until('1 configuration below');
	terminal.press('e');
	await terminal.until('editing');
	expect(terminal.isAlternate()).toBe(false);
	expect(modes(terminal)).toEqual(none);
	terminal.press('words\r');
	await terminal.until('heard words.');
	terminal.press('\r');
	await terminal.until('1 configuration below');
	expect(modes(terminal)).toEqual(reported);
	terminal.press('M');
	await terminal.until('The mouse is off');
	// The key may come before the terminal is quite given back.
	await eventually(
		() => modes(terminal),
		([mouse]) => mouse === 'none',
	);
	expect(modes(terminal)).toEqual(['none', true]);
	terminal.press('ctrl-c');
	await terminal.ended;
	expect(modes(terminal)).toEqual(none);
	const again = open(world);
	await again.until('1 configuration below');
	expect(modes(again)).toEqual(['none', true]);
});

test('a signal leaves no mode on, and the variable keeps all of them off', async () => {
	const world = await project();
	const terminal = open(world);
	await terminal.until('1 configuration below');
	terminal.kill('SIGTERM');
	await terminal.ended;
	expect(modes(terminal)).toEqual(none);
	const silent = open(world, {DSTACK_TUI_NO_MOUSE: '1'});
	await silent.until('1 configuration below');
	expect(silent.raw).not.toMatch(/\u001B\[\?100[0-6]h/);
});
