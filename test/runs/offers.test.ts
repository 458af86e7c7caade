import {describe, expect, test} from 'vitest';
import {BackendError, type OfferSource} from '../../source/backends/backend.js';
import type {Offer} from '../../source/offers/offer.js';
import type {OfferListing} from '../../source/runs/model/listing.js';
import {OfferCatalogue} from '../../source/offers/catalogue/offer-catalogue.js';
import {askHistory, listOffers} from '../../source/runs/plan/list-offers.js';
import {requirements} from '../offers/support.js';
import {testOffer} from '../support/events.js';
import {temporaryFolder} from '../support/folders.js';

const offer = (backend: string, price: number): Offer => ({
	...testOffer,
	id: `${backend}/here/machine-${price}/on-demand`,
	backend,
	instanceType: `machine-${price}`,
	price,
	availability: 'available',
});

/** A source that lists what `run` gives. */
const source = (name: string, run: OfferSource['offers'], changes: Partial<OfferSource> = {}): OfferSource => ({
	name,
	deadline: 'guest',
	status: async () => ({backend: name, ready: true, notes: []}),
	offers: run,
	...changes,
});

const unending = new AbortController().signal;
const book = async () => new OfferCatalogue(await temporaryFolder());

async function collect(listing: AsyncIterable<OfferListing>, each: (one: OfferListing) => void = () => undefined) {
	const all: OfferListing[] = [];
	for await (const one of listing) {
		all.push(one);
		each(one);
	}

	return all;
}

const count = ({backends}: OfferListing, name: string) => backends.find(({backend}) => backend === name);

describe('a listing over all sources', () => {
	test('comes as answers come: the slowest is waited for by nobody but the end', async () => {
		let release = () => undefined as void;
		const gate = new Promise<void>(resolve => {
			release = resolve;
		});
		const fast = source('lambda', async function* () {
			yield [offer('lambda', 1)];
		});
		const slow = source('runpod', async function* () {
			yield [offer('runpod', 2)];
			await gate;
			yield [offer('runpod', 3)];
		});
		const all = await collect(listOffers(await book(), [slow, fast], requirements(), unending), one => {
			if (count(one, 'lambda')?.settled && count(one, 'runpod')?.live === 1) {
				expect(one.complete).toBe(false);
				expect(one.table.offer(one.matches.rows[0] ?? -1).backend).toBe('lambda');
				release();
			}
		});
		const last = all.at(-1) as OfferListing;
		expect(last.complete).toBe(true);
		expect(count(last, 'runpod')).toMatchObject({live: 2, settled: true, ready: true});
		expect(all.filter(({complete}) => complete).length).toBe(1);
	});

	test('one that breaks keeps what it told, and what the catalogue knows, and says why and what to do', async () => {
		const breaking = source('lambda', async function* () {
			yield [offer('lambda', 1)];
			throw new BackendError('transient', 'cloud.lambda.ai broke the connection', {next: 'Try again.'});
		});
		const known = count((await collect(listOffers(await book(), [], requirements(), unending))).at(-1) as OfferListing, 'lambda');
		const last = (await collect(listOffers(await book(), [breaking], requirements(), unending))).at(-1) as OfferListing;
		expect(count(last, 'lambda')).toMatchObject({
			ready: false,
			live: 1,
			count: (known?.count ?? 0) + 1,
			notes: ['cloud.lambda.ai broke the connection', 'Try again.'],
			next: 'Try again.',
		});
		expect(count(last, 'gcp')?.count).toBeGreaterThan(1000);
	});

	test('what a source told while it listed stands with its status', async () => {
		const telling = source('lambda', async function* (_asked, _signal, note) {
			note?.('1 row could not be read');
			yield [];
		});
		const last = (await collect(listOffers(await book(), [telling], requirements(), unending))).at(-1) as OfferListing;
		expect(count(last, 'lambda')?.notes).toEqual(['1 row could not be read']);
	});

	test('only the backends that are asked for are asked', async () => {
		let isAsked = false;
		const other = source('runpod', async function* () {
			isAsked = true;
			yield [];
		});
		const wanted = source('lambda', async function* () {
			yield [offer('lambda', 1)];
		});
		const last = (await collect(listOffers(await book(), [other, wanted], requirements({backends: ['lambda']}), unending))).at(
			-1,
		) as OfferListing;
		expect(isAsked).toBe(false);
		expect(last.backends.map(({backend}) => backend)).toEqual(['lambda']);
	});

	test('whoever leaves ends it, and the questions', async () => {
		const leaving = new AbortController();
		let heard: AbortSignal | undefined;
		const hanging = source('lambda', async function* (_asked, signal) {
			heard = signal;
			yield [offer('lambda', 1)];
			await new Promise((_, reject) => {
				signal.addEventListener('abort', () => reject(signal.reason as Error));
			});
		});
		const listing = collect(listOffers(await book(), [hanging], requirements(), leaving.signal), one => {
			if (count(one, 'lambda')?.live === 1) {
				leaving.abort(new Error('left'));
			}
		});
		await expect(listing).rejects.toThrow('left');
		expect(heard?.aborted).toBe(true);
	});
});

describe('the past of an offer', () => {
	const market = {...offer('aws', 1), zone: 'us-east-1a', region: 'us-east-1', spot: true};
	const history = {from: 0, to: 1, points: []};

	test('is asked of the source that listed it', async () => {
		let asked: unknown;
		const aws = source(
			'aws',
			async function* () {
				yield [];
			},
			{
				async priceHistory(given) {
					asked = given;
					return history;
				},
			},
		);
		expect(await askHistory([aws], market, unending)).toBe(history);
		expect(asked).toEqual({region: 'us-east-1', zone: 'us-east-1a', instanceType: 'machine-1'});
		const last = (await collect(listOffers(await book(), [aws], requirements(), unending))).at(-1) as OfferListing;
		expect(count(last, 'aws')?.tellsHistory).toBe(true);
	});

	test('is not told by one that cannot', async () => {
		const lambda = source('lambda', async function* () {
			yield [];
		});
		await expect(askHistory([lambda], {...market, backend: 'lambda'}, unending)).rejects.toThrow('lambda does not tell');
	});
});
