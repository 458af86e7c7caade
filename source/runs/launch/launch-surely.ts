import {type Backend, BackendError, type Instance, type LaunchIntent, type LaunchProgress} from '../../backends/backend.js';
import type {Offer} from '../../offers/offer.js';
import type {Clock} from '../../system/clock.js';
import type {Random} from '../../system/random.js';
import {backOff} from '../../tunnel/backoff.js';
import {type Stage, StepFailed} from '../steps/step.js';

const mostTries = 5;
const longestDelay = 20_000;
/** How long a cloud may take until it tells of what it has made. Milliseconds. */
const settleTime = 60_000;
const lookInterval = 10_000;

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

			const made = isUnsure ? await lookSurely({backend, intent, clock, random, signal: stage.signal}, onProgress) : undefined;
			if (!made) {
				throw error;
			}

			// It is there: the same request tells of it, now or when the cloud answers again.
			tries = 0;
		}
	}
}

type Look = {
	readonly backend: Backend;
	readonly intent: Pick<LaunchIntent, 'id' | 'offer'>;
	readonly clock: Clock;
	readonly random: Random;
	readonly signal?: AbortSignal;
};

/**
The living instance of an intent, or nothing where the cloud has told for a minute that there is none. Waits for a cloud that does not answer.
Throws a `StepFailed` where it refuses to tell.
*/
export async function lookSurely(
	{backend, intent, clock, random, signal}: Look,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Instance | undefined> {
	const started = clock.now();
	for (let failures = 0; ;) {
		try {
			const instance = await backend.find(intent.id, intent.offer);
			failures = 0;
			if (instance) {
				return isAlive(instance) ? instance : undefined;
			}

			if (clock.now() - started >= settleTime) {
				return undefined;
			}

			onProgress({step: 'instance', text: 'making sure that no instance was made'});
			await clock.sleep(lookInterval, signal);
		} catch (error) {
			signal?.throwIfAborted();
			if (!(error instanceof BackendError) || error.class !== 'transient') {
				throw unknownOutcome(intent.offer, error);
			}

			failures++;
			const words = `${error.message}; whether there is an instance is not known, asking again`;
			onProgress({step: 'instance', text: words});
			await clock.sleep(backOff(failures + 2, random, longestDelay), signal);
		}
	}
}

export const isAlive = ({state}: Instance): boolean => state === 'pending' || state === 'running' || state === 'stopped';

const unknownOutcome = ({backend}: Offer, error: unknown): StepFailed => {
	const {message, next} = error instanceof BackendError ? error : {message: String(error), next: undefined};
	return new StepFailed('instance', `whether ${backend} made an instance cannot be found out: ${message}`, {
		lastLines: [],
		next: `${next === undefined ? '' : `${next} `}Then try again: an instance that was made is found by its tag, and ends itself in any case.`,
	});
};
