import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Requirements} from '../../source/configuration/model.js';
import {matchRows} from '../../source/offers/match.js';
import {mismatch} from '../../source/offers/matching.js';
import type {OfferTable} from '../../source/offers/table.js';
import {anyTable, anyWish, card, facts, gb, snapshotTable, tableOf, wish} from './facts-support.js';

/** The plan's order, slow and obviously right: each offer as an object, by `mismatch`, in one comparison. */
const slowly = (table: OfferTable, requirements: Requirements): {rows: number[]; triable: number} => {
	const rows = [...table.listed()].filter(row => mismatch(table.offer(row), requirements) === undefined);
	const way = (row: number) => {
		const {availability, spot, price} = table.offer(row);
		return {isTriable: availability === 'available' || availability === 'unknown', spot, price, row};
	};

	const ways = rows
		.map(way)
		.sort(
			(a, b) =>
				Number(b.isTriable) - Number(a.isTriable) || Number(b.spot) - Number(a.spot) || a.price - b.price || a.row - b.row,
		);
	return {rows: ways.map(({row}) => row), triable: ways.filter(({isTriable}) => isTriable).length};
};

describe('matching over columns', () => {
	it('is what mismatch says of each offer, in the order of the plan, for any offers and requirements', () => {
		fc.assert(
			fc.property(anyTable, anyWish, (table, requirements) => {
				const {rows, triable} = matchRows(table, requirements);
				expect({rows: [...rows], triable}).toEqual(slowly(table, requirements));
			}),
			{numRuns: 2000},
		);
	});

	it('is so for the whole snapshot', async () => {
		const table = await snapshotTable();
		table.setBackend('azure', {credentials: false});
		const offers = Array.from(table.listed(), row => ({row, offer: table.offer(row)}));
		const met = new Set<boolean>();
		fc.assert(
			fc.property(anyWish, requirements => {
				const {rows} = matchRows(table, requirements);
				const expected = offers.filter(({offer}) => mismatch(offer, requirements) === undefined).map(({row}) => row);
				expect([...rows].sort((a, b) => a - b)).toEqual(expected);
				met.add(expected.length > 0);
			}),
			{numRuns: 60},
		);
		expect(met).toEqual(new Set([true, false]));
		const requirements = wish({gpu: {memory: {min: 24 * gb}}, maxPrice: 5, regions: ['us-east-1', 'eastus', 'us-east1']});
		const {rows, triable} = matchRows(table, requirements);
		expect({rows: [...rows], triable}).toEqual(slowly(table, requirements));
		expect(triable).toBeLessThan(rows.length);
	});

	it('what cannot be tried comes last, though it fits', () => {
		const table = tableOf([
			facts({instanceType: 'gone', price: 0.1, availability: 'unavailable'}),
			facts({backend: 'gcp', instanceType: 'locked', price: 0.2}),
			facts({instanceType: 'dear', price: 3}),
			facts({instanceType: 'spot', price: 4, spot: true}),
		]);
		table.setBackend('gcp', {credentials: false});
		const {rows, triable} = matchRows(table, wish());
		expect(Array.from(rows, row => table.offer(row).instanceType)).toEqual(['spot', 'dear', 'gone', 'locked']);
		expect(triable).toBe(2);
	});

	it('a part of a card is no card, and memory is that of one', () => {
		const table = tableOf([
			facts({instanceType: 'eighth', gpu: card({name: 'L4', count: 0.125, memory: 24 * gb})}),
			facts({instanceType: 'one', gpu: card({name: 'L4', memory: 24 * gb})}),
		]);
		const types = (requirements: Requirements) =>
			Array.from(matchRows(table, requirements).rows, row => table.offer(row).instanceType);
		expect(types(wish({gpu: {names: ['L4']}}))).toEqual(['one']);
		expect(types(wish({gpu: {names: ['L4'], count: {min: 0}}}))).toEqual(['eighth', 'one']);
		expect(types(wish({gpu: {memory: {min: 24 * gb}, totalMemory: {max: 4 * gb}, count: {}}}))).toEqual(['eighth']);
	});
});
