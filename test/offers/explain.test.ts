import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Requirements} from '../../source/configuration/model.js';
import {explain} from '../../source/offers/explain.js';
import {matchRows} from '../../source/offers/match.js';
import {mismatch} from '../../source/offers/matching.js';
import {anyTable, anyWish, card, facts, gb, snapshotTable, tableOf, wish} from './facts-support.js';

const field = tableOf([
	facts({instanceType: 'cheap', price: 1.2053, spot: true, gpu: card({name: 'L4', memory: 24 * gb})}),
	facts({instanceType: 'near', price: 1.21, gpu: card({name: 'L4', memory: 24 * gb})}),
	facts({instanceType: 'far', price: 8, gpu: card({name: 'H100', memory: 80 * gb, count: 8}), memory: 1024 * gb, cpu: 96}),
	facts({instanceType: 'elsewhere', region: 'eu-west-1', price: 0.9, gpu: card({name: 'A10G', memory: 24 * gb})}),
	facts({backend: 'gcp', region: 'us-central1', instanceType: 'none', price: 0.1, cpu: 2, memory: 8 * gb}),
	facts({
		backend: 'azure',
		region: 'eastus',
		instanceType: 'eighth',
		price: 0.3,
		gpu: card({name: 'A10', count: 0.5, memory: 24 * gb}),
	}),
]);
const first = (requirements: Requirements) => {
	const [best] = explain(field, requirements).relaxations;
	return best && `${best.constraint}: ${best.words} → ${best.offers}`;
};

describe('why there are no offers', () => {
	it('each constraint takes what the ones before it left', () => {
		const {listed, fits, steps} = explain(
			field,
			wish({backends: ['aws'], regions: ['us-east-1'], gpu: {names: ['A10G']}, memory: {min: 64 * gb}, maxPrice: 1}),
		);
		expect({listed, fits}).toEqual({listed: 6, fits: 0});
		expect(steps.map(({constraint, removed, left}) => [constraint, removed, left])).toEqual([
			['backends', 2, 4],
			['regions', 1, 3],
			['gpu', 0, 3],
			['gpuName', 3, 0],
			['gpuCount', 0, 0],
			['memory', 0, 0],
			['maxPrice', 0, 0],
		]);
		expect(steps.map(({words}) => words)).toEqual([
			'backend aws',
			'region us-east-1',
			'a GPU at all',
			'GPU A10G',
			'number of GPUs ≥ 1',
			'memory ≥ 64GB',
			'max price $1.00',
		]);
	});

	const aws = {backends: ['aws'], regions: ['us-east-1']};
	it.each<[string, Partial<Requirements>]>([
		['maxPrice: max price to $1.21 → 2', {...aws, gpu: {memory: {min: 24 * gb}}, maxPrice: 1}],
		['memory: memory from 16GB → 2', {...aws, gpu: {names: ['L4']}, memory: {min: 32 * gb}}],
		['memory: memory up to 1TB → 1', {...aws, gpu: {names: ['H100']}, memory: {max: 800 * gb}}],
		['cpu: cores from 96 → 1', {...aws, gpu: {names: ['H100']}, cpu: {count: {min: 128}}}],
		['gpuMemory: memory of each GPU from 80GB → 1', {...aws, gpu: {names: ['H100'], memory: {min: 96 * gb}}}],
		['gpuTotalMemory: memory of all GPUs from 640GB → 1', {...aws, gpu: {names: ['H100'], totalMemory: {min: 1024 * gb}}}],
		['gpuCount: number of GPUs from 8 → 1', {...aws, gpu: {names: ['H100'], count: {min: 16}}}],
		['gpuCount: number of GPUs from 0.5 → 1', {gpu: {names: ['A10']}, backends: ['azure']}],
		['computeCapability: compute capability from 8.9 → 2', {...aws, gpu: {computeCapability: {min: 9}}, maxPrice: 2}],
		['gpuName: GPU L4 too → 2', {...aws, gpu: {names: ['A100']}}],
		['gpuVendor: GPU of any vendor → 2', {...aws, gpu: {vendor: 'amd'}, maxPrice: 2}],
		['gpu: no GPU → 1', {backends: ['gcp'], regions: ['us-central1'], gpu: {}}],
		['spotPolicy: on-demand too → 1', {...aws, gpu: {names: ['H100']}, spotPolicy: 'spot'}],
		['spotPolicy: spot too → 1', {instanceTypes: ['cheap'], spotPolicy: 'on-demand'}],
		['regions: region eu-west-1 too → 1', {...aws, gpu: {names: ['A10G']}, maxPrice: 1}],
		['backends: backend azure too → 1', {backends: ['gcp'], instanceTypes: ['eighth']}],
		['instanceTypes: instance type none too → 1', {backends: ['gcp'], instanceTypes: ['unheard']}],
		['architecture: any processor → 1', {backends: ['gcp'], cpu: {architecture: 'arm64', count: {}}}],
	])('%s', (expected, requirements) => {
		expect(matchRows(field, wish(requirements)).rows).toHaveLength(0);
		expect(first(wish(requirements))).toBe(expected);
	});

	it('where no single change helps, says what stands in the way of the nearest', () => {
		const {relaxations, nearest} = explain(field, wish({backends: ['aws'], gpu: {names: ['B200'], count: {min: 16}}}));
		expect(relaxations).toEqual([]);
		expect(nearest).toEqual({constraints: ['gpuName', 'gpuCount'], words: ['GPU B200', 'number of GPUs ≥ 16'], offers: 4});
	});

	it('says why those that fit cannot be tried, and prefers changes that give something to try', () => {
		const table = tableOf([
			facts({price: 2}),
			facts({backend: 'gcp', instanceType: 'locked', price: 1}),
			facts({backend: 'gcp', instanceType: 'b', price: 0.5, region: 'eu'}),
		]);
		table.setBackend('gcp', {credentials: false});
		const {fits, untriable, relaxations} = explain(table, wish({maxPrice: 1.9, regions: ['us-east-1']}));
		expect({fits, untriable}).toEqual({fits: 1, untriable: {'no credentials': 1}});
		expect(relaxations.map(({constraint, triable}) => [constraint, triable])).toEqual([
			['maxPrice', 1],
			['regions', 0],
		]);
	});

	it('to go without a GPU comes last, also where that alone gives something to try', () => {
		const h100 = {vendor: 'nvidia', name: 'H100', count: 8, memory: 80 * 1024};
		const table = tableOf([facts({price: 0.1}), facts({backend: 'gcp', instanceType: 'h', price: 20, gpu: h100})]);
		table.setBackend('gcp', {credentials: false});
		const {relaxations} = explain(table, wish({maxPrice: 1, gpu: {names: ['H100'], count: {min: 8}}}));
		expect(relaxations.map(({words, triable}) => [words, triable])).toEqual([
			['max price to $20.00', 0],
			['no GPU', 1],
		]);
	});

	const slowlyChecked = (table: typeof field, requirements: Requirements) => {
		const {steps, fits, listed, relaxations, nearest} = explain(table, requirements);
		const offers = Array.from(table.listed(), row => table.offer(row));
		const fitting = offers.filter(offer => mismatch(offer, requirements) === undefined);
		expect(listed).toBe(offers.length);
		expect(fits).toBe(fitting.length);
		expect(steps.reduce((sum, {removed}) => sum + removed, 0)).toBe(listed - fits);
		expect(steps.at(-1)?.left ?? listed).toBe(fits);
		expect(nearest === undefined).toBe(fits > 0 || relaxations.length > 0 || listed === 0);
		for (const {change, offers: count, cheapest, cost} of relaxations) {
			const relaxed = {...requirements, ...change};
			const found = offers.filter(offer => mismatch(offer, relaxed) === undefined);
			expect(found).toHaveLength(count);
			expect(count).toBeGreaterThan(fits);
			expect(mismatch(table.offer(cheapest), relaxed)).toBeUndefined();
			expect(cost).toBeGreaterThanOrEqual(0);
			// Nothing that fitted before is lost.
			expect(fitting.every(offer => found.includes(offer))).toBe(true);
		}
	};

	it('keeps its word, whatever is asked of whatever there is', () => {
		fc.assert(fc.property(anyTable, anyWish, slowlyChecked), {numRuns: 1500});
	});

	it('keeps its word over the snapshot', async () => {
		const table = await snapshotTable();
		fc.assert(
			fc.property(anyWish, requirements => {
				slowlyChecked(table, requirements);
			}),
			{numRuns: 12},
		);
	});
});
