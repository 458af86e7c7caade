import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {columnById, columns} from '../../source/offers/columns.js';
import {mismatch} from '../../source/offers/matching.js';
import type {Offer} from '../../source/offers/offer.js';
import {orderOffers} from '../../source/offers/order.js';
import {anyOffer, anyRequirements, gpu, offer, requirements} from './support.js';

const ids = (offers: readonly Offer[]): string[] => offers.map(({id}) => id);

describe('orderOffers', () => {
	it('first what can be tried, of that spot, of that the cheapest', () => {
		const offers = [
			offer({id: 'dear', price: 2}),
			offer({id: 'no quota', price: 0.1, availability: 'no quota'}),
			offer({id: 'spot dear', price: 3, spot: true}),
			offer({id: 'too small', price: 0.1, cpu: 1}),
			offer({id: 'spot gone', price: 0.2, spot: true, availability: 'unavailable'}),
			offer({id: 'cheap', price: 1, availability: 'unknown'}),
			offer({id: 'spot cheap', price: 0.3, spot: true}),
		];
		expect(ids(orderOffers(offers, requirements({cpu: {count: {min: 2}}})))).toEqual([
			'spot cheap',
			'spot dear',
			'cheap',
			'dear',
			'spot gone',
			'no quota',
			'too small',
		]);
	});

	it('equal ones stay as the backend gave them', () => {
		const offers = Array.from({length: 50}, (_, index) => offer({id: String(index)}));
		expect(orderOffers(offers, requirements())).toEqual(offers);
	});

	it('keeps every offer, once, and leaves the list alone', () => {
		fc.assert(
			fc.property(fc.array(anyOffer, {maxLength: 30}), anyRequirements, (offers, wanted) => {
				const before = [...offers];
				const ordered = orderOffers(offers, wanted);
				expect(offers).toEqual(before);
				expect(ids(ordered).sort()).toEqual(ids(offers).sort());
				expect(orderOffers(ordered, wanted)).toEqual(ordered);
			}),
		);
	});

	it('never has a better one after a worse one', () => {
		const usable = (each: Offer, wanted: Parameters<typeof mismatch>[1]) =>
			['available', 'unknown'].includes(each.availability) && mismatch(each, wanted) === undefined;
		fc.assert(
			fc.property(fc.array(anyOffer, {minLength: 2, maxLength: 30}), anyRequirements, (offers, wanted) => {
				const ordered = orderOffers(offers, wanted);
				for (const [index, next] of ordered.slice(1).entries()) {
					const before = ordered[index]!;
					const [first, second] = [usable(before, wanted), usable(next, wanted)];
					expect(second && !first).toBe(false);
					if (first === second) {
						expect(next.spot && !before.spot).toBe(false);
						if (next.spot === before.spot) {
							expect(before.price).toBeLessThanOrEqual(next.price);
							if (before.price === next.price) {
								expect(offers.indexOf(before)).toBeLessThan(offers.indexOf(next));
							}
						}
					}
				}
			}),
		);
	});
});

describe('columns', () => {
	it.each([
		['backend', offer({backend: 'aws'}), offer({backend: 'gcp'})],
		['region', offer({region: 'eu'}), offer({region: 'us'})],
		['instance', offer({instanceType: 'a'}), offer({instanceType: 'b'})],
		['cpu', offer({cpu: 2}), offer({cpu: 16})],
		['memory', offer({memory: 2048}), offer({memory: 16_384})],
		['gpu', offer({gpus: [gpu({count: 1})]}), offer({gpus: [gpu({count: 8})]})],
		['gpu', offer(), offer({gpus: [gpu()]})],
		['spot', offer({spot: true}), offer({spot: false})],
		['price', offer({price: 0.9}), offer({price: 10})],
		['gpu-price', offer({price: 8, gpus: [gpu({count: 8})]}), offer({price: 2, gpus: [gpu()]})],
		['gpu-price', offer({price: 90, gpus: [gpu()]}), offer({price: 1, gpus: []})],
	] as const)('%s puts the one before the other', (id, first, second) => {
		const {compare} = columnById(id);
		expect(compare(first, second)).toBeLessThan(0);
		expect(compare(second, first)).toBeGreaterThan(0);
		expect(compare(first, first)).toBe(0);
	});

	it.each([
		['cpu', offer({cpu: 4}), '4'],
		['memory', offer({memory: 32 * 1024}), '32GB'],
		['gpu', offer(), '-'],
		['gpu', offer({gpus: [gpu({name: 'L40S', memory: 48 * 1024})]}), '1×L40S 48GB'],
		['spot', offer({spot: true}), 'yes'],
		['spot', offer({spot: false}), 'no'],
		['price', offer({price: 0.65}), '0.65'],
		['gpu-price', offer({price: 1.3, gpus: [gpu({count: 2})]}), '0.65'],
		['gpu-price', offer(), '-'],
		['deadline', offer({deadline: 'provider'}), '● provider'],
		['deadline', offer({deadline: 'guest'}), '● guest'],
	] as const)('%s shows %j as %s', (id, given, text) => {
		expect(columnById(id).format(given)).toBe(text);
	});

	it('an instance that nothing ends is told by more than a colour', () => {
		const texts = (['provider', 'guest', 'none'] as const).map(deadline => columnById('deadline').format(offer({deadline})));
		expect(new Set(texts).size).toBe(3);
	});

	it.each(columns.map(column => [column.id, column] as const))('%s is a total order', (_, {compare}) => {
		fc.assert(
			fc.property(anyOffer, anyOffer, anyOffer, (a, b, c) => {
				for (const [x, y] of [
					[a, b],
					[b, c],
					[a, c],
					[a, a],
				] as const) {
					expect(compare(x, y)).not.toBeNaN();
					expect(Math.sign(compare(x, y)) + Math.sign(compare(y, x))).toBe(0);
				}

				const [low, middle, high] = [a, b, c].sort(compare) as [Offer, Offer, Offer];
				expect(compare(low, middle)).toBeLessThanOrEqual(0);
				expect(compare(middle, high)).toBeLessThanOrEqual(0);
				expect(compare(low, high)).toBeLessThanOrEqual(0);
			}),
			{numRuns: 300},
		);
	});

	it.each(columns.map(column => [column.id, column] as const))('%s leaves equal offers as they were', (_, {compare}) => {
		fc.assert(
			fc.property(fc.array(anyOffer, {maxLength: 30}), offers => {
				const sorted = [...offers].sort(compare);
				for (const [index, next] of sorted.slice(1).entries()) {
					const before = sorted[index]!;
					expect(compare(before, next) < 0 || offers.indexOf(before) < offers.indexOf(next)).toBe(true);
				}
			}),
		);
	});

	it('are each there once', () => {
		expect(new Set(columns.map(({id}) => id)).size).toBe(columns.length);
		expect(columns.map(({id}) => columnById(id))).toEqual(columns);
	});
});
