import {lstat, realpath} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {git} from './git.js';
import {listFolder, type WorkingTree, listWorkingTree} from './working-tree.js';
import {isBorrowed} from './objects.js';
import {codeLimit, isHistory, refuseTooBig, refuseUnreadable, withoutLinksOut} from './bounds.js';
import {commandsIn} from './settings.js';
import {ignoringAsUsual} from './person-settings.js';
import type {GitLocation} from './git-location.js';
import {isCopiedWith, findBare, type Found, lookForRepository, type Repository, standsAlone} from './repository.js';
import {addAll, addBytes, addEntries, emptyTree, type Entry, joinBytes, type Tree} from './tree.js';

/** A repository whose `.git` has to be built first, since there it could not be as it is here. */
export type Staged = {
	/** The folder, relative to the root, that its `.git` belongs into; for a bare one the repository itself. Bytes. */
	readonly place: Buffer;
	readonly repository: Repository;
	/** Git folders that are built on their own, and not again as a part of this one. Absolute. */
	readonly without: ReadonlySet<string>;
};

/** The code in its current state: what will be copied, and how. Bytes. */
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
	/** The outermost repository. */
	readonly repository: GitLocation | undefined;
	/** Settings of repositories in it that name commands: git here runs none of them. */
	readonly commands: readonly string[];
	/** Whether a git folder elsewhere was left out, which `trusted` would take. */
	readonly refused: boolean;
	/** Whether the person vouched for the folder. */
	readonly trusted: boolean;
};

export type CollectOptions = {
	/** Bytes. @default `codeLimit` */
	readonly limit?: number;
	/** Whether the person vouched for the folder. @default false */
	readonly trusted?: boolean;
};

export {codeLimit} from './bounds.js';

type Collection = {
	readonly tree: Tree;
	readonly staged: Staged[];
	readonly without: Set<string>;
	/** `.git` folders that are copied as they are, absolute. */
	readonly copied: string[];
	readonly trusted: boolean;
	readonly commands: Set<string>;
	readonly refused: string[];
};

const none = Buffer.alloc(0);
const dotGit = Buffer.from('.git');

/**
Finds out what the code of a folder is: tracked, changed and untracked files, not the ignored ones, and the repository's history. Nothing that
it holds is run. Throws a `configuration` problem for files that cannot be read, and for more than `limit` bytes.
*/
export async function collectCode(
	folder: string,
	{limit = codeLimit, trusted = false}: CollectOptions = {},
): Promise<CodeManifest> {
	const start = await realpath(folder).catch((error: NodeJS.ErrnoException) => {
		throw new Problem('configuration', `The folder ${neutraliseLine(folder)} cannot be opened: ${error.code ?? error.message}`);
	});
	const {repository, refused} = await responsibleRepository(start, trusted);
	const root = repository?.top ?? refused?.top ?? start;
	const tree = emptyTree(root);
	const collection: Collection = {tree, staged: [], without: new Set(), copied: [], trusted, commands: new Set(), refused: []};
	if (!repository) {
		// A folder around a bare repository and its working trees only has a file that names it.
		if (!refused && (await lstat(path.join(root, '.git')).catch(() => undefined))?.isFile()) {
			await addEntries(tree, [dotGit]);
		}

		collection.refused.push(...(refused ? [refused.why] : []));
		await addListing(collection, none, await listFolder(root));
	} else if (repository.bare) {
		await addBare(collection, repository);
	} else {
		await addRepository(collection, none, repository);
	}

	const entries = await withoutLinksOut(tree);
	refuseUnreadable(tree);
	refuseTooBig(tree, limit);
	return {
		root,
		subfolder: path.relative(root, start).split(path.sep).join('/'),
		kind: kindOf(repository),
		files: repository?.bare ? entries.length : entries.filter(({name}) => !isHistory(name)).length,
		bytes: tree.bytes,
		notes: [...collection.refused, ...tree.notes].map(neutraliseLine),
		entries,
		staged: collection.staged,
		repository,
		commands: [...collection.commands].map(neutraliseLine),
		refused: collection.refused.length > 0,
		trusted,
	};
}

function kindOf(repository: Repository | undefined): CodeManifest['kind'] {
	if (!repository) {
		return 'folder';
	}

	return repository.bare ? 'bare repository' : repository.gitDir === repository.commonDir ? 'repository' : 'worktree';
}

/** The repository whose code the folder is. None where it only lies in one that ignores it, as below a home folder that is one. */
async function responsibleRepository(start: string, trusted: boolean): Promise<Found> {
	const found = await lookForRepository(start, {trusted});
	const {repository, refused} = found;
	if (refused) {
		// Only the folder itself is taken, where the repository around it cannot say what belongs to it.
		return {refused: {...refused, top: start}};
	}

	if (!repository || repository.bare || start === repository.top) {
		return found;
	}

	const asked = [...(await ignoringAsUsual(repository)), 'check-ignore', '--quiet', '--', start];
	return (await git(repository, asked)).code === 0 ? findBare(start, {trusted}) : found;
}

const isLock = (relative: string, folder: boolean): boolean => !folder && relative.endsWith('.lock');

async function addBare(collection: Collection, repository: Repository): Promise<void> {
	const {tree} = collection;
	noteSettings(collection, repository);
	if (repository.alternates.length === 0 && repository.gitDir === repository.commonDir) {
		await addAll(tree, none, isLock);
		return;
	}

	await stage(collection, none, repository);
}

/** A working tree at `place`, with its history: as it lies there where `.git` is self-contained, else built. */
async function addRepository(collection: Collection, place: Buffer, repository: Repository): Promise<void> {
	const alone = await standsAlone(repository);
	noteSettings(collection, repository);
	const gitFolder = path.join(repository.top, '.git');
	if (alone) {
		collection.copied.push(gitFolder);
	} else {
		collection.without.add(repository.gitDir);
	}

	// What lies inside first: what of it is built on its own is left out here.
	await addListing(collection, place, await listWorkingTree(repository));
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

function noteSettings({commands}: Collection, repository: Repository): void {
	for (const name of commandsIn(repository)) {
		commands.add(name);
	}
}

async function stage(
	{tree, staged, without}: Pick<Collection, 'tree' | 'staged' | 'without'>,
	place: Buffer,
	repository: Repository,
): Promise<void> {
	const linked = repository.gitDir !== repository.commonDir;
	const own = [repository.commonDir, ...(linked ? [repository.gitDir] : [])];
	for (const folder of [...own, ...repository.alternates]) {
		const sizes = emptyTree(folder);
		const isOwn = own.includes(folder);
		await addAll(sizes, none, (relative, isDirectory) =>
			isOwn
				? relative === 'worktrees' || without.has(path.join(folder, relative))
				: !isBorrowed(relative, {isFile: () => !isDirectory, isDirectory: () => isDirectory}),
		);
		addBytes(tree, joinBytes(place, dotGit).toString('utf8'), sizes.bytes);
		for (const name of sizes.unreadable) {
			tree.unreadable.add(path.join(folder, name));
		}
	}

	for (const folder of repository.alternates.filter(each => !`${each}/`.startsWith(`${tree.root}/`))) {
		tree.notes.push(`its history borrows from ${folder}, outside of the code: the objects there come along, and nothing else`);
	}

	staged.push({place, repository, without});
}

async function addListing(collection: Collection, place: Buffer, listing: WorkingTree): Promise<void> {
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

	const {repository, refused} = await lookForRepository(absolute, {root: tree.root, trusted: collection.trusted});
	const real = await realpath(absolute);
	if (refused && refused.top === real) {
		collection.refused.push(refused.why);
		await addListing(collection, place, await listFolder(absolute));
	} else if (!repository || repository.bare || repository.top !== real) {
		await addAll(tree, place);
	} else if (await isCopiedWith(repository, collection.copied)) {
		noteSettings(collection, repository);
		await addEntries(tree, [joinBytes(place, dotGit)]);
		await addListing(collection, place, await listWorkingTree(repository));
	} else {
		await addRepository(collection, place, repository);
	}
}
