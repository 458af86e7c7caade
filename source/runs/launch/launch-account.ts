import {type Account, BackendError} from '../../backends/backend.js';
import type {Offer} from '../../offers/offer.js';
import {backOff} from '../../tunnel/backoff.js';
import {accountNow} from '../steps/run-instance.js';
import type {Stage} from '../steps/step.js';

const mostTries = 5;
const longestDelay = 20_000;

/**
The account that an attempt at `offer` is going to be in; undefined where the backend cannot tell it. A cloud that does not answer is asked
again for a while; what it said last is returned then.
*/
export async function announcedAccount({context, signal}: Stage, offer: Offer): Promise<Account | BackendError | undefined> {
	const backend = await context.backend(offer.backend);
	for (let tries = 1; ; tries++) {
		try {
			return await accountNow(backend, offer, signal);
		} catch (error) {
			signal.throwIfAborted();
			if (!(error instanceof BackendError) || offer.price === 0 || tries === mostTries) {
				return error instanceof BackendError ? error : new BackendError('unknown', String(error), {cause: error});
			}

			await context.clock.sleep(backOff(tries, context.random, longestDelay), signal);
		}
	}
}
