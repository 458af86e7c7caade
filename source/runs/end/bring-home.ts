import {spawn} from 'node:child_process';
import process from 'node:process';
import {type ExecOptions, type ExecResult, gather, type Link} from '../../system/link.js';
import path from 'node:path';
import {bringHome, type BringHomeOptions, type BroughtHome, keepWorkspace} from '../../environment/bring-home/bring-home.js';
import {messageOf, Problem} from '../../system/problem.js';
import {programName} from '../../system/program-name.js';
import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {stepContext} from '../steps/step.js';
import {findUnsavedWork, isEmpty, overOwnLink} from './unsaved-work.js';
import {dateTime, keptLines} from '../words/event-words.js';

/** What has to come, what is told meanwhile, and how it is broken off. */
export type BringHome = Pick<BringHomeOptions, 'listed' | 'onReport' | 'signal'>;

const nothing: BroughtHome = {folder: undefined, repositories: []};

/** Brings home what exists only in a run's environment; it goes on as it is. Throws a `Problem`. */
export async function bringRunHome(context: RunContext, record: RunRecord, how: BringHome = {}): Promise<BroughtHome> {
	const {known} = record;
	const {name, phase, specification} = known;
	const date = dateTime(context.clock.now()).slice(0, 10);
	const options = {...how, source: specification.folder, place: path.join(context.paths.brought, `${name}-${date}`)};
	if (phase === 'ended') {
		return bringKeptHome(context, record, options);
	}

	if (isEmpty(known)) {
		return nothing;
	}

	try {
		return await overOwnLink(record, async link => bringHome(link, stepContext(known), options));
	} catch (error) {
		if (error instanceof Problem) {
			throw error;
		}

		// Nothing is lost where nothing is left.
		const work = await findUnsavedWork(context, record);
		if (work && !work.changed) {
			return nothing;
		}

		throw new Problem('failed', `The work in ${name} could not be brought home: ${messageOf(error)}`, {
			next: `Try again: ${programName} bring-home ${name}`,
			cause: error,
		});
	}
}

/** From one that has stopped, without starting anything: a folder of this machine is read where it lies, a container's is copied out. */
async function bringKeptHome(context: RunContext, {known}: RunRecord, options: BringHomeOptions): Promise<BroughtHome> {
	const {name, offer, instanceId = '', workspace = '', sharesNetwork} = known;
	if (sharesNetwork) {
		return bringHome(hereLink(), stepContext(known), options);
	}

	const {copyOut} = await context.backend(offer.backend);
	if (!copyOut) {
		throw new Problem('failed', `What ${name} has kept cannot be fetched from here`, {details: keptLines(known).slice(0, -1)});
	}

	return keepWorkspace(await copyOut(instanceId, workspace), options);
}

/** Commands in this machine's own `sh`: for what an environment that was a host process has left here. */
export const hereLink = (): Link => ({
	exec: async (command, options) => run(command, options),
	closed: new Promise(() => undefined),
	close: () => undefined,
});

async function run(command: string, {stdin = '', onOutput, signal}: ExecOptions = {}): Promise<ExecResult> {
	signal?.throwIfAborted();
	const child = spawn('/bin/sh', ['-c', command], {cwd: '/', env: process.env, stdio: 'pipe', signal});
	const gathered = {stdout: gather(), stderr: gather()};
	for (const stream of ['stdout', 'stderr'] as const) {
		child[stream].on('data', (piece: Buffer) => {
			if (onOutput) {
				onOutput(piece, stream);
			} else {
				gathered[stream].add(piece);
			}
		});
	}

	// It may end before it has read everything.
	child.stdin.on('error', () => undefined);
	if (typeof stdin === 'string' || Buffer.isBuffer(stdin)) {
		child.stdin.end(stdin);
	} else {
		stdin.pipe(child.stdin);
	}

	return new Promise((resolve, reject) => {
		child.once('error', error => reject((signal?.aborted ? (signal.reason as Error) : undefined) ?? error));
		child.once('close', code => {
			resolve({code: code ?? 137, stdout: gathered.stdout.text(), stderr: gathered.stderr.text()});
		});
	});
}
