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
	const {shapes, places, origins, interruptions} = readDictionaries(reader, backend, table);
	yield;
	const block = emptyBlock(atMost(reader.number(), mostRows));
	const {count, place, shape, flags, availability, interruption, price, previous, source, date} = block;
	readDifferences(column(reader), shapes, shape);
	yield;
	readDifferences(column(reader), places, place);
	yield;
	const flagBytes = column(reader).raw(count);
	for (let row = 0; row < count; row++) {
		const byte = flagBytes[row] as number;
		flags[row] = byte & (bits.spot | bits.estimated);
		availability[row] = byte >> 2 <= unavailable ? byte >> 2 : fail();
	}

	const originCodes = new Uint32Array(count);
	readDifferences(
		column(reader),
		origins.map((_, code) => code),
		originCodes,
	);
	for (let row = 0; row < count; row++) {
		const origin = origins[originCodes[row] as number] as Origin;
		source[row] = origin.source;
		date[row] = origin.date;
	}

	yield;
	const bandCodes = column(reader);
	for (let row = 0; row < count; row++) {
		interruption[row] = interruptions[bandCodes.below(interruptions.length)] as number;
	}

	yield;
	const nextPrice = readNumbers(column(reader));
	for (let row = 0; row < count; row++) {
		const value = nextPrice();
		price[row] = value > 0 && value < Number.POSITIVE_INFINITY ? value : fail();
	}

	yield;
	const nextPrevious = readNumbers(column(reader));
	for (let row = 0; row < count; row++) {
		const value = nextPrevious();
		previous[row] = value > 0 && value < Number.POSITIVE_INFINITY ? value : Number.NaN;
	}

	if (!reader.isAtEnd) {
		throw new DamageError('it goes on after its end');
	}

	return block;
}

type Origin = {readonly source: number; readonly date: number};

/** The file's own codes to those of the table. */
type Dictionaries = {
	readonly shapes: readonly number[];
	readonly places: readonly number[];
	readonly origins: readonly Origin[];
	readonly interruptions: readonly number[];
};

function readDictionaries(reader: ByteReader, backend: string, table: OfferTable): Dictionaries {
	const texts = readTexts(reader);
	const textOf = (code: number): string => texts[code] ?? fail();
	const interruptions = readTexts(reader).map(text => table.interruptions.code(text));
	const gpus = readLists(reader, 4, [2, 3]).map(([vendor = 0, name = 0, number = 0, memory = 0]): Gpu => ({
		vendor: textOf(vendor),
		name: textOf(name),
		count: finite(number),
		memory: finite(memory),
	}));
	const shapes = readLists(reader, 6, [2, 3, 5]).map(([type = 0, kind = 0, cpu = 0, memory = 0, card = 0, disk = 0]) =>
		table.shapes.code({
			instanceType: textOf(type),
			architecture: architectures[kind] ?? fail(),
			cpu: finite(cpu),
			memory: finite(memory),
			disk: disk === 0 ? undefined : finite(disk - 1),
			gpus: card === 0 ? [] : [gpus[card - 1] ?? fail()],
		}),
	);
	const places = readLists(reader, 2, []).map(([region = 0, zone = 0]) =>
		table.places.code({backend, region: textOf(region), zone: zone === 0 ? undefined : textOf(zone - 1)}),
	);
	const origins = readLists(reader, 2, [1]).map(([source = 0, date = 0]) => ({
		source: table.sources.code(textOf(source)),
		date: finite(date),
	}));
	return {shapes, places, origins, interruptions};
}

/** Interruption bands that `encodeBands` wrote; the table's rows get theirs. */
export function decodeBands(bytes: Uint8Array, backend: string, table: OfferTable): void {
	const reader = new ByteReader(bytes);
	const [types, regions, words] = [readTexts(reader), readTexts(reader), readTexts(reader)];
	const count = atMost(reader.number(), mostRows);
	const [typeCodes, placeCodes] = [new Uint32Array(count), new Uint32Array(count)];
	readDifferences(
		column(reader),
		types.map(type => table.shapes.types.code(type)),
		typeCodes,
	);
	readDifferences(
		column(reader),
		regions.map(region => table.places.code({backend, region, zone: undefined})),
		placeCodes,
	);
	const bandCodes = words.map(word => table.interruptions.code(word));
	const bandOf = column(reader);
	const {bands} = table.store;
	for (let row = 0; row < count; row++) {
		bands.set(placeCodes[row] as number, typeCodes[row] as number, bandCodes[bandOf.below(bandCodes.length)] as number);
	}

	if (!reader.isAtEnd) {
		throw new DamageError('it goes on after its end');
	}

	table.applyBands();
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

const column = (reader: ByteReader): ByteReader => new ByteReader(reader.raw(reader.number()));

/** Codes, each written as its difference to the one before, as what they stand for. */
function readDifferences(reader: ByteReader, meanings: readonly number[], to: Uint32Array): void {
	let last = 0;
	for (let index = 0; index < to.length; index++) {
		last += reader.signed();
		to[index] = meanings[last] ?? fail();
	}
}

/** Lists of numbers, field by field; `plain` names the fields that need not be whole. */
function readLists(reader: ByteReader, fields: number, plain: readonly number[]): number[][] {
	const lists: number[][] = Array.from({length: atMost(reader.number(), mostRows)}, () => []);
	for (let field = 0; field < fields; field++) {
		const next = plain.includes(field) ? readNumbers(reader) : () => reader.number();
		for (const list of lists) {
			list.push(next());
		}
	}

	return lists;
}
