import {existsSync} from 'node:fs';
import {chmod, mkdir, symlink, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {findLocalEditor, type EditorSearch} from '../../source/environment/ide/local-editor.js';
import {newestEditor} from '../../source/environment/ide/downloads.js';
import {findEditor} from '../../source/environment/ide/find.js';
import type {ServerIde} from '../../source/environment/ide/products.js';
import {temporaryFolder} from '../support/folders.js';
import {status, web} from '../support/web.js';
import {commit, downloadSite, otherCommit} from './ide-site.js';

const product = {
	vscode: {applicationName: 'code', quality: 'stable', commit, version: '1.104.2'},
	'vscode-insiders': {applicationName: 'code-insiders', quality: 'insider', commit, version: '1.106.0-insider'},
	cursor: {
		applicationName: 'cursor',
		quality: 'stable',
		commit,
		realCommit: otherCommit,
		version: '2.3.41',
		vscodeVersion: '1.99.3',
	},
	windsurf: {applicationName: 'windsurf', quality: 'stable', commit, version: '1.99.3', windsurfVersion: '1.12.3'},
} as const;

/** A file system of its own, with a home folder. */
async function tree(changes: Partial<EditorSearch> = {}) {
	const root = await temporaryFolder();
	const home = path.join(root, 'home/me');
	const at = (...parts: readonly string[]) => path.join(root, ...parts);
	const around: EditorSearch = {
		platform: 'linux',
		env: {PATH: ['/usr/bin', '/snap/bin'].map(folder => at(folder)).join(':')},
		home,
		root,
		wsl: false,
		folder: path.join(home, 'project'),
		...changes,
	};
	const write = async (file: string, content: unknown, mode = 0o644) => {
		const place = at(file);
		await mkdir(path.dirname(place), {recursive: true});
		await writeFile(place, typeof content === 'string' ? content : JSON.stringify(content));
		await chmod(place, mode);
		return place;
	};

	await mkdir(around.folder, {recursive: true});
	await mkdir(at('usr/bin'), {recursive: true});
	return {root, home, at, around, write};
}

const found = (ide: ServerIde, place: string) => ({
	ide,
	commit,
	build: ide === 'cursor' ? otherCommit : commit,
	version: ide === 'windsurf' ? '1.12.3' : product[ide].version,
	place,
});

/** A command that would tell, and tells that it was run. */
const command = (ran: string, said = `1.103.0\n${otherCommit}\nx64`): string => `#!/bin/sh\n: > '${ran}'\necho '${said}'\n`;

describe("the person's own editor", () => {
	it.each([
		['vscode', 'usr/share/code'],
		['vscode', 'opt/visual-studio-code'],
		['vscode', 'home/me/.local/share/VSCode-linux-x64'],
		['vscode', 'snap/code/current/usr/share/code'],
		['vscode', 'var/lib/flatpak/app/com.visualstudio.code/current/active/files/extra/vscode'],
		['vscode-insiders', 'usr/share/code-insiders'],
		['cursor', 'usr/share/cursor'],
		['cursor', 'opt/cursor/usr/share/cursor'],
		['windsurf', 'usr/share/windsurf'],
	] as const)('%s is found in %s', async (ide, folder) => {
		const {around, write} = await tree();
		const place = await write(`${folder}/resources/app/product.json`, product[ide]);
		expect(await findLocalEditor(ide, around)).toEqual(found(ide, place));
	});

	it.each([
		['vscode', 'Applications/Visual Studio Code.app'],
		['vscode-insiders', 'home/me/Applications/Visual Studio Code - Insiders.app'],
		['cursor', 'Applications/Cursor.app'],
		['windsurf', 'Applications/Windsurf.app'],
	] as const)('%s is found on macOS, in %s', async (ide, app) => {
		const {around, write} = await tree({platform: 'darwin'});
		const place = await write(`${app}/Contents/Resources/app/product.json`, product[ide]);
		expect(await findLocalEditor(ide, around)).toEqual(found(ide, place));
	});

	it('is the one that the command on the PATH belongs to, through links', async () => {
		const {around, at, write} = await tree();
		await write('usr/share/code/resources/app/product.json', {...product.vscode, commit: otherCommit});
		const place = await write('srv/editor/resources/app/product.json', product.vscode);
		const program = await write('srv/editor/bin/code', command(at('ran')), 0o755);
		await symlink(program, at('usr/bin/code'));
		expect(await findLocalEditor('vscode', around)).toEqual(found('vscode', place));
		expect(existsSync(at('ran'))).toBe(false);
	});

	it('is told by the server that a terminal of VS Code runs in', async () => {
		const {around, at, write} = await tree();
		const server = 'home/me/.vscode-server/cli/servers/Stable-x/server';
		const place = await write(`${server}/product.json`, product.vscode);
		await write(`${server}/bin/remote-cli/code`, command(at('ran')), 0o755);
		const env = {PATH: at(server, 'bin/remote-cli')};
		expect(await findLocalEditor('vscode', {...around, env})).toEqual(found('vscode', place));
	});

	it('is not a relative that calls itself `code`', async () => {
		const {around, write} = await tree();
		await write('usr/share/code/resources/app/product.json', {...product.vscode, applicationName: 'codium'});
		await write('opt/code/resources/app/product.json', {...product.vscode, quality: undefined});
		expect(await findLocalEditor('vscode', around)).toBeUndefined();
	});

	it.each([
		['no JSON', '{'],
		['a commit that is none', {...product.vscode, commit: `${commit}'; rm -rf /`}],
		['a version that is none', {...product.vscode, version: '../../x'}],
		['nothing', 'null'],
	])('is not believed with %s', async (_, content) => {
		const {around, write} = await tree();
		await write('usr/share/code/resources/app/product.json', content);
		expect(await findLocalEditor('vscode', around)).toBeUndefined();
	});

	it('is the one installed last, where there are two', async () => {
		const {around, write} = await tree();
		const old = await write('usr/share/code/resources/app/product.json', {...product.vscode, commit: otherCommit});
		await utimes(old, 1, 1);
		const place = await write('snap/code/current/usr/share/code/resources/app/product.json', product.vscode);
		expect(await findLocalEditor('vscode', around)).toEqual(found('vscode', place));
	});

	it("is Windows' own under WSL, and never started", async () => {
		const {around, at, write} = await tree({wsl: true});
		const programs = 'mnt/c/Users/me/AppData/Local/Programs';
		const place = await write(`${programs}/Microsoft VS Code/resources/app/product.json`, product.vscode);
		expect(await findLocalEditor('vscode', around)).toEqual(found('vscode', place));
		// One whose product cannot be read.
		await write('mnt/c/Program Files/Cursor/bin/cursor', command(at('ran')), 0o755);
		const env = {PATH: at('mnt/c/Program Files/Cursor/bin')};
		expect(await findLocalEditor('cursor', {...around, env})).toBeUndefined();
		expect(existsSync(at('ran'))).toBe(false);
	});

	it('may have a folder for each version on Windows', async () => {
		const {around, at, write} = await tree({wsl: true});
		const home = 'mnt/c/Users/me/AppData/Local/Programs/Microsoft VS Code';
		const old = await write(`${home}/aaaaaaaaaa/resources/app/product.json`, {...product.vscode, commit: otherCommit});
		await utimes(old, 1, 1);
		const place = await write(`${home}/bbbbbbbbbb/resources/app/product.json`, product.vscode);
		await write(`${home}/bin/code`, command(at('ran')), 0o755);
		for (const env of [around.env, {PATH: at(home, 'bin')}]) {
			expect(await findLocalEditor('vscode', {...around, env})).toEqual(found('vscode', place));
		}

		expect(existsSync(at('ran'))).toBe(false);
	});

	it('is asked for its version where no product tells, but not for long', async () => {
		const {around, at, write} = await tree();
		const place = await write('usr/bin/code', command(at('ran')), 0o755);
		expect(await findLocalEditor('vscode', around)).toEqual({
			ide: 'vscode',
			commit: otherCommit,
			build: otherCommit,
			version: '1.103.0',
			place,
		});
		// Another quality, one that says nothing, and one that never ends.
		await write('usr/bin/code-insiders', command(at('ran')), 0o755);
		expect(await findLocalEditor('vscode-insiders', around)).toBeUndefined();
		await write('usr/bin/code', '#!/bin/sh\nexit 1\n', 0o755);
		expect(await findLocalEditor('vscode', around)).toBeUndefined();
		await write('usr/bin/cursor', '#!/bin/sh\nexec /bin/sleep 60\n', 0o755);
		expect(await findLocalEditor('cursor', around)).toBeUndefined();
		// Not a script: it might open a window.
		await write('usr/bin/code', '\u007FELF', 0o755);
		expect(await findLocalEditor('vscode', around)).toBeUndefined();
	});

	it('is neither read nor run from the folder that the person is in', async () => {
		const {around, at, write} = await tree();
		await write('home/me/project/node_modules/.bin/code', command(at('ran')), 0o755);
		await write('home/me/project/resources/app/product.json', product.vscode);
		await symlink(at('home/me/project/node_modules/.bin/code'), at('usr/bin/code'));
		const env = {PATH: `:.:node_modules/.bin:${at('home/me/project/node_modules/.bin')}:${at('usr/bin')}`};
		expect(await findLocalEditor('vscode', {...around, env})).toBeUndefined();
		expect(existsSync(at('ran'))).toBe(false);
	});

	it('may lie in the home folder that the person is in', async () => {
		const {around, home, at, write} = await tree();
		const place = await write('home/me/.local/bin/code', command(at('ran')), 0o755);
		const env = {PATH: path.dirname(place)};
		expect(await findLocalEditor('vscode', {...around, env, folder: home})).toMatchObject({place, commit: otherCommit});
	});
});

describe('the newest version', () => {
	it.each([
		['vscode', '1.105.0'],
		['vscode-insiders', '1.106.0-insider'],
		['cursor', '2.3.41'],
		['windsurf', '1.13.0'],
	] as const)('of %s', async (ide, version) => {
		const {origin} = await downloadSite(await temporaryFolder());
		expect(await newestEditor(ide, {origin: `${origin}/`})).toEqual({ide, commit, build: commit, version, place: undefined});
	});

	it('is none where the answer is none, and rejects where there is no answer', async () => {
		const odd = await web((_, response) => void response.end('{"version": "1.2.3"}'));
		expect(await newestEditor('vscode', {origin: odd.url})).toBeUndefined();
		const refusing = await web(status(404));
		await expect(newestEditor('vscode', {origin: refusing.url})).rejects.toThrow('404');
	});

	it('is taken where the person has none here, and said', async () => {
		const {around, write} = await tree();
		const {origin} = await downloadSite(await temporaryFolder());
		expect(await findEditor('vscode', {around, origin})).toEqual({
			editor: {ide: 'vscode', commit, build: commit, version: '1.105.0', place: undefined},
			note: 'No VS Code is found on this machine: the server of the newest, 1.105.0, is taken.',
		});
		const refusing = await web(status(404));
		expect(await findEditor('vscode', {around, origin: refusing.url})).toEqual({
			note: `No VS Code is found on this machine, and what is its newest version could not be asked: ${refusing.host} answered 404 Not Found.`,
		});
		const place = await write('usr/share/code/resources/app/product.json', product.vscode);
		expect(await findEditor('vscode', {around, origin: refusing.url})).toEqual({editor: found('vscode', place)});
		expect(refusing.asked).toHaveLength(1);
		await expect(findEditor('cursor', {around, origin, signal: AbortSignal.abort(new Error('enough'))})).rejects.toThrow(
			'enough',
		);
	});
});
