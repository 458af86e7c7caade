import {lastKey, roomForKeys, sortByKeys, sortByValues} from './radix.js';
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
			sortByValues(sorted, valuesOf(table, column), descending);
		}
	}

	return sorted;
}

/** A rank for each code, and the code of each row. */
type Ranked = {readonly codes: Uint32Array | Uint8Array | Uint16Array; readonly ranks: Uint32Array};

function sortByRanks(rows: Uint32Array, {codes, ranks}: Ranked, descending: boolean): void {
	const keys = roomForKeys(rows.length);
	const turned = descending ? ranks.map(rank => (rank === lastKey ? lastKey : lastKey - 1 - rank)) : ranks;
	for (let index = 0; index < rows.length; index++) {
		keys[index] = turned[codes[rows[index] as number] as number] as number;
	}

	sortByKeys(rows, keys);
}

/** By row, columns that depend on the row itself. NaN is no value. */
function valuesOf(table: OfferTable, column: SortColumn): Float64Array {
	const {price, previous, date, shape} = table.columns;
	const {gpus, gpuLists} = table.shapes;
	switch (column) {
		case 'gpu-price': {
			const counts = Float64Array.from(gpus, list => gpuLists.counts[list] || Number.NaN);
			return computed(table, column, row => (price[row] as number) / (counts[shape[row] as number] as number));
		}

		case 'change': {
			return computed(table, column, row => (price[row] as number) / (previous[row] as number) - 1);
		}

		case 'date': {
			return date;
		}

		default: {
			return price;
		}
	}
}

const keptValues = new WeakMap<
	OfferTable,
	{readonly version: number; readonly column: SortColumn; readonly values: Float64Array}
>();

/** Values for all rows, worked out again only when something changed: who sorts by a column sorts by it again. */
function computed(table: OfferTable, column: SortColumn, valueOf: (row: number) => number): Float64Array {
	const known = keptValues.get(table);
	if (known?.version === table.version && known.column === column) {
		return known.values;
	}

	const values = new Float64Array(table.length);
	for (let row = 0; row < values.length; row++) {
		values[row] = valueOf(row);
	}

	keptValues.set(table, {version: table.version, column, values});
	return values;
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
			return {codes: codesOf(table, row => deadlines.indexOf(table.deadline(row))), ranks: Uint32Array.from(deadlines.keys())};
		}

		case 'availability': {
			return {codes: codesOf(table, row => table.availability(row)), ranks: availabilityRanks};
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

/** By index into `availabilities`: what a person can do least about comes last. */
const availabilityRanks = Uint32Array.from([0, 1, 4, 3, 2]);

function codesOf({length}: OfferTable, code: (row: number) => number): Uint8Array {
	const codes = new Uint8Array(length);
	for (let row = 0; row < length; row++) {
		codes[row] = code(row);
	}

	return codes;
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
