import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, open, rm, writeFile} from 'node:fs/promises';
import {devNull} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {Problem} from '../../system/problem.js';
import {searchPath} from '../../system/search-path.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {GitLocation} from './git-location.js';
import {makeReadOnlyRepository} from './view.js';

export type GitResult = {readonly code: number; readonly stdout: Buffer; readonly stderr: string};

export type GitOptions = {
	readonly input?: Buffer;
	/** Where the output goes instead of into memory. */
	readonly file?: string;
	/** The working folder of git. @default the top of the working tree */
	readonly cwd?: string;
};

/** The user's variables, without any by which git would look elsewhere, do something else, or say more than it is asked. */
const withoutGit = (folder: string): NodeJS.ProcessEnv => ({
	...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_') || name === 'GIT_EXEC_PATH')),
	PATH: searchPath(folder),
	LC_ALL: 'C',
});

/** Settings of ours are all that there are: neither the system's nor the person's change what a command does, reads or prints. */
const alone = (folder: string, gitDir: string): NodeJS.ProcessEnv => ({
	...withoutGit(folder),
	GIT_DIR: gitDir,
	HOME: gitDir,
	XDG_CONFIG_HOME: gitDir,
	GIT_CONFIG_GLOBAL: path.join(gitDir, '.gitconfig'),
	GIT_CONFIG_NOSYSTEM: '1',
	GIT_ATTR_NOSYSTEM: '1',
	GIT_TERMINAL_PROMPT: '0',
	GIT_ALLOW_PROTOCOL: 'file',
	GIT_NO_LAZY_FETCH: '1',
	GIT_NO_REPLACE_OBJECTS: '1',
	// Looking must not write: `status` would refresh the index.
	GIT_OPTIONAL_LOCKS: '0',
});

/**
Runs git on a repository that nobody vouched for: through a folder of ours that leads to its objects, references and index and has none of its
settings, so that nothing that these name is run (see `makeView`). Output as bytes, since file names need not be text. Resolves with any exit
code; throws a `configuration` problem where git or the folder is missing.
*/
export async function git(place: GitLocation, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
	const view = await makeReadOnlyRepository(place);
	try {
		const tree = place.bare ? {} : {GIT_WORK_TREE: place.top, GIT_INDEX_FILE: view.index};
		const cwd = options.cwd ?? (place.bare ? view.folder : place.top);
		return await run(cwd, args, {...alone(place.top, view.folder), ...tree}, options);
	} finally {
		await rm(view.folder, {recursive: true, force: true});
	}
}

/** Runs git on a repository that `initOwn` has made. */
export const ownGit = async (gitDir: string, args: readonly string[], options: GitOptions & {readonly workTree?: string} = {}) =>
	run(
		options.workTree ?? gitDir,
		args,
		{...alone(options.workTree ?? gitDir, gitDir), ...(options.workTree === undefined ? {} : {GIT_WORK_TREE: options.workTree})},
		options,
	);

/** Makes an empty bare repository of ours. The folder may be there, and empty. */
export async function initOwn(folder: string, options: readonly string[] = []): Promise<GitResult> {
	await mkdir(folder, {recursive: true, mode: 0o700});
	// For a git that another one starts: a repository of ours may lie on a disk that knows no owners.
	await writeFile(path.join(folder, '.gitconfig'), '[safe]\n\tdirectory = *\n');
	return ownGit(folder, ['init', '--quiet', '--bare', '--template=', ...options, folder]);
}

/** Asks for what the user's settings say, in no repository. */
export const personGit = async (args: readonly string[]): Promise<GitResult> => {
	const kept = Object.entries(process.env).filter(([name]) => name.startsWith('GIT_CONFIG'));
	return run('/', args, {...withoutGit(process.cwd()), ...Object.fromEntries(kept), GIT_DIR: devNull}, {});
};

async function run(folder: string, args: readonly string[], env: NodeJS.ProcessEnv, options: GitOptions): Promise<GitResult> {
	const handle = options.file === undefined ? undefined : await open(options.file, 'w', 0o600);
	try {
		return await start(folder, args, env, options.input ?? Buffer.alloc(0), handle?.fd ?? 'pipe');
	} finally {
		await handle?.close();
	}
}

async function start(
	folder: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv,
	input: Buffer,
	target: number | 'pipe',
): Promise<GitResult> {
	return new Promise((resolve, reject) => {
		const child = spawn('git', ['--no-pager', ...args], {cwd: folder, env, stdio: ['pipe', target, 'pipe']});
		const [output, errors]: [Buffer[], Buffer[]] = [[], []];
		child.stdout?.on('data', (piece: Buffer) => output.push(piece));
		child.stderr?.on('data', (piece: Buffer) => errors.push(piece));
		child.once('error', (error: NodeJS.ErrnoException) => {
			reject(error.code === 'ENOENT' ? missing(folder) : error);
		});
		child.once('close', code => {
			resolve({code: code ?? 1, stdout: Buffer.concat(output), stderr: Buffer.concat(errors).toString('utf8').trim()});
		});
		// It may end, with its reason in its exit code, before it has read everything.
		child.stdin?.on('error', () => undefined);
		child.stdin?.end(input);
	});
}

/** The system says of a missing program and of a missing folder the same. */
const missing = (folder: string): Problem =>
	existsSync(folder)
		? new Problem('configuration', 'git is not installed, and it tells which files belong to the code', {
				next: 'Install git and try again.',
			})
		: new Problem('configuration', `There is no folder ${neutraliseLine(folder)}`);

/** What git says of a folder that it does not read. */
export const gitProblem = (folder: string, stderr: string): Problem =>
	new Problem('configuration', `git cannot read ${neutraliseLine(folder)}: ${neutraliseLine(stderr.split('\n')[0] ?? '')}`);

/** The same where anything but success is a problem to be reported. */
export async function gitOutput(place: GitLocation, args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
	const {code, stdout, stderr} = await git(place, args, options);
	if (code !== 0) {
		throw gitProblem(place.top, stderr || `exit code ${code}`);
	}

	return stdout;
}

/** Splits `-z` output; names stay bytes. */
export function splitZero(bytes: Buffer): Buffer[] {
	const parts: Buffer[] = [];
	let from = 0;
	for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
		parts.push(bytes.subarray(from, end));
		from = end + 1;
	}

	return parts;
}

export const joinZero = (names: readonly Buffer[]): Buffer => Buffer.concat(names.flatMap(name => [name, Buffer.from([0])]));
