import {expect, test} from 'vitest';
import {matchRows} from '../../source/offers/match.js';
import {OfferCatalogue} from '../../source/offers/catalogue/offer-catalogue.js';
import {requirements} from '../offers/support.js';
import {temporaryFolder} from '../support/folders.js';

test('while the catalogue is read, nothing of a cloud counts as to be had', async () => {
	const book = new OfferCatalogue(await temporaryFolder());
	let isRead = false;
	let looks = 0;
	const reading = book.load().finally(() => {
		isRead = true;
	});
	while (!isRead) {
		await new Promise(resolve => {
			setImmediate(resolve);
		});
		expect(matchRows(book.table, requirements()).triable).toBe(0);
		looks++;
	}

	expect((await reading).problems).toEqual([]);
	expect(looks).toBeGreaterThan(3);
	expect(book.table.listed().length).toBeGreaterThan(40_000);
	expect(matchRows(book.table, requirements()).triable).toBe(0);
});
