import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {open} from 'node:fs/promises';
import process from 'node:process';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';

export type GitResult = {readonly code: number; readonly stdout: Buffer; readonly stderr: string};

/** The person's own variables, without those by which git would look at another repository than the one in the folder. */
const environment = (): NodeJS.ProcessEnv => {
	const kept = Object.entries(process.env).filter(
		([name]) => !name.startsWith('GIT_') || name.startsWith('GIT_CONFIG') || name === 'GIT_EXEC_PATH',
	);
	// Looking must not write: `status` would refresh the index.
	return {...Object.fromEntries(kept), GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C'};
};

/**
Runs git in a folder; output as bytes, since file names need not be text, or into a file. Resolves with any exit code; throws a `configuration` problem
where git or the folder is missing.
*/
export async function git(
	folder: string,
	args: readonly string[],
	input: Buffer = Buffer.alloc(0),
	file?: string,
): Promise<GitResult> {
	const handle = file === undefined ? undefined : await open(file, 'w', 0o600);
	try {
		return await run(folder, args, input, handle?.fd ?? 'pipe');
	} finally {
		await handle?.close();
	}
}

async function run(folder: string, args: readonly string[], input: Buffer, target: number | 'pipe'): Promise<GitResult> {
	return new Promise((resolve, reject) => {
		const child = spawn('git', args, {cwd: folder, env: environment(), stdio: ['pipe', target, 'pipe']});
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
	new Problem('configuration', `git cannot read ${neutraliseLine(folder)}: ${neutraliseLine(stderr.split('\n')[0] ?? '')}`, {
		next: /dubious ownership/.test(stderr)
			? `If you trust it: git config --global --add safe.directory '${neutraliseLine(folder)}'`
			: undefined,
	});

/** The same where anything but success is a problem to be told. */
export async function gitOutput(folder: string, args: readonly string[]): Promise<Buffer> {
	const {code, stdout, stderr} = await git(folder, args);
	if (code !== 0) {
		throw gitProblem(folder, stderr || `exit code ${code}`);
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
