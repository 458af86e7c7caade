import {expect, test} from 'vitest';
import {reasonsAgainst, remarks} from '../../source/offers/reasons.js';
import {tableOf} from '../support/ui.js';
import {offer, requirements} from './support.js';

/** A spot offer that costs what on-demand does, as price lists have them. */
function dear(availability: 'available' | 'unavailable', credentials: boolean, notes: readonly string[] = []) {
	const table = tableOf([offer({id: 'a'}), offer({id: 'b', spot: true, availability, notes: [...notes]})]);
	table.setBackend('aws', {credentials});
	const [spot] = [...table.listed()].map(row => table.offer(row)).filter(each => each.spot);
	expect(spot?.notes).toContain('On-demand costs no more than this spot price.');
	return spot!;
}

test('that on-demand costs no more is a remark, and never why an offer cannot be had', () => {
	expect(reasonsAgainst(dear('available', true), requirements())).toEqual([]);
	expect(remarks(dear('available', true))).toEqual(['On-demand costs no more than this spot price.']);
	expect(reasonsAgainst(dear('unavailable', true), requirements())).toEqual(['unavailable']);
	expect(reasonsAgainst(dear('unavailable', true, ['sold out']), requirements())).toEqual(['sold out']);
});

test('an offer without credentials says so, whatever else is known of it', () => {
	expect(reasonsAgainst({...dear('available', true), availability: 'no credentials'}, requirements())).toEqual([
		'no credentials',
	]);
	expect(reasonsAgainst(offer({availability: 'no credentials', notes: ['it is slow']}), requirements({maxPrice: 0.1}))).toEqual([
		expect.stringContaining('0.5'),
		'no credentials',
	]);
});
