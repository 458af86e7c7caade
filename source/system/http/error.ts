/**
What went wrong with a request.

- `status`: the server answered, and not with what was asked for.
- `network`: no connection, or one that broke.
- `timeout`: one of the limits of time passed.
- `size`: more came than was allowed.
- `content`: what came cannot be read as what it should be.
- `refused`: the request was not made, or a redirection not followed, for safety's sake.
*/
export type HttpFailure = 'status' | 'network' | 'timeout' | 'size' | 'content' | 'refused';

export type HttpErrorDetails = {
	readonly status?: number;
	/** The start of the answer's body, for a caller that looks for a code in it. It may hold anything, and is never part of the message. */
	readonly text?: string;
	/** How long the server asked to be left alone, milliseconds. */
	readonly retryAfter?: number;
	/** What the server says of the login that it wants, its `WWW-Authenticate` header. Anything may stand in it. */
	readonly challenge?: string;
	/** Whether another try may help. */
	readonly passing?: boolean;
	/** Whether the server cannot have seen the request. */
	readonly unsent?: boolean;
};

/** A request that failed. The message names the host and the cause, and never a path, a query, a header or the body. */
export class HttpError extends Error {
	override readonly name = 'HttpError';
	readonly kind: HttpFailure;
	readonly host: string;
	/** The cause alone, without the host: `answered 503 Service Unavailable`. */
	readonly words: string;
	readonly status: number | undefined;
	readonly text: string | undefined;
	readonly retryAfter: number | undefined;
	readonly challenge: string | undefined;
	readonly passing: boolean;
	readonly unsent: boolean;
	/** How often it was tried. */
	readonly tries: number;

	constructor(kind: HttpFailure, host: string, words: string, details: HttpErrorDetails = {}, tries = 1) {
		super(`${host} ${words}${tries > 1 ? `, ${tries} times` : ''}`);
		this.kind = kind;
		this.host = host;
		this.words = words;
		this.status = details.status;
		this.text = details.text;
		this.retryAfter = details.retryAfter;
		this.challenge = details.challenge;
		this.passing = details.passing ?? false;
		this.unsent = details.unsent ?? false;
		this.tries = tries;
	}

	/** The same failure, known to have come `tries` times. */
	after(tries: number): HttpError {
		return tries === this.tries ? this : new HttpError(this.kind, this.host, this.words, this, tries);
	}
}

const unreachable: Readonly<Record<string, string>> = {
	ENOTFOUND: 'is not known by that name, or there is no network',
	EAI_AGAIN: 'could not be looked up; is there a network?',
	ECONNREFUSED: 'refused the connection',
	EHOSTUNREACH: 'cannot be reached from this network',
	ENETUNREACH: 'cannot be reached from this network',
	ETIMEDOUT: 'did not take the connection in time',
	UND_ERR_CONNECT_TIMEOUT: 'did not take the connection in time',
};

const broken: Readonly<Record<string, string>> = {
	ECONNRESET: 'broke the connection',
	EPIPE: 'broke the connection',
	UND_ERR_SOCKET: 'broke the connection',
	UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'sent another amount than it had said',
};

const isCertificate = (code: string): boolean => /CERT|TLS|SSL|VERIFY/.test(code);

/**
The failure behind what `fetch` threw. Its own words are left out: those of a header that is not valid would hold the header.
*/
export function networkError(host: string, thrown: unknown): HttpError {
	if (thrown instanceof HttpError) {
		return thrown;
	}

	const code = codeOf(thrown);
	if (code !== undefined && code in unreachable) {
		return new HttpError('network', host, unreachable[code] ?? '', {passing: true, unsent: true});
	}

	if (code !== undefined && code in broken) {
		return new HttpError('network', host, broken[code] ?? '', {passing: true});
	}

	if (code !== undefined && isCertificate(code)) {
		return new HttpError('network', host, `has a certificate that is not trusted (${code})`);
	}

	if (code?.startsWith('Z_') || code?.startsWith('ERR__ERROR_FORMAT')) {
		return new HttpError('content', host, 'sent something that does not unpack', {passing: true});
	}

	if (code !== undefined) {
		return new HttpError('network', host, `could not be talked to (${code})`, {passing: true});
	}

	// What `fetch` itself does not accept has no cause; what the network did has one.
	if (thrown instanceof Error && thrown.cause instanceof Error) {
		const words = thrown.cause.name === 'HTTPParserError' ? 'does not speak HTTP' : 'could not be talked to';
		return new HttpError('network', host, words, {passing: true});
	}

	return thrown instanceof TypeError && thrown.message === 'terminated'
		? new HttpError('network', host, 'broke the connection', {passing: true})
		: new HttpError('refused', host, 'could not be asked: the request is not a valid one');
}

/** The system's or undici's code, from wherever in the chain of causes it is. */
function codeOf(thrown: unknown): string | undefined {
	for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
		const {code} = error as NodeJS.ErrnoException;
		if (typeof code === 'string' && /^\w{1,60}$/.test(code)) {
			return code;
		}

		if (error instanceof AggregateError && error.errors.length > 0) {
			return codeOf(error.errors[0]);
		}
	}

	return undefined;
}
