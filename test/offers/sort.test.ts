import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Offer} from '../../source/offers/offer.js';
import {lastKey, sortByKeys, sortByValues} from '../../source/offers/radix.js';
import {bandBound, type SortColumn, sortColumns, type SortKey, sortRows} from '../../source/offers/sort.js';
import type {OfferTable} from '../../source/offers/table.js';
import {anyTable, facts, snapshotTable, tableOf} from './facts-support.js';

/** As people count: piece by piece, digits by their value. */
const natural = (a: string, b: string): number => {
	const pieces = (text: string): string[] => [...(text.toLowerCase().match(/\d+|\D/g) ?? [])];
	const [first, second] = [pieces(a), pieces(b)];
	for (let index = 0; index < Math.min(first.length, second.length); index++) {
		const [one = '', other = ''] = [first[index], second[index]];
		const isNumber = /^\d+$/.test(one) && /^\d+$/.test(other);
		// A digit against a letter is compared as the text that it is.
		const order = isNumber ? Number(one) - Number(other) : one[0] === other[0] ? 0 : (one[0] ?? '') < (other[0] ?? '') ? -1 : 1;
		if (order !== 0) {
			return order;
		}
	}

	return first.length - second.length;
};

const count = ({gpus}: Offer) => gpus.reduce((sum, each) => sum + each.count, 0);
const availabilities = ['available', 'unknown', 'no credentials', 'no quota', 'unavailable'];
const deadlines = ['provider', 'guest', 'none'];

/** What a row is sorted by, from the offer itself; undefined for what has no value. */
const values: Record<SortColumn, (offer: Offer, previous: number | undefined) => number | string | undefined> = {
	backend: ({backend}) => backend,
	region: ({region}) => region,
	zone: ({zone}) => zone,
	instance: ({instanceType}) => instanceType,
	cpu: ({cpu}) => cpu,
	memory: ({memory}) => memory,
	gpu: ({gpus}) => (gpus.length === 0 ? undefined : gpus.reduce((sum, each) => sum + each.count * each.memory, 0)),
	gpus: offer => (offer.gpus.length === 0 ? undefined : count(offer)),
	vram: ({gpus}) => (gpus.length === 0 ? undefined : Math.max(...gpus.map(({memory}) => memory))),
	disk: ({disk}) => disk,
	spot: ({spot}) => (spot ? 0 : 1),
	price: ({price}) => price,
	'gpu-price': offer => (count(offer) === 0 ? undefined : offer.price / count(offer)),
	change: ({price}, previous) => (previous === undefined ? undefined : price / previous - 1),
	deadline: ({deadline}) => deadlines.indexOf(deadline),
	availability: ({availability}) => availabilities.indexOf(availability),
	interruption: ({interruption}) => (interruption === undefined ? undefined : bandBound(interruption)),
	source: ({priceSource}) => priceSource,
	date: ({priceDate}) => priceDate,
};

const compare = (a: number | string | undefined, b: number | string | undefined, descending: boolean): number => {
	if (a === undefined || b === undefined) {
		return Number(a === undefined) - Number(b === undefined);
	}

	const order = typeof a === 'string' ? natural(a, String(b)) : a < Number(b) ? -1 : a > Number(b) ? 1 : 0;
	return descending ? -order : order;
};

const slowly = (table: OfferTable, rows: Uint32Array, by: readonly SortKey[]): number[] =>
	[...rows].sort((a, b) => {
		for (const {column, descending = false} of by) {
			const value = (row: number) => values[column](table.offer(row), table.previousPrice(row));
			const order = compare(value(a), value(b), descending);
			if (order !== 0) {
				return order;
			}
		}

		return 0;
	});

const anyKeys = fc.array(fc.record({column: fc.constantFrom(...sortColumns), descending: fc.boolean()}), {
	minLength: 1,
	maxLength: 3,
});

describe('sorting rows', () => {
	it('is a stable sort by any columns, either way, the empty ones last', () => {
		fc.assert(
			fc.property(anyTable, anyKeys, (table, by) => {
				const rows = table.listed().toReversed();
				expect([...sortRows(table, rows, by)]).toEqual(slowly(table, rows, by));
			}),
			{numRuns: 2000},
		);
	});

	const snapshot = snapshotTable();
	it.each(sortColumns)('sorts the snapshot by %s', async column => {
		const table = await snapshot;
		for (const descending of [false, true]) {
			const sorted = sortRows(table, table.listed(), [{column, descending}]);
			expect(new Set(sorted).size).toBe(table.listed().length);
			const value = (row: number) => values[column](table.offer(row), table.previousPrice(row));
			let before = sorted[0] as number;
			for (const row of sorted.subarray(1)) {
				const order = compare(value(before), value(row), descending);
				if (order > 0 || (order === 0 && before > row)) {
					expect.fail(`${table.id(before)} before ${table.id(row)}`);
				}

				before = row;
			}
		}
	});

	it('leaves what it was given as it is', () => {
		const table = tableOf([facts({price: 2}), facts({instanceType: 'b', price: 1})]);
		const rows = table.listed();
		expect([...sortRows(table, rows, [{column: 'price'}])]).toEqual([1, 0]);
		expect([...rows]).toEqual([0, 1]);
	});
});

describe('sorting by numbers', () => {
	const number = fc.oneof(
		fc.double(),
		fc.constantFrom(0, -0, 1, 1 + Number.EPSILON, 1.000_000_1, -1, -1 - Number.EPSILON, 1e-300, -5e-324, 5e-324),
		fc.constantFrom(Infinity, -Infinity, Number.NaN),
	);
	// Few different ones in a long list: many share a key, and many of those a value.
	const numbers = fc.oneof(
		fc.array(number),
		fc.array(fc.nat(400), {minLength: 100, maxLength: 600}).map(list => list.map(value => 1 + (value % 20) * Number.EPSILON)),
	);

	it('is exact for any numbers, equal ones as they came', () => {
		fc.assert(
			fc.property(numbers, fc.boolean(), (given, descending) => {
				const values = Float64Array.from(given);
				const rows = Uint32Array.from(given, (_, index) => given.length - 1 - index);
				const before = [...rows];
				const order = (a: number, b: number) => {
					const [first = 0, second = 0] = [given[a], given[b]];
					return Number.isNaN(first) || Number.isNaN(second)
						? Number(Number.isNaN(first)) - Number(Number.isNaN(second))
						: (first < second ? -1 : first > second ? 1 : 0) * (descending ? -1 : 1);
				};

				sortByValues(rows, values, descending);
				expect([...rows]).toEqual(before.sort(order));
			}),
			{numRuns: 500},
		);
	});

	it('is exact for any keys, also where they take all bits', () => {
		const key = fc.oneof(fc.nat(20), fc.nat(lastKey), fc.constantFrom(0, lastKey, lastKey - 1));
		fc.assert(
			fc.property(fc.array(key), given => {
				const rows = Uint32Array.from(given, (_, index) => index);
				sortByKeys(rows, Uint32Array.from(given));
				expect([...rows]).toEqual(given.map((_, index) => index).sort((a, b) => (given[a] ?? 0) - (given[b] ?? 0)));
			}),
			{numRuns: 500},
		);
	});
});
