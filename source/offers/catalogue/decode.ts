import type {Gpu} from '../offer.js';
import type {OfferTable} from '../table.js';
import {type Block, emptyBlock} from '../table/block.js';
import {availabilities, bits} from '../table/rows.js';
import {architectures} from '../table/shapes.js';
import {ByteReader, DamageError, readNumbers, readTexts} from './bytes.js';

const mostRows = 5_000_000;
const unavailable = availabilities.indexOf('unavailable');

/**
The offers that `encodeOffers` wrote, in the table's codes; a column at each step, so that the caller may let others work in
between. Throws a `DamageError` for bytes that it cannot have written; the table has only some unused words more by then.
*/
export function* decodeOffers(bytes: Uint8Array, backend: string, table: OfferTable): Generator<void, Block> {
	const reader = new ByteReader(bytes);
	const texts = readTexts(reader);
	const interruptions = readTexts(reader).map(text => table.interruptions.code(text));
	yield;
	const shapes = readShapes(reader, texts, table);
	yield;
	const places = readPlaces(reader, texts, backend, table);
	const origins = readLists(reader, 2, [1]);
	const sources = Array.from(origins[0], code => table.sources.code(texts[code] ?? fail()));
	const dates = Array.from(origins[1], finite);
	const block = emptyBlock(atMost(reader.number(), mostRows));
	const {count, flags, availability} = block;
	translate(readDifferences(reader, count), shapes, block.shape);
	yield;
	translate(readDifferences(reader, count), places, block.place);
	yield;
	const marks = readColumn(reader, count);
	for (let row = 0; row < count; row++) {
		const mark = marks[row] as number;
		flags[row] = mark & (bits.spot | bits.estimated);
		availability[row] = mark >> 2 <= unavailable ? mark >> 2 : fail();
	}

	const originOf = readDifferences(reader, count);
	translate(originOf, sources, block.source);
	translate(originOf, dates, block.date);
	translate(readColumn(reader, count), interruptions, block.interruption);
	yield;
	block.price.set(readColumn(reader, count, column => readNumbers(column, count)));
	block.previous.set(readColumn(reader, count, column => readNumbers(column, count)));
	for (let row = 0; row < count; row++) {
		const price = block.price[row] as number;
		block.price[row] = price > 0 && price < Number.POSITIVE_INFINITY ? price : fail();
		block.previous[row] ||= Number.NaN;
	}

	if (!reader.isAtEnd) {
		throw new DamageError('it goes on after its end');
	}

	return block;
}

function readShapes(reader: ByteReader, texts: readonly string[], {shapes}: OfferTable): number[] {
	const textOf = (code: number): string => texts[code] ?? fail();
	const [vendors, names, counts, memories] = readLists(reader, 4, [2, 3]);
	const gpus = Array.from(vendors, (vendor, card): readonly Gpu[] => [
		{
			vendor: textOf(vendor),
			name: textOf(names[card] as number),
			count: finite(counts[card] as number),
			memory: finite(memories[card] as number),
		},
	]);
	gpus.unshift([]);
	const [types, kinds, cores, sizes, cards, disks] = readLists(reader, 6, [2, 3, 5]);
	const codes: number[] = [];
	for (let shape = 0; shape < types.length; shape++) {
		const disk = disks[shape] as number;
		codes.push(
			shapes.code({
				instanceType: textOf(types[shape] as number),
				architecture: architectures[kinds[shape] as number] ?? fail(),
				cpu: finite(cores[shape] as number),
				memory: finite(sizes[shape] as number),
				disk: disk === 0 ? undefined : finite(disk - 1),
				gpus: gpus[cards[shape] as number] ?? fail(),
			}),
		);
	}

	return codes;
}

function readPlaces(reader: ByteReader, texts: readonly string[], backend: string, {places}: OfferTable): number[] {
	const [regions, zones] = readLists(reader, 2, []);
	return Array.from(regions, (region, index) => {
		const zone = zones[index] as number;
		return places.code({
			backend,
			region: texts[region] ?? fail(),
			zone: zone === 0 ? undefined : (texts[zone - 1] ?? fail()),
		});
	});
}

/** Interruption bands that `encodeBands` wrote. The table's rows do not get them yet. */
export function decodeBands(bytes: Uint8Array, backend: string, table: OfferTable): void {
	const reader = new ByteReader(bytes);
	const types = readTexts(reader).map(type => table.shapes.types.code(type));
	const regions = readTexts(reader).map(region => table.places.code({backend, region, zone: undefined}));
	const words = readTexts(reader).map(word => table.interruptions.code(word));
	const count = atMost(reader.number(), mostRows);
	const [typeOf, placeOf, bandOf] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
	translate(readDifferences(reader, count), types, typeOf);
	translate(readDifferences(reader, count), regions, placeOf);
	translate(readColumn(reader, count), words, bandOf);
	if (!reader.isAtEnd) {
		throw new DamageError('it goes on after its end');
	}

	for (let row = 0; row < count; row++) {
		table.store.bands.set(placeOf[row] as number, typeOf[row] as number, bandOf[row] as number);
	}
}

const fail = (): never => {
	throw new DamageError('a code stands for nothing');
};

const finite = (value: number): number => (Number.isFinite(value) && value >= 0 ? value : fail());

const atMost = (value: number, most: number): number => {
	if (value > most) {
		throw new DamageError(`${value} rows, at most ${most} were expected`);
	}

	return value;
};

/** The numbers of a column; of one that is empty all are 0. */
function readColumn(reader: ByteReader, count: number, read = (column: ByteReader) => column.numbers(count)): Float64Array {
	const column = new ByteReader(reader.raw(reader.number()));
	if (column.isAtEnd) {
		return new Float64Array(count);
	}

	const values = read(column);
	return column.isAtEnd ? values : fail();
}

/** A column of codes, each written as its difference to the one before, with its sign in the lowest bit. */
function readDifferences(reader: ByteReader, count: number): Float64Array {
	const values = readColumn(reader, count);
	let last = 0;
	for (let index = 0; index < count; index++) {
		const value = values[index] as number;
		last += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
		values[index] = last;
	}

	return values;
}

/** Codes of the file as what they stand for. */
function translate(codes: Float64Array, meanings: readonly number[], to: Uint32Array | Uint16Array | Float64Array): void {
	for (let index = 0; index < to.length; index++) {
		const meaning = meanings[codes[index] as number];
		if (meaning === undefined) {
			fail();
		}

		to[index] = meaning as number;
	}
}

/** A list of numbers for each field. */
type Fields = readonly [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

/** Lists of numbers, field by field; `plain` names the fields that need not be whole. */
function readLists(reader: ByteReader, fields: number, plain: readonly number[]): Fields {
	const count = reader.number();
	const lists = Array.from({length: fields}, (_, field) =>
		plain.includes(field) ? readNumbers(reader, count) : reader.numbers(count),
	);
	return lists as unknown as Fields;
}
