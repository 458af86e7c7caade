import {type Backend, BackendError, type Instance} from '../../backends/backend.js';
import {messageOf, Problem} from '../../system/problem.js';
import {programName} from '../../system/program-name.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {openEnvironment} from '../link/destination.js';
import {isOver, type RunState} from '../model/state.js';
import {describeInstance, haltedReason, isHalted} from '../steps/run-instance.js';
import {isPastDeadline} from '../words/overdue-words.js';
import {endedProblem} from '../words/problems.js';
import {noteHalted} from './examine.js';

/** Milliseconds. */
const answerLimit = 5 * 60_000;
const answerPause = 2000;
const tryLimit = 20_000;

export type StartAgain = {
	/** Aborted, what was asked for goes on in the cloud, and is not waited for. */
	readonly signal?: AbortSignal;
	/** What is waited for, each time that this changes. */
	readonly onProgress?: (text: string) => void;
};

/** What came of it: whether there was anything to start, and whether an environment that was ready is reached again. */
export type Started = {readonly was: 'stopped' | 'running'; readonly answers: boolean};

/**
Starts the machine of a run that is stopped in its cloud, and waits until what runs in it is reached again, where it had been ready. The
request is in the journal before the cloud hears of it. Throws a `Problem` where there is nothing to start, where its deadline has passed, so
that it would end itself with all that is on it, and where the cloud refuses: then it stays stopped.
*/
export async function startAgain(
	context: RunContext,
	record: RunRecord,
	{signal = new AbortController().signal, onProgress = () => undefined}: StartAgain = {},
): Promise<Started> {
	if (!(await record.own())) {
		throw new Problem('failed', `Another program looks after ${record.name}`, {
			next: `Start it there, with S on its screen, or let go of it there first (d), then try again: ${programName} start ${record.name}`,
		});
	}

	try {
		const was = await startMachine(context, record, signal, onProgress);
		const {phase} = record.known;
		return {was, answers: phase === 'ready' && (was === 'running' || (await answers(context, record, signal, onProgress)))};
	} finally {
		await record.release();
	}
}

async function startMachine(
	context: RunContext,
	record: RunRecord,
	signal: AbortSignal,
	onProgress: (text: string) => void,
): Promise<Started['was']> {
	const state = record.known;
	const {name} = state;
	refuseWithout(state);
	const backend = await context.backend(state.offer.backend);
	const found = await describeInstance(backend, state).catch((error: unknown) => {
		throw startProblem(state, error);
	});
	if (found?.state === 'running') {
		// Somebody else has started it, or nobody had stopped it.
		await noteHalted(context, record, state.halted && {type: 'resumed', instance: found});
		return state.halted ? 'stopped' : 'running';
	}

	if (found?.state !== 'pending' && !isHalted(found)) {
		throw new Problem(
			'failed',
			`The machine of ${name} is not stopped, but has ended: ${found?.reason ?? 'it is not there any more'}`,
			{
				next: `Write that down: ${programName} ps`,
			},
		);
	}

	refuseUnstartable(state, backend, context.clock.now());
	if (isHalted(found) && !state.halted) {
		await noteHalted(context, record, {type: 'halted', reason: haltedReason(found)});
	}

	await record.append({type: 'start-requested'});
	const instance = await ask(record, backend, signal, onProgress);
	await noteHalted(context, record, {type: 'resumed', instance});
	for (const line of (await backend.admit?.(instance.id, signal).catch((error: unknown) => [messageOf(error)])) ?? []) {
		record.note(line);
		onProgress(neutraliseLine(line));
	}

	return 'stopped';
}

/** Asks the cloud, and waits until it runs. What is refused for certain is written down: nothing was started, and nothing is billed for it. */
async function ask(
	record: RunRecord,
	backend: Backend,
	signal: AbortSignal,
	onProgress: (text: string) => void,
): Promise<Instance> {
	const {instanceId = '', account} = record.known;
	try {
		onProgress('asking the cloud to start it');
		const started = await backend.start?.(instanceId, account, signal, ({text}) => onProgress(text));
		if (started?.state === 'running') {
			return started;
		}

		throw new BackendError('transient', 'its cloud has agreed to start it, and does not say yet that it runs');
	} catch (error) {
		const {halted} = record.known;
		const isRefused = error instanceof BackendError && error.class !== 'transient' && error.class !== 'unknown';
		if (halted && isRefused) {
			await record.append({type: 'halted', reason: halted.reason, start: halted.start});
		}

		signal.throwIfAborted();
		throw startProblem(record.known, error);
	}
}

function refuseUnstartable(state: RunState, {name: cloud, start}: Backend, now: number): void {
	const {name, halted} = state;
	if (!start) {
		throw new Problem('failed', `${cloud} cannot start ${name} from here`, {
			next: `By hand: ${halted?.start ?? "in the cloud's console"}`,
		});
	}

	if (isPastDeadline(now, state)) {
		throw new Problem(
			'failed',
			`${name} was not started: its deadline has passed, so that it would end itself at once, with all that is on it`,
			{next: `Copy its disk in the cloud first, where that is worth it. End it: ${programName} stop ${name} --discard`},
		);
	}
}

function refuseWithout(state: RunState): void {
	const {name, phase, instanceId} = state;
	if (isOver(state)) {
		throw endedProblem(state);
	}

	if (phase === 'stopping') {
		throw new Problem('failed', `${name} is being ended: it is not started any more`, {
			next: `Finish that: ${programName} stop ${name}`,
		});
	}

	if (instanceId === undefined) {
		throw new Problem('failed', `${name} has no machine yet that could be started`, {
			next: `Go on with it: ${programName} attach ${name}`,
		});
	}
}

function startProblem({name, halted}: RunState, error: unknown): Problem {
	if (!(error instanceof BackendError)) {
		return error instanceof Problem
			? error
			: new Problem('failed', `${name} was not started: ${messageOf(error)}`, {cause: error});
	}

	const again = `Try again: ${programName} start ${name}`;
	const hand = halted?.start === undefined ? '' : ` · By hand: ${halted.start}`;
	return new Problem('failed', `${name} was not started: ${error.message}`, {
		next: `${error.next === undefined ? '' : `${error.next} `}${again}${hand}`,
		cause: error,
	});
}

/** Whether the environment is reached within five minutes of its machine's start. */
async function answers(
	{clock}: RunContext,
	record: RunRecord,
	signal: AbortSignal,
	onProgress: (text: string) => void,
): Promise<boolean> {
	let told = '';
	for (const start = clock.now(); clock.now() - start < answerLimit; await clock.sleep(answerPause, signal)) {
		try {
			(await openEnvironment(record, AbortSignal.any([signal, AbortSignal.timeout(tryLimit)]))).close();
			return true;
		} catch (error) {
			signal.throwIfAborted();
			const text = `its machine runs; waiting until the environment answers, 5 minutes at most (${neutraliseLine(messageOf(error))})`;
			if (text !== told) {
				told = text;
				onProgress(text);
			}
		}
	}

	return false;
}
