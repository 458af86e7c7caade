import {lstat, realpath} from 'node:fs/promises';
import path from 'node:path';
import {formatBytes} from '../../system/format.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {git} from './git.js';
import {listFolder, type Listing, listWorkingTree} from './listing.js';
import {comesWith, findRepository, type Repository, standsAlone} from './repository.js';
import {addAll, addBytes, addEntries, emptyTree, type Entry, joinBytes, type Tree} from './tree.js';

/** A repository whose `.git` has to be built first, since there it could not be as it is here. */
export type Staged = {
	/** The folder, relative to the root, that its `.git` belongs into; for a bare one the repository itself. Bytes. */
	readonly place: Buffer;
	readonly repository: Repository;
	/** Git folders that are built on their own, and not again as a part of this one. Absolute. */
	readonly without: ReadonlySet<string>;
};

/** The code as it stands now: what will be copied, and how. Bytes. */
export type CodeManifest = {
	/** Absolute. */
	readonly root: string;
	/** Where the chosen folder lies below `root`; '' for `root` itself. */
	readonly subfolder: string;
	readonly kind: 'repository' | 'worktree' | 'bare repository' | 'folder';
	/** Without what git keeps of its own; all of a bare repository. */
	readonly files: number;
	/** With the history. */
	readonly bytes: number;
	/** What is left out and why, one line each. */
	readonly notes: readonly string[];
	/** To copy as they are. */
	readonly entries: readonly Entry[];
	readonly staged: readonly Staged[];
};

/** More than this is refused. Bytes. */
export const codeLimit = 1024 ** 3;
const listed = 10;

type Collection = {
	readonly tree: Tree;
	readonly staged: Staged[];
	readonly without: Set<string>;
	/** `.git` folders that are copied as they are, absolute. */
	readonly copied: string[];
};

const none = Buffer.alloc(0);
const dotGit = Buffer.from('.git');

/**
Finds out what the code of a folder is: tracked, changed and untracked files, not the ignored ones, and the repository's history.
Throws a `configuration` problem for files that cannot be read, and for more than `limit` bytes.
*/
export async function collectCode(folder: string, limit: number = codeLimit): Promise<CodeManifest> {
	const start = await realpath(folder).catch((error: NodeJS.ErrnoException) => {
		throw new Problem('configuration', `The folder ${neutraliseLine(folder)} cannot be opened: ${error.code ?? error.message}`);
	});
	const repository = await responsibleRepository(start);
	const root = repository ? await realpath(repository.top) : start;
	const collection: Collection = {tree: emptyTree(root), staged: [], without: new Set(), copied: []};
	if (!repository) {
		// A folder around a bare repository and its working trees only has a file that names it.
		if ((await lstat(path.join(root, '.git')).catch(() => undefined))?.isFile()) {
			await addEntries(collection.tree, [dotGit]);
		}

		await addListing(collection, none, await listFolder(root));
	} else if (repository.bare) {
		await addBare(collection, repository);
	} else {
		await addRepository(collection, none, repository);
	}

	const {tree, staged} = collection;
	refuseUnreadable(tree);
	refuseTooBig(tree, limit);
	return {
		root,
		subfolder: path.relative(root, start).split(path.sep).join('/'),
		kind: kindOf(repository),
		files: repository?.bare ? tree.entries.length : tree.entries.filter(({name}) => !isHistory(name)).length,
		bytes: tree.bytes,
		notes: tree.notes.map(neutraliseLine),
		entries: tree.entries,
		staged,
	};
}

function kindOf(repository: Repository | undefined): CodeManifest['kind'] {
	if (!repository) {
		return 'folder';
	}

	return repository.bare ? 'bare repository' : repository.gitDir === repository.commonDir ? 'repository' : 'worktree';
}

/** The repository whose code the folder is. None where it only lies in one that ignores it, as below a home folder that is one. */
async function responsibleRepository(start: string): Promise<Repository | undefined> {
	const repository = await findRepository(start);
	if (!repository) {
		return undefined;
	}

	const top = await realpath(repository.top);
	if (repository.bare) {
		return start === top || start.startsWith(top + path.sep) ? repository : undefined;
	}

	const ignored = start !== top && (await git(top, ['check-ignore', '--quiet', '--', start])).code === 0;
	return ignored ? undefined : repository;
}

const isHistory = (name: Buffer): boolean => /(?:^|\/)\.git(?:\/|$)/.test(name.toString('latin1'));

const isLock = (relative: string, folder: boolean): boolean => !folder && relative.endsWith('.lock');

async function addBare({tree, staged}: Collection, repository: Repository): Promise<void> {
	if (repository.alternates.length === 0) {
		await addAll(tree, none, isLock);
		return;
	}

	await stage({tree, staged, without: new Set(), copied: []}, none, repository);
}

/** A working tree at `place`, with its history: as it lies there where `.git` stands alone, else built. */
async function addRepository(collection: Collection, place: Buffer, repository: Repository): Promise<void> {
	const alone = await standsAlone(repository);
	const gitFolder = path.join(repository.top, '.git');
	if (alone) {
		collection.copied.push(gitFolder);
	} else {
		collection.without.add(repository.gitDir);
	}

	// What lies inside first: what of it is built on its own is left out here.
	await addListing(collection, place, await listWorkingTree(repository.top));
	if (alone) {
		// Other working trees' records and half-written locks mean nothing elsewhere.
		await addAll(
			collection.tree,
			joinBytes(place, dotGit),
			(relative, folder) =>
				relative === 'worktrees' || isLock(relative, folder) || collection.without.has(path.join(gitFolder, relative)),
		);
	} else {
		await stage(collection, place, repository);
	}
}

async function stage({tree, staged, without}: Collection, place: Buffer, repository: Repository): Promise<void> {
	const linked = repository.gitDir !== repository.commonDir;
	for (const folder of [repository.commonDir, ...(linked ? [repository.gitDir] : []), ...repository.alternates]) {
		const sizes = emptyTree(folder);
		await addAll(sizes, none, relative => relative === 'worktrees' || without.has(path.join(folder, relative)));
		addBytes(tree, joinBytes(place, dotGit).toString('utf8'), sizes.bytes);
		for (const name of sizes.unreadable) {
			tree.unreadable.add(path.join(folder, name));
		}
	}

	staged.push({place, repository, without});
}

async function addListing(collection: Collection, place: Buffer, listing: Listing): Promise<void> {
	const within = (names: readonly Buffer[]) => names.map(name => joinBytes(place, name));
	for (const name of listing.unreadable) {
		collection.tree.unreadable.add(joinBytes(place, Buffer.from(name)).toString('utf8'));
	}

	await addEntries(collection.tree, within([...listing.empty, ...listing.files, ...listing.special]));
	for (const name of within(listing.nested)) {
		await addNested(collection, name);
	}
}

/** A submodule or another repository inside. A submodule that was never checked out is a folder, mostly empty. */
async function addNested(collection: Collection, place: Buffer): Promise<void> {
	const {tree} = collection;
	const shown = place.toString('utf8');
	const absolute = path.join(tree.root, shown);
	if (!Buffer.from(shown).equals(place)) {
		throw new Problem('configuration', `The name of the repository inside, ${neutraliseLine(shown)}, is no UTF-8`, {
			next: 'Rename it, or name it in .gitignore.',
		});
	}

	const found = await lstat(absolute).catch(() => undefined);
	if (!found?.isDirectory()) {
		await addEntries(tree, [place]);
		return;
	}

	const repository = await findRepository(absolute);
	const own = repository && !repository.bare && (await realpath(repository.top)) === (await realpath(absolute));
	if (!own) {
		await addAll(tree, place);
	} else if (await comesWith(repository, collection.copied)) {
		await addEntries(tree, [joinBytes(place, dotGit)]);
		await addListing(collection, place, await listWorkingTree(repository.top));
	} else {
		await addRepository(collection, place, repository);
	}
}

function refuseUnreadable({unreadable}: Tree): void {
	const names = [...unreadable];
	if (names.length > 0) {
		const more = names.length > listed ? [`… and ${names.length - listed} more`] : [];
		throw new Problem('configuration', `${names.length === 1 ? 'A file' : `${names.length} files`} of the code cannot be read`, {
			details: [...names.slice(0, listed).map(neutraliseLine), ...more],
			next: 'Give yourself the right to read them, or name them in .gitignore.',
		});
	}
}

function refuseTooBig({bytes, sizes}: Tree, limit: number): void {
	if (bytes > limit) {
		const biggest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, listed);
		throw new Problem('configuration', `The code is ${formatBytes(bytes)}, more than ${formatBytes(limit)}`, {
			details: biggest.map(([name, size]) => `${formatBytes(size).padStart(8)}  ${neutraliseLine(name)}`),
			next: 'Name what does not belong to the code in .gitignore; data is better fetched there.',
		});
	}
}
