import {describe, expect, test} from 'vitest';
import {matchRows} from '../../source/offers/match.js';
import type {Offer} from '../../source/offers/offer.js';
import type {OfferListing} from '../../source/runs/model/listing.js';
import {containerInstead, othersAfter} from '../../source/runs/plan/list-offers.js';
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

	test('is never kept apart less, unless the person named its backend', () => {
		const shared = {...made('shared', 1.2), kind: 'container' as const};
		const apart = {...made('apart', 1.4), kind: 'machine' as const};
		const both = tableOf([a, shared, apart]);
		const found: OfferListing = {table: both, matches: matchRows(both, requirements()), backends: [], complete: true};
		expect(both.offer(both.rowOf(shared.id) ?? -1).kind).toBe('container');
		expect(names(othersAfter(found, a))).toEqual(['apart']);
		expect(names(othersAfter(found, a, {pinned: [shared]}))).toEqual(['shared', 'apart']);
		expect(names(othersAfter(found, a, {backends: ['aws']}))).toEqual(['shared', 'apart']);
		expect(names(othersAfter(found, shared))).toEqual(['apart']);
	});
});

describe('the container that a process stands in for', () => {
	const docker = {...made('docker', 0, 'local'), availability: 'unavailable' as const, kind: 'container' as const};
	const process = {...made('process', 0, 'local'), kind: 'process' as const};

	test('is told also where it cannot be had, and for a process only', () => {
		const both = tableOf([docker, process, a]);
		const found: OfferListing = {table: both, matches: matchRows(both, requirements()), backends: [], complete: true};
		expect(containerInstead(found, process)?.instanceType).toBe('docker');
		expect(containerInstead(found, docker)).toBeUndefined();
		expect(containerInstead(found, a)).toBeUndefined();
	});

	test('is none where nothing makes containers', () => {
		const alone = tableOf([process, a]);
		const found: OfferListing = {table: alone, matches: matchRows(alone, requirements()), backends: [], complete: true};
		expect(containerInstead(found, process)).toBeUndefined();
	});
});
