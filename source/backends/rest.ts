import type {Clock} from '../system/clock.js';
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
	const {host} = new URL(url);
	const failed = (reason: string, cause?: unknown) =>
		new BackendError('transient', withoutSecrets(`${host} ${reason}`, [apiKey]), {
			next: 'Try again; if it goes on, look at the status page of the cloud and at your network.',
			cause,
		});
	const late = () => failed(`did not answer within ${limit / 1000} s`);
	return within(clock, limit, signal, late, async inner => {
		try {
			const response = await fetch(url, {
				method: body === undefined ? 'GET' : 'POST',
				headers: {
					accept: 'application/json',
					authorization: `Bearer ${apiKey}`,
					...(body === undefined ? {} : {'content-type': 'application/json'}),
				},
				body: body === undefined ? undefined : JSON.stringify(body),
				redirect: 'manual',
				signal: inner,
			});
			return {status: response.status, body: asJson(await readBounded(response))};
		} catch (error) {
			signal.throwIfAborted();
			throw error instanceof TooMuch ? failed(`sent more than ${mostBytes} bytes`) : failed(reasonOf(error));
		}
	});
}

class TooMuch extends Error {}

async function readBounded(response: Response): Promise<string> {
	const chunks: Uint8Array[] = [];
	let length = 0;
	for await (const chunk of response.body ?? []) {
		length += chunk.length;
		if (length > mostBytes) {
			throw new TooMuch();
		}

		chunks.push(chunk);
	}

	return Buffer.concat(chunks).toString('utf8');
}

function asJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

const causes: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'refuses connections',
	ENOTFOUND: 'is not known here: is there a network?',
	EAI_AGAIN: 'cannot be looked up: is there a network?',
	ECONNRESET: 'broke the connection',
	UND_ERR_SOCKET: 'broke the connection',
	UND_ERR_CONNECT_TIMEOUT: 'cannot be reached',
};

/** `fetch` says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
	const {code, message} = ((error as {cause?: unknown}).cause ?? error) as {code?: unknown; message?: unknown};
	return typeof code === 'string' ? (causes[code] ?? `fails: ${code}`) : `fails: ${String(message)}`;
}

/** The failure that an answer's status stands for. `message` is the cloud's own, where it sent one. */
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
