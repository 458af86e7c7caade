import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {cliFile, eventually, hasCommand, makeWorld, type World} from '../support/program.js';
import {Terminal} from '../support/terminal.js';

const environment = {'.dstack.yml': 'type: dev-environment\nide: vscode\n'};

async function project(files: Readonly<Record<string, string>> = environment): Promise<World> {
	const world = await makeWorld();
	await world.write(files);
	world.git('init', '-q');
	return world;
}

type Options = {readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv; readonly command?: readonly string[]};

/** The program in a terminal; `command` starts it otherwise. */
function open(world: World, {args = [], env = {}, command}: Options = {}): Terminal {
	const [program = '', ...rest] = command ?? [process.execPath, cliFile, ...args];
	const terminal = new Terminal(program, rest, {columns: 100, rows: 30, cwd: world.project, env: {...world.env, ...env}});
	onTestFinished(async () => {
		terminal.kill('SIGKILL');
		await terminal.ended;
	});
	return terminal;
}

/** A shell of the person's own, that the program is typed into. */
async function inShell(world: World, args: readonly string[] = []): Promise<Terminal> {
	const terminal = open(world, {command: ['bash', '--norc', '-i'], env: {PS1: 'shell> '}});
	await terminal.until('shell>');
	terminal.press(`"${process.execPath}" "${cliFile}" ${args.join(' ')}\r`);
	return terminal;
}

/** The programs that run with this home, but for shells. */
async function programs(world: World, like: string): Promise<number[]> {
	const {stdout} = await world.run('pgrep', ['-f', like]);
	const pids = stdout.split('\n').filter(Boolean).map(Number);
	const owned = await Promise.all(
		pids.map(async pid => {
			const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
			const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
			return text.includes(world.home) && !/bash|pgrep|^sh/.test(name) ? [pid] : [];
		}),
	);
	return owned.flat();
}

const program = async (world: World): Promise<number> => {
	const [pid = 0] = await eventually(
		async () => programs(world, 'cli.js'),
		found => found.length === 1,
	);
	return pid;
};

/** What was written last with each sequence that keeps, sets or gives back the title. */
const titles = ({raw}: Terminal): string[] =>
	[...raw.matchAll(/\u001B\]2;([^\u0007]*)\u0007|\u001B\[2([23]);2t/g)].map(([, title, stack]) =>
		stack === '2' ? 'KEEP' : stack === '3' ? 'BACK' : (title ?? ''),
	);

/** The screen is there before its link is. */
const untilTitle = async (terminal: Terminal, title: string): Promise<void> => {
	await eventually(
		() => titles(terminal).at(-1),
		last => last === title,
	);
};

test('the title tells how the environment is, and each way out gives the old one back', async () => {
	const world = await project({'.dstack.yml': 'type: dev-environment\nsetup:\n  - sleep 1\n'});
	const terminal = open(world, {args: ['run', '.', '-n', 'one', '-y']});
	await terminal.until('one › connected');
	await untilTitle(terminal, 'one ● connected');
	expect(titles(terminal).slice(0, 2)).toEqual(['KEEP', 'dstack-tui']);
	expect(titles(terminal)).toContain('one › setup');
	terminal.press('!');
	await terminal.until(() => !terminal.isAlternate());
	await terminal.until(/[#$] $/m);
	expect(titles(terminal).slice(-2)).toEqual(['', 'BACK']);
	terminal.press('exit\r');
	await terminal.until(() => terminal.isAlternate());
	await terminal.until('Back from the shell');
	await untilTitle(terminal, 'one ● connected');
	terminal.press('d');
	expect(await terminal.ended).toBe(0);
	expect(titles(terminal).slice(-2)).toEqual(['', 'BACK']);
	const count = (word: string) => titles(terminal).filter(title => title === word).length;
	expect(count('KEEP')).toBe(count('BACK'));
});

test('by its settings nothing is written, and a setting that is none is told', async () => {
	const world = await project();
	await mkdir(path.join(world.home, 'dt'), {recursive: true});
	await writeFile(path.join(world.home, 'dt/config.json'), JSON.stringify({title: false, notify: 'gong'}));
	const terminal = open(world);
	await terminal.until('`notify` in config.json is "gong"');
	terminal.kill('SIGTERM');
	await terminal.ended;
	expect(titles(terminal)).toEqual([]);
});

test('who looks away is called in the way of their terminal, and who looks is not', async () => {
	const world = await project({'.dstack.yml': 'type: dev-environment\nsetup:\n  - test -e go || sleep 1; test -e go\n'});
	const terminal = open(world, {
		args: ['run', '.', '-n', 'one', '-y'],
		env: {TERM_PROGRAM: 'iTerm.app', TMUX: undefined, STY: undefined},
	});
	await terminal.until('setup failed with exit code 1');
	expect(terminal.raw).not.toContain('\u001B]9;');
	await world.run('ssh', [...world.sshOptions, 'one', 'touch go']);
	terminal.press('\u001B[O', 't');
	await terminal.until('one › connected');
	await eventually(
		() => terminal.raw,
		raw => raw.includes('\u001B]9;one is ready\u0007'),
	);
	// It is no part of what is drawn.
	expect(terminal.text()).not.toContain('9;one');
	terminal.press('d');
	await terminal.ended;
}, 60_000);

test('without the focus an environment that is at rest draws nothing, and with it at most a frame a second', async () => {
	const world = await project();
	await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
	const terminal = open(world, {args: ['attach', 'one']});
	await terminal.until('one › connected');
	const framesIn = async (milliseconds: number) => {
		terminal.raw = '';
		await new Promise(resolve => setTimeout(resolve, milliseconds));
		return terminal.raw.split('\u001B[?2026h').length - 1;
	};

	const withFocus = await framesIn(10_000);
	const bytes = terminal.raw.length;
	terminal.press('\u001B[O');
	await terminal.until('● up since');
	await framesIn(1000);
	const without = await framesIn(20_000);
	process.stdout.write(`\n10 s with the focus: ${withFocus} frames, ${bytes} bytes; 20 s without: ${without}\n`);
	expect(withFocus).toBeGreaterThan(0);
	// One more may fall into ten seconds, and so may the outcome of a check of ssh that is under way.
	expect(withFocus).toBeLessThanOrEqual(12);
	expect(without).toBe(0);
	// A key is answered all the same.
	terminal.press('?');
	await terminal.until('Keys of this screen');
	terminal.press('esc', '\u001B[I');
	await terminal.until('one › connected');
	expect(await framesIn(5000)).toBeGreaterThan(0);
}, 90_000);

describe('a terminal that is gone', () => {
	for (const isQuiet of [false, true]) {
		test(`lets go of the environment in order${isQuiet ? ', also when no signal tells of it' : ''}`, async () => {
			const world = await project();
			await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
			const code = path.join(world.home, 'code');
			// A shell that outlives the terminal, and keeps the signal to itself.
			const script = `trap '' HUP; "$0" "$1" attach one; echo $? > "${code}"`;
			const terminal = open(world, {
				command: isQuiet
					? ['bash', '-c', script, process.execPath, cliFile]
					: ['bash', '-c', script.replace("''", ':'), process.execPath, cliFile],
			});
			await terminal.until('one › connected');
			const pid = await program(world);
			(terminal.process as unknown as {destroy(): void}).destroy();
			await eventually(
				async () => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined),
				stat => stat === undefined,
			);
			if (isQuiet) {
				expect(
					(
						await eventually(
							async () => readFile(code, 'utf8').catch(() => ''),
							text => text !== '',
						)
					).trim(),
				).toBe('129');
			}

			expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
			// Nobody holds it: another takes it over and can end it.
			expect((await world.cli(['stop', 'one', '-y', '--discard'])).code).toBe(0);
		}, 60_000);
	}

	test('a signal while a shell has the terminal ends that as well', async () => {
		const world = await project();
		await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		const terminal = open(world, {args: ['attach', 'one']});
		await terminal.until('one › connected');
		terminal.press('!');
		await terminal.until(() => !terminal.isAlternate());
		await terminal.until(/[#$] $/m);
		expect((await programs(world, 'ssh.*one')).length).toBeGreaterThan(0);
		terminal.kill('SIGTERM');
		expect(await terminal.ended).toBe(143);
		await eventually(
			async () => programs(world, '^ssh .*one'),
			found => found.length === 0,
		);
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	}, 60_000);
});

describe('a job of a shell', () => {
	test('ctrl-z on the run, another size meanwhile, and fg', async () => {
		const world = await project();
		await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		const terminal = await inShell(world, ['attach', 'one']);
		await terminal.until('one › connected');
		await untilTitle(terminal, 'one ● connected');
		terminal.press('ctrl-z');
		await terminal.until('Stopped');
		expect(terminal.isAlternate()).toBe(false);
		expect(titles(terminal).slice(-2)).toEqual(['', 'BACK']);
		terminal.resize(120, 36);
		terminal.press('stty -a | grep -o " icanon\\| echo "; fg\r');
		await terminal.until(() => terminal.isAlternate());
		await terminal.until(() => terminal.lines()[35]?.includes('? keys') === true);
		expect(terminal.lines()[0]).toContain('one › connected');
		await untilTitle(terminal, 'one ● connected');
		expect(titles(terminal).filter(title => title === 'KEEP')).toHaveLength(2);
		terminal.press('d');
		await terminal.until('one goes on');
		expect(terminal.isAlternate()).toBe(false);
		expect(terminal.text()).toContain(' icanon');
	}, 60_000);

	for (const signal of ['SIGTSTP', 'SIGSTOP'] as const) {
		test(`${signal} from outside, and fg`, async () => {
			const world = await project();
			const terminal = await inShell(world);
			await terminal.until('1 configuration below');
			const pid = await program(world);
			process.kill(pid, signal);
			await terminal.until('Stopped');
			if (signal === 'SIGTSTP') {
				expect(terminal.isAlternate()).toBe(false);
			}

			terminal.resize(90, 26);
			terminal.press('fg\r');
			await terminal.until(() => terminal.isAlternate() && /\? keys/.test(terminal.lines()[25] ?? ''));
			terminal.press('?');
			await terminal.until('Keys of this screen');
			terminal.press('esc');
			await terminal.until('1 configuration below');
			// And once more, by its own key.
			terminal.press('ctrl-z');
			await terminal.until(() => !terminal.isAlternate());
			terminal.press('fg\r');
			await terminal.until(() => terminal.isAlternate());
			await terminal.until('1 configuration below');
			terminal.press('q');
			await terminal.until(() => !terminal.isAlternate());
		}, 60_000);
	}

	test('SIGCONT to one that was not stopped only draws it anew', async () => {
		const world = await project();
		const terminal = open(world);
		await terminal.until('1 configuration below');
		terminal.kill('SIGCONT');
		// A key that comes in the middle of that would be as one that is typed ahead.
		await terminal.until(() => terminal.raw.split('\u001B[?1049h').length === 3);
		await terminal.until('1 configuration below');
		terminal.press('?');
		await terminal.until('Keys of this screen');
		terminal.press('esc');
		await terminal.until('1 configuration below');
		terminal.press('q');
		expect(await terminal.ended).toBe(0);
	});
});

test.skipIf(!hasCommand('tmux'))(
	'in tmux, what is copied is in its buffer and goes to the terminal outside',
	async () => {
		const world = await project();
		await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		const socket = path.join(world.home, 'tmux');
		const tmux = async (...args: string[]) => (await world.run('tmux', ['-S', socket, '-f', '/dev/null', ...args])).stdout;
		const terminal = open(world, {
			command: ['tmux', '-S', socket, '-f', '/dev/null', 'new-session', process.execPath, cliFile, 'attach', 'one'],
		});
		onTestFinished(async () => {
			await tmux('kill-server');
		});
		await terminal.until('one › connected');
		terminal.press('y');
		await terminal.until('Copied, if your terminal allows it');
		const link = `vscode://vscode-remote/ssh-remote+one${world.home}/dt/runs/one/instance/one`;
		await eventually(
			async () => tmux('show-buffer'),
			text => text === link,
		);
		await eventually(
			() => terminal.raw,
			raw => raw.includes(Buffer.from(link).toString('base64')),
		);
	},
	60_000,
);

describe('the link is opened', () => {
	async function withPrograms(world: World, names: readonly string[]): Promise<{bin: string; calls(): Promise<string>}> {
		const bin = path.join(world.home, 'bin');
		await mkdir(bin, {recursive: true});
		for (const name of names) {
			const file = path.join(bin, name);
			await writeFile(
				file,
				`#!/bin/sh\n[ "$1" = --version ] && exit 1\nprintf '%s|' "\${0##*/}" "$@" >> "${world.home}/calls"\n`,
			);
			await chmod(file, 0o755);
		}

		return {bin, calls: async () => readFile(path.join(world.home, 'calls'), 'utf8').catch(() => '')};
	}

	const desktop = {DISPLAY: ':9', WAYLAND_DISPLAY: undefined, SSH_CONNECTION: undefined, SSH_TTY: undefined};

	test.each([
		['by the editor of the person', ['code', 'xdg-open'], desktop, (place: string) => `code|--remote|ssh-remote+one|${place}|`],
		['by the desktop', ['xdg-open'], desktop, (place: string) => `xdg-open|vscode://vscode-remote/ssh-remote+one${place}|`],
	] as const)(
		'%s',
		async (_, names, env, call) => {
			const world = await project();
			await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
			const {bin, calls} = await withPrograms(world, names);
			const terminal = open(world, {args: ['attach', 'one'], env: {...env, PATH: `${bin}:/usr/bin:/bin`}});
			await terminal.until('one › connected');
			terminal.press('enter');
			await terminal.until('Opening VS Code');
			expect(await calls()).toBe(call(`${world.home}/dt/runs/one/instance/one`));
		},
		60_000,
	);

	test('not over SSH without a desktop: that is said, and the link is copied', async () => {
		const world = await project();
		await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		const {bin, calls} = await withPrograms(world, ['code', 'xdg-open']);
		const env = {DISPLAY: undefined, WAYLAND_DISPLAY: undefined, SSH_CONNECTION: '10.0.0.1 5 10.0.0.2 22'};
		const terminal = open(world, {args: ['attach', 'one'], env: {...env, PATH: `${bin}:/usr/bin:/bin`}});
		await terminal.until('one › connected');
		terminal.press('enter');
		await terminal.until('this is a session over SSH');
		const link = `vscode://vscode-remote/ssh-remote+one${world.home}/dt/runs/one/instance/one`;
		expect(terminal.raw).toContain(`\u001B]52;c;${Buffer.from(link).toString('base64')}\u0007`);
		expect(await calls()).toBe('');
	}, 60_000);
});
