import type {Clock} from '../system/clock.js';
import {createHttp, HttpError} from '../system/http.js';
import {BackendError} from './backend.js';
import {withoutSecrets} from './settings/index.js';
import {within} from './stream.js';

const usualLimit = 10_000;
const mostBytes = 8 * 1024 * 1024;

export type RestRequest = {
	readonly url: string;
	/** Sent as JSON by POST; without one it is a GET. */
	readonly body?: unknown;
	readonly apiKey: string;
	readonly signal: AbortSignal;
	readonly clock: Clock;
	/** Milliseconds for the whole answer. */
	readonly limit?: number;
};

/** An answer that came to its end, whatever its status. `body` is undefined where it is no JSON. */
export type RestAnswer = {readonly status: number; readonly body: unknown};

/**
Asks once, with the key as a bearer token, which no redirection takes elsewhere. Throws a transient `BackendError` where no whole answer
comes in time.
*/
export async function askJson({url, body, apiKey, signal, clock, limit = usualLimit}: RestRequest): Promise<RestAnswer> {
	const failed = (reason: string) =>
		new BackendError('transient', withoutSecrets(`${new URL(url).host} ${reason}`, [apiKey]), {
			next: 'Try again; if it goes on, look at the status page of the cloud and at your network.',
		});
	const late = () => failed(`did not answer within ${limit / 1000} s`);
	return within(clock, limit, signal, late, async inner => {
		try {
			return await createHttp({clock}).json({
				url,
				json: body,
				headers: {authorization: `Bearer ${apiKey}`},
				follow: false,
				// The time of all of it together is limited here, in this program's words.
				limits: {answer: 2 * limit, idle: 2 * limit, whole: 2 * limit, size: mostBytes},
				retry: {tries: 1},
				signal: inner,
			});
		} catch (error) {
			signal.throwIfAborted();
			if (!(error instanceof HttpError)) {
				throw error;
			}

			switch (error.kind) {
				case 'status': {
					return {status: error.status ?? 0, body: asJson(error.text ?? '')};
				}

				case 'content': {
					return {status: 200, body: undefined};
				}

				default: {
					throw failed(error.words);
				}
			}
		}
	});
}

function asJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

/** The failure that an answer's status means. `message` is the cloud's own, where it sent one. */
export function refusal(cloud: string, {status}: RestAnswer, message: string | undefined, apiKey: string): BackendError {
	const said = message === undefined ? `${cloud} answers ${status}` : withoutSecrets(message, [apiKey]);
	if (status === 401 || status === 403) {
		return new BackendError('permission', said, {next: `Check the key of ${cloud}; it may be wrong, expired, or restricted.`});
	}

	if (status === 429) {
		return new BackendError('transient', `${cloud} was asked too often: ${said}`, {next: 'Wait a few seconds and try again.'});
	}

	if (status >= 500) {
		return new BackendError('transient', said, {next: `${cloud} itself has a problem; try again later.`});
	}

	return new BackendError('unknown', said, {next: `Is the endpoint of ${cloud} in the settings right?`});
}
