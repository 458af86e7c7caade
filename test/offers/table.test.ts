import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {offerId, readOfferId} from '../../source/offers/facts.js';
import {matchRows} from '../../source/offers/match.js';
import {OfferTable} from '../../source/offers/table.js';
import {anyOffer, card, facts, gb, liveOffer, shown, tableOf, wish} from './facts-support.js';

const listed = (table: OfferTable) => shown(table, table.listed());

describe('offers in a table', () => {
	it('come out as they went in', () => {
		fc.assert(
			fc.property(anyOffer, given => {
				const table = new OfferTable();
				table.listing(given.backend, 'live').addOffers([{...given, id: offerId(given)}]);
				const {estimated, ...offer} = table.offer(0);
				const {estimated: isEstimated, ...expected} = given;
				expect(offer).toEqual({...expected, id: offerId(given)});
				expect(estimated ?? false).toBe(isEstimated);
			}),
		);
	});

	it('are made when asked for, and are the same objects until something changes', () => {
		const table = tableOf([facts()]);
		const first = table.offer(0);
		expect(table.offer(0)).toBe(first);
		table.addFacts([facts({instanceType: 'other'})]);
		expect(table.offer(0)).not.toBe(first);
		expect(table.offer(0)).toEqual(first);
	});

	it('carry no escape sequences to the screen', () => {
		const table = tableOf([facts({region: 'us\u001B[31m-east\n-1', instanceType: 'm5\u202Exlarge'})]);
		expect(table.offer(0)).toMatchObject({region: 'us-east -1', instanceType: 'm5xlarge'});
	});

	it('have ids that lead back, whatever their names hold', () => {
		fc.assert(
			fc.property(fc.string({minLength: 1}), fc.string({minLength: 1}), fc.boolean(), (region, instanceType, spot) => {
				const place = {backend: 'aws', region, instanceType, spot};
				expect(readOfferId(offerId(place))).toEqual(place);
				expect(readOfferId(offerId({...place, zone: 'z/1'}))).toEqual({...place, zone: 'z/1'});
			}),
		);
		const table = tableOf([facts(), facts({spot: true, zone: 'us-east-1a'}), facts({region: 'a/b%2F'})]);
		for (const row of table.listed()) {
			expect(table.rowOf(table.id(row))).toBe(row);
		}

		expect(table.rowOf('aws/us-east-1/m5.xlarge')).toBeUndefined();
		expect(table.rowOf('aws/mars/m5.xlarge/spot')).toBeUndefined();
	});

	it('keep an id that their backend gave them', () => {
		const table = new OfferTable();
		table.listing('local', 'live').addOffers([liveOffer({backend: 'local', id: 'local/docker', instanceType: 'docker'})]);
		expect(listed(table)).toEqual(['local/docker']);
		expect(table.rowOf('local/docker')).toBe(0);
	});

	it('of which one is said twice by a price list, the cheaper one stands', () => {
		const table = tableOf([facts({price: 2}), facts({price: 1}), facts({price: 3})]);
		expect(listed(table)).toHaveLength(1);
		expect(table.offer(0).price).toBe(1);
		expect(table.previousPrice(0)).toBeUndefined();
	});

	it('without a price, or with that of nothing, are left out and counted', () => {
		const table = new OfferTable();
		const listing = table.listing('aws', 'catalogue');
		listing.addFacts([
			facts({price: 0}),
			facts({price: Number.NaN}),
			facts({price: -1}),
			facts({price: Infinity}),
			facts({instanceType: 'good'}),
		]);
		expect(listing.tally).toEqual({rows: 1, unpriced: 4});
		expect(listed(table)).toEqual(['aws/us-east-1/good/on-demand']);
	});

	it('of another backend are refused', () => {
		expect(() => {
			new OfferTable().listing('aws', 'catalogue').addFacts([facts({backend: 'gcp'})]);
		}).toThrow(/gcp/);
	});

	it('at spot prices that are not below on-demand say so', () => {
		const table = tableOf([
			facts(),
			facts({spot: true, price: 0.5}),
			facts({instanceType: 'good', price: 1}),
			facts({instanceType: 'good', spot: true, price: 0.4}),
		]);
		expect(table.offer(1).notes).toEqual(['On-demand costs no more than this spot price.']);
		expect(table.offer(3).notes).toEqual([]);
	});

	it('of a backend that is not set up say so, except what it lists itself', () => {
		const table = tableOf([facts({availability: 'available'}), facts({backend: 'gcp'})]);
		table.setBackend('aws', {credentials: false, deadline: 'guest'});
		expect(Array.from(table.listed(), row => table.offer(row).availability)).toEqual(['no credentials', 'unknown']);
		expect(table.offer(0).deadline).toBe('guest');
		table.listing('aws', 'live').addOffers([liveOffer()]);
		expect(table.offer(0).availability).toBe('available');
		table.setBackend('aws', {credentials: true});
		expect(table.offer(0).deadline).toBe('guest');
	});
});

describe('a live listing', () => {
	it('replaces what the catalogue says of the same offer, and keeps what only that knows', () => {
		const table = tableOf([
			facts({spot: true, interruption: '<5%', disk: 100 * gb, gpu: card({name: 'L4', memory: 24 * gb}), estimated: true}),
			facts({instanceType: 'other'}),
		]);
		table.listing('aws', 'live').addOffers([
			liveOffer({
				spot: true,
				price: 0.3,
				architecture: 'unknown',
				gpus: [card({name: 'l4', memory: 0})],
				quota: {limit: 8, used: 4},
				notes: ['a note'],
			}),
		]);
		expect(table.listed()).toHaveLength(2);
		expect(table.offer(0)).toMatchObject({
			price: 0.3,
			priceSource: 'live',
			availability: 'available',
			interruption: '<5%',
			disk: 100 * gb,
			architecture: 'x86_64',
			gpus: [{memory: 24 * gb}],
			quota: {limit: 8, used: 4},
			notes: ['a note'],
		});
		// A quoted price in the place of an estimate is no change of the price.
		expect(table.previousPrice(0)).toBeUndefined();
	});

	it('without a price of its own takes the one of the catalogue, with its date', () => {
		const table = tableOf([facts({estimated: true, date: 7})]);
		const listing = table.listing('aws', 'live');
		listing.addOffers([liveOffer({price: Number.NaN}), liveOffer({price: Number.NaN, instanceType: 'unheard'})]);
		expect(table.offer(0)).toMatchObject({
			price: 0.5,
			priceDate: 7,
			priceSource: 'test',
			estimated: true,
			availability: 'available',
		});
		expect(listing.tally).toEqual({rows: 1, unpriced: 1});
	});

	it('of zones stands for the row of the region, and gives it back when it is gone', () => {
		const table = tableOf([facts({spot: true, interruption: '5-10%', price: 1})]);
		const zone = (name: string, price: number) =>
			liveOffer({spot: true, zone: name, price, id: `aws/us-east-1/${name}/m5.xlarge/spot`});
		const first = table.listing('aws', 'live');
		first.addOffers([zone('us-east-1a', 0.9), zone('us-east-1b', Number.NaN)]);
		first.end();
		expect(listed(table)).toEqual(['aws/us-east-1/us-east-1a/m5.xlarge/spot', 'aws/us-east-1/us-east-1b/m5.xlarge/spot']);
		expect(table.offer(2)).toMatchObject({price: 1, interruption: '5-10%'});
		expect(table.previousPrice(1)).toBe(1);
		// A price list that is read later does not bring the region's row back.
		const refresh = table.listing('aws', 'catalogue');
		refresh.addFacts([facts({spot: true, price: 1.1}), facts({instanceType: 'new', spot: true})]);
		refresh.end();
		expect(listed(table)).toHaveLength(3);
		const second = table.listing('aws', 'live');
		second.addOffers([]);
		expect(listed(table)).toHaveLength(3);
		second.end();
		expect(listed(table)).toEqual(['aws/us-east-1/m5.xlarge/spot', 'aws/us-east-1/new/spot']);
		expect(table.offer(0).price).toBe(1.1);
	});

	it('of regions stands for a price that is the same everywhere', () => {
		const table = tableOf([
			facts({backend: 'lambda', region: 'any'}),
			facts({backend: 'lambda', region: 'any', instanceType: 'b'}),
		]);
		const listing = table.listing('lambda', 'live');
		listing.addOffers([
			liveOffer({backend: 'lambda', region: 'us-east-1', id: 'lambda/us-east-1/m5.xlarge/on-demand'}),
			liveOffer({backend: 'lambda', region: 'us-west-2', id: 'lambda/us-west-2/m5.xlarge/on-demand'}),
		]);
		listing.end();
		expect(listed(table)).toEqual([
			'lambda/any/b/on-demand',
			'lambda/us-east-1/m5.xlarge/on-demand',
			'lambda/us-west-2/m5.xlarge/on-demand',
		]);
	});

	it('that ends takes away what it no longer says, but not what the catalogue says', () => {
		const table = tableOf([facts()]);
		const first = table.listing('aws', 'live');
		first.addOffers([liveOffer(), liveOffer({instanceType: 'live-only', id: 'aws/us-east-1/live-only/on-demand'})]);
		first.end();
		table.listing('aws', 'live').end();
		expect(listed(table)).toEqual(['aws/us-east-1/m5.xlarge/on-demand']);
		expect(table.offer(0)).toMatchObject({availability: 'unknown', price: 0.4});
		// A row that comes back is the same row.
		table.listing('aws', 'live').addOffers([liveOffer({instanceType: 'live-only', id: 'aws/us-east-1/live-only/on-demand'})]);
		expect([...table.listed()]).toEqual([0, 1]);
	});

	it('that fails half-way takes nothing away', () => {
		const table = new OfferTable();
		const first = table.listing('aws', 'live');
		first.addOffers([liveOffer(), liveOffer({instanceType: 'b', id: 'aws/us-east-1/b/on-demand'})]);
		first.end();
		table.listing('aws', 'live').addOffers([liveOffer({price: 0.39})]);
		expect(listed(table)).toHaveLength(2);
		expect(table.previousPrice(0)).toBe(0.4);
	});

	it('told twice in one listing takes the later word', () => {
		const table = tableOf([facts()]);
		const listing = table.listing('aws', 'live');
		listing.addOffers([liveOffer({price: 0.4})]);
		listing.addOffers([liveOffer({price: 0.45, quota: {limit: 0, used: 0}, availability: 'no quota'})]);
		expect(table.offer(0)).toMatchObject({price: 0.45, availability: 'no quota', quota: {limit: 0}});
		expect(table.previousPrice(0)).toBe(0.5);
	});
});

describe('a refreshed price list', () => {
	it('shows which prices changed, until the next one', () => {
		const table = tableOf([facts(), facts({instanceType: 'same'})]);
		const refresh = (price: number) => {
			const listing = table.listing('aws', 'catalogue');
			listing.addFacts([facts({price}), facts({instanceType: 'same'})]);
			listing.end();
		};

		refresh(0.6);
		expect([table.previousPrice(0), table.previousPrice(1)]).toEqual([0.5, undefined]);
		refresh(0.6);
		expect(table.previousPrice(0)).toBeUndefined();
	});

	it('takes away what it no longer says, and leaves other backends alone', () => {
		const table = tableOf([facts(), facts({instanceType: 'old'}), facts({backend: 'gcp'})]);
		const listing = table.listing('aws', 'catalogue');
		listing.addFacts([facts()]);
		expect(listed(table)).toHaveLength(3);
		listing.end();
		expect(listed(table)).toEqual(['aws/us-east-1/m5.xlarge/on-demand', 'gcp/us-east-1/m5.xlarge/on-demand']);
	});

	it('does not overrule what the backend said, but fills it in', () => {
		const table = new OfferTable();
		table.listing('aws', 'live').addOffers([liveOffer({spot: true, id: 'aws/us-east-1/m5.xlarge/spot'})]);
		table.addFacts([facts({spot: true, price: 9, interruption: '>20%', disk: 5})]);
		expect(table.offer(0)).toMatchObject({price: 0.4, interruption: '>20%', disk: 5, priceSource: 'live'});
	});

	it('gets the interruption bands that are known for its region', () => {
		const table = new OfferTable();
		table.addBands([{backend: 'aws', region: 'eu-west-1', instanceType: 'm5.xlarge', interruption: '<5%'}]);
		table.addFacts([
			facts({region: 'eu-west-1', spot: true}),
			facts({region: 'eu-west-1'}),
			facts({region: 'eu-west-1', spot: true, zone: 'eu-west-1a'}),
			facts({backend: 'gcp', region: 'eu-west-1', spot: true}),
		]);
		table.addBands([{backend: 'gcp', region: 'eu-west-1', instanceType: 'm5.xlarge', interruption: '10-15%'}]);
		expect(Array.from(table.listed(), row => table.offer(row).interruption)).toEqual(['<5%', undefined, '<5%', '10-15%']);
	});
});

describe('a table', () => {
	it('grows to any size, and rows stay where they are', () => {
		const many = Array.from({length: 20_000}, (_, index) =>
			facts({instanceType: `t${index % 500}`, region: `r${Math.floor(index / 500)}`, price: 1 + index}),
		);
		const table = tableOf(many);
		expect(table.listed()).toHaveLength(20_000);
		expect(table.offer(12_345)).toMatchObject({instanceType: 't345', region: 'r24', price: 12_346});
		expect(matchRows(table, wish({maxPrice: 10})).rows).toHaveLength(10);
		table.addFacts(many);
		expect(table.length).toBe(20_000);
	});
});
