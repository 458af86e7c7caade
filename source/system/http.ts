import {type Clock, systemClock} from './clock.js';
import {collect, parseJson} from './http/body.js';
import {HttpError} from './http/error.js';
import {exchange, type HttpLimits, type HttpStream, type Outgoing} from './http/exchange.js';
import {type RetryOptions, withRetries} from './http/retry.js';
import {type Random, systemRandom} from './random.js';

export {HttpError} from './http/error.js';
export type {HttpLimits, HttpStream} from './http/exchange.js';
export type {RetryOptions} from './http/retry.js';

export type HttpRequest = {
	readonly url: string | URL;
	/** GET without a body, POST with one. */
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	/** Sent as JSON. */
	readonly json?: unknown;
	/** Sent as it is; give its `content-type` in the headers. */
	readonly body?: string | Uint8Array<ArrayBuffer>;
	/** What an earlier answer carried: where it still holds, the answer is `unchanged` and empty. */
	readonly etag?: string;
	/** Whether the request may reach the server twice. By default where the method only reads. */
	readonly repeatable?: boolean;
	/** Whether redirections are followed, as far as that is safe; by default they are. An answer that is one is a failure else. */
	readonly follow?: boolean;
	/** Unpacks a body that is gzip although its header does not say so. */
	readonly gunzip?: boolean;
	/** Which requests keep a distance from each other, and how much, milliseconds. By default those to one host, as the options say. */
	readonly pace?: {readonly lane: string; readonly every: number};
	readonly limits?: Partial<HttpLimits>;
	readonly retry?: Partial<RetryOptions>;
	readonly signal?: AbortSignal;
};

/** An answer that has come whole. */
export type HttpAnswer<T> = Pick<HttpStream, 'status' | 'headers' | 'etag' | 'unchanged'> & {
	/** Undefined where the answer is `unchanged`, or empty where JSON was expected. */
	readonly body: T | undefined;
};

export type HttpOptions = {
	readonly clock?: Clock;
	readonly random?: Random;
	/** Sent with every request; those of the request win. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly limits?: Partial<HttpLimits>;
	readonly retry?: Partial<RetryOptions>;
	/** Milliseconds between two requests to a host (with its port, if it is not the usual one). */
	readonly spacing?: Readonly<Record<string, number>>;
	/** Called with every piece that comes: its bytes, before unpacking what `gunzip` unpacks. */
	readonly onBytes?: (count: number) => void;
};

/**
A client for HTTP. All methods reject with an HttpError, or with the reason of the request's signal. What fails in passing (429, 5xx,
a broken connection, no answer) is tried again, with pauses that grow and are partly chance, and as the server asks by `Retry-After`.
*/
export type Http = {
	/** An answer with its body as a stream; once it is there, what breaks is not tried again. */
	open(request: HttpRequest): Promise<HttpStream>;
	bytes(request: HttpRequest): Promise<HttpAnswer<Buffer>>;
	text(request: HttpRequest): Promise<HttpAnswer<string>>;
	/** The answer's JSON, not checked for what it holds. */
	json(request: HttpRequest): Promise<HttpAnswer<unknown>>;
	/** The same client (one pace for all) with more options: headers are added, the others replaced. */
	with(options: Omit<HttpOptions, 'clock' | 'random'>): Http;
};

const defaultLimits: HttpLimits = {answer: 20_000, idle: 15_000, whole: 120_000, size: 32 * 1024 * 1024};
const defaultRetry: RetryOptions = {tries: 4, base: 500, longest: 30_000};
const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createHttp(options: HttpOptions = {}): Http {
	return build(options, new Pacer(options.clock ?? systemClock));
}

function build(options: HttpOptions, pacer: Pacer): Http {
	const clock = options.clock ?? systemClock;
	const random = options.random ?? systemRandom;

	async function perform<T>(request: HttpRequest, finish: (stream: HttpStream) => Promise<T>): Promise<T> {
		const outgoing = prepare(request, options);
		const {host} = outgoing.url;
		const {lane, every} = request.pace ?? {lane: host, every: options.spacing?.[host] ?? 0};
		const attempt = async () => {
			await pacer.turn(lane, every, request.signal);
			try {
				return await finish(await exchange(outgoing, clock));
			} catch (error) {
				if (error instanceof HttpError && error.status === 429 && error.retryAfter !== undefined) {
					pacer.hold(lane, Math.min(error.retryAfter, retry.longest));
				}

				throw error;
			}
		};

		const retry = {...defaultRetry, ...options.retry, ...request.retry};
		const repeatable = request.repeatable ?? readingMethods.has(outgoing.method);
		return withRetries(attempt, {clock, random, retry, repeatable, signal: request.signal});
	}

	async function whole(request: HttpRequest): Promise<HttpAnswer<Buffer>> {
		return perform(request, async ({status, headers, etag, unchanged, body, close}) => {
			try {
				const bytes = await collect(body);
				return {status, headers, etag, unchanged, body: unchanged ? undefined : bytes};
			} catch (error) {
				request.signal?.throwIfAborted();
				throw error;
			} finally {
				close();
			}
		});
	}

	const text = async (request: HttpRequest): Promise<HttpAnswer<string>> => {
		const answer = await whole(request);
		return {...answer, body: answer.body && new TextDecoder().decode(answer.body)};
	};

	return {
		open: async request => perform(request, async stream => stream),
		bytes: whole,
		text,
		async json(request) {
			const answer = await text({...request, headers: {accept: 'application/json', ...request.headers}});
			return {...answer, body: parseJson(answer.body, new URL(request.url).host)};
		},
		with: more => build({...options, ...more, headers: {...options.headers, ...more.headers}}, pacer),
	};
}

function prepare(request: HttpRequest, options: HttpOptions): Outgoing {
	const url = URL.parse(String(request.url));
	if (!url || !/^https?:$/.test(url.protocol)) {
		throw new HttpError('refused', url?.host || 'the address', 'is not one for HTTP');
	}

	if (url.username !== '' || url.password !== '') {
		throw new HttpError('refused', url.host, 'cannot be asked: credentials do not belong into an address');
	}

	const body = request.json === undefined ? request.body : JSON.stringify(request.json);
	const named = lowerCase({...options.headers}, {...request.headers});
	return {
		url,
		method: (request.method ?? (body === undefined ? 'GET' : 'POST')).toUpperCase(),
		headers: {
			...(request.json === undefined ? {} : {'content-type': 'application/json'}),
			...(request.etag === undefined ? {} : {'if-none-match': request.etag}),
			...named,
		},
		body,
		limits: {...defaultLimits, ...options.limits, ...request.limits},
		gunzip: request.gunzip ?? false,
		follow: request.follow ?? true,
		signal: request.signal,
		onBytes: options.onBytes,
	};
}

/** Names of headers in one spelling, so that the later of two that differ only in it wins. */
const lowerCase = (...sets: ReadonlyArray<Readonly<Record<string, string>>>): Record<string, string> =>
	Object.fromEntries(sets.flatMap(set => Object.entries(set).map(([name, value]) => [name.toLowerCase(), value])));

/** Keeps requests of one lane, usually one host, apart from each other. */
export class Pacer {
	readonly #clock: Clock;
	/** When the next request of each lane may start. */
	readonly #free = new Map<string, number>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Resolves when it is this request's turn; the next one of the lane comes at least `every` milliseconds later. */
	async turn(lane: string, every: number, signal?: AbortSignal): Promise<void> {
		const now = this.#clock.elapsed();
		const at = Math.max(now, this.#free.get(lane) ?? now);
		this.#free.set(lane, at + every);
		if (at > now) {
			await this.#clock.sleep(at - now, signal);
		}
	}

	/** Nothing of this lane starts within the next `milliseconds`: its server asked for that. */
	hold(lane: string, milliseconds: number): void {
		this.#free.set(lane, Math.max(this.#free.get(lane) ?? 0, this.#clock.elapsed() + milliseconds));
	}
}
