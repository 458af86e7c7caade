import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {OfferFilter} from '../../source/offers/query/filter.js';
import {sortRows} from '../../source/offers/sort.js';
import {matchRows, planOrder} from '../../source/offers/match.js';
import {OfferView, type ViewWish} from '../../source/offers/view.js';
import {anyTable, anyWish, facts, tableOf, wish} from './facts-support.js';

const wanted = (given: Partial<ViewWish> = {}): ViewWish => ({requirements: requirements, filter: '', sort: [], ...given});
const requirements = wish({maxPrice: 1});

describe('what a grid shows', () => {
	it('is matched, sorted, filtered and grouped, whatever was asked before', () => {
		const question = fc.record({
			requirements: fc.constantFrom(wish(), wish({maxPrice: 1}), wish({spotPolicy: 'spot'})),
			all: fc.boolean(),
			filter: fc.constantFrom('', 'a', 'aws', 'price<1', '-aws'),
			sort: fc.constantFrom(
				[],
				[{column: 'price' as const}],
				[{column: 'region' as const, descending: true}, {column: 'cpu' as const}],
			),
			group: fc.constantFrom(undefined, 'gpu' as const, 'backend' as const),
		});
		fc.assert(
			fc.property(anyTable, fc.array(question, {minLength: 1, maxLength: 5}), (table, questions) => {
				const view = new OfferView(table);
				for (const each of questions) {
					const matches = matchRows(table, each.requirements);
					const others = planOrder(
						table,
						table.listed().filter(row => !matches.rows.includes(row)),
					).rows;
					const base = Uint32Array.from(each.all ? [...matches.rows, ...others] : matches.rows);
					const expected = new OfferFilter(table).apply(each.filter, sortRows(table, base, each.sort)).rows;
					const {rows, groups, listed, fits, triable} = view.rows(each);
					expect([...rows]).toEqual([...expected]);
					expect({listed, fits, triable}).toEqual({
						listed: table.listed().length,
						fits: matches.rows.length,
						triable: matches.triable,
					});
					expect(groups?.reduce((sum, {rows: own}) => sum + own.length, 0)).toBe(each.group && rows.length);
				}
			}),
		);
	});

	it('is the same object while nothing changes, and follows what does', () => {
		const table = tableOf([facts(), facts({instanceType: 'b', price: 0.2})]);
		const view = new OfferView(table);
		const sort = () => [{column: 'price' as const, descending: true}];
		const first = view.rows(wanted({sort: sort(), group: 'backend'}));
		const again = view.rows(wanted({sort: sort(), group: 'backend'}));
		expect(again.rows).toBe(first.rows);
		expect(again.groups).toBe(first.groups);
		expect([...first.rows]).toEqual([0, 1]);
		table.addFacts([facts({backend: 'gcp', price: 0.3})]);
		expect([...view.rows(wanted({sort: sort()})).rows]).toEqual([0, 2, 1]);
		expect(view.rows(wanted({filter: 'price<cheap'})).errors).toHaveLength(1);
	});

	it('never mixes up requirements', () => {
		fc.assert(
			fc.property(anyTable, fc.array(anyWish, {maxLength: 4}), (table, wishes) => {
				const view = new OfferView(table);
				for (const each of wishes) {
					expect([...view.rows(wanted({requirements: each})).rows]).toEqual([...matchRows(table, each).rows]);
				}
			}),
		);
	});
});
