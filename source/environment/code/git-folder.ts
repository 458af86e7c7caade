import {lstat, open, stat} from 'node:fs/promises';
import path from 'node:path';
import {headOf} from './view.js';

export const isFolder = async (file: string): Promise<boolean> =>
	lstat(file).then(
		found => found.isDirectory(),
		() => false,
	);

const leadsToFolder = async (file: string): Promise<boolean> =>
	stat(file).then(
		found => found.isDirectory(),
		() => false,
	);

/** Whether git would take a folder for a repository: a HEAD, and objects and references, here or where `commondir` leads. */
export async function looksLikeGit(folder: string): Promise<boolean> {
	if (!(await leadsToFolder(folder)) || headOf(folder) === undefined) {
		return false;
	}

	const common = path.resolve(folder, (await pointerIn(path.join(folder, 'commondir'), '')) ?? '.');
	const needed = await Promise.all(['objects', 'refs'].map(async name => leadsToFolder(path.join(common, name))));
	return needed.every(Boolean);
}

/** No path is longer. Bytes. */
const mostPointer = 4096;

/** The path that one of git's small files names after `prefix`; undefined where it is none: a link is not followed. */
export async function pointerIn(file: string, prefix: string): Promise<string | undefined> {
	const found = await lstat(file).catch(() => undefined);
	if (!found?.isFile() || found.size > mostPointer + prefix.length) {
		return undefined;
	}

	const handle = await open(file);
	try {
		const text = (await handle.readFile('utf8')).replace(/[\r\n]+$/, '');
		return text.startsWith(prefix) && text.length > prefix.length ? text.slice(prefix.length) : undefined;
	} finally {
		await handle.close();
	}
}
