import type {Requirements} from '../configuration/model.js';
import {type Group, type GroupBy, groupRows} from './group.js';
import {type Matches, matchRows, planOrder} from './match.js';
import {OfferFilter} from './query/filter.js';
import type {FilterError, Term} from './query/parse.js';
import {type SortKey, sortRows} from './sort.js';
import type {OfferTable} from './table.js';

/** What a grid of offers is to show. */
export type ViewWish = {
	/** The same object for as long as they are the same. */
	readonly requirements: Requirements;
	/** Also what does not meet the requirements, after what does. */
	readonly all?: boolean;
	readonly filter: string;
	/** None for the plan's order. */
	readonly sort: readonly SortKey[];
	readonly group?: GroupBy;
};

export type OfferRows = {
	/** Row numbers of the table, as they are to be shown. The same array as before where nothing changed. */
	readonly rows: Uint32Array;
	/** How many rows are listed, meet the requirements, and of these can be tried; whatever the filter says. */
	readonly listed: number;
	readonly fits: number;
	readonly triable: number;
	readonly terms: readonly Term[];
	readonly errors: readonly FilterError[];
	/** Where it was asked to group. */
	readonly groups: readonly Group[] | undefined;
};

/** Keeps each step of what a grid shows, and does again only those that a change concerns: a key in the filter sorts nothing. */
export class OfferView {
	readonly #table: OfferTable;
	readonly #filter: OfferFilter;
	readonly #match = remember((_version: number, requirements: Requirements) => matchRows(this.#table, requirements));
	readonly #base = remember((matches: Matches, all: boolean) => (all ? withOthers(this.#table, matches) : matches.rows));
	readonly #sorted = remember((base: Uint32Array, _keys: string, sort: readonly SortKey[]) =>
		sort.length === 0 ? base : sortRows(this.#table, base, sort),
	);
	readonly #groups = remember((rows: Uint32Array, by: GroupBy) => groupRows(this.#table, rows, by));

	constructor(table: OfferTable) {
		this.#table = table;
		this.#filter = new OfferFilter(table);
	}

	/** What the table gives now. Cheap to call for every frame. */
	rows({requirements, all = false, filter, sort, group}: ViewWish): OfferRows {
		const matches = this.#match(this.#table.version, requirements);
		const base = this.#base(matches, all);
		const keys = sort.map(({column, descending = false}) => `${column}${descending ? '-' : '+'}`).join(' ');
		const {rows, terms, errors} = this.#filter.apply(filter, this.#sorted(base, keys, sort));
		return {
			rows,
			listed: matches.listed,
			fits: matches.rows.length,
			triable: matches.triable,
			terms,
			errors,
			groups: group && this.#groups(rows, group),
		};
	}
}

/** The rows that match, then all others in the plan's order. */
function withOthers(table: OfferTable, {rows}: Matches): Uint32Array {
	const fits = new Uint8Array(table.length);
	for (const row of rows) {
		fits[row] = 1;
	}

	const others = planOrder(
		table,
		table.listed().filter(row => fits[row] === 0),
	).rows;
	const all = new Uint32Array(rows.length + others.length);
	all.set(rows);
	all.set(others, rows.length);
	return all;
}

/** A function that answers from memory while its first two arguments stay what they were. */
function remember<A, B, Rest extends unknown[], Result>(
	work: (first: A, second: B, ...rest: Rest) => Result,
): (first: A, second: B, ...rest: Rest) => Result {
	let known: {readonly first: A; readonly second: B; readonly result: Result} | undefined;
	return (first, second, ...rest) => {
		if (!known || known.first !== first || known.second !== second) {
			known = {first, second, result: work(first, second, ...rest)};
		}

		return known.result;
	};
}
