import {copyFile, cp, link, mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {git} from './git.js';
import type {Repository} from './repository.js';

/** What belongs to one working tree, and not to all of them. */
const perTree =
	/^(?:HEAD|ORIG_HEAD|FETCH_HEAD|MERGE_\w+|CHERRY_PICK_HEAD|REVERT_HEAD|BISECT_\w+|AUTO_MERGE|COMMIT_EDITMSG|index|rebase-\w+|sequencer|logs\/HEAD|refs\/(?:bisect|worktree|rewritten))(?:\/|$)/;

/**
Builds a repository of its own in a temporary folder for a working tree whose `.git` only points elsewhere, or that borrows objects:
everything shared, this tree's own HEAD and index, and no trace of the other trees. Returns the folder that stands for `.git`.
*/
export async function stageRepository({
	gitDir,
	commonDir,
	alternates,
}: Repository): Promise<{folder: string; remove: () => Promise<void>}> {
	const staging = await mkdtemp(path.join(tmpdir(), 'dstack-tui-code-'));
	const folder = path.join(staging, '.git');
	const linked = gitDir !== commonDir;
	await copyTree(
		commonDir,
		folder,
		relative => relative === 'worktrees' || relative.endsWith('.lock') || (linked && perTree.test(relative)),
	);
	if (linked) {
		await copyTree(
			gitDir,
			folder,
			relative => ['commondir', 'gitdir', 'locked', 'config.worktree'].includes(relative) || relative.endsWith('.lock'),
		);
	}

	for (const objects of alternates) {
		await copyTree(objects, path.join(folder, 'objects'), relative => relative.startsWith('info'));
	}

	await rm(path.join(folder, 'objects', 'info', 'alternates'), {force: true});
	for (const args of [
		['--unset-all', 'core.worktree'],
		['core.bare', 'false'],
	]) {
		await git(staging, ['config', '--file', path.join(folder, 'config'), ...args]);
	}

	for (const needed of ['objects', 'refs/heads']) {
		await mkdir(path.join(folder, needed), {recursive: true});
	}

	return {folder, remove: async () => rm(staging, {recursive: true, force: true})};
}

/** Objects never change, so a hard link is as good as a copy, and free; across file systems it is copied. What is there already stays. */
async function copyTree(from: string, to: string, skip: (relative: string) => boolean, relative = ''): Promise<void> {
	await mkdir(path.join(to, relative), {recursive: true});
	for (const entry of await readdir(path.join(from, relative), {withFileTypes: true})) {
		const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
		if (skip(name)) {
			continue;
		}

		const [source, target] = [path.join(from, name), path.join(to, name)];
		if (entry.isDirectory()) {
			await copyTree(from, to, skip, name);
		} else if (entry.isSymbolicLink()) {
			await cp(source, target, {verbatimSymlinks: true});
		} else if (entry.isFile()) {
			await (/(?:^|\/)[\da-f]{2}\/[\da-f]{38,}$|\.(?:pack|idx)$/.test(name)
				? linkOrCopy(source, target)
				: copyFile(source, target));
		}
	}
}

async function linkOrCopy(source: string, target: string): Promise<void> {
	try {
		await link(source, target);
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code !== 'EEXIST') {
			await copyFile(source, target);
		}
	}
}

/** Names for `tar --null -T`: in a file, since there may be more of them than fit a command line. */
export async function writeNameList(names: readonly Buffer[]): Promise<{file: string; remove: () => Promise<void>}> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dstack-tui-list-'));
	const file = path.join(folder, 'names');
	await writeFile(file, Buffer.concat(names.flatMap(name => [Buffer.from('./'), name, Buffer.from([0])])), {mode: 0o600});
	return {file, remove: async () => rm(folder, {recursive: true, force: true})};
}
