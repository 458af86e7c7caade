import {constants} from 'node:fs';
import {access, lstat, readdir} from 'node:fs/promises';

/** One file, link or empty folder. */
export type Entry = {
	/** Bytes, relative to the root, with `/`. */
	readonly name: Buffer;
	/** Changes when the file does. */
	readonly stamp: string;
};

export type Tree = {
	readonly root: string;
	readonly entries: Entry[];
	bytes: number;
	/** Bytes by the first part or two of the path, for the list of the biggest. */
	readonly sizes: Map<string, number>;
	readonly unreadable: Set<string>;
	readonly notes: string[];
	readonly folders: Map<string, Promise<boolean>>;
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

type Look = Awaited<ReturnType<typeof lstat>> | 'gone' | 'unreadable';

const goneCodes = ['ENOENT', 'ENOTDIR'];
const look = async (file: Buffer): Promise<Look> =>
	lstat(file).catch((error: NodeJS.ErrnoException) => (goneCodes.includes(error.code ?? '') ? 'gone' : 'unreadable'));

const stampOf = ({size, mtimeMs, ino, mode}: Exclude<Look, string>): string => `${size} ${mtimeMs} ${ino} ${mode}`;

/** What the stamp of a file would be now. */
export async function stampNow(root: string, name: Buffer): Promise<string> {
	const found = await look(absoluteBytes(root, name));
	return typeof found === 'string' ? found : stampOf(found);
}

/** Adds files, links or empty folders to the tree, with what has to be known of them. What is not there any more is left out. */
export async function addEntries(tree: Tree, names: readonly Buffer[]): Promise<void> {
	const found = await inChunks(names, async name => ({name, found: await lookAt(tree, name)}));
	for (const {name, found: each} of found) {
		const shown = name.toString('utf8');
		if (each === 'unreadable') {
			tree.unreadable.add(shown);
		} else if (each === 'gone') {
			continue;
		} else if (each.isFile() || each.isSymbolicLink() || each.isDirectory()) {
			addBytes(tree, shown, each.isFile() ? Number(each.size) : 0);
			tree.entries.push({name, stamp: stampOf(each)});
		} else {
			tree.notes.push(`${shown} is a socket, pipe or device, and is left out`);
		}
	}
}

async function lookAt(tree: Tree, name: Buffer): Promise<Look> {
	// Where a folder has become a link, what git tracked below it is gone: the link leads to other files.
	if (!(await isRealFolder(tree, name.subarray(0, Math.max(0, name.lastIndexOf(slash)))))) {
		return 'gone';
	}

	const absolute = absoluteBytes(tree.root, name);
	const found = await look(absolute);
	if (typeof found === 'string' || !found.isFile()) {
		return found;
	}

	return access(absolute, constants.R_OK).then(
		() => found,
		() => 'unreadable',
	);
}

async function isRealFolder(tree: Tree, name: Buffer): Promise<boolean> {
	if (name.length === 0) {
		return true;
	}

	const key = name.toString('latin1');
	const answer =
		tree.folders.get(key) ??
		look(absoluteBytes(tree.root, name)).then(async found => {
			// One that cannot be looked at is told of by the file in it.
			const real = found === 'unreadable' || (found !== 'gone' && found.isDirectory());
			return real && isRealFolder(tree, name.subarray(0, Math.max(0, name.lastIndexOf(slash))));
		});
	tree.folders.set(key, answer);
	return answer;
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
