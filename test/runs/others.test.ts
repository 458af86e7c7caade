import {describe, expect, test} from 'vitest';
import {matchRows} from '../../source/offers/match.js';
import type {Offer} from '../../source/offers/offer.js';
import type {OfferListing} from '../../source/runs/model/listing.js';
import {othersAfter} from '../../source/runs/plan/list-offers.js';
import {offer, requirements} from '../offers/support.js';
import {tableOf} from '../support/ui.js';

const made = (name: string, price: number, backend = 'aws'): Offer =>
	offer({id: `${backend}/us-east-1/${name}`, backend, instanceType: name, price, availability: 'available'});

const all = [made('a', 1), made('b', 2), made('c', 3), made('gcp-a', 1.5, 'gcp'), made('d', 4), made('here', 0, 'local')];
const table = tableOf(all);
const listing: OfferListing = {table, matches: matchRows(table, requirements()), backends: [], complete: true};
const names = (offers: readonly Offer[]): string[] => offers.map(({instanceType}) => instanceType);
const [a, b, , , d, here] = all as [Offer, Offer, Offer, Offer, Offer, Offer];

describe('what is tried after an offer', () => {
	test('is behind it in the order of the plan, and can be launched', () => {
		expect(names(othersAfter(listing, a))).toEqual(['b', 'c', 'd']);
		expect(names(othersAfter(listing, b))).toEqual(['c', 'd']);
		expect(othersAfter(listing, here)).toEqual([]);
	});

	test('is first what was pinned, and never what was left out', () => {
		expect(names(othersAfter(listing, b, {pinned: [d, b, a], excluded: []}))).toEqual(['d', 'a', 'c']);
		expect(names(othersAfter(listing, a, {excluded: [b.id]}))).toEqual(['c', 'd']);
	});
});
