import {execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {ideLink} from '../../source/environment/ide.js';
import {editorServerFunction, editorWithServer} from '../../source/environment/ide-server.js';
import {viaSh} from '../../source/system/shell.js';
import {makePlaces} from './support.js';
import {freePort} from '../support/sshd.js';

describe('the link for the editor', () => {
	it.each([
		['vscode', '/workflow', 'VS Code', 'vscode://vscode-remote/ssh-remote+fast-moth-1/workflow'],
		['vscode-insiders', '/workflow', 'VS Code Insiders', 'vscode-insiders://vscode-remote/ssh-remote+fast-moth-1/workflow'],
		['cursor', '/a b/c', 'Cursor', 'cursor://vscode-remote/ssh-remote+fast-moth-1/a%20b/c'],
		['windsurf', '/ü/#?', 'Windsurf', 'windsurf://vscode-remote/ssh-remote+fast-moth-1/%C3%BC/%23%3F'],
		['zed', '/workflow', 'Zed', 'zed://ssh/fast-moth-1/workflow'],
	] as const)('%s', (ide, folder, name, url) => {
		expect(ideLink(ide, 'fast-moth-1', folder)).toEqual({ide: name, url});
	});
});

const commit = 'c0ffee'.padEnd(40, '0');

/** Answers as the editor's update server does, with a server that writes down how it was called. */
async function updateServer(folder: string) {
	const place = path.join(folder, 'pack/vscode-server-linux/bin');
	mkdirSync(place, {recursive: true});
	writeFileSync(path.join(place, 'code-server'), '#!/bin/sh\necho "$@" >> "$HOME/called"\n');
	chmodSync(path.join(place, 'code-server'), 0o755);
	const archive = execFileSync('tar', ['-czf', '-', '-C', path.join(folder, 'pack'), 'vscode-server-linux']);
	const asked: string[] = [];
	const server = createServer((request, response) => {
		asked.push(request.url ?? '');
		if (/^\/api\/commits\/stable\/server-linux-(?:x64|arm64)$/.test(request.url ?? '')) {
			response.end(JSON.stringify([commit, 'f'.repeat(40)]));
		} else if (request.url?.startsWith(`/commit:${commit}/server-linux-`)) {
			response.end(archive);
		} else {
			response.writeHead(404).end();
		}
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => void server.close());
	return {asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
}

const script = (origin: string): string => {
	const editor = editorWithServer('vscode');
	if (!editor) {
		throw new Error('no editor');
	}

	return `${editorServerFunction(editor, origin)}\neditor_server`;
};

const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe.skipIf(!hasCurl)("the editor's server (needs curl)", () => {
	it('is put where the editor looks for it, once, with the extensions', async () => {
		const {link, home, folder} = await makePlaces();
		const {origin, asked} = await updateServer(folder);
		expect(await link.exec(viaSh(script(origin)))).toMatchObject({code: 0, stderr: ''});
		expect(await link.exec(viaSh(script(origin)))).toMatchObject({code: 0});
		const place = path.join(home, `.vscode-server/cli/servers/Stable-${commit}`);
		expect(existsSync(path.join(place, 'server/bin/code-server'))).toBe(true);
		expect(existsSync(path.join(place, 'server.tar'))).toBe(false);
		const call = '--install-extension ms-python.python --install-extension ms-toolsai.jupyter\n';
		expect(readFileSync(path.join(home, 'called'), 'utf8')).toBe(call + call);
		expect(asked.filter(url => url.startsWith('/commit:'))).toHaveLength(1);
	});

	it('gives up where nothing answers, or the wrong thing', async () => {
		const {link, home, folder} = await makePlaces();
		const {origin} = await updateServer(folder);
		for (const wrong of [`http://127.0.0.1:${await freePort()}`, `${origin}/elsewhere`]) {
			const {code, stdout} = await link.exec(viaSh(script(wrong)));
			expect({code, stdout}).toEqual({code: 1, stdout: `${wrong} does not answer\n`});
		}

		expect(existsSync(path.join(home, '.vscode-server'))).toBe(false);
	});
});
