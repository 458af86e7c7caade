import {constants, type Dirent, existsSync} from 'node:fs';
import {copyFile, cp, link, mkdir, mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import type {Staged} from './collect.js';
import {personGit} from './git.js';
import {isBorrowed} from './objects.js';
import type {Repository} from './repository.js';
import {addAll, emptyTree, type Entry} from './tree.js';

type Skip = (relative: string, entry: Dirent) => boolean;

/** What is never copied: the records of other working trees, half-written files, git's own sockets, and links in the place of objects. */
const skipAlways: Skip = (relative, entry) =>
	relative === 'worktrees' ||
	entry.isSocket() ||
	(entry.isFile() && relative.endsWith('.lock')) ||
	(entry.isSymbolicLink() && /^objects(?:\/|$)/.test(relative));

/** Files at the top that all working trees share; all others (HEAD, index, MERGE_HEAD) are one tree's own. */
const sharedFiles = /^(?:config|description|packed-refs|shallow)$/;
const ownFolders =
	/^(?:modules|rebase-\w+|sequencer|logs\/HEAD|(?:logs\/)?refs\/(?:bisect|worktree|rewritten)|info\/sparse-checkout)$/;

const isOneTreesOwn: Skip = (relative, entry) =>
	ownFolders.test(relative) || (!relative.includes('/') && !entry.isDirectory() && !sharedFiles.test(relative));

/**
Builds a repository of its own in a temporary folder for a working tree whose `.git` only points elsewhere, or that borrows objects:
everything shared, this tree's own HEAD and index, and no trace of the other trees. Returns the folder that is used as `.git`, and whether
the repository changed meanwhile.
*/
export async function stageRepository({
	repository,
	without,
}: Staged): Promise<{folder: string; changed: boolean; remove: () => Promise<void>}> {
	const staging = await mkdtemp(path.join(tmpdir(), 'dstack-tui-code-'));
	const remove = async () => rm(staging, {recursive: true, force: true});
	const folder = path.join(staging, '.git');
	try {
		const before = await fingerprint(repository);
		await build(repository, folder, without);
		return {folder, changed: (await fingerprint(repository)) !== before, remove};
	} catch (error) {
		await remove();
		if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			return {folder, changed: true, remove};
		}

		throw error;
	}
}

async function build(
	{gitDir, commonDir, alternates, bare}: Repository,
	folder: string,
	without: ReadonlySet<string>,
): Promise<void> {
	const linked = gitDir !== commonDir;
	await copyTree(
		commonDir,
		folder,
		(relative, entry) =>
			skipAlways(relative, entry) ||
			without.has(path.join(commonDir, relative)) ||
			(linked && (isOneTreesOwn(relative, entry) || refuseTables(relative, commonDir))),
	);
	if (linked) {
		await copyTree(
			gitDir,
			folder,
			(relative, entry) =>
				skipAlways(relative, entry) ||
				without.has(path.join(gitDir, relative)) ||
				['commondir', 'gitdir', 'locked'].includes(relative),
		);
	}

	for (const objects of alternates) {
		await copyTree(objects, path.join(folder, 'objects'), (relative, entry) => !isBorrowed(relative, entry));
	}

	await rm(path.join(folder, 'objects', 'info', 'alternates'), {force: true});
	for (const file of ['config', 'config.worktree'].map(name => path.join(folder, name)).filter(existsSync)) {
		await configure(file, '--unset-all', 'core.worktree');
	}

	if (!bare) {
		await configure(path.join(folder, 'config'), 'core.bare', 'false');
	}

	for (const needed of ['objects', 'refs/heads']) {
		await mkdir(path.join(folder, needed), {recursive: true});
	}
}

const notSet = 5;

async function configure(file: string, ...args: readonly string[]): Promise<void> {
	const {code, stderr} = await personGit(['config', '--file', file, ...args]);
	if (code !== 0 && code !== notSet) {
		throw new Error(`git config: ${stderr}`);
	}
}

/** In that format, one working tree's references cannot be distinguished from the others' by their files. */
function refuseTables(relative: string, commonDir: string): boolean {
	if (relative === 'reftable') {
		throw new Problem('configuration', `${commonDir} keeps its references in tables, and this is only one of its working trees`, {
			next: 'Start in the main working tree instead.',
		});
	}

	return false;
}

/** Objects never change and are written before they are referred to, so what else there is shows every change. */
async function fingerprint({gitDir, commonDir}: Repository): Promise<string> {
	const stamps: string[] = [];
	for (const folder of new Set([commonDir, gitDir])) {
		const tree = emptyTree(folder);
		await addAll(tree, Buffer.alloc(0), relative => /(?:^|\/)objects$|^worktrees$/.test(relative));
		stamps.push(stampsOf(tree.entries));
	}

	return stamps.join('\n');
}

const stampsOf = (entries: readonly Entry[]): string =>
	entries
		.map(({name, stamp}) => `${name.toString('latin1')} ${stamp}`)
		.sort()
		.join('\n');

/** What is there already stays. */
async function copyTree(from: string, to: string, skip: Skip, relative = ''): Promise<void> {
	await mkdir(path.join(to, relative), {recursive: true});
	for (const entry of await readdir(path.join(from, relative), {withFileTypes: true})) {
		const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
		if (skip(name, entry)) {
			continue;
		}

		const [source, target] = [path.join(from, name), path.join(to, name)];
		if (entry.isDirectory()) {
			await copyTree(from, to, skip, name);
		} else if (entry.isSymbolicLink()) {
			await cp(source, target, {verbatimSymlinks: true});
		} else if (entry.isFile()) {
			await copyOne(source, target, /(?:^|\/)[\da-f]{2}\/[\da-f]{38,}$|\.(?:pack|idx)$/.test(name));
		}
	}
}

/** A file that never changes is as good as a hard link, and free; across file systems it is copied. */
async function copyOne(source: string, target: string, fixed: boolean): Promise<void> {
	const attempts = [...(fixed ? [link] : []), async () => copyFile(source, target, constants.COPYFILE_EXCL)];
	for (const [index, attempt] of attempts.entries()) {
		try {
			await attempt(source, target);
			return;
		} catch (error) {
			const {code} = error as NodeJS.ErrnoException;
			if (code === 'EEXIST') {
				return;
			}

			if (index === attempts.length - 1) {
				throw error;
			}
		}
	}
}
