import {lstat, open, readFile, realpath, stat} from 'node:fs/promises';
import path from 'node:path';
import {headOf} from './view.js';
import type {GitLocation} from './git-location.js';
import {readSettings} from './settings.js';

/** Where a repository keeps its things; absolute paths. */
export type Repository = GitLocation & {
	/** Object folders of other repositories that this one borrows from, without links. */
	readonly alternates: readonly string[];
};

export type FindOptions = {
	/** The top of the code that the folder belongs to: what lies in it needs no leave. @default the top of the working tree */
	readonly root?: string;
	/** Whether the person vouched for the folder, so that a git folder elsewhere is taken at its word. @default false */
	readonly trusted?: boolean;
};

/** What a folder lies in; `refused` says why its history is left out although there may be some. */
export type Found = {readonly repository?: Repository; readonly refused?: {readonly top: string; readonly why: string}};

/** The repository that a folder lies in; undefined when it lies in none that may be followed. */
export const findRepository = async (folder: string, options: FindOptions = {}): Promise<Repository | undefined> =>
	(await lookForRepository(folder, options)).repository;

/** The top of the code that a folder belongs to, wherever its history is kept. The folder itself where nothing can be said of it. */
export async function topOf(folder: string): Promise<string> {
	try {
		return (await findRepository(folder, {trusted: true}))?.top ?? (await realpath(folder));
	} catch {
		return folder;
	}
}

/**
Looks for the repository that a folder lies in as git does, but reads no settings of it that would lead elsewhere, and follows a git folder out of
the code only where that leads back. A folder that only looks like a bare repository counts as one only where no working tree is around it.
*/
export async function lookForRepository(folder: string, options: FindOptions = {}): Promise<Found> {
	const start = await realpath(folder);
	const {dev} = await stat(start);
	let bare: string | undefined;
	for (let top = start; ; top = path.dirname(top)) {
		// As git, not over the border of a file system.
		if ((await stat(top)).dev !== dev) {
			break;
		}

		if (path.basename(top) !== '.git') {
			const found = await openAt(top, options);
			if (found) {
				return found;
			}

			bare ??= (await looksLikeGit(top)) ? top : undefined;
		}

		if (path.dirname(top) === top) {
			break;
		}
	}

	return bare === undefined ? {} : openBare(bare, options);
}

/** The bare repository that a folder is or lies in, whatever is around it. */
export async function findBare(folder: string, options: FindOptions = {}): Promise<Found> {
	for (let top = await realpath(folder); path.dirname(top) !== top; top = path.dirname(top)) {
		if (await looksLikeGit(top)) {
			return openBare(top, options);
		}
	}

	return {};
}

async function openBare(top: string, options: FindOptions): Promise<Found> {
	const common = await commonOf(top, top, options);
	return common === undefined
		? {refused: {top, why: elsewhere(path.join(top, 'commondir'))}}
		: {repository: {top, bare: true, gitDir: top, commonDir: common, alternates: await readAlternates(common)}};
}

const elsewhere = (file: string, target?: string): string =>
	`${file} leads out of the code${target === undefined ? '' : ` to ${target}`}, and not back: the history there is left out`;

/** The repository whose working tree has its top here. Undefined where there is none. */
async function openAt(top: string, options: FindOptions): Promise<Found | undefined> {
	const entry = path.join(top, '.git');
	const target = await targetOf(entry);
	if (target === undefined || !(await looksLikeGit(target))) {
		// A file that leads nowhere: git looks no further either.
		return target === undefined || target === entry ? undefined : {};
	}

	const gitDir = await realpath(target);
	const root = options.root ?? top;
	if (!isWithin(gitDir, root) && !options.trusted && !(await pointsBack(gitDir, top))) {
		return {refused: {top, why: elsewhere(entry, gitDir)}};
	}

	const common = await commonOf(gitDir, root, options);
	if (common === undefined) {
		return {refused: {top, why: elsewhere(path.join(gitDir, 'commondir'))}};
	}

	// A file that names a bare repository beside working trees: there is none here.
	return isNamedBare(common) && gitDir === common && (await lstat(entry)).isFile()
		? {}
		: {repository: {top, bare: false, gitDir, commonDir: common, alternates: await readAlternates(common)}};
}

const isNamedBare = (common: string): boolean =>
	/^(?:|true|yes|on|1)$/i.test(readSettings(common).get('core.bare')?.at(-1) ?? 'false');

/** Where the `.git` of a working tree leads. */
async function targetOf(entry: string): Promise<string | undefined> {
	const found = await stat(entry).catch(() => undefined);
	if (found?.isDirectory()) {
		return entry;
	}

	// A link to a file would have it read for us, whatever it is.
	const pointer = found?.isFile() ? await pointerIn(entry, 'gitdir: ') : undefined;
	return pointer === undefined ? undefined : path.resolve(path.dirname(entry), pointer);
}

const isWithin = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(outer.replace(/\/?$/, path.sep));

/** Whether a git folder elsewhere knows this working tree: one of several, or a submodule's. */
async function pointsBack(gitDir: string, top: string): Promise<boolean> {
	const tree = await pointerIn(path.join(gitDir, 'gitdir'), '');
	const named = tree === undefined ? workTreeIn(gitDir) : path.dirname(path.resolve(gitDir, tree));
	return named !== undefined && (await realpath(named).catch(() => undefined)) === top;
}

/** The folder that a git folder calls its working tree. */
function workTreeIn(gitDir: string): string | undefined {
	const named = readSettings(gitDir).get('core.worktree')?.at(-1) ?? '';
	return named === '' ? undefined : path.resolve(gitDir, Buffer.from(named, 'latin1').toString('utf8'));
}

/** What several working trees share; undefined where it lies elsewhere and this git folder is none of its own. */
async function commonOf(gitDir: string, root: string, {trusted = false}: FindOptions): Promise<string | undefined> {
	const pointer = await pointerIn(path.join(gitDir, 'commondir'), '');
	if (pointer === undefined) {
		return gitDir;
	}

	const common = await realpath(path.resolve(gitDir, pointer)).catch(() => undefined);
	const own = common !== undefined && (isWithin(common, root) || isWithin(gitDir, path.join(common, 'worktrees')));
	return own || trusted ? common : undefined;
}

/** Folders of objects, those that they borrow from too. What is not there is left out: git goes on without it. */
async function readAlternates(common: string): Promise<string[]> {
	const found: string[] = [];
	const read = async (objects: string, depth: number): Promise<void> => {
		const file = path.join(objects, 'info', 'alternates');
		const text = (await isPlain(file, objects)) ? await readFile(file, 'utf8') : '';
		for (const line of text.split('\n').filter(each => each !== '' && !each.startsWith('#'))) {
			const target = await realpath(path.resolve(objects, unquoted(line))).catch(() => undefined);
			if (target !== undefined && !found.includes(target) && (await isFolder(target))) {
				found.push(target);
				// Git itself follows no further.
				if (depth < 5) {
					await read(target, depth + 1);
				}
			}
		}
	};

	await read(path.join(common, 'objects'), 0);
	return found;
}

/** A file that lies where it is named, and is no link to what may be anybody's. */
const isPlain = async (file: string, below: string): Promise<boolean> => {
	const [found, real, parent] = await Promise.all([
		lstat(file).catch(() => undefined),
		realpath(file).catch(() => ''),
		realpath(below).catch(() => ''),
	]);
	return found?.isFile() === true && found.size < 1024 * 1024 && isWithin(real, parent);
};

const unquoted = (line: string): string => (/^"(.*)"$/.exec(line)?.[1] ?? line).replace(/\\(["\\])/g, '$1');

/** Whether a working tree's `.git` can be copied as it is: the repository itself, complete, and with no word of where it lies. */
export const standsAlone = async ({top, gitDir, commonDir, alternates}: Repository): Promise<boolean> => {
	const own = path.join(top, '.git');
	return (
		alternates.length === 0 &&
		gitDir === commonDir &&
		!(await isThere(path.join(gitDir, 'objects', 'info', 'alternates'))) &&
		(await isFolder(own)) &&
		workTreeIn(own) === undefined
	);
};

const isThere = async (file: string): Promise<boolean> =>
	lstat(file).then(
		() => true,
		() => false,
	);

/**
Whether a submodule's repository comes along with the copied `.git` folder that it lies in, and is found again there: both point to each
other by relative paths.
*/
export async function isCopiedWith({top, gitDir, alternates}: Repository, copied: readonly string[]): Promise<boolean> {
	if (alternates.length > 0 || !copied.some(folder => gitDir.startsWith(folder + path.sep))) {
		return false;
	}

	const pointer = await pointerIn(path.join(top, '.git'), 'gitdir: ');
	const back = readSettings(gitDir).get('core.worktree')?.at(-1) ?? '';
	return pointer?.startsWith('.') === true && back.startsWith('.') && (await pointsBack(gitDir, top));
}

/** Whether a git folder fetches objects only when it needs them, so that not all of them are there. */
export const isPartial = (gitFolder: string): boolean =>
	[...readSettings(gitFolder).keys()].some(name => /^(?:remote\..*\.promisor|extensions\.partialclone)$/s.test(name));

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
