import {longestDelay, lookSurely} from './find-instance.js';
import {type Backend, BackendError, type Instance, type LaunchIntent, type LaunchProgress} from '../../backends/backend.js';
import {backOff} from '../../tunnel/backoff.js';
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
					await clock.sleep(backOff(tries, random, longestDelay), stage.signal);
					continue;
				}
			}

			const made = isUnsure
				? await lookSurely(
						{backend, intent: {...intent, account: intent.account}, clock, random, signal: stage.signal},
						onProgress,
					)
				: undefined;
			if (!made) {
				throw error;
			}

			// It is there: the same request tells of it, now or when the cloud answers again.
			tries = 0;
		}
	}
}
