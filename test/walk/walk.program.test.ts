import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {mkdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {cliFile, makeWorld, type World} from '../support/program.js';
import {Terminal} from '../support/terminal.js';
import {open} from './support.js';

const configuration = 'type: dev-environment\nsetup:\n  - echo setting up\nide: vscode\nports:\n  - 38123\n';
const profiles =
	'profiles:\n  - name: small\n    resources:\n      memory: 512MB\n    max_duration: 2h\n    default: true\n  - name: large\n    resources:\n      memory: 900TB\n';

const sizes = [
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
	{columns: 200, rows: 50},
];

async function project(
	files: Readonly<Record<string, string>> = {'.dstack.yml': configuration, '.dstack/profiles.yml': profiles},
): Promise<World> {
	const world = await makeWorld();
	await world.write(files);
	world.git('init', '-q');
	return world;
}

/** Every line fits, and the frame has its title, its keys and nothing else in their places. */
function expectFrame(terminal: Terminal): void {
	const lines = terminal.lines();
	expect(lines[0]).toMatch(/^ dstack-tui › /);
	expect(lines.at(-1)).toMatch(/\? keys|choose|take|close/);
	for (const line of lines) {
		expect(line.length).toBeLessThanOrEqual(terminal.emulator.cols);
	}
}

describe('the walk, from the first screen to a shell and out again', () => {
	for (const {columns, rows} of sizes) {
		test(`at ${columns}×${rows}`, async () => {
			const world = await project();
			const terminal = open(world, [], {columns, rows});
			await terminal.until('1 configuration below');
			expect(terminal.isAlternate()).toBe(true);
			await terminal.until('type: dev-environment');
			expectFrame(terminal);
			terminal.press('enter');
			await terminal.until('large');
			expect(terminal.text()).toContain('memory ≥ 512 MB · ends itself after 2 hours');
			expectFrame(terminal);
			terminal.press('enter');
			await terminal.until('without isolation');
			expect(terminal.text()).toMatch(/local\s+/);
			expectFrame(terminal);
			terminal.press('enter');
			await terminal.until(/deadline\s+after 2h it ends itself/);
			await terminal.until('enter start');
			expect(terminal.text()).toMatch(/price\s+\$0/);
			expectFrame(terminal);
			terminal.press('enter');
			await terminal.until('› connected');
			expectFrame(terminal);
			const frame = terminal.text();
			const name = /› (\w+-\w+-\d+) ›/.exec(frame)?.[1] ?? '';
			// However much of the link is shown, a click opens the whole of it.
			const link = `vscode://vscode-remote/ssh-remote+${name}${world.home}/dt/runs/${name}/instance/${name}`;
			expect(terminal.raw).toContain(`\u001B]8;;${link}\u0007`);
			expect(frame).toContain('vscode://');
			expect(frame).toContain(`ssh -F`);
			expect(frame).toContain('38123');
			expect(frame).toMatch(/ends itself at \d\d:\d\d/);
			terminal.press('!');
			await terminal.until(() => !terminal.isAlternate());
			await terminal.until(/[#$] $/m);
			terminal.press('pwd; exit\r');
			await terminal.until(() => terminal.isAlternate());
			await terminal.until('Back from the shell');
			terminal.press('l', '2');
			await terminal.until('+ echo setting up');
			terminal.press('/', 's', 'e', 't', 't', 'i', 'n', 'g', 'enter');
			await terminal.until(/line \d+ of/);
			terminal.press('q');
			await terminal.until(`Leave ${name}?`);
			expectFrame(terminal);
			terminal.press('down');
			await terminal.until('❯ Stop');
			terminal.press('enter');
			await terminal.until('delete what is in it?');
			terminal.press('down');
			await terminal.until('❯ Yes');
			terminal.press('enter');
			expect(await terminal.ended).toBe(0);
			expect(terminal.isAlternate()).toBe(false);
			expect(terminal.text()).toContain(`${name} is gone.`);
			expect(await world.runs()).toEqual([]);
		});
	}

	test('a list of environments attaches to one, and detaching leaves it', async () => {
		const world = await project();
		await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		const terminal = open(world);
		await terminal.until('1 environment');
		terminal.press('E');
		await terminal.until(/one\s+ready/);
		terminal.press('enter');
		await terminal.until('one › connected');
		terminal.press('d');
		expect(await terminal.ended).toBe(0);
		expect(terminal.text()).toContain('one goes on');
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	});

	test('a failed step shows its command, exit code and last lines, and can be tried again from there', async () => {
		const world = await project({'.dstack.yml': 'type: dev-environment\nsetup:\n  - echo looking for it; test -e mended\n'});
		const terminal = open(world, ['run', '.', '-n', 'one', '-y']);
		await terminal.until('setup failed with exit code 1: echo looking for it; test -e mended');
		expect(terminal.text()).toContain('t try again');
		await world.run('ssh', [...world.sshOptions, 'one', 'touch mended']);
		terminal.press('t');
		await terminal.until('one › connected');
	});

	test('no configuration: it offers to write one, and goes on with it', async () => {
		const world = await project({});
		const terminal = open(world);
		await terminal.until('Write this .dstack.yml?');
		terminal.press('enter');
		await terminal.until('1 configuration below');
		expect(await readFile(path.join(world.project, '.dstack.yml'), 'utf8')).toContain('type: dev-environment');
		terminal.press('enter');
		await terminal.until('› offers');
	});

	test('problems of a file stand beside it, and it cannot be chosen', async () => {
		const world = await project({'.dstack.yml': 'type: dev-environment\nsetpu:\n  - make\n'});
		const terminal = open(world);
		await terminal.until('.dstack.yml:2:1: error');
		expect(terminal.text()).toContain('did you mean');
		terminal.press('enter');
		await terminal.until('has problems; e edits it');
		const editor = path.join(world.home, 'editor');
		await world.run('sh', [
			'-c',
			`printf '#!/bin/sh\\nprintf "type: dev-environment\\\\n" > "$1"\\n' > "$0" && chmod +x "$0"`,
			editor,
		]);
		terminal.press('q');
		await terminal.ended;
		const again = open(world, [], {env: {EDITOR: editor}});
		await again.until('error');
		again.press('e');
		await again.until(text => !text.includes('error') && text.includes('✓ .dstack.yml'));
	});
});

describe('the terminal is as it was, whatever ends the program', () => {
	const signals = {SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131} as const;
	for (const [signal, code] of Object.entries(signals)) {
		test(`${signal} on the first screen`, async () => {
			const terminal = open(await project());
			await terminal.until('1 configuration below');
			terminal.kill(signal);
			expect(await terminal.ended).toBe(code);
			expect(terminal.isAlternate()).toBe(false);
		});
	}

	test('SIGTERM while an environment starts: it goes on in the background', async () => {
		const world = await project({'.dstack.yml': 'type: dev-environment\nsetup:\n  - sleep 2\n'});
		const terminal = open(world, ['run', '.', '-n', 'one', '-y']);
		await terminal.until('+ sleep 2');
		terminal.kill('SIGTERM');
		expect(await terminal.ended).toBe(143);
		expect(terminal.isAlternate()).toBe(false);
		const listing = async () => (await world.runs())[0]?.phase;
		await expect.poll(listing, {timeout: 20_000}).toBe('ready');
	});

	test('ctrl-c asks while an environment is looked after, and a second one lets go of it', async () => {
		const world = await project();
		const terminal = open(world, ['run', '.', '-n', 'one', '-y', '--profile', 'small']);
		await terminal.until('one › connected');
		terminal.press('ctrl-c');
		await terminal.until('Leave one?');
		terminal.press('ctrl-c');
		expect(await terminal.ended).toBe(0);
		expect(await world.runs()).toMatchObject([{name: 'one', phase: 'ready'}]);
	});

	test('left in the middle of a launch, nothing goes on unseen', async () => {
		const world = await project();
		const terminal = open(world, ['run', '.', '-n', 'left-early', '-y']);
		await terminal.until(/dstack-tui ›/);
		terminal.press('q');
		expect(await terminal.ended).toBe(0);
		const runs = await world.runs();
		// Named as nothing else that may run beside it. Either it was never begun, or it was let go of and goes on in the background.
		if (runs.length > 0) {
			await expect.poll(async () => (await world.runs())[0]?.phase, {timeout: 20_000}).toBe('ready');
		}

		expect((await world.run('pgrep', ['-f', `cli.js run . -n left-early`])).stdout).toBe('');
	});

	test('a shell that started it gets ctrl-z and fg', async () => {
		const world = await project();
		const terminal = new Terminal('bash', ['--norc', '-i'], {
			columns: 100,
			rows: 30,
			cwd: world.project,
			env: {...world.env, PS1: 'shell> '},
		});
		onTestFinished(() => terminal.kill('SIGKILL'));
		await terminal.until('shell>');
		terminal.press(`"${process.execPath}" "${cliFile}"\r`);
		await terminal.until('1 configuration below');
		terminal.press('ctrl-z');
		await terminal.until('Stopped');
		expect(terminal.isAlternate()).toBe(false);
		terminal.press('stty -a | grep -o " icanon\\| echo "; fg\r');
		await terminal.until('1 configuration below');
		expect(terminal.isAlternate()).toBe(true);
		terminal.press('q');
		await terminal.until(() => !terminal.isAlternate());
		expect(terminal.text()).toContain(' icanon');
	});

	test('wherever the shell’s cursor stood, the first line begins at the left, also after ctrl-l and fg', async () => {
		const world = await project();
		const terminal = new Terminal('bash', ['--norc', '-i'], {
			columns: 100,
			rows: 30,
			cwd: world.project,
			env: {...world.env, PS1: 'shell> '},
		});
		onTestFinished(() => terminal.kill('SIGKILL'));
		await terminal.until('shell>');
		terminal.press(`printf 'typed ahead'; "${process.execPath}" "${cliFile}"\r`);
		await terminal.until('type: dev-environment');
		expectFrame(terminal);
		terminal.press('ctrl-l');
		await terminal.until('type: dev-environment');
		expectFrame(terminal);
		terminal.press('ctrl-l', 'ctrl-l', 'ctrl-z');
		await terminal.until('Stopped');
		terminal.press(`printf 'typed ahead'; fg\r`);
		await terminal.until('type: dev-environment');
		expectFrame(terminal);
		terminal.press('q');
		await terminal.until(() => !terminal.isAlternate());
	});

	test('attach shows its own screen from the first frame, and leaving by the list is told as well', async () => {
		const world = await project();
		await world.cli(['run', '.', '-n', 'one', '-y', '-d']);
		const terminal = open(world, ['attach', 'one']);
		await terminal.until('one › connected');
		expect(terminal.raw).not.toContain('configurations');
		terminal.press('E');
		await terminal.until(/▶ one\s+ready · open/);
		terminal.press('q');
		await terminal.until('❯ Detach');
		terminal.press('enter');
		expect(await terminal.ended).toBe(0);
		expect(terminal.text()).toContain('one goes on. Come back: dstack-tui attach one');
	});

	test('any size: a notice where there is no room, and the frame again where there is', async () => {
		const terminal = open(await project(), [], {columns: 40, rows: 10});
		await terminal.until('dstack-tui needs 60×15');
		for (const [columns, rows] of [
			[80, 24],
			[60, 15],
			[200, 60],
			[45, 12],
			[120, 40],
		] as const) {
			terminal.resize(columns, rows);
			await terminal.until(() =>
				columns < 60 ? terminal.text().includes(`this is ${columns}×${rows}`) : /\? keys/.test(terminal.lines().at(-1) ?? ''),
			);
		}

		expectFrame(terminal);
	});
});

describe('no terminal, or one that cannot be drawn on', () => {
	test('TERM=dumb prints the overview, and the ways to go on', async () => {
		const world = await project();
		const {code, stdout} = await world.run('script', ['-qec', `TERM=dumb "${process.execPath}" "${cliFile}"`, '/dev/null']);
		expect(code).toBe(0);
		expect(stdout).toContain('Configurations:');
		expect(stdout).not.toContain('\u001B[');
	});

	test('without a terminal: what was found, the first offers, the commands, exit code 0', async () => {
		const world = await project();
		const {code, stdout} = await world.cli([]);
		expect(code).toBe(0);
		expect(stdout).toContain('.dstack.yml');
		expect(stdout).toContain('small (default)');
		expect(stdout).toMatch(/local\s+here\s+process/);
		expect(stdout).toContain('dstack-tui run . -y --plain');
	});
});

describe('the launcher', () => {
	const root = path.dirname(path.dirname(cliFile));
	const launcher = path.join(root, 'launcher/dstack-tui.js');
	const old = ['/usr/bin/node', '/usr/local/bin/node'].find(file => {
		try {
			return Number(execFileSync(file, ['-p', 'process.versions.node.split(".")[0]'], {encoding: 'utf8'})) < 22;
		} catch {
			return false;
		}
	});

	test('starts the program', async () => {
		const world = await project();
		const {version} = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {version: string};
		expect(await world.run(process.execPath, [launcher, '--version'])).toMatchObject({code: 0, stdout: `${version}\n`});
	});

	test.skipIf(!old)('an older Node hands over to the one that the clone brings, or says in one line what it needs', async () => {
		const world = await project();
		expect(await world.run(old ?? '', [launcher, 'check'])).toMatchObject({code: 0});
		const bare = path.join(world.home, 'bare/launcher');
		await mkdir(bare, {recursive: true});
		await world.run('cp', [launcher, bare]);
		const {code, stderr} = await world.run(old ?? '', [path.join(bare, 'dstack-tui.js'), 'check'], {
			env: {PATH: '/usr/bin:/bin'},
		});
		expect(code).toBe(2);
		expect(stderr.trim().split('\n')).toHaveLength(1);
		expect(stderr).toContain('Node');
	});
});
