import {chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {beforeEach, describe, expect, onTestFinished, test} from 'vitest';
import type {EditorSearch} from '../../source/environment/ide/local-editor.js';
import {openLink} from '../../source/ui/terminal/open-link.js';

const url = 'vscode://vscode-remote/ssh-remote+one/a%20b?x=1&y=^z%25';
const command = ['code', '--remote', 'ssh-remote+one', "/a b/$(touch 'x')"];

let home: string;
let around: EditorSearch;

beforeEach(async () => {
	home = await realpath(await mkdtemp(path.join(tmpdir(), 'dstack-tui-open-')));
	onTestFinished(async () => rm(home, {recursive: true}));
	const env = {PATH: `${home}/bin:/usr/bin:/bin`, DISPLAY: ':0', CALLS: path.join(home, 'calls')};
	around = {platform: 'linux', env, home, root: home, wsl: false, folder: path.join(home, 'project')};
});

/** A program that writes down what it was given, then does `then`. */
async function program(file: string, then = ''): Promise<void> {
	const place = path.join(home, file);
	await mkdir(path.dirname(place), {recursive: true});
	await writeFile(place, `#!/bin/sh\n{ printf '%s' "\${0##*/}"; printf ' [%s]' "$@"; } > "$CALLS"\n${then}\n`);
	await chmod(place, 0o755);
}

const called = async () => readFile(path.join(home, 'calls'), 'utf8').catch(() => '');
const withEnv = (changes: Readonly<Record<string, string | undefined>>, more: Partial<EditorSearch> = {}): EditorSearch => ({
	...around,
	...more,
	env: {...around.env, ...changes},
});

describe('what opens it', () => {
	test('the editor’s own command, with every argument as it is', async () => {
		await program('bin/code');
		await program('bin/xdg-open');
		await openLink(url, command, around);
		expect(await called()).toBe("code [--remote] [ssh-remote+one] [/a b/$(touch 'x')]");
	});

	test('the desktop’s program, where there is no such command, or it is a relative’s, or lies in the project', async () => {
		await program('bin/xdg-open');
		await openLink(url, command, around);
		expect(await called()).toBe(`xdg-open [${url}]`);
		await program('cursor/bin/code');
		await writeFile(
			path.join(home, 'cursor/product.json'),
			JSON.stringify({applicationName: 'cursor', quality: 'stable', commit: 'a'.repeat(40), version: '1.0.0'}),
		);
		await openLink(url, command, withEnv({PATH: `${home}/cursor/bin:${home}/bin:/usr/bin:/bin`}));
		expect(await called()).toBe(`xdg-open [${url}]`);
		await program('project/code');
		await openLink(url, command, withEnv({PATH: `${home}/project:${home}/bin:/usr/bin:/bin`}));
		expect(await called()).toBe(`xdg-open [${url}]`);
	});

	test('Zed by its other name', async () => {
		await program('bin/zeditor');
		await openLink('zed://ssh/one/a', ['zed', 'ssh://one/a'], around);
		expect(await called()).toBe('zeditor [ssh://one/a]');
	});

	test('under WSL a program of Windows, that no shell reads the link for; an editor of Windows is left alone', async () => {
		await program('mnt/c/code/bin/code');
		await program('bin/rundll32.exe');
		const {env} = around;
		const wsl = withEnv({DISPLAY: undefined, PATH: `${home}/mnt/c/code/bin:${env['PATH']}`}, {wsl: true});
		await openLink(url, command, wsl);
		expect(await called()).toBe(`rundll32.exe [url.dll,FileProtocolHandler] [${url}]`);
		await program('bin/wslview');
		await openLink(url, command, wsl);
		expect(await called()).toBe(`wslview [${url}]`);
	});

	test('macOS has its own', async () => {
		await program('bin/open');
		await openLink(url, command, withEnv({DISPLAY: undefined}, {platform: 'darwin'}));
		expect(await called()).toBe(`open [${url}]`);
	});
});

describe('why it cannot be opened', () => {
	test('there is no program for links', async () => {
		await expect(openLink(url, [], withEnv({PATH: path.join(home, 'none')}))).rejects.toThrow('there is no xdg-open');
	});

	test('it refuses', async () => {
		await program('bin/xdg-open', 'exit 3');
		await expect(openLink(url, [], around)).rejects.toThrow('xdg-open ended with exit code 3');
	});

	test('there is no desktop, or it is that of another machine', async () => {
		await program('bin/code');
		await expect(openLink(url, command, withEnv({DISPLAY: undefined}))).rejects.toThrow('no desktop');
		const far = {SSH_CONNECTION: '10.0.0.1 5 10.0.0.2 22'};
		await expect(openLink(url, command, withEnv({...far, DISPLAY: undefined}))).rejects.toThrow('over SSH');
		await expect(openLink(url, command, withEnv({...far, DISPLAY: undefined}, {platform: 'darwin'}))).rejects.toThrow('over SSH');
		expect(await called()).toBe('');
		// With the screen forwarded it opens there.
		await openLink(url, command, withEnv(far));
		expect(await called()).toContain('code');
	});

	test('one that goes on, as a browser does, has opened it and is left alone', async () => {
		await program('bin/xdg-open', `sleep 4; echo done > "$CALLS.end"`);
		await openLink(url, [], around);
		await expect
			.poll(async () => readFile(path.join(home, 'calls.end'), 'utf8').catch(() => ''), {timeout: 10_000})
			.toBe('done\n');
	}, 20_000);
});
