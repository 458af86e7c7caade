import {lstat, readFile} from 'node:fs/promises';
import path from 'node:path';
import {git, gitProblem} from './git.js';

/** Where a repository keeps its things; absolute paths. */
export type Repository = {
	/** The top of the working tree; for a bare repository the repository itself. */
	readonly top: string;
	readonly bare: boolean;
	/** This working tree's own: HEAD, index. */
	readonly gitDir: string;
	/** Shared by all working trees: objects, refs, config. */
	readonly commonDir: string;
	/** Object folders of other repositories that this one borrows from. */
	readonly alternates: readonly string[];
};

/** The repository that a folder lies in; undefined when it lies in none. Throws a `configuration` problem where git refuses to look. */
export async function findRepository(folder: string): Promise<Repository | undefined> {
	// One question each, since a path may hold a newline.
	const [inside, ...rest] = await Promise.all(
		['--is-bare-repository', '--absolute-git-dir', '--git-common-dir', '--show-toplevel'].map(async question =>
			git(folder, ['rev-parse', question]),
		),
	);
	if (inside?.code !== 0) {
		if (/not a git repository/i.test(inside?.stderr ?? '')) {
			return undefined;
		}

		throw gitProblem(folder, inside?.stderr ?? '');
	}

	const [gitDir = '', common = '', top = ''] = rest.map(({stdout}) => stdout.toString('utf8').replace(/\n$/, ''));
	const commonDir = path.resolve(folder, common);
	const bare = inside.stdout.toString('utf8').trim() === 'true';
	return {
		// Inside .git itself there is no working tree to show.
		top: bare ? gitDir : top === '' ? path.dirname(gitDir) : top,
		bare,
		gitDir,
		commonDir,
		alternates: await readAlternates(path.join(commonDir, 'objects')),
	};
}

async function readAlternates(objects: string, depth = 0): Promise<string[]> {
	const text = await readFile(path.join(objects, 'info', 'alternates'), 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') {
			return '';
		}

		throw error;
	});
	const direct = text
		.split('\n')
		.filter(line => line !== '' && !line.startsWith('#'))
		.map(line => path.resolve(objects, line));
	// Git itself follows no further.
	const further = depth < 5 ? await Promise.all(direct.map(async each => readAlternates(each, depth + 1))) : [];
	return [...direct, ...further.flat()];
}

const isFolder = async (file: string): Promise<boolean> =>
	lstat(file).then(
		found => found.isDirectory(),
		() => false,
	);

const workTreeOf = async (gitDir: string): Promise<string> =>
	(await git(gitDir, ['config', '--file', path.join(gitDir, 'config'), '--get', 'core.worktree'])).stdout.toString('utf8');

/** Whether a working tree's `.git` can be copied as it is: the repository itself, complete, and with no word of where it lies. */
export const standsAlone = async ({top, alternates}: Repository): Promise<boolean> =>
	alternates.length === 0 && (await isFolder(path.join(top, '.git'))) && (await workTreeOf(path.join(top, '.git'))) === '';

/**
Whether a submodule's repository comes along with the copied `.git` folder that it lies in, and is found again there: both point to each
other by relative paths.
*/
export async function comesWith({top, gitDir, alternates}: Repository, copied: readonly string[]): Promise<boolean> {
	if (alternates.length > 0 || !copied.some(folder => gitDir.startsWith(folder + path.sep))) {
		return false;
	}

	const pointer = await readFile(path.join(top, '.git'), 'utf8').catch(() => '');
	return pointer.startsWith('gitdir: .') && (await workTreeOf(gitDir)).startsWith('.');
}

/** Whether a git folder fetches objects only when it needs them, so that not all of them are there. */
export const isPartial = async (gitFolder: string): Promise<boolean> =>
	(await git(gitFolder, ['--git-dir=.', 'config', '--get-regexp', String.raw`^(remote\..*\.promisor|extensions\.partialclone)$`]))
		.code === 0;
