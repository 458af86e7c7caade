import {pipeline, Readable} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {HttpError, networkError} from './error.js';

export type Pieces = AsyncGenerator<Uint8Array, void, undefined>;

const isGzip = (start: Uint8Array): boolean => start[0] === 0x1f && start[1] === 0x8b;

/** Unpacks a body that is gzip although nothing said so; any other goes through as it is. */
export async function* unwrapGzip(pieces: Pieces): Pieces {
	const first = await pieces.next();
	if (first.done) {
		return;
	}

	const whole = prepend(first.value, pieces);
	if (!isGzip(first.value)) {
		yield* whole;
		return;
	}

	const gunzip = createGunzip();
	// The error, if there is one, comes out of the loop below as well.
	pipeline(Readable.from(whole, {objectMode: false}), gunzip, () => undefined);
	yield* gunzip as AsyncIterable<Uint8Array>;
}

async function* prepend(first: Uint8Array, rest: Pieces): Pieces {
	yield first;
	yield* rest;
}

/** Rejects as soon as more than `size` bytes have come: counted here, after everything that unpacks. */
export async function* limited(
	pieces: Pieces,
	{url: {host}, limits: {size}, signal}: {url: URL; limits: {size: number}; signal: AbortSignal | undefined},
): Pieces {
	let total = 0;
	try {
		for await (const piece of pieces) {
			total += piece.byteLength;
			if (total > size) {
				throw new HttpError('size', host, `sent more than ${sizeWords(size)}`);
			}

			yield piece;
		}
	} catch (error) {
		signal?.throwIfAborted();
		throw networkError(host, error);
	}
}

const sizeWords = (bytes: number): string => (bytes >= 1024 * 1024 ? `${Math.round(bytes / 1024 / 1024)}MB` : `${bytes} bytes`);

/** All pieces as one buffer. */
export async function collect(pieces: Pieces): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	for await (const piece of pieces) {
		parts.push(piece);
	}

	return Buffer.concat(parts);
}

/** The JSON of an answer; undefined for an empty one. Throws an HttpError for anything else. */
export function parseJson(text: string | undefined, host: string): unknown {
	if (text === undefined || text.trim() === '') {
		return undefined;
	}

	try {
		return JSON.parse(text);
	} catch {
		// The parser's own words would quote what came.
		throw new HttpError('content', host, 'sent something that is not JSON');
	}
}
