import {constants} from 'node:fs';
import {access, lstat, mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {git, gitOutput, splitZero} from './git.js';

/** Names are bytes, relative to the root, with `/`. */
export type Tree = {
	readonly files: Buffer[];
	bytes: number;
	/** Sizes by the first part or two of the path, for the list of the biggest. */
	readonly sizes: Map<string, number>;
	readonly unreadable: string[];
	readonly notes: string[];
};

export const emptyTree = (): Tree => ({files: [], bytes: 0, sizes: new Map(), unreadable: [], notes: []});

const slash = Buffer.from('/');
export const joinBytes = (...parts: Buffer[]): Buffer =>
	Buffer.concat(parts.filter(part => part.length > 0).flatMap((part, index) => (index === 0 ? [part] : [slash, part])));

export const absoluteBytes = (root: string, name: Buffer): Buffer => joinBytes(Buffer.from(root), name);

/** Adds one file, link or empty folder to the tree, with what has to be known of it. One that is not there any more is left out. */
export async function addEntry(tree: Tree, root: string, name: Buffer): Promise<void> {
	const absolute = absoluteBytes(root, name);
	const shown = name.toString('utf8');
	const found = await lstat(absolute).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
			return undefined;
		}

		tree.unreadable.push(shown);
		return undefined;
	});
	if (!found) {
		return;
	}

	if (found.isSocket() || found.isFIFO() || found.isCharacterDevice() || found.isBlockDevice()) {
		tree.notes.push(`${shown} is no file and is left out`);
		return;
	}

	if (found.isFile()) {
		const readable = await access(absolute, constants.R_OK).then(
			() => true,
			() => false,
		);
		if (!readable) {
			tree.unreadable.push(shown);
			return;
		}

		tree.bytes += found.size;
		const key = shown.split('/').slice(0, 2).join('/');
		tree.sizes.set(key, (tree.sizes.get(key) ?? 0) + found.size);
	}

	tree.files.push(name);
}

/** Everything below a folder of the tree, as it is: for what git keeps for itself. Empty folders too, since git needs some. */
export async function addAll(
	tree: Tree,
	root: string,
	name: Buffer,
	skip: (relative: string) => boolean = () => false,
): Promise<void> {
	const walk = async (folder: Buffer, relative: string): Promise<void> => {
		const entries = await readdir(absoluteBytes(root, folder), {withFileTypes: true, encoding: 'buffer'}).catch(
			(error: NodeJS.ErrnoException) => {
				if (error.code !== 'ENOENT') {
					tree.unreadable.push(folder.toString('utf8'));
				}

				return undefined;
			},
		);
		if (entries?.length === 0 && folder.length > 0) {
			tree.files.push(folder);
		}

		for (const entry of entries ?? []) {
			const below = relative === '' ? entry.name.toString('utf8') : `${relative}/${entry.name.toString('utf8')}`;
			if (skip(below)) {
				continue;
			}

			const child = joinBytes(folder, entry.name);
			if (entry.isDirectory()) {
				await walk(child, below);
			} else {
				await addEntry(tree, root, child);
			}
		}
	};

	await walk(name, '');
}

/** Files of a repository's working tree that are tracked or not ignored; nested repositories and submodules by name. */
export async function listWorkingTree(folder: string): Promise<{files: Buffer[]; nested: Buffer[]}> {
	const cached = splitZero(await gitOutput(folder, ['ls-files', '-z', '--stage', '--full-name', ':/']));
	const files: Buffer[] = [];
	const nested: Buffer[] = [];
	const seen = new Set<string>();
	for (const line of cached) {
		const name = line.subarray(line.indexOf(0x09) + 1);
		const key = name.toString('latin1');
		if (!seen.has(key)) {
			// A file in conflict is listed once for each side.
			seen.add(key);
			(line.subarray(0, 6).toString() === '160000' ? nested : files).push(name);
		}
	}

	const others = splitZero(await gitOutput(folder, ['ls-files', '-z', '--others', '--exclude-standard', '--full-name', ':/']));
	return {files: [...files, ...others.filter(name => name.at(-1) !== 0x2f)], nested: [...nested, ...nestedOf(others)]};
}

const nestedOf = (names: readonly Buffer[]): Buffer[] =>
	names.filter(name => name.at(-1) === 0x2f).map(name => name.subarray(0, -1));

/** The same for a folder that is no repository, honouring its `.gitignore` files: git looks at it through an empty repository elsewhere. */
export async function listFolder(folder: string): Promise<{files: Buffer[]; nested: Buffer[]}> {
	const empty = await mkdtemp(path.join(tmpdir(), 'dstack-tui-'));
	try {
		const {code, stderr} = await git(empty, ['init', '--quiet', '--bare', empty]);
		if (code !== 0) {
			throw new Error(`git init: ${stderr}`);
		}

		const args = [`--git-dir=${empty}`, `--work-tree=${folder}`, 'ls-files', '-z', '--others', '--exclude-standard'];
		const names = splitZero(await gitOutput(folder, args));
		return {files: names.filter(name => name.at(-1) !== 0x2f), nested: nestedOf(names)};
	} finally {
		await rm(empty, {recursive: true, force: true});
	}
}
