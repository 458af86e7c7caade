import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {onTestFinished} from 'vitest';
import {runScriptStep} from '../../../source/environment/runner.js';
import type {StepContext, StepResult} from '../../../source/environment/step.js';
import type {Link} from '../../../source/system/link.js';
import {quote} from '../../../source/system/shell.js';
import type {Bench} from '../../support/engine.js';
import {makePlaces} from '../support.js';

export type Outcome = StepResult & {
	readonly log: string;
	/** The last line: the reason, where it failed. */
	readonly reason: string;
	readonly next: string | undefined;
};

/** A place where steps for a machine run. */
export type Host = {
	readonly link: Link;
	readonly context: StepContext;
	readonly stepFolder: string;
	perform(script: string, onLog?: (text: string) => void): Promise<Outcome>;
	/** A command's output, without blanks at its ends; what it wrote to standard error where it failed. */
	sh(command: string): Promise<string>;
	/** Kills the running step's runner with SIGKILL; `all`: with everything that it started. Tells whether there was one. */
	kill(victims: 'runner' | 'all'): Promise<boolean>;
	/** The step's progress line, '' where there is none. */
	progress(): Promise<string>;
};

export function makeHost(link: Link, context: StepContext): Host {
	const stepFolder = `${context.stateFolder}/steps/image`;
	const sh = async (command: string) => {
		const {code, stdout, stderr} = await link.exec(`sh -c ${quote(command)}`);
		return code === 0 ? stdout.trim() : stderr.trim() || `exit code ${code}`;
	};

	return {
		link,
		context,
		stepFolder,
		sh,
		progress: async () => sh(`cat ${quote(`${stepFolder}/progress`)} 2>/dev/null || true`),
		async kill(victims) {
			const pid = await sh(`head -n 1 ${quote(`${stepFolder}/pid`)}`);
			// The runner's process group is all that it started.
			return (await sh(`kill -9 ${victims === 'all' ? '-' : ''}${pid} && echo killed`)) === 'killed';
		},
		async perform(script, onLog) {
			const pieces: string[] = [];
			const step = {id: 'image', title: 'Test', pane: 'build', script, when: 'always', optional: false} as const;
			const result = await runScriptStep(link, step, context, ({log = ''}) => {
				pieces.push(log);
				onLog?.(log);
			});
			const next = await sh(`cat ${quote(`${stepFolder}/next`)} 2>/dev/null || true`);
			return {...result, log: pieces.join(''), reason: result.lastLines.at(-1) ?? '', next: next === '' ? undefined : next};
		},
	};
}

/** This machine with the bench's engine. */
export async function localHost({engine}: Bench): Promise<Host & {readonly folder: string}> {
	const places = await makePlaces();
	const {link} = places;
	const named: Link = {
		...link,
		exec: async (command, options) => link.exec(`DOCKER_HOST=${quote(engine.host)}; export DOCKER_HOST; ${command}`, options),
	};
	return {...makeHost(named, places.context), folder: places.folder};
}

/** A file with a login as the client puts it there. */
export async function writeLogin(
	login: {readonly username: string; readonly password: string},
	serveraddress = '',
): Promise<string> {
	const folder = await mkdtemp('/dev/shm/dt-login-');
	onTestFinished(async () => rm(folder, {recursive: true, force: true}));
	const file = path.join(folder, 'login');
	await writeFile(file, JSON.stringify({...login, serveraddress}), {mode: 0o600});
	return file;
}

/** Every file below a folder that holds a text. */
export async function filesWith(host: Host, folder: string, text: string): Promise<string[]> {
	const found = await host.sh(`grep -rlF ${quote(text)} ${quote(folder)} || true`);
	return found.split('\n').filter(Boolean);
}
