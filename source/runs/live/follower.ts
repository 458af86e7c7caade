import type {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import {endedProblem, stepProblem} from '../words/problems.js';
import {OwnerWatch} from '../journal/ownership.js';
import type {RunRecord} from '../journal/record.js';
import {isOver} from '../model/state.js';

const interval = 500;

/** What is seen of a run that another program looks after; each may be told again and again. */
export type Sights = {
	readonly onAddress: () => void;
	readonly onReady: () => void;
	readonly onFailed: (problem: Problem) => void;
	/** Told when the owner shows no sign of work any more, with its process, and with nothing when it does again or this program takes over. */
	readonly onQuiet: (pid: number | undefined) => void;
};

/** Reads what the owner writes, until this program becomes the owner itself, also of one that does not answer. Rejects when the run is over, or with the signal's reason. */
export async function followUntilOwned(
	{clock, paths}: RunContext,
	record: RunRecord,
	signal: AbortSignal,
	{onAddress, onReady, onFailed, onQuiet}: Sights,
): Promise<void> {
	const watch = new OwnerWatch(record.folder);
	let quiet: number | undefined;
	const say = (pid: number | undefined) => {
		if (pid !== quiet) {
			quiet = pid;
			onQuiet(pid);
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
		const owner = await watch.look();
		say(owner.isQuiet ? owner.pid : undefined);
		if (await record.own(owner.silent)) {
			say(undefined);
			return;
		}
	}
}
