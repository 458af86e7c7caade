import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import type {OfferSource} from '../../source/backends/backend.js';
import {OfferCatalogue} from '../../source/offers/catalogue/offer-catalogue.js';
import {listOffers} from '../../source/runs/plan/list-offers.js';
import {type Clock, systemClock} from '../../source/system/clock.js';
import {offer, requirements} from '../offers/support.js';

const source = (name: OfferSource['name'], answer: () => Promise<void>): OfferSource => ({
	name,
	deadline: 'guest',
	async status() {
		await answer();
		return {backend: name, ready: true, notes: []};
	},
	async *offers() {
		await answer();
		yield [offer({backend: name, id: `${name}/here/process`, region: 'here', instanceType: 'process'})];
	},
});

const makeBook = async () => {
	const folder = await mkdtemp(path.join(tmpdir(), 'offers-'));
	onTestFinished(async () => rm(folder, {recursive: true}));
	return new OfferCatalogue(folder);
};

it('leaves no timer behind once everybody has answered: a command ends at once', async () => {
	let running = 0;
	const clock: Clock = {
		...systemClock,
		async sleep(_, signal) {
			running++;
			return new Promise((_resolve, reject) => {
				signal?.addEventListener('abort', () => {
					running--;
					reject(signal.reason as Error);
				});
			});
		},
	};
	const sources = [source('local', async () => undefined)];
	const listings = [];
	for await (const listing of listOffers(await makeBook(), sources, requirements(), new AbortController().signal, clock)) {
		listings.push(listing);
	}

	expect(listings.length).toBeGreaterThan(1);
	expect(listings.at(-1)).toMatchObject({complete: true});
	expect(running).toBe(0);
});

it('ends with the person’s leaving, while somebody has not answered', async () => {
	const leaving = new AbortController();
	const sources = [source('local', async () => new Promise(() => undefined))];
	const listing = listOffers(await makeBook(), sources, requirements(), leaving.signal);
	expect((await listing.next()).value).toMatchObject({complete: false});
	const next = listing.next();
	leaving.abort(new Error('left'));
	await expect(next).rejects.toThrow('left');
});
