import type {Band} from '../facts.js';
import type {CatalogueFacts} from '../table.js';
import {availabilities, bits} from '../table/rows.js';
import {architectures} from '../table/shapes.js';
import {yieldToEvents} from './yield-to-events.js';
import {ByteWriter} from './bytes.js';

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

/** What each offer has of its own, in the order in which it is written. */
const names = ['shape', 'place', 'flags', 'availability', 'origin', 'interruption', 'price', 'previous'] as const;

/**
The offers of one backend as columns, in their order: texts once, hardware once for each type, then for each offer what is its own. All
of it lies there as the program uses it, so that reading is little more than copying.
*/
export async function encodeOffers(
	facts: Iterable<CatalogueFacts>,
): Promise<{readonly bytes: Uint8Array; readonly rows: number; readonly date: number}> {
	const [texts, bands] = [new Texts(), new Texts()];
	const [cards, shapes, places, origins] = [new Lists(), new Lists(), new Lists(), new Lists()];
	const columns = Object.fromEntries(names.map(name => [name, []])) as unknown as Record<(typeof names)[number], number[]>;
	let date = 0;
	for (const fact of facts) {
		const {gpu, disk} = fact;
		const card = gpu ? cards.of([texts.of(gpu.vendor), texts.of(gpu.name), gpu.count, gpu.memory]) + 1 : 0;
		const kind = architectures.indexOf(fact.architecture);
		// With 1 added, so that 0 is none.
		const size = disk === undefined ? 0 : disk + 1;
		columns.shape.push(shapes.of([texts.of(fact.instanceType), kind, fact.cpu, fact.memory, card, size]));
		columns.place.push(places.of([texts.of(fact.region), fact.zone === undefined ? 0 : texts.of(fact.zone) + 1]));
		columns.flags.push((fact.spot ? bits.spot : 0) | (fact.estimated ? bits.estimated : 0));
		columns.availability.push(availabilities.indexOf(fact.availability));
		columns.origin.push(origins.of([texts.of(fact.source), fact.date]));
		columns.interruption.push(bands.of(fact.interruption ?? ''));
		columns.price.push(fact.price);
		// Few have one: 0 is none.
		columns.previous.push(fact.previousPrice ?? 0);
		date = Math.max(date, fact.date);
		if (columns.shape.length % slice === 0) {
			await yieldToEvents();
		}
	}

	const writer = new ByteWriter();
	writer.texts(texts.values);
	writer.texts(bands.values);
	writeLists(writer, cards.values, 4);
	writeLists(writer, shapes.values, 6);
	writeLists(writer, places.values, 2);
	writeLists(writer, origins.values, 2);
	writer.number(columns.shape.length);
	for (const name of names) {
		writer.column(columns[name]);
		await yieldToEvents();
	}

	return {bytes: writer.bytes, rows: columns.shape.length, date};
}

/** Interruption bands of one backend: for each of its regions a band of each type, with 1 added, so that 0 is none. */
export function encodeBands(bands: Iterable<Band>): {readonly bytes: Uint8Array; readonly rows: number} {
	const [types, regions, words] = [new Texts(), new Texts(), new Texts()];
	const rows = [...bands].map(({instanceType, region, interruption}) => ({
		type: types.of(instanceType),
		region: regions.of(region),
		word: words.of(interruption) + 1,
	}));
	const codes = new Array<number>(regions.values.length * types.values.length).fill(0);
	for (const {type, region, word} of rows) {
		codes[region * types.values.length + type] = word;
	}

	const writer = new ByteWriter();
	for (const {values} of [types, regions, words]) {
		writer.texts(values);
	}

	writer.column(codes);
	return {bytes: writer.bytes, rows: rows.length};
}

/** Lists of so many numbers, field by field. */
function writeLists(writer: ByteWriter, lists: ReadonlyArray<readonly number[]>, fields: number): void {
	writer.number(lists.length);
	for (let field = 0; field < fields; field++) {
		writer.column(lists.map(list => list[field] ?? 0));
	}
}
