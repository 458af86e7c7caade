import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import process from 'node:process';
import type {Paths} from '../../system/paths.js';
import {messageOf} from '../../system/problem.js';
import {deferredPins} from './alias-file.js';

export type SshResult = {
	/** Undefined where it was ended by us, or could not be started. */
	readonly code: number | undefined;
	readonly stdout: string;
	readonly stderr: string;
	/** There is no `ssh` on the PATH. */
	readonly missing: boolean;
	/** Why the system did not start it, where it is there. */
	readonly refusal?: string | undefined;
	readonly timedOut: boolean;
};

/** What is kept of its output, characters. */
const mostOutput = 256 * 1024;

export type SshLimits = {
	/** Milliseconds, after which it and all that it started is ended. */
	readonly limit: number;
	readonly signal?: AbortSignal | undefined;
};

/** Runs the system's own `ssh` without a terminal, so that it can ask nothing. Never rejects. */
export async function runSsh(args: readonly string[], {limit, signal}: SshLimits): Promise<SshResult> {
	const output = {stdout: '', stderr: ''};
	let child: ChildProcess;
	try {
		child = spawn('ssh', args, {
			// The working folder may be gone, and without a folder nothing starts.
			cwd: existsSync(homedir()) ? homedir() : '/',
			stdio: ['ignore', 'pipe', 'pipe'],
			// A group of its own: with it go the `ssh` that it starts for the way through, and whatever the person's config starts.
			detached: true,
			env: {...process.env, SSH_ASKPASS_REQUIRE: 'never'},
		});
	} catch (error) {
		return {code: undefined, ...output, missing: false, refusal: messageOf(error), timedOut: false};
	}

	for (const name of ['stdout', 'stderr'] as const) {
		// Where the system lacks descriptors, there is none.
		child[name]?.setEncoding('utf8').on('data', (piece: string) => {
			output[name] = (output[name] + piece).slice(0, mostOutput);
		});
	}

	const kill = () => {
		if (child.pid !== undefined) {
			try {
				process.kill(-child.pid, 'SIGKILL');
			} catch {
				// All of it has ended in the meantime.
			}
		}
	};

	return new Promise(resolve => {
		let timedOut = false;
		const timer = setTimeout(() => {
			timedOut = true;
			kill();
			end(undefined);
		}, limit);
		const onAbort = () => {
			kill();
			end(undefined);
		};

		const end = (code: number | undefined, refusal?: NodeJS.ErrnoException) => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', onAbort);
			const missing = refusal?.code === 'ENOENT';
			resolve({code, ...output, missing, refusal: missing ? undefined : refusal?.message, timedOut});
		};

		signal?.addEventListener('abort', onAbort, {once: true});
		child.once('error', error => end(undefined, error));
		child.once('close', code => end(code ?? undefined));
		if (signal?.aborted) {
			onAbort();
		}
	});
}

/** What the system's `ssh` is started with to read the same config as a person's `ssh NAME`. */
export const configArguments = ({sshReadsUserConfig, userSshConfig}: Paths): string[] =>
	sshReadsUserConfig ? [] : ['-F', userSshConfig];

/** `Match exec` may run whatever the person wrote there. Milliseconds. */
const readLimit = 5000;

/** What `ssh` would do for a host, key by key, without connecting; or what it says where it cannot read its config. */
export type SshReading = {readonly settings: ReadonlyMap<string, readonly string[]> | undefined; readonly said: SshResult};

/** `ssh -G`: each key in lower case, with all its values in their order. */
export async function readWithSsh(args: readonly string[], host: string, signal?: AbortSignal): Promise<SshReading> {
	const said = await runSsh(['-G', ...args, host], {limit: readLimit, signal});
	if (said.code !== 0) {
		return {settings: undefined, said};
	}

	const settings = new Map<string, string[]>();
	for (const line of said.stdout.split('\n').filter(each => each !== '')) {
		const space = line.indexOf(' ');
		const key = (space === -1 ? line : line.slice(0, space)).toLowerCase();
		settings.set(key, [...(settings.get(key) ?? []), space === -1 ? '' : line.slice(space + 1)]);
	}

	return {settings, said};
}

/** The lines that set back what the person's settings would do to a run, of those that not every ssh knows. */
export async function deferredPinsNeeded(paths: Paths, name: string): Promise<string[]> {
	const args = configArguments(paths);
	const found = new Set<string>();
	let reading = await readWithSsh(args, name);
	if (reading.said.stderr.includes('Cannot fork into background')) {
		// It does not even say what it read.
		found.add('forkafterauthentication');
		reading = await readWithSsh(['-o', 'ForkAfterAuthentication=no', ...args], name);
	}

	for (const [key, {usual}] of Object.entries(deferredPins)) {
		const value = reading.settings?.get(key)?.[0];
		if (value !== undefined && value !== usual && (usual !== undefined || value !== 'none')) {
			found.add(key);
		}
	}

	return [...found].map(key => deferredPins[key]?.line ?? '');
}
