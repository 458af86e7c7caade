import {describe, expect, test} from 'vitest';
import type {BackendErrorClass} from '../../source/backends/backend.js';
import {createRunpodSource} from '../../source/backends/runpod/index.js';
import {type Heard, json, type Reply, serve} from './support/http.js';
import {listAll, makeSurroundings, status} from './support/surroundings.js';

const gb = 1024;
const apiKey = 'rpa_NOBODYSHOULDSEETHIS0123456789';

const card = (id: string, displayName: string, memoryInGb: number, more: Readonly<Record<string, unknown>> = {}) => ({
	id,
	displayName,
	manufacturer: 'Nvidia',
	memoryInGb,
	maxGpuCount: 8,
	securePrice: 0.4,
	secureSpotPrice: 0.2,
	communityPrice: 0.35,
	communitySpotPrice: 0,
	...more,
});

// The shape of RunPod's GraphQL answers, as its public clients read them.
const cards = [
	card('NVIDIA A40', 'A40', 48),
	card('NVIDIA A100 80GB PCIe', 'A100 PCIe', 80, {securePrice: 1.39, secureSpotPrice: 1.39}),
	card('NVIDIA RTX A6000', 'RTX A6000', 48, {maxGpuCount: 1}),
	card('NVIDIA H100 NVL', 'H100 NVL', 94),
	card('AMD Instinct MI300X OAM', 'MI300X', 192, {manufacturer: 'AMD', securePrice: 2.49, secureSpotPrice: null}),
];

const overview = {
	data: {
		dataCenters: [
			{id: 'EU-RO-1', listed: true},
			{id: 'US-KS-2', listed: true},
			{id: 'AR-OLD-1', listed: false},
		],
		gpuTypes: cards,
	},
};

const free = (stockStatus: string, more: Readonly<Record<string, unknown>> = {}) => ({
	stockStatus,
	minVcpu: 9,
	minMemory: 50,
	minimumBidPrice: 0.2,
	uninterruptablePrice: 0.4,
	...more,
});
const gone = {stockStatus: null, minVcpu: null, minMemory: null, minimumBidPrice: null, uninterruptablePrice: null};

const stock = (query: string): unknown => {
	const none = Object.fromEntries([...query.matchAll(/(c\d+):/g)].map(([, alias]) => [alias, gone]));
	const rows: Readonly<Record<string, unknown>> = query.includes('EU-RO-1')
		? {
				'NVIDIA A40': {c1: free('High'), c2: free('Low', {minVcpu: 18, minMemory: 100, minimumBidPrice: null})},
				'NVIDIA A100 80GB PCIe': {c1: free('Medium')},
				'NVIDIA RTX A6000': {c1: free('High'), c8: free('High')},
			}
		: query.includes('US-KS-2')
			? {'AMD Instinct MI300X OAM': {c8: free('Low')}}
			: {'NVIDIA A40': {c1: free('High')}};
	return {data: {gpuTypes: cards.map(({id}) => ({id, ...none, ...(rows[id] as object)}))}};
};

const queryOf = ({body}: Heard): string => (JSON.parse(body) as {query: string}).query;

const usual = (request: Heard): Reply => {
	const query = queryOf(request);
	return json(
		query.includes('myself') ? {data: {myself: {id: 'user'}}} : query.includes('dataCenters') ? overview : stock(query),
	);
};

async function start(answer: (request: Heard) => Reply | Promise<Reply> = usual, extra = '', limit?: number) {
	const server = await serve(answer);
	const surroundings = await makeSurroundings({
		'config/backends.yml': `backends:\n  - type: runpod\n    creds: {type: api_key, api_key: ${apiKey}}\n    endpoint: ${server.url}/graphql\n${extra}`,
	});
	return {server, runpod: createRunpodSource({surroundings, limit})};
}

describe("RunPod's stock", () => {
	test('each data center, both markets', async () => {
		const {runpod, server} = await start();
		const {offers, notes} = await listAll(runpod);
		expect(notes).toEqual([]);
		expect(offers.find(({id}) => id === 'runpod:EU-RO-1:1xNVIDIA A40:secure:spot')).toMatchObject({
			backend: 'runpod',
			region: 'EU-RO-1',
			instanceType: '1x_A40_SECURE',
			cpu: 9,
			memory: 50 * gb,
			gpus: [{vendor: 'nvidia', name: 'A40', count: 1, memory: 48 * gb}],
			spot: true,
			price: 0.2,
			availability: 'available',
			deadline: 'provider',
			notes: [],
		});
		expect(offers.find(({id}) => id === 'runpod:EU-RO-1:2xNVIDIA A40:secure:od')).toMatchObject({
			cpu: 18,
			price: 0.8,
			availability: 'available',
			notes: ['Few are left.'],
		});
		expect(new Set(offers.map(({id}) => id)).size).toBe(offers.length);
		expect(
			server.heard.every(({headers, path}) => headers['authorization'] === `Bearer ${apiKey}` && !path.includes(apiKey)),
		).toBe(true);
		expect(server.heard.map(queryOf).filter(query => query.includes('AR-OLD-1'))).toEqual([]);
	});

	test('no price to bid: nothing is claimed of the spot market', async () => {
		const {runpod} = await start();
		const {offers} = await listAll(runpod);
		expect(offers.find(({id}) => id === 'runpod:EU-RO-1:2xNVIDIA A40:secure:spot')).toMatchObject({availability: 'unknown'});
	});

	test('spot at the price of on-demand says so', async () => {
		const {runpod} = await start();
		const {offers} = await listAll(runpod);
		expect(offers.find(({id}) => id === 'runpod:EU-RO-1:1xNVIDIA A100 80GB PCIe:secure:spot')).toMatchObject({
			price: 1.39,
			gpus: [{name: 'A100', memory: 80 * gb}],
			notes: ['Spot costs as much as on-demand here.'],
		});
	});

	test('never more cards than a machine has, and no market without a price', async () => {
		const {runpod} = await start();
		const {offers} = await listAll(runpod);
		expect(offers.filter(({instanceType}) => instanceType.includes('A6000')).map(({instanceType}) => instanceType)).toEqual([
			'1x_A6000_SECURE',
			'1x_A6000_SECURE',
		]);
		expect(offers.filter(({gpus}) => gpus[0]?.name === 'MI300X')).toMatchObject([
			{instanceType: '8x_MI300X_SECURE', spot: false, price: 19.92, gpus: [{vendor: 'amd', count: 8}]},
		]);
	});

	test('what is nowhere in stock is there once, and cannot be had', async () => {
		const {runpod} = await start();
		const {offers} = await listAll(runpod);
		expect(offers.filter(({availability}) => availability === 'unavailable')).toMatchObject([
			{region: 'any', gpus: [{name: 'H100NVL', memory: 94 * gb}], spot: false},
		]);
	});

	test('the number of cards that is asked for is asked for', async () => {
		const {runpod, server} = await start();
		await listAll(runpod, {gpu: {count: {min: 3}}, regions: ['EU-RO-1']});
		const queries = server.heard.map(queryOf).filter(query => query.includes('lowestPrice'));
		expect(queries.length).toBe(1);
		expect(queries[0]).toContain('c3: lowestPrice(input: {gpuCount: 3, secureCloud: true, dataCenterId: "EU-RO-1"})');
	});

	test("private hosts' machines only when they are wanted", async () => {
		const {runpod} = await start(usual, '    community_cloud: true\n');
		const {offers} = await listAll(runpod);
		expect(offers.filter(({instanceType}) => instanceType.endsWith('COMMUNITY'))).toMatchObject([
			{
				region: 'any',
				instanceType: '1x_A40_COMMUNITY',
				price: 0.35,
				spot: false,
				notes: ['Community cloud: a private host runs it.'],
			},
		]);
	});

	test('odd rows are counted and left out', async () => {
		const {runpod} = await start(request => {
			const query = queryOf(request);
			if (query.includes('dataCenters')) {
				const {gpuTypes, dataCenters} = overview.data;
				return json({
					data: {
						gpuTypes: [...gpuTypes, {id: 5}, card('x', 'x', -1)],
						dataCenters: [...dataCenters, {id: 'a"}) { evil }', listed: true}],
					},
				});
			}

			return json(
				query.includes('EU-RO-1')
					? {data: {gpuTypes: [{id: 'NVIDIA A40', c1: {stockStatus: 7}, c2: free('High')}, 'odd']}}
					: stock(query),
			);
		});
		const {offers, notes} = await listAll(runpod);
		expect(offers.filter(({region}) => region === 'EU-RO-1').length).toBe(2);
		expect(notes).toEqual([expect.stringMatching(/^4 of RunPod's rows/)]);
	});

	test('errors of single rows leave the rest', async () => {
		const {runpod} = await start(request =>
			queryOf(request).includes('lowestPrice')
				? json({...(stock(queryOf(request)) as object), errors: [{message: 'Something went wrong', path: ['gpuTypes', 3]}]})
				: usual(request),
		);
		const {offers} = await listAll(runpod);
		expect(offers.length).toBeGreaterThan(4);
	});
});

describe('failures of RunPod', () => {
	test.each<[string, Reply, RegExp]>([
		['fails', {status: 500, body: 'oops'}, /^US-KS-2: RunPod answers 500/],
		['breaks off', {half: '{"data": {"gpuTypes": ['}, /^US-KS-2: .*broke/],
		['was asked too often', json({errors: [{message: 'Too many requests'}]}, 429), /^US-KS-2: .*too often/],
		['hangs', 'hang', /^US-KS-2: .*did not answer/],
	])('a data center whose answer %s hides no other', async (_, reply, note) => {
		const {runpod} = await start(request => (queryOf(request).includes('US-KS-2') ? reply : usual(request)), '', 300);
		const {offers, notes} = await listAll(runpod);
		expect(new Set(offers.map(({region}) => region))).toEqual(new Set(['EU-RO-1']));
		expect(notes).toEqual([expect.stringMatching(note)]);
	});

	test.each<[string, Reply, BackendErrorClass]>([
		['a wrong key', {status: 401, body: ''}, 'permission'],
		['a key without rights', json({errors: [{message: 'Unauthorized request'}], data: null}), 'permission'],
		['a failure of its own', {status: 502, body: '<html></html>', type: 'text/html'}, 'transient'],
		['no GraphQL', {status: 200, body: '<html></html>', type: 'text/html'}, 'unknown'],
		['a failure in words', json({errors: [{message: 'Cannot query field "x"'}]}), 'unknown'],
	])('%s', async (_, reply, kind) => {
		const {runpod} = await start(() => reply);
		await expect(listAll(runpod)).rejects.toMatchObject({name: 'BackendError', class: kind});
		const found = await status(runpod);
		expect(found.ready).toBe(false);
		expect(found.next).toBeTruthy();
	});

	test('without a key nobody is asked, and there is no failure', async () => {
		const runpod = createRunpodSource({surroundings: await makeSurroundings()});
		expect(await status(runpod)).toMatchObject({
			ready: false,
			noCredentials: true,
			notes: [expect.stringContaining('RUNPOD_API_KEY')],
		});
		expect(await listAll(runpod)).toEqual({offers: [], batches: 0, notes: []});
	});

	test('the key is in nothing that is said', async () => {
		const {runpod} = await start(() => json({errors: [{message: `no such key: ${apiKey}`}]}, 403));
		const error = (await listAll(runpod).catch((thrown: unknown) => thrown)) as Error;
		const said = JSON.stringify([await status(runpod), await runpod.setup?.(), error.message, String(error.stack)]);
		expect(said).toContain('no such key: …');
		expect(said).not.toContain(apiKey);
	});
});
