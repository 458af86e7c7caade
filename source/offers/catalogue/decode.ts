import type {Gpu} from '../offer.js';
import type {OfferTable} from '../table.js';
import {type Block, emptyBlock} from '../table/block.js';
import {availabilities, bits} from '../table/rows.js';
import {architectures} from '../table/shapes.js';
import {ByteReader, DamageError, type Numbers} from './bytes.js';

const mostRows = 5_000_000;
const availabilityLimit = availabilities.indexOf('unavailable') + 1;

/**
The offers that `encodeOffers` wrote, in the table's codes; some columns at each step, so that the caller may let others work in
between. Throws a `DamageError` for bytes that it cannot have written; the table has only some unused words more by then.
*/
export function* decodeOffers(bytes: Uint8Array, backend: string, table: OfferTable): Generator<void, Block> {
	const reader = new ByteReader(bytes);
	const texts = reader.texts();
	const interruptions = table.interruptions.codes(reader.texts());
	yield;
	const shapes = readShapes(reader, texts, table);
	yield;
	const places = readPlaces(reader, texts, backend, table);
	const [origins, dates] = readLists(reader, 2);
	const sources = Uint32Array.from(origins, code => table.sources.code(textOf(texts, code)));
	const block = emptyBlock(atMost(reader.number(), mostRows));
	const {count} = block;
	translate(reader.column(count), shapes, block.shape);
	translate(reader.column(count), places, block.place);
	yield;
	copyBelow(reader.column(count), (bits.spot | bits.estimated) + 1, block.flags);
	copyBelow(reader.column(count), availabilityLimit, block.availability);
	const originOf = reader.column(count);
	translate(originOf, sources, block.source);
	translate(originOf, dates, block.date);
	translate(reader.column(count), interruptions, block.interruption);
	yield;
	copy(reader.column(count), block.price);
	copy(reader.column(count), block.previous);
	checkNumbers(block);
	atEnd(reader);
	return block;
}

function readShapes(reader: ByteReader, texts: readonly string[], {shapes}: OfferTable): Uint32Array {
	const [vendors, names, counts, memories] = readLists(reader, 4);
	const gpus = Array.from(vendors, (vendor, card): readonly Gpu[] => [
		{
			vendor: textOf(texts, vendor),
			name: textOf(texts, names[card] as number),
			count: finite(counts[card] as number),
			memory: finite(memories[card] as number),
		},
	]);
	const lists = Uint32Array.of(0, ...gpus.map(each => shapes.gpuLists.code(each)));
	const [typeOf, kinds, cores, sizes, cards, disks] = readLists(reader, 6);
	const codes = new Uint32Array(typeOf.length);
	const types = shapes.types.codes(Array.from(typeOf, type => textOf(texts, type)));
	for (let shape = 0; shape < codes.length; shape++) {
		const kind = kinds[shape] as number;
		const disk = disks[shape] as number;
		codes[shape] = shapes.codeOf(
			types[shape] as number,
			kind < architectures.length ? kind : fail(),
			finite(cores[shape] as number),
			finite(sizes[shape] as number),
			disk === 0 ? Number.NaN : finite(disk - 1),
			lists[cards[shape] as number] ?? fail(),
		);
	}

	return codes;
}

function readPlaces(reader: ByteReader, texts: readonly string[], backend: string, {places}: OfferTable): Uint32Array {
	const [regions, zones] = readLists(reader, 2);
	return Uint32Array.from(regions, (region, index) => {
		const zone = zones[index] as number;
		return places.code({
			backend,
			region: textOf(texts, region),
			zone: zone === 0 ? undefined : textOf(texts, zone - 1),
		});
	});
}

/** Interruption bands that `encodeBands` wrote. The table's rows do not get them yet. */
export function decodeBands(bytes: Uint8Array, backend: string, table: OfferTable): void {
	const reader = new ByteReader(bytes);
	const types = table.shapes.types.codes(reader.texts());
	const regions = reader.texts();
	const bands = Uint16Array.of(0, ...reader.texts().map(word => table.interruptions.code(word)));
	const codes = new Uint8Array(regions.length * types.length);
	copyBelow(reader.column(codes.length), bands.length, codes);
	atEnd(reader);
	for (const [index, region] of regions.entries()) {
		const place = table.places.code({backend, region, zone: undefined});
		table.store.bands.setAll(place, {types, bands, codes: codes.subarray(index * types.length, (index + 1) * types.length)});
	}
}

const fail = (): never => {
	throw new DamageError('a code stands for nothing');
};

const textOf = (texts: readonly string[], code: number): string => texts[code] ?? fail();
const finite = (value: number): number => (Number.isFinite(value) && value >= 0 ? value : fail());

const atMost = (value: number, most: number): number => {
	if (value > most) {
		throw new DamageError(`${value} rows, at most ${most} were expected`);
	}

	return value;
};

function atEnd(reader: ByteReader): void {
	if (!reader.isAtEnd) {
		throw new DamageError('it goes on after its end');
	}
}

type Target = Uint32Array | Uint16Array | Uint8Array | Float64Array;

function copy(column: Numbers, to: Target): void {
	if (typeof column === 'number') {
		to.fill(column);
	} else {
		to.set(column);
	}
}

/** Whole numbers, each below `limit`. */
function copyBelow(column: Numbers, limit: number, to: Uint8Array): void {
	copy(column, to);
	// What does not fit in a byte was cut off by that.
	if (typeof column === 'number' ? to[0] !== undefined && to[0] !== column : column.BYTES_PER_ELEMENT > 1) {
		fail();
	}

	for (let index = 0; index < to.length; index++) {
		if ((to[index] as number) >= limit) {
			fail();
		}
	}
}

/** Codes of the file as what they stand for. */
function translate(codes: Numbers, meanings: Uint32Array | Float64Array, to: Target): void {
	if (typeof codes === 'number') {
		// Without rows no code is valid.
		to.fill(meanings[codes] ?? (to.length === 0 ? 0 : fail()));
		return;
	}

	const {length} = meanings;
	for (let index = 0; index < to.length; index++) {
		const code = codes[index] as number;
		to[index] = meanings[code < length ? code : fail()] ?? fail();
	}
}

function checkNumbers({price, previous, date}: Block): void {
	for (let row = 0; row < price.length; row++) {
		const cost = price[row] as number;
		const time = date[row] as number;
		if (!(cost > 0 && cost < Number.POSITIVE_INFINITY && time >= 0 && time < Number.POSITIVE_INFINITY)) {
			fail();
		}

		previous[row] ||= Number.NaN;
	}
}

/** A list of numbers for each field. */
type Fields = readonly [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

/** Lists of numbers, field by field. */
function readLists(reader: ByteReader, fields: number): Fields {
	const count = atMost(reader.number(), mostRows);
	const lists = Array.from({length: fields}, () => {
		const list = new Float64Array(count);
		copy(reader.column(count), list);
		return list;
	});
	return lists as unknown as Fields;
}
