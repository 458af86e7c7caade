import {readdir} from 'node:fs/promises';
import path from 'node:path';
import type {ServerIde} from './products.js';

/** What this machine is, as far as an editor's place depends on it. */
export type EditorHost = {
	readonly platform: NodeJS.Platform;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly home: string;
	/** Where the file system begins. */
	readonly root: string;
	/** Linux inside Windows: the editor is most likely Windows' own. */
	readonly wsl: boolean;
};

type Names = {
	/** Its application on macOS, without `.app`. */
	readonly mac: string;
	/** Its folder where Windows keeps programs. */
	readonly windows: string;
	/** Its names in the folders where Linux keeps programs. */
	readonly linux: readonly string[];
	readonly flatpak?: string;
};

const names: Readonly<Record<ServerIde, Names>> = {
	vscode: {
		mac: 'Visual Studio Code',
		windows: 'Microsoft VS Code',
		linux: ['code', 'visual-studio-code', 'VSCode-linux-*'],
		flatpak: 'com.visualstudio.code',
	},
	'vscode-insiders': {
		mac: 'Visual Studio Code - Insiders',
		windows: 'Microsoft VS Code Insiders',
		linux: ['code-insiders', 'visual-studio-code-insiders', 'VSCode-linux-*'],
		flatpak: 'com.visualstudio.code.insiders',
	},
	cursor: {mac: 'Cursor', windows: 'cursor', linux: ['cursor', 'Cursor', 'cursor-bin', 'cursor/usr/share/cursor']},
	windsurf: {mac: 'Windsurf', windows: 'Windsurf', linux: ['windsurf', 'Windsurf']},
};

/** Files that may be the product.json of an installed editor, by the custom of each system, the most likely first; `*` is any name. */
export function usualProductFiles(ide: ServerIde, {platform, env, home, root, wsl}: EditorHost): string[] {
	const {mac, windows, linux, flatpak} = names[ide];
	const at = (...parts: readonly string[]) => path.join(root, ...parts);
	// An updated editor on Windows has a folder for each version in it.
	const inWindows = (programs: string) =>
		['resources/app/product.json', '*/resources/app/product.json'].map(rest => path.join(programs, windows, rest));
	if (platform === 'win32') {
		const {LOCALAPPDATA: local = path.join(home, 'AppData', 'Local'), ProgramFiles: all = 'C:\\Program Files'} = env;
		return [path.join(local, 'Programs'), all].flatMap(inWindows);
	}

	if (platform === 'darwin') {
		return [at('/Applications'), path.join(home, 'Applications')].map(folder =>
			path.join(folder, `${mac}.app`, 'Contents/Resources/app/product.json'),
		);
	}

	const folders = [
		at('/usr/share'),
		at('/opt'),
		path.join(home, '.local/share'),
		path.join(home, '.local/opt'),
		path.join(home, 'opt'),
	];
	const flatpaks = [at('/var/lib/flatpak'), path.join(home, '.local/share/flatpak')];
	return [
		...(wsl ? [at('/mnt/c/Users/*/AppData/Local/Programs'), at('/mnt/c/Program Files')].flatMap(inWindows) : []),
		...folders.flatMap(folder => linux.map(name => path.join(folder, name, 'resources/app/product.json'))),
		...linux.map(name => at('/snap', name, 'current/usr/share', name, 'resources/app/product.json')),
		...(flatpak === undefined
			? []
			: flatpaks.map(folder =>
					path.join(folder, 'app', flatpak, 'current/active/files/extra/vscode/resources/app/product.json'),
				)),
	];
}

/** The paths that exist, or may, for one with `*`; in alphabetical order. */
export async function expand(pattern: string): Promise<string[]> {
	const parts = pattern.split(path.sep);
	const first = parts.findIndex(part => part.includes('*'));
	if (first === -1) {
		return [pattern];
	}

	const folder = parts.slice(0, first).join(path.sep);
	const [before = '', after = ''] = parts[first]?.split('*') ?? [];
	const found = await readdir(folder).catch(() => []);
	const fitting = found.filter(
		name => name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after),
	);
	const all = await Promise.all(
		fitting.sort().map(async name => expand([folder, name, ...parts.slice(first + 1)].join(path.sep))),
	);
	return all.flat();
}
