import {existsSync} from 'node:fs';
import {homedir, userInfo} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {parse} from 'node:url';
import type Docker from 'dockerode';
import {z} from 'zod';
import {messageOf} from '../../../system/problem.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {plainLineOf} from '../../../system/values.js';
import {type Account, BackendError, type BackendErrorClass} from '../../backend.js';

/** An engine that answered, or why there is none to use. `host` is where its published ports are reached. */
export type EngineSearch =
	| {readonly docker: Docker; readonly reason?: undefined; readonly host: string; readonly info: EngineInfo}
	| {
			readonly docker: undefined;
			readonly reason: 'absent' | 'not permitted' | 'silent';
			/** Whether `DOCKER_HOST` names one. */
			readonly named: boolean;
			readonly note: string;
	  };

export type EngineInfo = {
	readonly cpu: number;
	/** MiB. */
	readonly memory: number;
	readonly nvidia: boolean;
	readonly version: string;
	/** The engine's own id; some that only look like Docker make one up for each answer. */
	readonly id: string;
	/** What its machine is called. */
	readonly name: string;
};

const answerLimit = 3000;

const sockets = (): string[] => [
	'/var/run/docker.sock',
	path.join(homedir(), '.docker', 'run', 'docker.sock'),
	...(process.env['XDG_RUNTIME_DIR'] ? [path.join(process.env['XDG_RUNTIME_DIR'], 'docker.sock')] : []),
];

/** The engine that `DOCKER_HOST` names, else the one at the first usual socket. Never throws. */
export async function findEngine(): Promise<EngineSearch> {
	const named = process.env['DOCKER_HOST'];
	const socket = sockets().find(file => existsSync(file));
	if (!named && socket === undefined) {
		return {
			docker: undefined,
			reason: 'absent',
			named: false,
			note: 'docker: no engine here; start one, or name it in DOCKER_HOST',
		};
	}

	try {
		const {default: Dockerode} = await import('dockerode');
		silenceParse();
		const docker = named ? new Dockerode() : new Dockerode({socketPath: socket});
		const info = await ask<unknown>(docker, '/info', answerLimit);
		return {docker, host: hostOf(named), info: readInfo(info)};
	} catch (error) {
		return refused(error, named || socket || '', Boolean(named));
	}
}

/**
The client asks Node for `url.parse()`, of which Node warns once, on the terminal, where it is called outside of node_modules, as a bundle
is. Called here first, with the warning off, it has been warned of.
*/
function silenceParse(): void {
	const {noDeprecation} = process as {noDeprecation?: boolean};
	Object.assign(process, {noDeprecation: true});
	try {
		parse('');
	} finally {
		Object.assign(process, {noDeprecation});
	}
}

function refused(error: unknown, where: string, named: boolean): EngineSearch {
	const {code} = error as NodeJS.ErrnoException;
	if (code === 'EACCES' || code === 'EPERM') {
		const note = `docker: ${where} is there, but you may not use it; \`sudo usermod -aG docker ${userInfo().username}\`, then log in again`;
		return {docker: undefined, reason: 'not permitted', named, note};
	}

	const reason = code === 'ENOENT' || code === 'ECONNREFUSED' ? 'absent' : 'silent';
	return {
		docker: undefined,
		reason,
		named,
		note: `docker: no engine answers at ${neutraliseLine(where)}${named ? ', which DOCKER_HOST names' : ''} (${neutraliseLine(messageOf(error))})`,
	};
}

const told = z.object({
	NCPU: z.number().positive().catch(1),
	MemTotal: z.number().nonnegative().catch(0),
	Runtimes: z.record(z.string(), z.unknown()).catch({}),
	ServerVersion: z.string().catch(''),
	ID: z.string().catch(''),
	Name: z.string().catch(''),
});

/** Throws for an answer that is none of an engine. */
function readInfo(answer: unknown): EngineInfo {
	const info = told.safeParse(answer);
	if (!info.success) {
		throw new Error('the answer is none of an engine');
	}

	const {NCPU, MemTotal, Runtimes, ServerVersion, ID, Name} = info.data;
	return {
		cpu: NCPU,
		memory: Math.floor(MemTotal / 1024 / 1024),
		nvidia: Object.keys(Runtimes).includes('nvidia'),
		version: plainLineOf(neutraliseLine(ServerVersion)).slice(0, 40),
		id: plainLineOf(neutraliseLine(ID)).slice(0, 100),
		name: plainLineOf(neutraliseLine(Name)).slice(0, 100),
	};
}

/** The engine as an account: one that gives no id that lasts is known by its machine and the way that leads to it. */
export async function engineAccount(): Promise<Account> {
	const {docker, host, info} = await requireEngine();
	try {
		const {id: again} = readInfo(await ask<unknown>(docker, '/info', answerLimit));
		const isLasting = info.id !== '' && info.id === again;
		const id = isLasting ? info.id : `${info.name} at ${process.env['DOCKER_HOST'] ?? host}`;
		return {id: `docker ${id}`, label: `the Docker engine${isLasting ? ` ${info.id.slice(0, 8)}` : ''} of ${info.name || host}`};
	} catch (error) {
		throw engineError(error);
	}
}

const hostOf = (named: string | undefined): string => {
	const match = /^(?:tcp|https?):\/\/(?:\[([^\]]+)\]|([^:/]+))/.exec(named ?? '');
	return match?.[1] ?? match?.[2] ?? '127.0.0.1';
};

/** The engine, or a `BackendError` that says what to do about its absence. */
export async function requireEngine(): Promise<{docker: Docker; host: string; info: EngineInfo}> {
	const search = await findEngine();
	if (search.docker) {
		return search;
	}

	throw search.reason === 'not permitted'
		? new BackendError('permission', search.note)
		: new BackendError('transient', search.note, {next: 'Start the Docker engine and try again.'});
}

/** Asks the engine. Without an answer in time the question is taken back: its connection would keep the program from ending. */
export async function ask<T>(docker: Docker, path: string, milliseconds: number): Promise<T> {
	const signal = AbortSignal.timeout(milliseconds);
	return new Promise((resolve, reject) => {
		docker.modem.dial(
			{path, method: 'GET', abortSignal: signal, statusCodes: {200: true}},
			(error: Error | null, answer: unknown) => {
				if (error) {
					reject(signal.aborted ? new Error(`no answer in ${milliseconds / 1000} s`) : error);
				} else {
					resolve(answer as T);
				}
			},
		);
	});
}

const classes: ReadonlyArray<[pattern: RegExp, errorClass: BackendErrorClass, next: string]> = [
	[/no space left/i, 'capacity', 'Free some disk space where the engine keeps its images (`docker system df` shows it).'],
	[/EACCES|permission denied/i, 'permission', 'Give yourself the right to use the Docker engine.'],
	[
		/unauthorized|authentication required|no basic auth|denied|incorrect username/i,
		'permission',
		'Check `registry_auth` and the name of the image.',
	],
	[/exec format error|no matching manifest/i, 'configuration', 'The image is for another architecture than this machine.'],
	[/manifest unknown|not found|no such image|invalid reference/i, 'configuration', 'Check the name and the tag of `image`.'],
	[
		/ECONNREFUSED|ENOENT|ECONNRESET|EAI_AGAIN|ENOTFOUND|timeout|i\/o timeout|no such host/i,
		'transient',
		'Check the network and the engine, and try again.',
	],
];

/** The engine's words with their class. */
export function engineError(error: unknown): BackendError {
	if (error instanceof BackendError) {
		return error;
	}

	const {json} = error as {json?: {message?: string}};
	const message = neutraliseLine(json?.message ?? messageOf(error)).slice(0, 500);
	const found = classes.find(([pattern]) => pattern.test(message));
	return new BackendError(found?.[1] ?? 'unknown', message, {next: found?.[2], cause: error});
}

export const isGone = (error: unknown): boolean => (error as {statusCode?: number}).statusCode === 404;
