import {
	type Account,
	type Backend,
	BackendError,
	type Instance,
	type LaunchIntent,
	type LaunchProgress,
} from '../../backends/backend.js';
import type {Offer} from '../../offers/offer.js';
import type {Clock} from '../../system/clock.js';
import type {Random} from '../../system/random.js';
import {backoffDelay} from '../../tunnel/backoff.js';
import {findInstance} from '../steps/run-instance.js';
import {StepFailed} from '../steps/step.js';

/** How long a cloud may take until it lists what it has made. Milliseconds. */
export const settleTime = 60_000;

export const lookInterval = 10_000;

export const longestDelay = 20_000;

export type Look = {
	readonly backend: Backend;
	readonly intent: Pick<LaunchIntent, 'id' | 'offer'> & {readonly account: Account | undefined};
	readonly clock: Clock;
	readonly random: Random;
	readonly signal?: AbortSignal;
	/** How long a cloud that does not answer is waited for, milliseconds; without it as long as the signal is. */
	readonly limit?: number;
};

/**
The living instance of an intent, or nothing where the cloud has told for a minute that there is none. Waits for a cloud that does not answer.
Throws a `StepFailed` where it refuses to tell, or has not within `limit`.
*/
export async function lookSurely(
	{backend, intent, clock, random, signal, limit = Number.POSITIVE_INFINITY}: Look,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Instance | undefined> {
	const started = clock.elapsed();
	for (let failures = 0; ;) {
		try {
			const instance = await findInstance(backend, {...intent, intentId: intent.id}, signal);
			failures = 0;
			if (instance) {
				return isAlive(instance) ? instance : undefined;
			}

			if (clock.elapsed() - started >= settleTime) {
				return undefined;
			}

			onProgress({step: 'instance', text: 'making sure that no instance was made'});
			await clock.sleep(lookInterval, signal);
		} catch (error) {
			signal?.throwIfAborted();
			if (!(error instanceof BackendError) || error.class !== 'transient' || clock.elapsed() - started >= limit) {
				throw unknownOutcome(intent.offer, error);
			}

			failures++;
			const words = `${error.message}; whether there is an instance is not known, asking again`;
			onProgress({step: 'instance', text: words});
			await clock.sleep(backoffDelay(failures + 2, random, longestDelay), signal);
		}
	}
}

export const isAlive = ({state}: Instance): boolean => state === 'pending' || state === 'running' || state === 'stopped';

export const unknownOutcome = ({backend}: Offer, error: unknown): StepFailed => {
	const {message, next} = error instanceof BackendError ? error : {message: String(error), next: undefined};
	return new StepFailed('instance', `whether ${backend} made an instance cannot be found out: ${message}`, {
		lastLines: [],
		next: `${next === undefined ? '' : `${next} `}Then try again: an instance that was made is found by its tag, and ends itself in any case.`,
	});
};
