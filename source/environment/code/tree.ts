import {accessSync, constants, lstatSync, type Stats} from 'node:fs';
import {readdir} from 'node:fs/promises';
import process from 'node:process';

/** One file, link or empty folder. */
export type Entry = {
	/** Bytes, relative to the root, with `/`. */
	readonly name: Buffer;
	/** Changes when the file does. */
	readonly stamp: string;
	readonly kind: 'file' | 'link' | 'folder';
	/** Bytes; 0 for what is no file. */
	readonly size: number;
	/** Rights, without the kind. */
	readonly mode: number;
	/** Whole seconds since the epoch. */
	readonly modified: number;
};

export type Tree = {
	readonly root: string;
	readonly entries: Entry[];
	bytes: number;
	/** Bytes by the first part or two of the path, for the list of the biggest. */
	readonly sizes: Map<string, number>;
	readonly unreadable: Set<string>;
	readonly notes: string[];
	readonly folders: Map<string, boolean>;
};

export const emptyTree = (root: string): Tree => ({
	root,
	entries: [],
	bytes: 0,
	sizes: new Map(),
	unreadable: new Set(),
	notes: [],
	folders: new Map(),
});

const slash = Buffer.from('/');
export const joinBytes = (...parts: Buffer[]): Buffer =>
	Buffer.concat(parts.filter(part => part.length > 0).flatMap((part, index) => (index === 0 ? [part] : [slash, part])));

export const absoluteBytes = (root: string, name: Buffer): Buffer => joinBytes(Buffer.from(root), name);

const chunk = 64;

/** Maps in order, so many at a time. */
export async function inChunks<From, To>(items: readonly From[], act: (item: From) => Promise<To>): Promise<To[]> {
	const results: To[] = [];
	for (let from = 0; from < items.length; from += chunk) {
		results.push(...(await Promise.all(items.slice(from, from + chunk).map(act))));
	}

	return results;
}

/** Bytes are counted under the name's first two parts. */
export function addBytes(tree: Tree, name: string, bytes: number): void {
	const key = name.split('/').slice(0, 2).join('/');
	tree.bytes += bytes;
	tree.sizes.set(key, (tree.sizes.get(key) ?? 0) + bytes);
}

const patience = 4;

/**
Maps in order without waiting for each: looking at a file that is in memory takes microseconds, as an asynchronous call ten times that.
Gives way to everything else every few milliseconds.
*/
export async function inSlices<From, To>(items: readonly From[], act: (item: From) => To): Promise<To[]> {
	const results: To[] = [];
	let until = performance.now() + patience;
	for (const item of items) {
		if (performance.now() > until) {
			await yieldToEvents();
			until = performance.now() + patience;
		}

		results.push(act(item));
	}

	return results;
}

export const yieldToEvents = async (): Promise<void> =>
	new Promise(resolve => {
		setImmediate(resolve);
	});

type Look = Stats | 'gone' | 'unreadable';

const goneCodes = ['ENOENT', 'ENOTDIR'];
const look = (file: Buffer): Look => {
	try {
		return lstatSync(file, {throwIfNoEntry: false}) ?? 'gone';
	} catch (error) {
		return goneCodes.includes((error as NodeJS.ErrnoException).code ?? '') ? 'gone' : 'unreadable';
	}
};

const stampOf = ({size, mtimeMs, ino, mode}: Stats): string => `${size} ${mtimeMs} ${ino} ${mode}`;

/** What the stamp of a file would be now. */
export function stampNow(root: string, name: Buffer): string {
	const found = look(absoluteBytes(root, name));
	return typeof found === 'string' ? found : stampOf(found);
}

/** Adds files, links or empty folders to the tree, with what has to be known of them. What is not there any more is left out. */
export async function addEntries(tree: Tree, names: readonly Buffer[]): Promise<void> {
	const found = await inSlices(names, name => ({name, found: lookAt(tree, name)}));
	for (const {name, found: each} of found) {
		const shown = name.toString('utf8');
		if (each === 'unreadable') {
			tree.unreadable.add(shown);
		} else if (each === 'gone') {
			continue;
		} else if (each.isFile() || each.isSymbolicLink() || each.isDirectory()) {
			const size = each.isFile() ? each.size : 0;
			addBytes(tree, shown, size);
			tree.entries.push({
				name,
				stamp: stampOf(each),
				kind: each.isFile() ? 'file' : each.isSymbolicLink() ? 'link' : 'folder',
				size,
				mode: each.mode & 0o7777,
				modified: Math.floor(each.mtimeMs / 1000),
			});
		} else {
			tree.notes.push(`${shown} is a socket, pipe or device, and is left out`);
		}
	}
}

function lookAt(tree: Tree, name: Buffer): Look {
	// Where a folder has become a link, what git tracked below it is gone: the link leads to other files.
	if (!isRealFolder(tree, name.subarray(0, Math.max(0, name.lastIndexOf(slash))))) {
		return 'gone';
	}

	const absolute = absoluteBytes(tree.root, name);
	const found = look(absolute);
	return typeof found === 'string' || !found.isFile() || isReadable(absolute, found) ? found : 'unreadable';
}

/** The owner's own right needs no question to the system. */
function isReadable(file: Buffer, {uid, mode}: Stats): boolean {
	if (uid === process.getuid?.() && (mode & 0o400) !== 0) {
		return true;
	}

	try {
		accessSync(file, constants.R_OK);
		return true;
	} catch {
		return false;
	}
}

function isRealFolder(tree: Tree, name: Buffer): boolean {
	if (name.length === 0) {
		return true;
	}

	const key = name.toString('latin1');
	const known = tree.folders.get(key);
	if (known !== undefined) {
		return known;
	}

	const found = look(absoluteBytes(tree.root, name));
	// One that cannot be looked at is reported by the file in it.
	const real =
		(found === 'unreadable' || (found !== 'gone' && found.isDirectory())) &&
		isRealFolder(tree, name.subarray(0, Math.max(0, name.lastIndexOf(slash))));
	tree.folders.set(key, real);
	return real;
}

/** Everything below a folder of the tree, as it is: for what git keeps for itself. Empty folders too, since git needs some. */
export async function addAll(
	tree: Tree,
	name: Buffer,
	skip: (relative: string, folder: boolean) => boolean = () => false,
): Promise<void> {
	const names: Buffer[] = [];
	const walk = async (folder: Buffer, relative: string): Promise<void> => {
		const entries = await readdir(absoluteBytes(tree.root, folder), {withFileTypes: true, encoding: 'buffer'}).catch(
			(error: NodeJS.ErrnoException) => {
				if (!goneCodes.includes(error.code ?? '')) {
					tree.unreadable.add(folder.toString('utf8'));
				}

				return undefined;
			},
		);
		if (entries?.length === 0 && folder.length > 0) {
			names.push(folder);
		}

		for (const entry of entries ?? []) {
			const below = joinBytes(Buffer.from(relative), entry.name).toString('utf8');
			if (skip(below, entry.isDirectory())) {
				continue;
			}

			const child = joinBytes(folder, entry.name);
			if (entry.isDirectory()) {
				await walk(child, below);
			} else if (!entry.isSocket()) {
				// A socket in there belongs to a daemon of git's.
				names.push(child);
			}
		}
	};

	await walk(name, '');
	await addEntries(tree, names);
}
