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

/** The repository that a folder lies in; undefined when it lies in none. Throws where git refuses to look. */
export async function findRepository(folder: string): Promise<Repository | undefined> {
	const {code, stdout, stderr} = await git(folder, [
		'rev-parse',
		'--is-bare-repository',
		'--absolute-git-dir',
		'--git-common-dir',
	]);
	if (code !== 0) {
		if (/not a git repository/i.test(stderr)) {
			return undefined;
		}

		throw gitProblem(folder, stderr);
	}

	const [bareText, gitDir = '', common = ''] = stdout.toString('utf8').trimEnd().split('\n');
	const commonDir = path.resolve(folder, common);
	const bare = bareText === 'true';
	const top = bare ? gitDir : await topLevel(folder, gitDir);
	return {top, bare, gitDir, commonDir, alternates: await readAlternates(path.join(commonDir, 'objects'))};
}

async function topLevel(folder: string, gitDir: string): Promise<string> {
	const {code, stdout} = await git(folder, ['rev-parse', '--show-toplevel']);
	// Inside .git itself there is no working tree to show.
	return code === 0 ? stdout.toString('utf8').replace(/\n$/, '') : path.dirname(gitDir);
}

async function readAlternates(objects: string, depth = 0): Promise<string[]> {
	const text = await readFile(path.join(objects, 'info', 'alternates'), 'utf8').catch(() => '');
	const direct = text
		.split('\n')
		.filter(line => line !== '' && !line.startsWith('#'))
		.map(line => path.resolve(objects, line));
	const further = depth < 5 ? await Promise.all(direct.map(async each => readAlternates(each, depth + 1))) : [];
	return [...direct, ...further.flat()];
}

/** Whether a working tree's `.git` is the repository itself, and not a file that points elsewhere. */
export const hasOwnGitFolder = async (top: string): Promise<boolean> =>
	lstat(path.join(top, '.git')).then(
		found => found.isDirectory(),
		() => false,
	);
