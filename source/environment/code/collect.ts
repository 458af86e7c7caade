import {realpath} from 'node:fs/promises';
import path from 'node:path';
import {formatBytes} from '../../offers/format.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {findRepository, hasOwnGitFolder, type Repository} from './repository.js';
import {addAll, addEntry, emptyTree, joinBytes, listFolder, listWorkingTree, type Tree} from './tree.js';

/** The code as it stands now: what will be copied, and how. Bytes. */
export type CodeManifest = {
	/** Absolute. */
	readonly root: string;
	/** Where the chosen folder lies below `root`; '' for `root` itself. */
	readonly subfolder: string;
	readonly kind: 'repository' | 'worktree' | 'bare repository' | 'folder';
	readonly files: number;
	readonly bytes: number;
	readonly notes: readonly string[];
	/** Names to copy as they are, bytes, relative to `root`. */
	readonly names: readonly Buffer[];
	/** Repositories whose `.git` has to be built first: where it belongs, relative to `root`, and what it is built from. */
	readonly staged: ReadonlyArray<{readonly place: Buffer; readonly repository: Repository}>;
};

/** More than this is refused. Bytes. */
export const codeLimit = 1024 ** 3;
const listed = 10;

type Collection = {readonly root: string; readonly tree: Tree; readonly staged: Array<{place: Buffer; repository: Repository}>};

const none = Buffer.alloc(0);

/**
Finds out what the code of a folder is: tracked, changed and untracked files, not the ignored ones, and the repository's history.
Throws a `configuration` problem for files that cannot be read, and for more than `limit` bytes.
*/
export async function collectCode(folder: string, limit: number = codeLimit): Promise<CodeManifest> {
	const start = await realpath(folder);
	const repository = await findRepository(start);
	const root = repository ? await realpath(repository.top) : start;
	const collection: Collection = {root, tree: emptyTree(), staged: []};
	let kind: CodeManifest['kind'] = 'folder';
	if (!repository) {
		await addListed(collection, none, await listFolder(root));
	} else if (repository.bare) {
		kind = 'bare repository';
		await addAll(collection.tree, root, none);
	} else {
		kind = repository.gitDir === repository.commonDir ? 'repository' : 'worktree';
		await addRepository(collection, none, repository);
	}

	const {tree, staged} = collection;
	refuseUnreadable(tree);
	refuseTooBig(tree, limit);
	return {
		root,
		subfolder: path.relative(root, start).split(path.sep).join('/'),
		kind,
		files: tree.files.length,
		bytes: tree.bytes,
		notes: tree.notes.map(neutraliseLine),
		names: tree.files,
		staged,
	};
}

/** A working tree at `place`, with its history: as it lies there where `.git` is a folder of its own, else built. */
async function addRepository(collection: Collection, place: Buffer, repository: Repository): Promise<void> {
	const {root, tree, staged} = collection;
	const plain = (await hasOwnGitFolder(repository.top)) && repository.alternates.length === 0;
	if (plain) {
		// Other working trees' records and half-written locks mean nothing elsewhere.
		await addAll(
			tree,
			root,
			joinBytes(place, Buffer.from('.git')),
			name => /^worktrees(?:\/|$)/.test(name) || name.endsWith('.lock'),
		);
	} else {
		const sizes = emptyTree();
		await addAll(sizes, repository.commonDir, none, name => /^worktrees(?:\/|$)/.test(name));
		tree.bytes += sizes.bytes;
		tree.sizes.set('.git', sizes.bytes);
		tree.unreadable.push(...sizes.unreadable);
		staged.push({place, repository});
	}

	await addListed(collection, place, await listWorkingTree(repository.top));
}

async function addListed(
	collection: Collection,
	place: Buffer,
	{files, nested}: {files: Buffer[]; nested: Buffer[]},
): Promise<void> {
	for (const name of files) {
		await addEntry(collection.tree, collection.root, joinBytes(place, name));
	}

	for (const name of nested) {
		await addNested(collection, joinBytes(place, name));
	}
}

/** A submodule or another repository inside. A submodule that was never checked out is an empty folder. */
async function addNested(collection: Collection, place: Buffer): Promise<void> {
	const {root, tree} = collection;
	const absolute = path.join(root, place.toString('utf8'));
	const repository = await findRepository(absolute).catch(() => undefined);
	const own = repository && !repository.bare && (await realpath(repository.top)) === (await realpath(absolute));
	if (!own) {
		await addEntry(tree, root, place);
		return;
	}

	const inside = repository.gitDir.startsWith(path.join(root, '.git') + path.sep);
	if (inside && repository.alternates.length === 0) {
		// The usual submodule: its repository lies in the one above, and comes with that.
		await addEntry(tree, root, joinBytes(place, Buffer.from('.git')));
		await addListed(collection, place, await listWorkingTree(repository.top));
		return;
	}

	await addRepository(collection, place, repository);
}

function refuseUnreadable({unreadable}: Tree): void {
	if (unreadable.length > 0) {
		const more = unreadable.length > listed ? [`… and ${unreadable.length - listed} more`] : [];
		throw new Problem(
			'configuration',
			`${unreadable.length === 1 ? 'A file' : `${unreadable.length} files`} of the code cannot be read`,
			{
				details: [...unreadable.slice(0, listed).map(neutraliseLine), ...more],
				next: 'Give yourself the right to read them, or name them in .gitignore.',
			},
		);
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
