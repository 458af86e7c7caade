import {describe, expect, it} from 'vitest';
import {runpodFeed} from '../../../source/offers/feeds/runpod.js';
import {json, web} from '../../support/web.js';
import {context, gb, runFeed} from './support.js';

type Variables = Record<string, {gpuCount: number; secureCloud: boolean; dataCenterId?: string; countryCode?: string}> & {
	dataCenterId?: string;
};

const places = {
	countryCodes: [null, 'CZ'],
	dataCenters: [
		{id: 'EU-RO-1', listed: true},
		{id: 'US-OLD-1', listed: false},
	],
};

/** One type as `gpuTypes` has it, without its stock. */
const a100 = {
	id: 'NVIDIA A100 80GB PCIe',
	displayName: 'A100 PCIe',
	manufacturer: 'Nvidia',
	memoryInGb: 80,
	maxGpuCount: 2,
	securePrice: 1.64,
	secureSpotPrice: 0.82,
	communityPrice: 1.19,
	communitySpotPrice: null,
};
const unknown = {id: 'unknown', displayName: 'unknown', manufacturer: '', memoryInGb: 0, maxGpuCount: null, securePrice: null};
const inStock = {stockStatus: 'Low', minVcpu: 8, minMemory: 117};
const outOfStock = {stockStatus: null, minVcpu: null, minMemory: null};

const flavor = {
	id: 'cpu3g',
	minVcpu: 2,
	maxVcpu: 8,
	ramMultiplier: 4,
	diskLimitPerVcpu: 10,
	specifics: {stockStatus: 'High', securePrice: 0.08},
};

const stocked = (types: readonly unknown[], stock: (count: number) => unknown) => ({
	gpuTypes: types.map(type =>
		typeof type === 'object'
			? {...type, ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map(count => [`n${count}`, stock(count)]))}
			: type,
	),
});

async function serve(answer: (query: string, variables: Variables) => unknown) {
	return web(({body}, response) => {
		const {query, variables} = JSON.parse(body) as {query: string; variables: Variables};
		json(response, query.includes('dataCenters {') ? {data: places} : answer(query, variables));
	});
}

const usual = (query: string, variables: Variables): unknown => {
	if (query.includes('cpuFlavors')) {
		return {
			data: {
				cpuFlavors: [
					flavor,
					{...flavor, id: 'gone', specifics: {stockStatus: null, securePrice: 1}},
					{...flavor, id: 'odd', minVcpu: null},
				],
			},
		};
	}

	return {
		data: stocked([a100, unknown], count =>
			count <= 2 && variables['n1']?.secureCloud === true ? inStock : count === 1 ? inStock : outOfStock,
		),
	};
};

describe('RunPod', () => {
	it("asks for each place's stock, and nothing that changes anything", async () => {
		const {url, asked} = await serve(usual);
		const {facts, summary} = await runFeed(runpodFeed, context({runpod: url}));
		expect(asked.map(({body}) => (JSON.parse(body) as {variables: Variables}).variables)).toMatchObject([
			{},
			{n1: {gpuCount: 1, secureCloud: true, dataCenterId: 'EU-RO-1'}, n8: {gpuCount: 8}},
			...[expect.anything(), expect.anything()],
		]);
		expect(asked.map(({body}) => body).join()).not.toContain('mutation');
		expect(
			facts.filter(({gpu}) => gpu).map(({region, instanceType, spot, price}) => [region, instanceType, spot, price]),
		).toEqual([
			['EU-RO-1', '1x NVIDIA A100 80GB PCIe', false, 1.64],
			['EU-RO-1', '1x NVIDIA A100 80GB PCIe', true, 0.82],
			['EU-RO-1', '2x NVIDIA A100 80GB PCIe', false, 3.28],
			['EU-RO-1', '2x NVIDIA A100 80GB PCIe', true, 1.64],
			['CZ', '1x NVIDIA A100 80GB PCIe', false, 1.19],
		]);
		expect(facts[0]).toMatchObject({
			backend: 'runpod',
			cpu: 8,
			memory: 117 * gb,
			gpu: {vendor: 'nvidia', name: 'A100', count: 1, memory: 80 * gb},
			availability: 'available',
		});
		expect(summary).toMatchObject({leftOut: 0, notes: []});
	});

	it('has pods without cards in their sizes', async () => {
		const {url} = await serve(usual);
		const {facts} = await runFeed(runpodFeed, context({runpod: url}));
		expect(facts.filter(({gpu}) => !gpu)).toMatchObject([
			{region: 'EU-RO-1', instanceType: 'cpu3g-2-8', cpu: 2, memory: 8 * gb, disk: 20 * gb, price: 0.08},
			{instanceType: 'cpu3g-4-16', price: 0.16},
			{instanceType: 'cpu3g-8-32', price: 0.32},
		]);
	});

	it('goes on past odd rows, and spot at the price of on-demand', async () => {
		const {url} = await serve(query =>
			query.includes('cpuFlavors') ? {data: {}} : {data: stocked([{...a100, secureSpotPrice: 1.64}, 7, {id: 5}], () => inStock)},
		);
		const {facts, summary} = await runFeed(runpodFeed, context({runpod: url}));
		expect(facts.map(({region, spot}) => [region, spot])).toEqual([
			['EU-RO-1', false],
			['EU-RO-1', false],
			['CZ', false],
			['CZ', false],
		]);
		expect(summary).toMatchObject({odd: 4, leftOut: 6});
	});

	it('goes on past a place that is refused, and says so', async () => {
		const {url} = await serve((query, variables) =>
			variables['n1']?.countryCode === 'CZ'
				? {errors: [{message: 'Country \u001B[31mnot served'}], data: null}
				: usual(query, variables),
		);
		const {facts, summary} = await runFeed(runpodFeed, context({runpod: url}));
		expect(facts.some(({region}) => region === 'EU-RO-1')).toBe(true);
		expect(summary.reasons).toContainEqual({reason: 'RunPod answers: Country not served', count: 1, example: 'CZ'});
	});

	it('fails as a whole where a place cannot be asked, or the places are not told', async () => {
		const broken = await web(({body}, response) =>
			body.includes('dataCenters {') ? json(response, {data: places}) : response.writeHead(502).end(),
		);
		await expect(runFeed(runpodFeed, context({runpod: broken.url}))).rejects.toThrow(/answered 502 Bad Gateway, 2 times/);
		const refused = await web((_, response) => json(response, {errors: [{message: 'Cannot query field "dataCenters"'}]}));
		await expect(runFeed(runpodFeed, context({runpod: refused.url}))).rejects.toThrow(/answers: Cannot query field/);
		const wrong = await web((_, response) => json(response, {data: {dataCenters: 'none'}}));
		await expect(runFeed(runpodFeed, context({runpod: wrong.url}))).rejects.toThrow(/another form/);
	});
});
