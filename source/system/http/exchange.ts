import {STATUS_CODES} from 'node:http';
import type {Clock} from '../clock.js';
import {limited, type Pieces, unwrapGzip} from './body.js';
import {HttpError, networkError} from './error.js';
import {passingStatuses, retryAfter} from './retry.js';

/** Milliseconds, and bytes. */
export type HttpLimits = {
	/** Until the head of the answer is there. Looking up the name and connecting are part of it: `fetch` does not distinguish them. */
	readonly answer: number;
	/** Between two pieces of the body, while one is waited for. */
	readonly idle: number;
	/** For everything, each try by itself. */
	readonly whole: number;
	/** How much may come, after unpacking. */
	readonly size: number;
};

/** One request as it goes out. */
export type Outgoing = {
	readonly url: URL;
	readonly method: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string | Uint8Array<ArrayBuffer> | undefined;
	readonly limits: HttpLimits;
	readonly gunzip: boolean;
	readonly follow: boolean;
	readonly signal: AbortSignal | undefined;
	readonly onBytes: ((count: number) => void) | undefined;
};

/** An answer whose body is still to come: read it to its end, or `close` it. */
export type HttpStream = {
	readonly status: number;
	readonly headers: Headers;
	/** The heads of the redirections that led to it, in their order. */
	readonly redirections: readonly Headers[];
	readonly etag: string | undefined;
	/** The server says that what the given ETag identifies is still the newest; there is no body. */
	readonly unchanged: boolean;
	readonly body: Pieces;
	close(): void;
};

const redirectingStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const mostRedirections = 5;
const errorText = 16 * 1024;

/** One try. Rejects with an HttpError, or with the reason of the signal that was given. */
export async function exchange(outgoing: Outgoing, clock: Clock): Promise<HttpStream> {
	const watch = new Watch(outgoing, clock);
	try {
		const followed = await watch.during('answer', follow(outgoing, watch.signal));
		return await toStream(followed, outgoing, watch, clock);
	} catch (error) {
		watch.end();
		outgoing.signal?.throwIfAborted();
		throw networkError(outgoing.url.host, error);
	}
}

type Followed = {readonly response: Response; readonly redirections: readonly Headers[]};

async function toStream({response, redirections}: Followed, outgoing: Outgoing, watch: Watch, clock: Clock): Promise<HttpStream> {
	const {host} = outgoing.url;
	const {status, headers} = response;
	const raw = read(response, outgoing, watch);
	const body = limited(outgoing.gunzip ? unwrapGzip(raw) : raw, outgoing);
	const unchanged = status === 304;
	if (!response.ok && !unchanged) {
		const text = await startOf(body);
		watch.end();
		throw new HttpError('status', host, `answered ${status}${STATUS_CODES[status] ? ` ${STATUS_CODES[status]}` : ''}`, {
			status,
			text,
			passing: passingStatuses.has(status),
			retryAfter: retryAfter(headers.get('retry-after'), clock.now()),
			challenge: headers.get('www-authenticate') ?? undefined,
		});
	}

	const etag = headers.get('etag') ?? undefined;
	return {status, headers, redirections, unchanged, etag, body, close: () => watch.end()};
}

/** Follows redirections of what only reads, never to where it could be overheard, and never with another host's headers. */
async function follow(outgoing: Outgoing, signal: AbortSignal): Promise<Followed> {
	let {url, headers} = outgoing;
	const passed: Headers[] = [];
	for (let count = 0; ; count++) {
		const {method, body} = outgoing;
		const response = await fetch(url, {method, headers, body, signal, redirect: 'manual'});
		const location = redirectingStatuses.has(response.status) ? response.headers.get('location') : null;
		if (location === null || !outgoing.follow || (method !== 'GET' && method !== 'HEAD')) {
			return {response, redirections: passed};
		}

		await response.body?.cancel();
		const target = URL.parse(location, url.href);
		if (count === mostRedirections || !target || !isAllowed(target, url)) {
			throw new HttpError('refused', url.host, 'sends to another address, which is not followed');
		}

		passed.push(response.headers);
		headers = target.host === url.host ? headers : harmless(headers);
		url = target;
	}
}

const isAllowed = (target: URL, from: URL): boolean =>
	(target.protocol === 'https:' || (target.protocol === 'http:' && from.protocol === 'http:')) &&
	target.username === '' &&
	target.password === '';

const harmless = (headers: Readonly<Record<string, string>>): Record<string, string> =>
	Object.fromEntries(Object.entries(headers).filter(([name]) => /^(?:accept|range|user-agent)$/i.test(name)));

async function* read(response: Response, {onBytes}: Outgoing, watch: Watch): Pieces {
	try {
		const reader = response.body?.getReader();
		while (reader) {
			const {done, value} = await watch.during('idle', reader.read());
			if (done) {
				return;
			}

			onBytes?.(value.byteLength);
			yield value;
		}
	} finally {
		watch.end();
	}
}

async function startOf(body: Pieces): Promise<string> {
	const decoder = new TextDecoder();
	let text = '';
	try {
		for await (const piece of body) {
			text += decoder.decode(piece, {stream: true});
			if (text.length >= errorText) {
				break;
			}
		}
	} catch {
		// What there is of it has to do: the status is what counts.
	}

	return text.slice(0, errorText);
}

const overWords = {
	answer: 'did not answer within',
	idle: 'sent nothing for',
	whole: 'was not done within',
};

const seconds = (milliseconds: number): string => `${Number((milliseconds / 1000).toFixed(1))}s`;

/** The limits of time of one try, and the signal that ends it when one passes. */
class Watch {
	readonly #controller = new AbortController();
	readonly #outgoing: Outgoing;
	readonly #clock: Clock;
	readonly #stopWhole: () => void;
	readonly #onAbort = () => this.#controller.abort(this.#outgoing.signal?.reason);

	constructor(outgoing: Outgoing, clock: Clock) {
		this.#outgoing = outgoing;
		this.#clock = clock;
		outgoing.signal?.throwIfAborted();
		outgoing.signal?.addEventListener('abort', this.#onAbort, {once: true});
		this.#stopWhole = this.#limit('whole');
	}

	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	async during<T>(stage: 'answer' | 'idle', act: Promise<T>): Promise<T> {
		const stop = this.#limit(stage);
		try {
			return await act;
		} finally {
			stop();
		}
	}

	/** Ends the timers, and the connection where it is still in use. */
	end(): void {
		this.#stopWhole();
		this.#outgoing.signal?.removeEventListener('abort', this.#onAbort);
		this.#controller.abort();
	}

	#limit(stage: keyof typeof overWords): () => void {
		const {limits, url} = this.#outgoing;
		const timer = new AbortController();
		const over = () => {
			const passing = stage !== 'whole';
			this.#controller.abort(new HttpError('timeout', url.host, `${overWords[stage]} ${seconds(limits[stage])}`, {passing}));
		};

		// Rejects when the timer is no longer needed.
		this.#clock.sleep(limits[stage], timer.signal).then(over, () => undefined);
		return () => timer.abort();
	}
}
