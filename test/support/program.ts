import {execFileSync, spawn, type ChildProcess} from 'node:child_process';
import {mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {expect, onTestFinished} from 'vitest';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
export const cliFile = path.join(root, 'dist/cli.js');

export type Result = {readonly code: number; readonly stdout: string; readonly stderr: string};

/** A home and a project of their own, and the whole program in them as a person starts it. What it starts is ended with the test. */
export type World = {
	readonly home: string;
	readonly project: string;
	readonly env: NodeJS.ProcessEnv;
	/** Arguments with which the real ssh, scp and sftp read this home's configuration. */
	readonly sshOptions: readonly string[];
	write(files: Readonly<Record<string, string>>): Promise<void>;
	/** Runs the program to its end. */
	cli(args: readonly string[], options?: {env?: NodeJS.ProcessEnv; cwd?: string}): Promise<Result>;
	/** Starts the program; its output can be awaited. */
	start(args: readonly string[], env?: NodeJS.ProcessEnv): Started;
	/** Any other command, in the project. */
	run(
		command: string,
		args: readonly string[],
		options?: {input?: string | Buffer; cwd?: string; env?: NodeJS.ProcessEnv},
	): Promise<Result>;
	/** Runs as `ps --json` tells them. */
	runs(): Promise<ReadonlyArray<{name: string; phase: string}>>;
	/** Ids of processes that carry the mark of any run. */
	strays(): Promise<number[]>;
	git(...args: string[]): string;
};

export type Started = {
	readonly child: ChildProcess;
	readonly ended: Promise<Result>;
	output(): string;
	until(pattern: RegExp | string): Promise<string>;
};

const marks = /(?:^|\0)DSTACK_TUI_INTENT=/;

export async function makeWorld(): Promise<World> {
	const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'dt-')));
	const home = path.join(folder, 'home');
	const project = path.join(folder, 'project');
	await mkdir(home, {mode: 0o700});
	await mkdir(project);
	const env: NodeJS.ProcessEnv = {
		...process.env,
		HOME: home,
		DSTACK_TUI_HOME: path.join(home, 'dt'),
		LC_ALL: 'C.UTF-8',
		GIT_CONFIG_GLOBAL: path.join(home, '.gitconfig'),
		// Offers of a Docker engine that happens to be here would take the first place.
		DOCKER_HOST: `unix://${path.join(home, 'no-engine.sock')}`,
		// That place is empty on purpose: what then runs as this user is meant to.
		DSTACK_TUI_PROCESS: 'always',
		PAGER: 'cat',
		// Nor is anybody's price list read unasked.
		DSTACK_TUI_NO_REFRESH: '1',
	};
	// An empty one would count as well.
	delete env['CI'];
	delete env['npm_lifecycle_event'];
	// Nor may a test ask a cloud with the keys of whoever runs it.
	for (const name of Object.keys(env).filter(each => /^(?:AWS_|LAMBDA_|RUNPOD_|DSTACK_SERVER_DIR$)/.test(each))) {
		delete env[name];
	}

	await writeFile(
		path.join(home, '.gitconfig'),
		'[user]\n\tname = Test\n\temail = test@example.invalid\n[init]\n\tdefaultBranch = main\n',
	);

	const run: World['run'] = async (command, args, {input, cwd = project, env: more = {}} = {}) => {
		const child = spawn(command, args, {cwd, env: {...env, ...more}, stdio: 'pipe'});
		child.stdin.on('error', () => undefined);
		child.stdin.end(input ?? '');
		return finish(child);
	};

	const world: World = {
		home,
		project,
		env,
		sshOptions: ['-F', path.join(home, '.ssh/config')],
		async write(files) {
			for (const [name, text] of Object.entries(files)) {
				await mkdir(path.dirname(path.join(project, name)), {recursive: true});
				await writeFile(path.join(project, name), text);
			}
		},
		cli: async (args, {env: more, cwd} = {}) => run(process.execPath, [cliFile, ...args], {env: more, cwd}),
		start(args, more = {}) {
			const child = spawn(process.execPath, [cliFile, ...args], {
				cwd: project,
				env: {...env, ...more},
				stdio: ['ignore', 'pipe', 'pipe'],
			});
			return follow(child);
		},
		run,
		async runs() {
			const {stdout} = await world.cli(['ps', '--json']);
			return objects<{name: string; phase: string}>(stdout);
		},
		strays: async () => marked(home),
		git: (...args) => execFileSync('git', args, {cwd: project, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}),
	};

	onTestFinished(async () => {
		for (const {name} of await world.runs()) {
			await world.cli(['stop', name, '-y', '--discard']);
		}

		const left = await world.strays();
		await rm(folder, {recursive: true, force: true});
		expect(left).toEqual([]);
	});
	return world;
}

async function finish(child: ChildProcess): Promise<Result> {
	let stdout = '';
	let stderr = '';
	child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve({code: code ?? (signal ? 128 : 1), stdout, stderr}));
	});
}

function follow(child: ChildProcess): Started {
	let output = '';
	const listeners = new Set<() => void>();
	for (const stream of [child.stdout, child.stderr]) {
		stream?.setEncoding('utf8').on('data', (text: string) => {
			output += text;
			for (const listener of listeners) {
				listener();
			}
		});
	}

	const ended = finish(child);
	return {
		child,
		ended,
		output: () => output,
		async until(pattern) {
			const found = () => (typeof pattern === 'string' ? output.includes(pattern) : pattern.test(output));
			await new Promise<void>((resolve, reject) => {
				const check = () => {
					if (found()) {
						listeners.delete(check);
						resolve();
					}
				};

				listeners.add(check);
				check();
				void ended.then(({code}) => {
					if (!found()) {
						reject(new Error(`it ended with ${code} before ${String(pattern)} came:\n${output}`));
					}
				});
			});
			return output;
		},
	};
}

/** Processes that a run of this home has marked, by what the kernel says of their environment. */
async function marked(home: string): Promise<number[]> {
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
	const found = await Promise.all(
		pids.map(async pid => {
			const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
			return marks.test(environment) && environment.includes(home) ? Number(pid) : undefined;
		}),
	);
	return found.filter(pid => pid !== undefined);
}

/** What `--json` printed: one object a line. */
export const objects = <T>(text: string): T[] =>
	text
		.split('\n')
		.filter(Boolean)
		.map(line => JSON.parse(line) as T);

/** Waits for a condition, and tells with its last value when it does not come about. */
export async function eventually<T>(probe: () => Promise<T> | T, accept: (value: T) => boolean, limit = 20_000): Promise<T> {
	const started = Date.now();
	for (;;) {
		const value = await probe();
		if (accept(value)) {
			return value;
		}

		if (Date.now() - started > limit) {
			throw new Error(`it did not come about; last: ${JSON.stringify(value)}`);
		}

		await new Promise(resolve => setTimeout(resolve, 50));
	}
}

export const hasCommand = (command: string): boolean => {
	try {
		execFileSync('sh', ['-c', `command -v ${command}`], {stdio: 'ignore'});
		return true;
	} catch {
		return false;
	}
};

/** What a program said beside its output, without what it waited for: on a slow machine that is more than on a fast one. */
export const withoutWaits = (stderr: string): string => stderr.replaceAll(/^dstack-tui: waiting for .*\n/gm, '');
