import {crc32} from 'node:zlib';
import type {Entry, ZipFile} from 'yauzl';
import {HttpError} from '../../system/http.js';

/**
One file out of a zip, unpacked as it is read. The list of files is the end of a zip, so one that broke off is found out at once. Rejects
with an HttpError that names `host`: not a zip, no such file, more than `limit` bytes, or another sum than the zip says.
*/
export async function* unzip(zip: Buffer, name: string, limit: number, host: string): AsyncGenerator<Buffer, void, undefined> {
	const {fromBufferPromise} = await import('yauzl');
	let file: ZipFile;
	try {
		file = await fromBufferPromise(zip, {lazyEntries: true, autoClose: false});
	} catch {
		throw new HttpError('content', host, 'sent something that is not a whole zip');
	}

	const entry = await find(file, name, host);
	const tooMuch = new HttpError('size', host, `sent a zip whose ${name} is too large`);
	if (entry.uncompressedSize > limit) {
		throw tooMuch;
	}

	let [sum, total] = [0, 0];
	try {
		for await (const piece of (await file.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
			total += piece.length;
			sum = crc32(piece, sum);
			if (total > limit) {
				throw tooMuch;
			}

			yield piece;
		}
	} catch (error) {
		throw error instanceof HttpError ? error : damaged(name, host);
	}

	if (sum !== entry.crc32) {
		throw damaged(name, host);
	}
}

const damaged = (name: string, host: string) => new HttpError('content', host, `sent a zip whose ${name} is damaged`);

async function find(file: ZipFile, name: string, host: string): Promise<Entry> {
	try {
		for await (const entry of file.eachEntry()) {
			if (entry.fileName === name) {
				return entry;
			}
		}
	} catch {
		throw new HttpError('content', host, 'sent a zip that is damaged');
	}

	throw new HttpError('content', host, `sent a zip without ${name}`);
}
