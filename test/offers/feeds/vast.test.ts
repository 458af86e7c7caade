import {describe, expect, it} from 'vitest';
import {vastFeed} from '../../../source/offers/feeds/vast.js';
import {json, web} from '../../support/web.js';
import {context, gb, runFeed} from './support.js';

/** One offer as the search has it: an eighth of a host with 8 cards. */
const offer = (given: Record<string, unknown> = {}) => ({
	id: 8_812_345,
	gpu_name: 'RTX A5000',
	gpu_arch: 'nvidia',
	num_gpus: 1,
	gpu_ram: 24_564,
	gpu_frac: 0.125,
	cpu_arch: 'amd64',
	cpu_cores: 32,
	cpu_cores_effective: 4,
	cpu_ram: 128_576,
	disk_space: 500.5,
	dph_base: 0.2,
	dph_total: 0.2021,
	min_bid: 0.08,
	storage_cost: 0.144,
	inet_up: 900.1,
	inet_down: 800.2,
	reliability2: 0.998,
	geolocation: 'Bulgaria, BG, EU',
	cuda_max_good: 12.8,
	compute_cap: 860,
	verification: 'verified',
	hosting_type: 1,
	rentable: true,
	rented: false,
	...given,
});

async function read(offers: readonly unknown[]) {
	const {url, asked} = await web((_, response) => json(response, {offers}));
	return {...(await runFeed(vastFeed, context({vast: url}))), asked};
}

describe('Vast.ai', () => {
	it("counts a machine's own share of its host, and the price of its disk", async () => {
		const {facts, asked} = await read([offer()]);
		expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({rentable: {eq: true}, rented: {eq: false}, limit: 3000});
		expect(facts).toMatchObject([
			{
				backend: 'vastai',
				region: 'Bulgaria, BG, EU',
				instanceType: '8812345',
				architecture: 'x86_64',
				cpu: 4,
				memory: 16_072,
				gpu: {vendor: 'nvidia', name: 'A5000', count: 1, memory: 24 * gb},
				disk: 100 * gb,
				spot: false,
				price: 0.22,
				availability: 'available',
			},
			{spot: true, price: 0.1},
		]);
	});

	it('takes no more disk than there is', async () => {
		const {facts} = await read([offer({disk_space: 50})]);
		expect(facts).toMatchObject([
			{disk: 50 * gb, price: 0.21},
			{spot: true, price: 0.09},
		]);
	});

	it.each([0, null, undefined])('a bid of %s means that there is no spot', async bid => {
		const {facts} = await read([offer({min_bid: bid})]);
		expect(facts.map(({spot}) => spot)).toEqual([false]);
	});

	it('has wide and odd places', async () => {
		const {facts} = await read([
			offer({id: 1, geolocation: 'Hafnarfjarðarkaupstaður, IS, EU', min_bid: 0}),
			offer({id: 2, geolocation: ', US, NA', min_bid: 0}),
			offer({id: 3, geolocation: null, min_bid: 0}),
			offer({id: 4, geolocation: '北京, CN\u001B[2J', min_bid: 0}),
		]);
		expect(facts.map(({region}) => region)).toEqual(['Hafnarfjarðarkaupstaður, IS, EU', 'US, NA', 'any', '北京, CN']);
	});

	it('goes on past odd rows', async () => {
		const {facts, summary} = await read([
			offer({id: 1, min_bid: 0}),
			offer({id: 2, cpu_cores: null}),
			offer({id: 3, cpu_cores_effective: 0.5}),
			offer({id: 4, rented: true}),
			offer({id: 5, dph_base: 'free'}),
			offer({id: 6, cpu_ram: 0}),
			offer({id: 7, dph_base: 0, storage_cost: 0, min_bid: 0}),
			null,
		]);
		expect(facts.map(({instanceType}) => instanceType)).toEqual(['1']);
		expect(summary.rows).toBe(1);
		expect(summary.reasons.map(({reason}) => reason)).toEqual(
			expect.arrayContaining([
				'rented, or its cores are not known',
				'less than one core, or no number of them',
				'a price of zero',
			]),
		);
	});

	it('names what it has by the field’s names', async () => {
		const {facts} = await read(
			['A100 SXM4', 'RTX 4090', 'Q RTX 8000', 'H100 NVL'].map((name, id) =>
				offer({id, gpu_name: name, gpu_ram: [81_920, 24_564, 49_152, 95_830][id], num_gpus: 2, min_bid: 0}),
			),
		);
		expect(facts.map(({gpu}) => [gpu?.name, gpu?.count, (gpu?.memory ?? 0) / gb])).toEqual([
			['A100', 2, 80],
			['RTX4090', 2, 24],
			['RTX8000', 2, 48],
			['H100NVL', 2, 94],
		]);
	});

	it('fails where the answer is something else', async () => {
		const {url} = await web((_, response) => json(response, {success: false, error: 'rate'}));
		await expect(runFeed(vastFeed, context({vast: url}))).rejects.toThrow(/another form .*offers/);
	});
});
