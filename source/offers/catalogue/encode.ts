import type {Band} from '../facts.js';
import type {CatalogueFacts} from '../table.js';
import {availabilities} from '../table/rows.js';
import {architectures} from '../table/shapes.js';
import {ByteWriter, writeNumbers, writeTexts} from './bytes.js';
import {breathe} from './breathe.js';

/** Different things, each once, in the order in which they are first met. */
class Distinct<T> {
	readonly values: T[] = [];
	#codes = new Map<string, number>();

	code(key: string, value: T): number {
		const code = this.#codes.get(key) ?? this.values.length;
		if (code === this.values.length) {
			this.#codes.set(key, code);
			this.values.push(value);
		}

		return code;
	}
}

class Texts extends Distinct<string> {
	of(text: string): number {
		return this.code(text, text);
	}
}

class Lists extends Distinct<readonly number[]> {
	of(list: readonly number[]): number {
		return this.code(list.join(' '), list);
	}
}

/** Offers that are read at a time before others may work. */
const slice = 1024;

/**
The offers of one backend as columns: texts once, hardware once for each type, then for each offer what is its own. They are kept in
their order; neighbours that are alike take the least room.
*/
export async function encodeOffers(
	facts: Iterable<CatalogueFacts>,
): Promise<{readonly bytes: Uint8Array; readonly rows: number; readonly date: number}> {
	const [texts, bands] = [new Texts(), new Texts()];
	const [cards, shapes, places, origins] = [new Lists(), new Lists(), new Lists(), new Lists()];
	const columns = {shape: [], place: [], flags: [], origin: [], interruption: [], price: [], previous: []} as Record<
		'shape' | 'place' | 'flags' | 'origin' | 'interruption' | 'price' | 'previous',
		number[]
	>;
	let date = 0;
	for (const fact of facts) {
		const {gpu, disk} = fact;
		const card = gpu ? cards.of([texts.of(gpu.vendor), texts.of(gpu.name), gpu.count, gpu.memory]) + 1 : 0;
		const kind = architectures.indexOf(fact.architecture);
		// With 1 added, so that 0 is none.
		const size = disk === undefined ? 0 : disk + 1;
		columns.shape.push(shapes.of([texts.of(fact.instanceType), kind, fact.cpu, fact.memory, card, size]));
		columns.place.push(places.of([texts.of(fact.region), fact.zone === undefined ? 0 : texts.of(fact.zone) + 1]));
		columns.flags.push(Number(fact.spot) | (Number(fact.estimated) << 1) | (availabilities.indexOf(fact.availability) << 2));
		columns.origin.push(origins.of([texts.of(fact.source), fact.date]));
		columns.interruption.push(bands.of(fact.interruption ?? ''));
		columns.price.push(fact.price);
		columns.previous.push(fact.previousPrice ?? 0);
		date = Math.max(date, fact.date);
		if (columns.shape.length % slice === 0) {
			await breathe();
		}
	}

	const writer = new ByteWriter();
	writeTexts(writer, texts.values);
	writeTexts(writer, bands.values);
	writeLists(writer, cards.values, 4, [2, 3]);
	writeLists(writer, shapes.values, 6, [2, 3, 5]);
	writeLists(writer, places.values, 2, []);
	writeLists(writer, origins.values, 2, [1]);
	writer.number(columns.shape.length);
	for (const [values, write] of [
		[columns.shape, writeDifferences],
		[columns.place, writeDifferences],
		[columns.flags, writeBytes],
		[columns.origin, writeDifferences],
		[columns.interruption, writeWhole],
		[columns.price, writeNumbers],
		// Few have one: 0 is none.
		[columns.previous, writeNumbers],
	] as const) {
		writeColumn(writer, values, write);
		await breathe();
	}

	return {bytes: writer.bytes, rows: columns.shape.length, date};
}

/** Interruption bands of one backend. */
export function encodeBands(bands: Iterable<Band>): {readonly bytes: Uint8Array; readonly rows: number} {
	const [types, regions, words] = [new Texts(), new Texts(), new Texts()];
	const rows = [...bands].map(({instanceType, region, interruption}) => ({
		type: types.of(instanceType),
		region: regions.of(region),
		word: words.of(interruption),
	}));
	const writer = new ByteWriter();
	for (const {values} of [types, regions, words]) {
		writeTexts(writer, values);
	}

	writer.number(rows.length);
	writeColumn(
		writer,
		rows.map(({type}) => type),
		writeDifferences,
	);
	writeColumn(
		writer,
		rows.map(({region}) => region),
		writeDifferences,
	);
	writeColumn(
		writer,
		rows.map(({word}) => word),
		writeWhole,
	);
	return {bytes: writer.bytes, rows: rows.length};
}

type Write = (column: ByteWriter, values: readonly number[]) => void;

/** A column with its length before it. One that is 0 throughout is empty. */
function writeColumn(writer: ByteWriter, values: readonly number[], write: Write): void {
	const column = new ByteWriter();
	if (values.some(value => value !== 0)) {
		write(column, values);
	}

	writer.number(column.bytes.length);
	writer.raw(column.bytes);
}

const writeBytes: Write = (column, values) => {
	for (const value of values) {
		column.byte(value);
	}
};

const writeWhole: Write = (column, values) => {
	for (const value of values) {
		column.number(value);
	}
};

const writeDifferences: Write = (column, values) => {
	let last = 0;
	for (const value of values) {
		column.signed(value - last);
		last = value;
	}
};

/** Lists of numbers, field by field; `plain` names the fields that need not be whole. */
function writeLists(writer: ByteWriter, lists: ReadonlyArray<readonly number[]>, fields: number, plain: readonly number[]): void {
	writer.number(lists.length);
	for (let field = 0; field < fields; field++) {
		const values = lists.map(list => list[field] ?? 0);
		if (plain.includes(field)) {
			writeNumbers(writer, values);
		} else {
			writeWhole(writer, values);
		}
	}
}
