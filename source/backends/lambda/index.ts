import {z} from 'zod';
import {type Clock, systemClock} from '../../system/clock.js';
import {aborted} from '../../system/promises.js';
import {BackendError, type OfferSource} from '../backend.js';
import {askJson, refusal, type RestAnswer} from '../rest.js';
import {type ApiKey, lambdaSetup, type Setup, type Surroundings} from '../settings/index.js';
import {failedStatus, setupWords, unusable} from '../source-status.js';
import {type Listing, readTypes} from './types.js';

const usualEndpoint = 'https://cloud.lambda.ai';

/** Lambda allows one request a second; an answer this young serves whoever asks again. Milliseconds. */
const stillGood = 2000;

export type LambdaOptions = {
	readonly surroundings?: Surroundings;
	readonly clock?: Clock;
	/** Milliseconds for one answer. */
	readonly limit?: number;
};

const failure = z.object({error: z.object({code: z.string().default(''), message: z.string().default('')})});

/** Lambda's instance types with the regions that have capacity for them now. It has no spot market. */
export function createLambdaSource({surroundings, clock = systemClock, limit}: LambdaOptions = {}): OfferSource {
	const setup = async () => lambdaSetup(surroundings);
	let last: {key: string; at: number; answer: Promise<RestAnswer>} | undefined;

	/** The status and the offers are one question: it is asked once for both. */
	const ask = async (url: string, {apiKey}: ApiKey): Promise<RestAnswer> => {
		const now = clock.now();
		const key = `${url}\n${apiKey}`;
		if (last?.key !== key || now - last.at > stillGood) {
			// Whoever asked first may leave; the others still want to hear it.
			const answer = askJson({url, apiKey, clock, limit, signal: new AbortController().signal});
			answer.catch(() => undefined);
			last = {key, at: now, answer};
		}

		return last.answer;
	};

	const list = async ({endpoint, regions}: Setup<ApiKey>, credentials: ApiKey, signal: AbortSignal): Promise<Listing> => {
		const url = `${(endpoint ?? usualEndpoint).replace(/\/+$/, '')}/api/v1/instance-types`;
		const answer = await unlessLeft(ask(url, credentials), signal);
		const listing = answer.status === 200 ? readTypes(answer.body, regions, clock.now()) : undefined;
		if (!listing) {
			throw answer.status === 200
				? new BackendError('unknown', 'Lambda answers what is no list of instance types', {
						next: 'Is the endpoint of lambda in the settings right?',
					})
				: refused(answer, credentials);
		}

		return listing;
	};

	return {
		name: 'lambda',
		deadline: 'none',
		setup: async () => setupWords(await setup()),
		async status(signal) {
			const found = await setup();
			const status = unusable('lambda', found);
			if (status || !found.credentials) {
				return status ?? {backend: 'lambda', ready: false, notes: []};
			}

			try {
				const {offers} = await list(found, found.credentials, signal);
				const free = offers.filter(({availability}) => availability === 'available').length;
				return {
					backend: 'lambda',
					ready: true,
					origin: found.origin,
					notes: [`answers with the key of ${found.origin}; capacity for ${free} offers`],
				};
			} catch (error) {
				return failedStatus('lambda', found.origin, error, signal);
			}
		},
		async *offers(_requirements, signal, note) {
			const found = await setup();
			if (unusable('lambda', found) || !found.credentials) {
				return;
			}

			const {offers, odd} = await list(found, found.credentials, signal);
			if (odd > 0) {
				note?.(`${odd} of Lambda's instance types could not be read and are left out`);
			}

			yield offers;
		},
	};
}

async function unlessLeft<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	// Who left before hears nothing of its failure either.
	promise.catch(() => undefined);
	signal.throwIfAborted();
	return Promise.race([promise, aborted(signal)]);
}

/** By the code, as Lambda asks for; its words may change. */
function refused(answer: RestAnswer, {apiKey}: ApiKey): BackendError {
	const said = failure.safeParse(answer.body);
	const {code, message} = said.success ? said.data.error : {code: '', message: ''};
	if (code === 'global/account-inactive') {
		return new BackendError('permission', 'The Lambda account is inactive', {next: 'Look at https://cloud.lambda.ai.'});
	}

	return refusal('Lambda', answer, message ? `${message}${code ? ` (${code})` : ''}` : undefined, apiKey);
}
