import type {OfferTable} from '../table.js';
import {bits} from '../table/rows.js';
import {marketBegun, prepare, type Test} from './hits.js';
import {type FilterError, parseFilter, type ParsedFilter, type Term} from './parse.js';

/** What a filter leaves of the rows that it was given, in their order. */
export type Filtered = {readonly rows: Uint32Array; readonly terms: readonly Term[]; readonly errors: readonly FilterError[]};

const mostKept = 32;

/**
Filters a table's rows as a person types. Terms are prepared once for each word, and a text that only narrows the one before it
looks at that one's rows alone.
*/
export class OfferFilter {
	readonly #table: OfferTable;
	#prepared = new Map<string, Test>();
	#version = -1;
	#last: {readonly from: Uint32Array; readonly parsed: ParsedFilter; readonly rows: Uint32Array} | undefined;

	constructor(table: OfferTable) {
		this.#table = table;
	}

	/** The rows of `from` that the text lets through. The same `from` must hold the same rows each time. */
	apply(text: string, from: Uint32Array): Filtered {
		if (this.#version !== this.#table.version) {
			this.#version = this.#table.version;
			this.#prepared.clear();
			this.#last = undefined;
		}

		const last = this.#last?.from === from ? this.#last : undefined;
		const parsed = last?.parsed.text === text ? last.parsed : parseFilter(text);
		if (last && parsed === last.parsed) {
			return {...parsed, rows: last.rows};
		}

		const isNarrower = last !== undefined && narrows(parsed.terms, last.parsed.terms);
		const known = new Set(isNarrower ? last.parsed.terms.map(meaning) : []);
		const rows = this.#through(
			parsed.terms.filter(term => !known.has(meaning(term))),
			isNarrower ? last.rows : from,
		);
		this.#last = {from, parsed, rows};
		return {...parsed, rows};
	}

	#through(terms: readonly Term[], from: Uint32Array): Uint32Array {
		if (terms.length === 0) {
			return from;
		}

		const tests = terms.map(term => ({term, test: this.#prepare(term)}));
		// What is cheap to ask goes first: the others then have fewer rows to look at.
		tests.sort((a, b) => order[a.test.over] - order[b.test.over]);
		let rows = from;
		let own: Uint32Array | undefined;
		for (const {term, test} of tests) {
			own ??= new Uint32Array(from.length);
			rows = own.subarray(0, keep(this.#table, rows, own, test, term.negated));
		}

		return rows.slice();
	}

	#prepare(term: Term): Test {
		const key = meaning({...term, negated: false});
		let test = this.#prepared.get(key);
		if (test === undefined) {
			if (this.#prepared.size >= mostKept) {
				this.#prepared.clear();
			}

			test = prepare(this.#table, term);
			this.#prepared.set(key, test);
		}

		return test;
	}
}

const order: Readonly<Record<Test['over'], number>> = {place: 0, shape: 0, interruption: 0, any: 1, row: 2};

/** What a term asks, wherever it is written. */
const meaning = ({from: _, to: __, ...term}: Term): string => JSON.stringify(term);

/** Whether each term of the one before is still asked, or a word of it that has grown. */
function narrows(terms: readonly Term[], before: readonly Term[]): boolean {
	const asked = new Set(terms.map(meaning));
	return before.every(term => asked.has(meaning(term)) || terms.some(each => grew(term, each)));
}

/** A longer word is found only where the shorter one was; what begins like a market is found in more places than it says. */
const grew = (before: Term, after: Term): boolean =>
	before.kind === 'word' &&
	after.kind === 'word' &&
	!before.negated &&
	!after.negated &&
	!before.word.includes('*') &&
	!after.word.includes('*') &&
	after.word.includes(before.word) &&
	(marketBegun(after.word) === undefined || marketBegun(after.word) === marketBegun(before.word));

/** Writes the rows that pass to `to`, which may be where they stand, and says how many there are. */
function keep(table: OfferTable, rows: Uint32Array, to: Uint32Array, test: Test, negated: boolean): number {
	switch (test.over) {
		case 'place':
		case 'shape':
		case 'interruption': {
			return keepCodes(rows, to, table.columns[test.over], test.hits, Number(!negated));
		}

		case 'any': {
			return keepAny(table, rows, to, test, Number(!negated));
		}

		case 'row': {
			return keepRows(rows, to, test.test, !negated);
		}
	}
}

function keepCodes(
	rows: Uint32Array,
	to: Uint32Array,
	codes: Uint32Array | Uint16Array,
	hits: Uint8Array,
	wanted: number,
): number {
	let count = 0;
	for (let index = 0; index < rows.length; index++) {
		const row = rows[index] as number;
		to[count] = row;
		count += Number(hits[codes[row] as number] === wanted);
	}

	return count;
}

function keepAny(
	{columns}: OfferTable,
	rows: Uint32Array,
	to: Uint32Array,
	{places, shapes, market}: Extract<Test, {over: 'any'}>,
	wanted: number,
): number {
	const {place, shape, flags} = columns;
	let count = 0;
	for (let index = 0; index < rows.length; index++) {
		const row = rows[index] as number;
		const hit =
			(places[place[row] as number] as number) |
			(shapes[shape[row] as number] as number) |
			Number(((flags[row] as number) & bits.spot) === market);
		to[count] = row;
		count += Number(hit === wanted);
	}

	return count;
}

function keepRows(rows: Uint32Array, to: Uint32Array, test: (row: number) => boolean, wanted: boolean): number {
	let count = 0;
	for (let index = 0; index < rows.length; index++) {
		const row = rows[index] as number;
		if (test(row) === wanted) {
			to[count++] = row;
		}
	}

	return count;
}
