import {describe, expect, it} from 'vitest';
import {ideLink, openCommand} from '../../source/environment/ide/link.js';

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

	it('is one word whatever the folder is called', () => {
		const folder = '/it\'s (a) "test"!*/100%/a:1\n\u001B]8;;x\u0007/\uD800';
		for (const ide of ['vscode', 'zed'] as const) {
			const {url} = ideLink(ide, 'fast-moth-1', folder);
			expect(url).toMatch(/^[\w:/+.%~-]+$/);
			expect(decodeURIComponent(new URL(url).pathname)).toContain(folder.replace('\uD800', '\uFFFD'));
		}
	});

	it('takes a relative folder as one of the root', () => {
		expect(ideLink('vscode', 'a', 'work').url).toBe('vscode://vscode-remote/ssh-remote+a/work');
	});

	it('tells a host that is no plain name as Remote-SSH does', () => {
		const {url} = ideLink('vscode', 'Fast_Moth/1', '/workflow');
		const [, hex = ''] = /ssh-remote\+([\da-f]+)\/workflow$/.exec(url) ?? [];
		expect(JSON.parse(Buffer.from(hex, 'hex').toString('utf8'))).toEqual({hostName: 'Fast_Moth/1'});
		expect(ideLink('zed', 'a/b', '/c').url).toBe('zed://ssh/a%2Fb/c');
	});
});

describe('the command that opens the editor', () => {
	it.each([
		['vscode', ['code', '--remote', 'ssh-remote+fast-moth-1', '/a b']],
		['vscode-insiders', ['code-insiders', '--remote', 'ssh-remote+fast-moth-1', '/a b']],
		['cursor', ['cursor', '--remote', 'ssh-remote+fast-moth-1', '/a b']],
		['windsurf', ['windsurf', '--remote', 'ssh-remote+fast-moth-1', '/a b']],
		['zed', ['zed', 'ssh://fast-moth-1/a%20b']],
	] as const)('%s', (ide, words) => {
		expect(openCommand(ide, 'fast-moth-1', '/a b')).toEqual(words);
	});
});
