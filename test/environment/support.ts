import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {mkdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {onTestFinished} from 'vitest';
import type {DevEnvironment} from '../../source/configuration/model.js';
import type {StepContext} from '../../source/environment/step.js';
import {endAll, markedProcesses} from '../../source/system/processes.js';
import type {ExecOptions, ExecResult, Link} from '../../source/system/link.js';
import {temporaryFolder} from '../support/folders.js';

export const hasGit = spawnSync('git', ['--version']).status === 0;
export const hasTar = spawnSync('tar', ['--version']).status === 0;

export const environment = (changes: Partial<DevEnvironment> = {}): DevEnvironment => ({
	name: undefined,
	ide: undefined,
	image: undefined,
	registryAuth: undefined,
	python: undefined,
	env: {},
	callerEnv: [],
	build: [],
	setup: [],
	init: [],
	ports: [],
	entrypoint: undefined,
	homeDir: undefined,
	cache: [],
	workingDir: undefined,
	user: undefined,
	shell: undefined,
	files: [],
	privileged: false,
	docker: false,
	nvcc: false,
	...changes,
});

/** What scripts in a container of ours are made from. */
export const containerContext = (changes: Partial<StepContext> = {}): StepContext => ({
	configuration: environment(),
	workspace: '/workflow',
	stateFolder: '/dstack-tui',
	venv: '/opt/dstack-tui/venv',
	subfolder: '',
	deadline: undefined,
	isolated: true,
	intentId: 'test',
	run: 'test-run-1',
	...changes,
});

type LocalLink = Link & {
	/** Breaks off what runs over it, as a lost connection does: the commands go on, nobody hears them. */
	lose(): void;
};

/** Commands as an SSH server runs them: by a shell, in a session of their own, with the home folder around them. */
export function localLink(home: string, variables: Readonly<Record<string, string>> = {}): LocalLink {
	const open = new Set<(error: Error) => void>();
	let lost = false;
	const exec = async (command: string, options: ExecOptions = {}): Promise<ExecResult> => {
		if (lost) {
			throw new Error('the connection was lost');
		}

		const {stdin, onOutput, signal} = options;
		signal?.throwIfAborted();
		const env = {HOME: home, PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', ...variables};
		const child = spawn('/bin/sh', ['-c', command], {cwd: home, env, detached: true, stdio: 'pipe'});
		return new Promise((resolve, reject) => {
			const gathered = {stdout: [] as Buffer[], stderr: [] as Buffer[]};
			const fail = (error: Error) => {
				open.delete(fail);
				child.stdin.destroy();
				child.stdout.destroy();
				child.stderr.destroy();
				reject(error);
			};

			open.add(fail);
			signal?.addEventListener('abort', () => fail(signal.reason as Error), {once: true});
			for (const stream of ['stdout', 'stderr'] as const) {
				child[stream].on('data', (piece: Buffer) => {
					if (onOutput) {
						onOutput(piece, stream);
					} else {
						gathered[stream].push(piece);
					}
				});
			}

			child.stdin.on('error', () => undefined);
			if (stdin === undefined || typeof stdin === 'string' || Buffer.isBuffer(stdin)) {
				child.stdin.end(stdin ?? '');
			} else {
				stdin.pipe(child.stdin);
			}

			child.once('error', fail);
			child.once('close', code => {
				open.delete(fail);
				resolve({
					code: code ?? 137,
					stdout: Buffer.concat(gathered.stdout).toString('utf8'),
					stderr: Buffer.concat(gathered.stderr).toString('utf8'),
				});
			});
		});
	};

	const lose = () => {
		lost = true;
		for (const fail of open) {
			fail(new Error('the connection was lost'));
		}
	};

	return {exec, lose, close: lose, closed: new Promise(() => undefined)};
}

let count = 0;

/** A person's folder `here` and a place `there`: home, workspace, state folder. Processes of its steps end with the test. */
export async function makePlaces(changes: Partial<StepContext> = {}) {
	const folder = await temporaryFolder();
	const [here, home] = [path.join(folder, 'here'), path.join(folder, 'there', 'home')];
	await mkdir(here);
	await mkdir(home, {recursive: true});
	const context: StepContext = {
		configuration: environment(),
		workspace: path.join(folder, 'there', 'work space'),
		stateFolder: path.join(folder, 'there', "state's"),
		venv: path.join(folder, 'there', "state's", 'venv'),
		subfolder: '',
		deadline: undefined,
		isolated: false,
		intentId: `test-${process.pid}-${count++}`,
		run: 'test-run-1',
		...changes,
	};
	await mkdir(context.workspace);
	await mkdir(context.stateFolder);
	onTestFinished(async () => endAll(async () => markedProcesses(`DSTACK_TUI_INTENT=${context.intentId}`), 2000));
	return {folder, here, home, context, link: localLink(home)};
}

const person = {
	GIT_AUTHOR_NAME: 'A',
	GIT_AUTHOR_EMAIL: 'a@example.org',
	GIT_COMMITTER_NAME: 'A',
	GIT_COMMITTER_EMAIL: 'a@example.org',
	GIT_CONFIG_GLOBAL: '/dev/null',
	GIT_CONFIG_SYSTEM: '/dev/null',
};

const gitEnvironment = (): NodeJS.ProcessEnv => ({
	...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
	...person,
});

/** A file with its folders; its own name is in it unless something else is said. */
export const write = (folder: string, name: string, text = name): void => {
	const file = path.join(folder, name);
	mkdirSync(path.dirname(file), {recursive: true});
	writeFileSync(file, text);
};

/** Git in a folder, as a person of the tests; throws what it says when it fails. */
export const git = (folder: string, ...args: string[]): string =>
	execFileSync('git', ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', ...args], {
		cwd: folder,
		env: gitEnvironment(),
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'pipe'],
	});

/** The same where it may fail: a merge in conflict, say. */
export const tryGit = (folder: string, ...args: string[]): string => {
	const {stdout, stderr, status} = spawnSync('git', args, {
		cwd: folder,
		env: gitEnvironment(),
		encoding: 'utf8',
		maxBuffer: 1 << 28,
	});
	return `${status}\n${stdout}${stderr}`;
};

export const readIf = async (file: string): Promise<string | undefined> =>
	existsSync(file) ? readFile(file, 'utf8') : undefined;
