import {describe, expect, it} from 'vitest';
import {Collector} from '../../../source/offers/feeds/collector.js';
import type {OfferFacts} from '../../../source/offers/feeds/facts.js';
import type {RawOffer} from '../../../source/offers/feeds/normalise.js';
import {gb} from './support.js';

const first = {backend: 'gcp', source: 'first', date: 1};
const second = {backend: 'gcp', source: 'second', date: 2};
const raw = (given: Partial<RawOffer> = {}): RawOffer => ({
	region: 'us-east1',
	instanceType: 'n2-standard-4',
	cpu: 4,
	memory: 16 * gb,
	spot: false,
	price: 0.2,
	...given,
});

async function drain(collector: Collector): Promise<OfferFacts[]> {
	const facts: OfferFacts[] = [];
	for await (const batch of collector.drain()) {
		facts.push(...batch);
	}

	return facts;
}

describe('zones', () => {
	it.each<[string, Array<[string, number]>, string | undefined, number]>([
		[
			'that all cost the same mean the region',
			[
				['a', 0.2],
				['b', 0.2],
				['c', 0.2],
			],
			undefined,
			0.2,
		],
		[
			'the cheapest is named',
			[
				['a', 0.3],
				['b', 0.2],
				['c', 0.3],
			],
			'b',
			0.2,
		],
		[
			'the cheapest is named, whichever comes first',
			[
				['a', 0.2],
				['b', 0.3],
			],
			'a',
			0.2,
		],
		[
			'one of the cheapest is named where others cost more',
			[
				['a', 0.3],
				['b', 0.2],
				['c', 0.2],
			],
			'b',
			0.2,
		],
		['the only one is named', [['a', 0.2]], 'a', 0.2],
	])('%s', async (_, zones, zone, price) => {
		const collector = new Collector();
		for (const [name, each] of zones) {
			collector.take(raw({zone: name, price: each}), first);
		}

		expect(await drain(collector)).toMatchObject([{zone, price}]);
		expect(collector.summary()).toMatchObject({rows: 1, leftOut: 0});
	});
});

describe('the same offer', () => {
	it('twice from one origin: the cheaper one', async () => {
		const collector = new Collector();
		collector.take(raw({price: 0.3}), first);
		collector.take(raw({price: 0.2}), first);
		expect(await drain(collector)).toMatchObject([{price: 0.2}]);
	});

	it('from two origins: the first, also where it costs more', async () => {
		const collector = new Collector();
		collector.take(raw({price: 0.3}), first);
		collector.take(raw({price: 0.2}), second);
		expect(await drain(collector)).toMatchObject([{price: 0.3, source: 'first'}]);
	});

	it('is not the same in another region, market, or with other GPUs', async () => {
		const collector = new Collector();
		for (const given of [
			{},
			{region: 'eu'},
			{spot: true, price: 0.1},
			{gpu: {name: 'T4', count: 1}},
			{gpu: {name: 'T4', count: 2}},
		]) {
			collector.take(raw(given), first);
		}

		expect(await drain(collector)).toHaveLength(5);
	});
});

describe('spot that is not cheaper', () => {
	it.each([
		['the same', 0.2],
		['more', 0.25],
	])('costs %s and is left out', async (_, price) => {
		const collector = new Collector();
		collector.take(raw({spot: true, price}), first);
		collector.take(raw(), second);
		expect(await drain(collector)).toMatchObject([{spot: false}]);
		expect(collector.summary()).toMatchObject({
			rows: 1,
			leftOut: 1,
			odd: 0,
			reasons: [{reason: 'spot that costs no less than on-demand'}],
		});
	});

	it('stays where it is cheaper, or where there is no on-demand', async () => {
		const collector = new Collector();
		collector.take(raw({spot: true, price: 0.19}), first);
		collector.take(raw(), first);
		collector.take(raw({region: 'elsewhere', spot: true, price: 5}), first);
		expect(await drain(collector)).toHaveLength(3);
	});
});

describe('what is left out', () => {
	it('is counted by reason, with an example, the most frequent first', async () => {
		const collector = new Collector();
		collector.take(raw({price: 0, instanceType: '\u001B[31mred'}), first);
		collector.take(raw({cpu: 0}), first);
		collector.take(raw({cpu: 0}), first);
		collector.take(raw(), first);
		collector.passOver('not for us', 'x'.repeat(200));
		await drain(collector);
		const summary = collector.summary('mark');
		expect(summary).toMatchObject({rows: 1, leftOut: 4, odd: 3, mark: 'mark', unchanged: false});
		expect(summary.reasons.map(({reason, count}) => [reason, count])).toEqual([
			['less than one core, or no number of them', 2],
			['a price of zero', 1],
			['not for us', 1],
		]);
		expect(summary.reasons[1]?.example).not.toContain('\u001B');
		expect(summary.reasons[2]?.example).toHaveLength(80);
	});

	it('never fills the memory with reasons', () => {
		const collector = new Collector();
		for (let index = 0; index < 1000; index++) {
			collector.leaveOut(`reason ${index}`, index);
		}

		const {reasons, leftOut} = collector.summary();
		expect([reasons.length, leftOut, reasons[0]?.reason]).toEqual([21, 1000, 'other reasons']);
	});
});

it('many come in batches, and the counts go on from one lot to the next', async () => {
	const collector = new Collector();
	const sizes: number[] = [];
	for (let lot = 0; lot < 2; lot++) {
		for (let index = 0; index < 1200; index++) {
			collector.take(raw({instanceType: `t${index}`}), first);
		}

		for await (const batch of collector.drain()) {
			sizes.push(batch.length);
		}
	}

	expect(sizes).toEqual([500, 500, 200, 500, 500, 200]);
	expect(collector.summary().rows).toBe(2400);
});
