import type {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import {endedProblem, stepProblem} from '../words/problems.js';
import type {RunRecord} from '../journal/record.js';
import {isOver} from '../model/state.js';

const interval = 500;

/** What is seen of a run that another program looks after; each may be told again and again. */
export type Sights = {
	readonly onAddress: () => void;
	readonly onReady: () => void;
	readonly onFailed: (problem: Problem) => void;
};

/** Reads what the owner writes, until this program becomes the owner itself. Rejects when the run is over, or with the signal's reason. */
export async function followUntilOwned(
	{clock, paths}: RunContext,
	record: RunRecord,
	signal: AbortSignal,
	{onAddress, onReady, onFailed}: Sights,
): Promise<void> {
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
		if (await record.own()) {
			return;
		}
	}
}
