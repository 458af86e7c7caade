import {createHash} from 'node:crypto';
import {promisify} from 'node:util';
import {brotliCompress, brotliDecompress, constants} from 'node:zlib';
import {ByteReader, ByteWriter, DamageError} from './bytes.js';

/** A part of a catalogue file. */
export type Section = {
	readonly kind: 'offers' | 'bands';
	readonly backend: string;
	/** The newest price in it, milliseconds since the epoch. */
	readonly date: number;
	readonly rows: number;
	readonly bytes: Uint8Array;
};

/** A part that was found in a file, and not unpacked yet. */
export type PackedSection = Omit<Section, 'bytes'> & {readonly unpack: () => Promise<Uint8Array>};

const magic = new TextEncoder().encode('dtuicat');
/** Raised when what is written can no longer be read by programs that know only the ones before. */
const version = 1;
const kinds = ['offers', 'bands'] as const;
const mostSections = 1000;
/** Bytes of a part once it is unpacked: half a million offers take some 6 MB. */
const mostBytes = 128 * 1024 * 1024;
const decompress = promisify(brotliDecompress);

/** A file of another version of this program, or of another one. */
export class ForeignError extends Error {
	override readonly name = 'ForeignError';
}

const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest().subarray(0, 8);

const compress = async (bytes: Uint8Array, quality: number): Promise<Uint8Array> =>
	promisify<Uint8Array, object, Uint8Array>(brotliCompress)(bytes, {
		params: {
			[constants.BROTLI_PARAM_QUALITY]: quality,
			[constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
			[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
		},
	});

/**
A catalogue file: `dtuicat`, a byte for the version, a list of parts, the hash of all that, then the parts, each compressed by
itself so that only those that are needed are unpacked. Quality from 0, quick, to 11, small.
*/
export async function pack(sections: readonly Section[], quality = 5): Promise<Uint8Array> {
	const header = new ByteWriter();
	header.raw(magic);
	header.byte(version);
	header.number(sections.length);
	const payloads = await Promise.all(sections.map(async ({bytes}) => compress(bytes, quality)));
	sections.forEach(({kind, backend, date, rows, bytes}, index) => {
		const payload = payloads[index] as Uint8Array;
		header.byte(kinds.indexOf(kind));
		header.text(backend);
		header.number(date);
		header.number(rows);
		header.number(bytes.length);
		header.number(payload.length);
		header.raw(hash(payload));
	});
	header.raw(hash(header.bytes));
	for (const payload of payloads) {
		header.raw(payload);
	}

	return header.bytes;
}

/** The parts of a file. Throws a `ForeignError` or a `DamageError`; so may each part's `unpack`. */
export function unpack(file: Uint8Array): PackedSection[] {
	const reader = new ByteReader(file);
	if (!magic.every((byte, index) => file[index] === byte)) {
		throw file.length < magic.length ? new DamageError('it ends too early') : new ForeignError('it is no catalogue');
	}

	reader.raw(magic.length);
	const found = reader.byte();
	if (found !== version) {
		throw new ForeignError(`it is of version ${found}, this program reads version ${version}`);
	}

	const count = reader.number();
	if (count > mostSections) {
		throw new DamageError('it has too many parts');
	}

	const heads = Array.from({length: count}, () => ({
		kind: kinds[reader.below(kinds.length)] as Section['kind'],
		backend: reader.text(),
		date: reader.number(),
		rows: reader.number(),
		size: reader.number(),
		packed: reader.number(),
		hash: reader.raw(8),
	}));
	const end = reader.at;
	if (!isSame(reader.raw(8), hash(file.subarray(0, end)))) {
		throw new DamageError('its list of parts is not what was written');
	}

	const parts = heads.map(({packed, ...head}) => ({...head, payload: reader.raw(packed)}));
	if (!reader.isAtEnd) {
		throw new DamageError('it goes on after its end');
	}

	return parts.map(({payload, hash: expected, size, ...head}) => ({
		...head,
		unpack: async () => unpackPayload(payload, expected, size),
	}));
}

async function unpackPayload(payload: Uint8Array, expected: Uint8Array, size: number): Promise<Uint8Array> {
	if (!isSame(hash(payload), expected) || size > mostBytes) {
		throw new DamageError('a part of it is not what was written');
	}

	const bytes = await decompress(payload, {maxOutputLength: Math.max(1, size)});
	if (bytes.length !== size) {
		throw new DamageError('a part of it has not the size that was written');
	}

	return bytes;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);
