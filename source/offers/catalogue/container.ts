import {hash as digest} from 'node:crypto';
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

/** A part that was found in a file, and not looked into yet. */
export type FoundSection = Omit<Section, 'bytes'> & {readonly open: () => Uint8Array};

const magic = new TextEncoder().encode('dtuicat');
/** Raised when what is written can no longer be read by programs that know only the ones before. */
const version = 2;
const kinds = ['offers', 'bands'] as const;
const mostSections = 1000;

/** A file of another version of this program, or of another one. */
export class ForeignError extends Error {
	override readonly name = 'ForeignError';
}

const hash = (bytes: Uint8Array): Uint8Array => digest('sha256', bytes, 'buffer').subarray(0, 8);

/**
A catalogue file: `dtuicat`, a byte for the version, a list of parts, the hash of all that, then the parts. Each begins at a multiple of
eight bytes: its columns are used as they lie in the file.
*/
export function pack(sections: readonly Section[]): Uint8Array {
	const file = new ByteWriter();
	file.raw(magic);
	file.byte(version);
	file.number(sections.length);
	for (const {kind, backend, date, rows, bytes} of sections) {
		file.byte(kinds.indexOf(kind));
		file.text(backend);
		file.number(date);
		file.number(rows);
		file.number(bytes.length);
		file.raw(hash(bytes));
	}

	file.raw(hash(file.bytes));
	for (const {bytes} of sections) {
		file.align();
		file.raw(bytes);
	}

	return file.bytes;
}

/** The parts of a file. Throws a `ForeignError` or a `DamageError`; so may each part's `open`. */
export function unpack(file: Uint8Array): FoundSection[] {
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
		kind: kinds[reader.numberBelow(kinds.length)] as Section['kind'],
		backend: reader.text(),
		date: reader.number(),
		rows: reader.number(),
		size: reader.number(),
		hash: reader.raw(8),
	}));
	const end = reader.at;
	if (!isSame(reader.raw(8), hash(file.subarray(0, end)))) {
		throw new DamageError('its list of parts is not what was written');
	}

	const parts = heads.map(({size, ...head}) => {
		reader.align();
		return {...head, bytes: reader.raw(size)};
	});
	if (!reader.isAtEnd) {
		throw new DamageError('it goes on after its end');
	}

	return parts.map(({bytes, hash: expected, ...head}) => ({
		...head,
		open() {
			if (!isSame(hash(bytes), expected)) {
				throw new DamageError('a part of it is not what was written');
			}

			return bytes;
		},
	}));
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);
