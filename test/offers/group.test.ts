import {describe, expect, it} from 'vitest';
import {type GroupBy, groupRows} from '../../source/offers/group.js';
import type {Offer} from '../../source/offers/offer.js';
import type {OfferTable} from '../../source/offers/table.js';
import {card, facts, gb, snapshotTable, tableOf} from './facts-support.js';

const titleOf: Record<GroupBy, (offer: Offer) => string> = {
	gpu: ({gpus: [gpu]}) => (gpu ? `${gpu.name} ${gpu.memory / gb}GB` : 'no GPU'),
	backend: ({backend}) => backend,
	region: ({backend, region}) => `${backend} ${region}`,
};

describe('groups', () => {
	it.each(['gpu', 'backend', 'region'] as const)('by %s of the snapshot hold what they should, cheapest first', async by => {
		const table: OfferTable = await snapshotTable();
		const rows = table.listed().toReversed();
		const expected = Map.groupBy(rows, row => titleOf[by](table.offer(row)));
		const groups = groupRows(table, rows, by);
		expect(groups.map(({title}) => title).sort()).toEqual([...expected.keys()].sort());
		let last = 0;
		for (const {title, rows: own, cheapest, gpuPrice} of groups) {
			expect([...own]).toEqual(expected.get(title));
			const offers = Array.from(own, row => table.offer(row));
			const least = Math.min(...offers.map(({price}) => price));
			expect(table.offer(cheapest).price).toBe(least);
			const each = offers.filter(({gpus}) => gpus.length > 0).map(({price, gpus}) => price / (gpus[0]?.count ?? 0));
			expect(gpuPrice).toBe(each.length === 0 ? undefined : Math.min(...each));
			expect(least).toBeGreaterThanOrEqual(last);
			last = least;
		}
	});

	it('the cheapest of a group is one that can be had, where there is one', () => {
		const table = tableOf([
			facts({price: 1, availability: 'unavailable'}),
			facts({instanceType: 'b', price: 3}),
			facts({instanceType: 'c', price: 2}),
			facts({backend: 'gcp', price: 0.1}),
			facts({backend: 'gcp', instanceType: 'b', price: 0.2}),
		]);
		table.setBackend('gcp', {credentials: false});
		const groups = groupRows(table, table.listed(), 'backend');
		expect(groups.map(({title, cheapest}) => [title, table.offer(cheapest).price])).toEqual([
			['aws', 2],
			['gcp', 0.1],
		]);
	});

	it('cards of one name with different memory are different groups, and nothing gives none', () => {
		const table = tableOf([facts({gpu: card()}), facts({instanceType: 'b', gpu: card({memory: 80 * gb, count: 2})})]);
		expect(groupRows(table, table.listed(), 'gpu').map(({key}) => key)).toEqual(['gpu:A100 40GB', 'gpu:A100 80GB']);
		expect(groupRows(table, new Uint32Array(), 'gpu')).toEqual([]);
	});
});
