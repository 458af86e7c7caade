import {execFile} from 'node:child_process';
import {open, readFile, realpath, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import type {Ide} from '../../configuration/model.js';
import {isWsl} from '../../system/wsl.js';
import {expand, type EditorHost, usualProductFiles} from './install-locations.js';
import {type Editor, editorOf, hasServer, products, type ServerIde} from './products.js';

export type EditorSearch = EditorHost & {
	/** The folder that the person is in: it may be a stranger's, so nothing of it is looked at or run. */
	readonly folder: string;
};

const run = promisify(execFile);
/** Milliseconds. */
const versionLimit = 3000;

export const editorSearch = (env: NodeJS.ProcessEnv = process.env): EditorSearch => ({
	platform: process.platform,
	env,
	home: homedir(),
	root: '/',
	wsl: process.platform === 'linux' && isWsl(env),
	folder: process.cwd(),
});

/**
The version of the editor that the person has here: the one that its command on the PATH belongs to, else one in the usual places (the one
installed last), Windows' own under WSL. Its product.json is read; only where there is none, its command is asked, and never one of
Windows, which would open a window. Undefined where there is none, or none that states it; never rejects.
*/
export async function findLocalEditor(ide: ServerIde, around: EditorSearch = editorSearch()): Promise<Editor | undefined> {
	const programs = await onPath(products[ide].command, around);
	for (const program of programs) {
		const editor = await firstEditor(ide, productFilesOf(program, around));
		if (editor) {
			return editor;
		}
	}

	const installed = await newestOf(ide, usualProductFiles(ide, around));
	if (installed) {
		return installed;
	}

	for (const program of programs) {
		const editor = await askCommand(ide, program, around);
		if (editor) {
			return editor;
		}
	}

	return undefined;
}

/** Whether the person's editor is a program of Windows while this one runs in WSL: then another ssh reads another config. Never rejects. */
export async function hasWindowsEditor(ide: Ide | undefined, around: EditorSearch = editorSearch()): Promise<boolean> {
	if (!around.wsl || ide === undefined || !hasServer(ide)) {
		return false;
	}

	const place = (await findLocalEditor(ide, around))?.place;
	return place !== undefined && isOfWindows(place, around);
}

/** The files that a command's name resolves to, without links, in the order of the PATH. */
export async function onPath(command: string, around: EditorSearch): Promise<string[]> {
	const {env, platform} = around;
	const folders = (env['PATH'] ?? env['Path'] ?? '').split(platform === 'win32' ? ';' : ':');
	const files = platform === 'win32' ? [`${command}.cmd`, command] : [command];
	const found: string[] = [];
	for (const folder of folders.filter(each => path.isAbsolute(each) && !isStrange(each, around))) {
		for (const file of files) {
			const real = await realpath(path.join(folder, file)).catch(() => undefined);
			const isFile =
				real !== undefined &&
				(await stat(real).then(
					each => each.isFile(),
					() => false,
				));
			if (isFile && !isStrange(real, around) && !found.includes(real)) {
				found.push(real);
			}
		}
	}

	return found;
}

/** Inside the folder that the person is in, unless that is their home or above it. */
function isStrange(place: string, {folder, home}: EditorSearch): boolean {
	const isInside = (inner: string, outer: string) => {
		const way = path.relative(outer, inner);
		return way === '' || (!way.startsWith('..') && !path.isAbsolute(way));
	};

	return isInside(place, folder) && !isInside(home, folder);
}

/** `APP/bin/code`, `RESOURCES/app/bin/code`, `SERVER/bin/remote-cli/code` and wrappers beside `lib/vscode` all are some folders below it. */
export function productFilesOf(program: string, around: EditorSearch): string[] {
	const files: string[] = [];
	let folder = path.dirname(program);
	for (let level = 0; level < 4 && path.dirname(folder) !== folder; level++) {
		// An updated editor on Windows has a folder for each version beside `bin`.
		const more = level === 1 && isOfWindows(program, around) ? ['*/resources/app'] : [];
		for (const rest of ['.', 'resources/app', 'lib/vscode/resources/app', ...more]) {
			files.push(path.join(folder, rest, 'product.json'));
		}

		folder = path.dirname(folder);
	}

	return files;
}

/** Whether a program, or a file of it, is Windows' own. */
export const isOfWindows = (program: string, {platform, wsl, root}: EditorSearch): boolean =>
	platform === 'win32' || (wsl && program.startsWith(path.join(root, '/mnt/')));

export async function firstEditor(ide: ServerIde, patterns: readonly string[]): Promise<Editor | undefined> {
	for (const pattern of patterns) {
		const editor = await newestOf(ide, [pattern]);
		if (editor) {
			return editor;
		}
	}

	return undefined;
}

async function newestOf(ide: ServerIde, patterns: readonly string[]): Promise<Editor | undefined> {
	let newest: {editor: Editor; time: number} | undefined;
	for (const file of (await Promise.all(patterns.map(expand))).flat()) {
		const editor = await readProduct(ide, file);
		const time = editor && (await stat(file).catch(() => undefined))?.mtimeMs;
		if (editor && time !== undefined && (newest === undefined || time > newest.time)) {
			newest = {editor, time};
		}
	}

	return newest?.editor;
}

/** A product.json that is the asked editor's: `code` on a PATH may as well be a relative's. */
async function readProduct(ide: ServerIde, file: string): Promise<Editor | undefined> {
	const text = await readFile(file, 'utf8').catch(() => undefined);
	const product = text === undefined ? undefined : parse(text);
	if (!product || product['applicationName'] !== products[ide].command || product['quality'] !== products[ide].quality) {
		return undefined;
	}

	const {commit, realCommit: build, version, windsurfVersion} = product;
	return editorOf(ide, {commit, build, version: ide === 'windsurf' ? windsurfVersion : version}, file);
}

function parse(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

/** Its command's `--version`: a script that starts no window. Windsurf's does not state what its downloads are named by. */
async function askCommand(ide: ServerIde, program: string, around: EditorSearch): Promise<Editor | undefined> {
	if (ide === 'windsurf' || isOfWindows(program, around) || !(await isScript(program))) {
		return undefined;
	}

	const said = await run(program, ['--version'], {
		cwd: around.home,
		env: {...around.env},
		timeout: versionLimit,
		killSignal: 'SIGKILL',
		maxBuffer: 64 * 1024,
	}).catch(() => undefined);
	const [version, commit] = said?.stdout.split('\n').map(line => line.trim()) ?? [];
	const quality = version?.endsWith('-insider') ? 'insider' : 'stable';
	return quality === products[ide].quality ? editorOf(ide, {commit, version}, program) : undefined;
}

async function isScript(file: string): Promise<boolean> {
	const handle = await open(file).catch(() => undefined);
	if (!handle) {
		return false;
	}

	try {
		const {buffer, bytesRead} = await handle.read(Buffer.alloc(2), 0, 2, 0);
		return bytesRead === 2 && buffer.toString('latin1') === '#!';
	} finally {
		await handle.close();
	}
}
