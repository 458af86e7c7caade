import {keyOfNumber, lastKey, settleTies, sortByKeys} from './radix.js';
import type {OfferTable} from './table.js';

/** What offers can be sorted by: every column of the grid, and some that only the drawer shows. */
export const sortColumns = [
	'backend',
	'region',
	'zone',
	'instance',
	'cpu',
	'memory',
	'gpu',
	'gpus',
	'vram',
	'disk',
	'spot',
	'price',
	'gpu-price',
	'change',
	'deadline',
	'availability',
	'interruption',
	'source',
	'date',
] as const;
export type SortColumn = (typeof sortColumns)[number];
export type SortKey = {readonly column: SortColumn; readonly descending?: boolean};

/**
Rows by these columns, the first of them before the others. Rows that are equal in all of them stay as they were given. What has no
value in a column (no GPU, no zone) comes last, whichever way it is sorted. A new array.
*/
export function sortRows(table: OfferTable, rows: Uint32Array, by: readonly SortKey[]): Uint32Array {
	const sorted = rows.slice();
	for (const {column, descending = false} of by.toReversed()) {
		const ranked = ranksOf(table, column);
		if (ranked) {
			sortByRanks(sorted, ranked, descending);
		} else {
			sortByNumbers(sorted, numbersOf(table, column), descending);
		}
	}

	return sorted;
}

/** A rank for each code, and the code of each row. */
type Ranked = {readonly codes: Uint32Array | Uint8Array | Uint16Array; readonly ranks: Uint32Array};

function sortByRanks(rows: Uint32Array, {codes, ranks}: Ranked, descending: boolean): void {
	const keys = new Uint32Array(rows.length);
	const most = ranks.reduce((max, rank) => (rank === lastKey ? max : Math.max(max, rank)), 0);
	const turned = ranks.map(rank => (rank === lastKey ? most + 1 : descending ? most - rank : rank));
	for (let index = 0; index < rows.length; index++) {
		keys[index] = turned[codes[rows[index] as number] as number] as number;
	}

	sortByKeys(rows, keys);
}

function sortByNumbers(rows: Uint32Array, valueOf: (row: number) => number, descending: boolean): void {
	const keys = new Uint32Array(rows.length);
	for (let index = 0; index < rows.length; index++) {
		const value = valueOf(rows[index] as number);
		keys[index] = Number.isNaN(value) ? lastKey : descending ? lastKey - 1 - keyOfNumber(value) : keyOfNumber(value);
	}

	sortByKeys(rows, keys);
	settleTies(rows, keys, (a, b) => {
		const [first, second] = descending ? [valueOf(b), valueOf(a)] : [valueOf(a), valueOf(b)];
		return first < second ? -1 : first > second ? 1 : 0;
	});
}

/** Columns that depend on the row itself. NaN is no value. */
function numbersOf(table: OfferTable, column: SortColumn): (row: number) => number {
	const {price, previous, date, shape} = table.columns;
	const {gpus, gpuLists} = table.shapes;
	const {counts} = gpuLists;
	switch (column) {
		case 'gpu-price': {
			return row => {
				const count = counts[gpus[shape[row] as number] as number] as number;
				return count === 0 ? Number.NaN : (price[row] as number) / count;
			};
		}

		case 'change': {
			return row => (price[row] as number) / (previous[row] as number) - 1;
		}

		case 'date': {
			return row => date[row] as number;
		}

		default: {
			return row => price[row] as number;
		}
	}
}

/** Columns of few different values; undefined for those that depend on the row itself. */
function ranksOf(table: OfferTable, column: SortColumn): Ranked | undefined {
	const {columns, places, shapes} = table;
	const byShape = (values: () => readonly number[]): Ranked => ({
		codes: columns.shape,
		ranks: kept(shapes, column, () => rankNumbers(values(), shapes.size)),
	});
	const byPlace = (codes: readonly number[], ranks: Uint32Array): Ranked => ({
		codes: columns.place,
		ranks: Uint32Array.from(codes, code => ranks[code] ?? 0),
	});
	switch (column) {
		case 'backend': {
			return byPlace(places.backend, places.backends.ranks());
		}

		case 'region': {
			return byPlace(places.region, places.regions.ranks());
		}

		case 'zone': {
			const ranks = places.zones.ranks().slice();
			ranks[0] = lastKey;
			return byPlace(places.zone, ranks);
		}

		case 'instance': {
			const ranks = shapes.types.ranks();
			return {codes: columns.shape, ranks: Uint32Array.from(shapes.type, type => ranks[type] ?? 0)};
		}

		case 'cpu':
		case 'memory':
		case 'disk': {
			return byShape(() => shapes[column]);
		}

		case 'gpu': {
			return byShape(() => gpuValues(table, list => shapes.gpuLists.memories[list] ?? 0));
		}

		case 'gpus': {
			return byShape(() => gpuValues(table, list => shapes.gpuLists.counts[list] ?? 0));
		}

		case 'vram': {
			const {values} = shapes.gpuLists;
			return byShape(() => gpuValues(table, list => Math.max(...(values[list] ?? []).map(({memory}) => memory))));
		}

		case 'spot': {
			return {codes: columns.flags, ranks: Uint32Array.from({length: 256}, (_, flags) => 1 - (flags & 1))};
		}

		case 'deadline': {
			return deadlineRanks(table);
		}

		case 'availability': {
			const {length} = table;
			const codes = Uint8Array.from({length}, (_, row) => table.availability(row));
			return {codes, ranks: Uint32Array.from([0, 1, 4, 3, 2])};
		}

		case 'interruption': {
			const bounds = table.interruptions.values.map(bandBound);
			return {codes: columns.interruption, ranks: rankNumbers(bounds, bounds.length)};
		}

		case 'source': {
			return {codes: columns.source, ranks: table.sources.ranks()};
		}

		case 'price':
		case 'gpu-price':
		case 'change':
		case 'date': {
			return undefined;
		}
	}
}

const keptRanks = new WeakMap<OfferTable['shapes'], Map<SortColumn, Uint32Array>>();

/** Ranks over the shapes, worked out again only when there are new ones. */
function kept(shapes: OfferTable['shapes'], column: SortColumn, rank: () => Uint32Array): Uint32Array {
	const known = keptRanks.get(shapes) ?? new Map<SortColumn, Uint32Array>();
	keptRanks.set(shapes, known);
	let ranks = known.get(column);
	if (ranks?.length !== shapes.size) {
		ranks = rank();
		known.set(column, ranks);
	}

	return ranks;
}

/** A value for each shape from its GPUs; none where there are none. */
const gpuValues = ({shapes}: OfferTable, valueOf: (list: number) => number): number[] =>
	shapes.gpus.map(list => (list === 0 ? Number.NaN : valueOf(list)));

const deadlines = ['provider', 'guest', 'none'] as const;

function deadlineRanks(table: OfferTable): Ranked {
	const {length} = table;
	const codes = Uint8Array.from({length}, (_, row) => deadlines.indexOf(table.deadline(row)));
	return {codes, ranks: Uint32Array.from([0, 1, 2])};
}

/** The upper end of an interruption band, in per cent: `<5%` is 5, `5-10%` is 10, `>20%` is 100. NaN for none. */
export function bandBound(band: string): number {
	const numbers = band.match(/\d+(?:\.\d+)?/g)?.map(Number) ?? [];
	return band.startsWith('>') && numbers.length > 0 ? 100 : (numbers.at(-1) ?? Number.NaN);
}

/** The place of each value among the different ones, smallest first. */
function rankNumbers(values: readonly number[], size: number): Uint32Array {
	const different = Float64Array.from(new Set(values.filter(value => !Number.isNaN(value)))).sort();
	const ranks = new Map<number, number>();
	different.forEach((value, rank) => ranks.set(value, rank));
	return Uint32Array.from({length: size}, (_, index) => ranks.get(values[index] ?? Number.NaN) ?? lastKey);
}
