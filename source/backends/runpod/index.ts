import type {Offer} from '../../offers/offer.js';
import {type Clock, systemClock} from '../../system/clock.js';
import type {OfferSource} from '../backend.js';
import {askJson} from '../rest.js';
import {type ApiKey, type RunpodSetup, runpodSetup, type Surroundings} from '../settings/index.js';
import {failedStatus, setupWords, unusable} from '../source-status.js';
import {streamed} from '../stream.js';
import {listStock, type Query} from './list.js';
import {dataOf, whoami} from './query.js';

const usualEndpoint = 'https://api.runpod.io/graphql';

export type RunpodOptions = {
	readonly surroundings?: Surroundings;
	readonly clock?: Clock;
	/** Milliseconds for one answer. */
	readonly limit?: number;
};

/** RunPod's cards and their stock, one data center after the other as they answer. */
export function createRunpodSource({surroundings, clock = systemClock, limit}: RunpodOptions = {}): OfferSource {
	const setup = async () => runpodSetup(surroundings);

	const querying =
		({endpoint}: RunpodSetup, {apiKey}: ApiKey, signal: AbortSignal): Query =>
		async text =>
			dataOf(await askJson({url: endpoint ?? usualEndpoint, body: {query: text}, apiKey, signal, clock, limit}), apiKey);

	return {
		name: 'runpod',
		deadline: 'provider',
		setup: async () => setupWords(await setup()),
		async status(signal) {
			const found = await setup();
			const status = unusable('runpod', found);
			if (status || !found.credentials) {
				return status ?? {backend: 'runpod', ready: false, notes: []};
			}

			try {
				await querying(found, found.credentials, signal)(whoami);
				return {backend: 'runpod', ready: true, origin: found.origin, notes: [`answers with the key of ${found.origin}`]};
			} catch (error) {
				return failedStatus('runpod', found.origin, error, signal);
			}
		},
		async *offers(requirements, signal, note) {
			const found = await setup();
			const {credentials} = found;
			if (unusable('runpod', found) || !credentials) {
				return;
			}

			yield* streamed<Offer[]>(signal, async (emit, inner) =>
				listStock({
					query: querying(found, credentials, inner),
					setup: found,
					requirements,
					date: clock.now(),
					signal: inner,
					emit,
					note: line => note?.(line),
				}),
			);
		},
	};
}
