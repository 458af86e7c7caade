import type {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import {endedProblem, stepProblem} from '../words/problems.js';
import {type Owner, OwnerWatch} from '../journal/ownership.js';
import type {RunRecord} from '../journal/record.js';
import {isOver} from '../model/state.js';

const interval = 500;

/** What is seen of a run that another program looks after; each may be told again and again. */
export type Sights = {
	readonly onAddress: () => void;
	readonly onReady: () => void;
	readonly onFailed: (problem: Problem) => void;
	/** Told when the owner shows no sign of work any more, and with nothing when it does again or this program takes over. */
	readonly onQuiet: (owner: Owner | undefined) => void;
};

/** Reads what the owner writes, until this program becomes the owner itself, also of one that does not answer. Rejects when the run is over, or with the signal's reason. */
export async function followUntilOwned(
	{clock, paths}: RunContext,
	record: RunRecord,
	signal: AbortSignal,
	{onAddress, onReady, onFailed, onQuiet}: Sights,
): Promise<void> {
	const watch = new OwnerWatch(record.folder);
	let quiet: Owner | undefined;
	const say = (owner: Owner | undefined) => {
		if (owner?.pid !== quiet?.pid) {
			quiet = owner;
			onQuiet(owner);
		}
	};

	for (;;) {
		await record.catchUp();
		const state = record.known;
		if (isOver(state)) {
			throw endedProblem(state);
		}

		if (state.address) {
			onAddress();
		}

		if (state.phase === 'ready') {
			onReady();
		} else if (state.failure) {
			onFailed(stepProblem(state, paths, state.failure));
		}

		await clock.sleep(interval, signal);
		const {isQuiet, owner, silent} = await watch.look();
		say(isQuiet ? owner : undefined);
		if (await record.own(silent)) {
			say(undefined);
			return;
		}
	}
}
