import {longestDelay, lookSurely, unknownOutcome} from './find-instance.js';
import {waitFor} from '../context.js';
import {leaveLaunch, patience} from '../words/wait-words.js';
import {WaitTimeout} from '../../system/waits.js';
import {type Backend, BackendError, type Instance, type LaunchIntent, type LaunchProgress} from '../../backends/backend.js';
import {backoffDelay} from '../../tunnel/backoff.js';
import type {Stage} from '../steps/step.js';

const mostTries = 5;

export type Launch = {
	readonly backend: Backend;
	readonly intent: LaunchIntent;
	/** The request went out before, and its answer was not heard. */
	readonly isRepeated: boolean;
};

/**
Launches until it is certain what came of it: an answer that did not come is asked for again with the same token. Throws the `BackendError`
of a refusal only where there is no instance for sure; a `StepFailed` where that cannot be found out, and the request stays unanswered.
*/
export async function launchSurely(
	stage: Stage,
	{backend, intent, isRepeated}: Launch,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Instance> {
	const {clock, random} = stage.context;
	// Nothing is billed here, and the machine itself is asked: an answer that fails has failed.
	const isFree = intent.offer.price === 0;
	let isUnsure = isRepeated && !isFree;
	const started = clock.now();
	for (let tries = 1; ; tries++) {
		try {
			return await backend.launch(intent, stage.signal, onProgress);
		} catch (error) {
			if (!(error instanceof BackendError) || isFree) {
				throw error;
			}

			if (error.class === 'transient') {
				isUnsure = true;
				stage.signal.throwIfAborted();
				if (tries < mostTries) {
					const words = `no certain answer (${error.message}); asking again`;
					onProgress({step: 'instance', text: words, log: `${words}\n`});
					await clock.sleep(backoffDelay(tries, random, longestDelay), stage.signal);
					continue;
				}
			}

			// Nobody may be there to end it: what cannot be found out in time stays unanswered, and is taken up later.
			const limit = started + patience.launching - clock.now();
			if (isUnsure && limit <= 0) {
				throw unknownOutcome(intent.offer, error);
			}

			const made = isUnsure ? await look(stage, backend, intent, limit, onProgress) : undefined;
			if (!made) {
				throw error;
			}

			// It is there: the same request tells of it, now or when the cloud answers again.
			tries = 0;
		}
	}
}

/** Looks for what an unanswered request made, as a wait with an end. Throws a `StepFailed` then. */
async function look(
	stage: Stage,
	backend: Backend,
	intent: LaunchIntent,
	limit: number,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Instance | undefined> {
	const {clock, random} = stage.context;
	const {offer, run} = intent;
	const what = `${offer.backend} to tell whether it made an instance for ${run} (${offer.instanceType} in ${offer.region})`;
	try {
		return await waitFor(stage.context, {what, limit, wayOut: leaveLaunch}, async (trouble, inner) => {
			const signal = AbortSignal.any([inner, stage.signal]);
			const asked = {backend, intent: {...intent, account: intent.account}, clock, random, signal, limit};
			return lookSurely(asked, progress => {
				trouble(progress.text);
				onProgress(progress);
			});
		});
	} catch (error) {
		throw error instanceof WaitTimeout ? unknownOutcome(offer, error) : error;
	}
}
