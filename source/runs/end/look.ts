import {type RunContext, waitFor} from '../context.js';
import {readJournal} from '../journal/journal.js';
import {runFolder} from '../journal/run-folder.js';
import type {RunState} from '../model/state.js';
import {findInstance} from '../steps/run-instance.js';
import {RunOver} from '../steps/step.js';
import {leaveQuestion, patience} from '../words/wait-words.js';
import {timeSince} from '../journal/ownership.js';
import {unansweredInstance} from './end-run.js';
import {examine, type Finding, late} from './examine.js';

/** How long after a request a cloud may not list yet what it made. Milliseconds. */
const tellLimit = 120_000;

/**
What is known of a run's instance. That a request made none is only concluded by who owns the run, and has looked for as long as a cloud may
not list what it made: the times in a journal prove nothing, as the clock may have been set since.
*/
export async function look(
	context: RunContext,
	state: RunState,
	isOurs: boolean,
	signal: AbortSignal | undefined,
): Promise<Finding | undefined> {
	const backend = await context.backend(state.offer.backend);
	const now = context.clock.now();
	if (state.instanceId !== undefined) {
		return asking(context, state, signal, async inner => examine(backend, state, now, inner));
	}

	// Launching again with the same intent finds an instance that the crash kept secret; without one, nothing is left to go on with.
	let secret = await asking(context, state, signal, async inner =>
		state.unanswered ? findInstance(backend, state, inner) : backend.find(state.intentId, state.offer, state.account, inner),
	);
	if (!secret && state.offer.price > 0 && state.unanswered) {
		const age = timeSince(context.clock, await lastEventAt(context, state));
		if (age !== undefined && age <= tellLimit) {
			return undefined;
		}

		secret = isOurs ? await unansweredInstance(context, backend, state, signal) : undefined;
	}

	return secret
		? late(secret, state, context.clock.now())
		: {type: 'over', over: new RunOver('interrupted before it had an instance', false)};
}

async function lastEventAt(context: RunContext, {name}: RunState): Promise<number> {
	const {events} = await readJournal(runFolder(context.paths, name));
	return events.at(-1)?.at ?? 0;
}

/** One question to a cloud about a run. */
export async function asking<T>(
	context: RunContext,
	{name, offer}: RunState,
	signal: AbortSignal | undefined,
	ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	const wish = {what: `${offer.backend} to say how ${name} is`, limit: patience.question, wayOut: leaveQuestion};
	return waitFor(context, wish, async (_, inner) => ask(either(inner, signal)));
}

export const either = (one: AbortSignal, other: AbortSignal | undefined): AbortSignal =>
	other ? AbortSignal.any([one, other]) : one;
