import {beforeAll, describe, expect, it} from 'vitest';
import stringWidth from 'string-width';
import {parseGpu} from '../../source/configuration/grammar/gpu-grammar.js';
import {knownGpus} from '../../source/configuration/schema/known-names.js';
import {matchRows} from '../../source/offers/match.js';
import type {Offer} from '../../source/offers/offer.js';
import {OfferFilter} from '../../source/offers/query/filter.js';
import type {OfferTable} from '../../source/offers/table.js';
import {facts, gb, snapshotTable, tableOf, wish} from './facts-support.js';

let table: OfferTable;
let offers: Offer[];
beforeAll(async () => {
	table = await snapshotTable();
	offers = Array.from(table.listed(), row => table.offer(row));
});

const typesFor = (gpu: string): Set<string> =>
	new Set(Array.from(matchRows(table, wish({gpu: parseGpu(gpu)})).rows, row => table.offer(row).instanceType));
const byGpu = (name: string, memory: number) =>
	offers.filter(({gpus: [gpu]}) => gpu?.name === name && gpu.memory === memory * gb);

describe('the snapshot', () => {
	it('has every offer that it was made of, each once', () => {
		expect(Object.fromEntries([...Map.groupBy(offers, ({backend}) => backend)].map(([name, own]) => [name, own.length]))).toEqual(
			{
				aws: 2217,
				azure: 13_442,
				gcp: 25_394,
				lambda: 20,
				nebius: 22,
				runpod: 13,
				verda: 33,
			},
		);
		expect(new Set(offers.map(({id}) => id)).size).toBe(offers.length);
	});

	it.each([
		['aws/us-east-1/g5.xlarge/on-demand', 1.006, 4, 16, '1×A10G 24'],
		['aws/us-east-1/g6.12xlarge/on-demand', 4.6016, 48, 192, '4×L4 24'],
		['aws/us-east-1/p5.48xlarge/on-demand', 55.04, 192, 2048, '8×H100 80'],
		['aws/us-east-1/p4d.24xlarge/on-demand', 21.9576, 96, 1152, '8×A100 40'],
		['azure/eastus/Standard_NC24ads_A100_v4/on-demand', 3.673, 24, 220, '1×A100 80'],
		['azure/eastus/Standard_NV36ads_A10_v5/on-demand', 3.2, 36, 440, '1×A10 24'],
		['gcp/us-east1/g2-standard-4/on-demand', 0.706832, 4, 16, '1×L4 24'],
		['gcp/us-east4/a3-highgpu-8g/on-demand', 88.5558, 208, 1872, '8×H100 80'],
		['lambda/any/gpu_1x_a10/on-demand', 1.29, 30, 200, '1×A10 24'],
		['runpod/any/1x_A40_SECURE/spot', 0.49, 9, 48, '1×A40 48'],
	])('has %s as its provider lists it', (id, price, cpu, memory, cards) => {
		const offer = table.offer(table.rowOf(id) ?? -1);
		expect(offer).toMatchObject({id, price, cpu, memory: memory * gb});
		expect(offer.gpus.map(gpu => `${gpu.count}×${gpu.name} ${gpu.memory / gb}`)).toEqual([cards]);
	});

	it('has its source and its date at every price', () => {
		for (const {priceSource, priceDate, availability, backend, spot, estimated} of offers) {
			expect(priceSource).not.toBe('');
			expect(priceDate).toBeGreaterThan(Date.UTC(2025, 0));
			expect(priceDate).toBeLessThan(Date.UTC(2026, 11));
			expect(availability).toBe('unknown');
			// AWS's spot prices are worked out from a saving, and say so.
			expect(estimated === true).toBe(backend === 'aws' && spot);
		}
	});

	it('has no price that cannot be', () => {
		const odd = offers.filter(({price}) => !(price >= 0.001 && price <= 200));
		// The smallest machine that there is, and the largest.
		expect(new Set(odd.map(({instanceType}) => instanceType))).toEqual(
			new Set(['f1-micro', 'u7in-24tb.224xlarge', 'u7in-32tb.224xlarge', 'Standard_M832ids_16_v3']),
		);
		expect(offers.every(({price}) => price > 0)).toBe(true);
	});

	it('marks spot prices that are not below on-demand', () => {
		const dear = offers.filter(({notes}) => notes.some(note => note.includes('On-demand costs no more')));
		expect(dear.length).toBeGreaterThan(80);
		expect(dear.every(({spot}) => spot)).toBe(true);
		const onDemand = new Map(offers.filter(({spot}) => !spot).map(({id, price}) => [id.replace('/on-demand', ''), price]));
		const expected = offers.filter(({spot, id, price}) => spot && price >= (onDemand.get(id.replace('/spot', '')) ?? Infinity));
		expect(dear.map(({id}) => id).sort()).toEqual(expected.map(({id}) => id).sort());
	});

	// The cheapest of each backend: machines with many cores for one card cost any multiple of that.
	it.each<[string, number, number, number]>([
		['T4', 16, 0.5, 1.1],
		['L4', 24, 0.4, 1.2],
		['A10G', 24, 0.7, 3.2],
		['A10', 24, 0.7, 3.2],
		['L40S', 48, 0.6, 3.8],
		['A100', 40, 0.7, 3.7],
		['A100', 80, 0.8, 5.8],
		['H100', 80, 1.8, 12.3],
		['H200', 141, 2.2, 10.6],
		['B200', 180, 4.7, 14.3],
	])('a %s with %dGB costs $%d to $%d an hour, each', (name, memory, least, most) => {
		const cards = byGpu(name, memory).filter(({spot}) => !spot);
		expect(cards.length).toBeGreaterThan(0);
		for (const [backend, own] of Map.groupBy(cards, each => each.backend)) {
			const cheapest = Math.min(...own.map(({price, gpus}) => price / (gpus[0]?.count ?? 0)));
			expect(cheapest, backend).toBeGreaterThanOrEqual(least);
			expect(cheapest, backend).toBeLessThanOrEqual(most);
		}
	});

	it('has hardware that can be', () => {
		for (const {cpu, memory, gpus, disk, id} of offers) {
			expect(cpu, id).toBeGreaterThan(0);
			expect(memory / gb / cpu, id).toBeGreaterThanOrEqual(0.25);
			expect(memory / gb / cpu, id).toBeLessThan(40);
			expect(disk, id).toBeUndefined();
			for (const {name, count, memory: each} of gpus) {
				expect(knownGpus, id).toContain(name);
				expect([1, 2, 4, 8, 16], id).toContain(count);
				expect(each / gb, id).toBeGreaterThanOrEqual(8);
				expect(each % gb, id).toBe(0);
			}
		}
	});

	it('has interruption bands for AWS spot, and for regions whose prices nobody gave yet', async () => {
		const bands = new Set(offers.filter(({backend, spot}) => backend === 'aws' && spot).map(({interruption}) => interruption));
		expect(bands).toEqual(new Set(['<5%', '5-10%', '10-15%', '15-20%', '>20%']));
		expect(offers.some(({spot, interruption}) => !spot && interruption !== undefined)).toBe(false);
		const fresh = await snapshotTable();
		fresh.addFacts([facts({region: 'ap-south-1', instanceType: 'g5.xlarge', spot: true})]);
		expect(fresh.offer(fresh.length - 1).interruption).toMatch(/%/);
	});
});

describe('names and sizes of GPUs', () => {
	it('24GB finds what is sold as 24 GB, whatever the driver reports', () => {
		const types = typesFor('24GB');
		for (const type of ['g5.xlarge', 'g6.xlarge', 'g6.12xlarge', 'g2-standard-4', 'Standard_NV36ads_A10_v5', 'gpu_1x_a10']) {
			expect(types, type).toContain(type);
		}

		expect(types).not.toContain('g4dn.xlarge');
	});

	it('an A10 is no A10G, and neither is an A100', () => {
		const types = typesFor('A10');
		expect(types).toContain('Standard_NV36ads_A10_v5');
		expect([...types].filter(type => /^g5\.|a100/i.test(type))).toEqual([]);
		expect([...typesFor('A10G')].every(type => type.startsWith('g5.'))).toBe(true);
	});

	it('80GB of an A100 is not 40GB of one', () => {
		expect(typesFor('A100:80GB')).not.toContain('p4d.24xlarge');
		expect(typesFor('A100:40GB..40GB')).not.toContain('p4de.24xlarge');
		expect(typesFor('A100')).toContain('p4d.24xlarge');
	});

	it('names in any case are the same', () => {
		expect(typesFor('l40s')).toEqual(typesFor('L40S'));
	});
});

describe('regions of any script', () => {
	const names = ['Hafnarfjarðarkaupstaður, IS, EU', ', US, NA', '東京, JP, AS', 'São Paulo, BR, SA'];
	const wide = tableOf(names.map((region, index) => facts({backend: 'vastai', region, instanceType: `host-${index}`})));

	it('are kept, found, and asked for as they are', () => {
		expect(Array.from(wide.listed(), row => wide.offer(row).region)).toEqual(names);
		const found = (text: string) =>
			Array.from(new OfferFilter(wide).apply(text, wide.listed()).rows, row => wide.offer(row).region);
		expect(found('東京')).toEqual(['東京, JP, AS']);
		expect(found('são')).toEqual(['São Paulo, BR, SA']);
		expect(found('region:"HAFNARFJARÐARKAUPSTAÐUR, IS, EU"')).toEqual([names[0]]);
		expect(matchRows(wide, wish({regions: ['hafnarfjarðarkaupstaður, is, eu']})).rows).toHaveLength(1);
		expect(names.map(name => stringWidth(name))).toEqual([31, 8, 12, 17]);
	});

	it('have ids that lead back', () => {
		for (const row of wide.listed()) {
			expect(wide.rowOf(wide.id(row))).toBe(row);
		}
	});
});
