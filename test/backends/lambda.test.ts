import {describe, expect, test} from 'vitest';
import type {BackendErrorClass} from '../../source/backends/backend.js';
import {createLambdaSource} from '../../source/backends/lambda/index.js';
import {TestClock} from '../support/ui.js';
import {freePort, json, type Reply, serve} from './support/http.js';
import {listAll, makeSurroundings, status} from './support/surroundings.js';

const gb = 1024;
const apiKey = 'secret_nobody-should-see_0123456789abcdef';

const type = (name: string, more: Readonly<Record<string, unknown>>, regions: readonly string[]) => ({
	instance_type: {
		name,
		description: `1x ${String(more['gpu_description'] ?? 'CPU')}`,
		price_cents_per_hour: 129,
		specs: {vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1},
		...more,
	},
	regions_with_capacity_available: regions.map(region => ({name: region, description: 'somewhere'})),
});

// The shape that Lambda documents for `GET /api/v1/instance-types`.
const listing = {
	data: {
		gpu_1x_a10: type('gpu_1x_a10', {gpu_description: 'A10 (24 GB PCIe)', architecture: 'x86_64'}, ['us-east-1', 'us-west-1']),
		gpu_8x_h100_sxm5: type(
			'gpu_8x_h100_sxm5',
			{
				gpu_description: 'H100 (80 GB SXM5)',
				price_cents_per_hour: 2392,
				specs: {vcpus: 208, memory_gib: 1800, storage_gib: 22_528, gpus: 8},
			},
			[],
		),
		gpu_1x_gh200: type('gpu_1x_gh200', {gpu_description: 'GH200 (96 GB)', price_cents_per_hour: 149}, ['us-east-3']),
		gpu_8x_v100: type(
			'gpu_8x_v100',
			{description: '8x Tesla V100 (16 GB)', gpu_description: null, specs: {vcpus: 88, memory_gib: 448, storage_gib: 5939}},
			['us-south-1'],
		),
		gpu_1x_rtx6000: type('gpu_1x_rtx6000', {gpu_description: 'RTX 6000 (24 GB)', price_cents_per_hour: 50}, ['us-east-1']),
		cpu_4x_general: type(
			'cpu_4x_general',
			{gpu_description: 'N/A', specs: {vcpus: 4, memory_gib: 16, storage_gib: 512, gpus: 0}},
			['us-east-1'],
		),
	},
};

async function start(answer: () => Reply, extra = '') {
	const server = await serve(answer);
	const surroundings = await makeSurroundings({
		'config/backends.yml': `backends:\n  - type: lambda\n    creds: {type: api_key, api_key: ${apiKey}}\n    endpoint: ${server.url}\n${extra}`,
	});
	const clock = new TestClock();
	return {server, clock, lambda: createLambdaSource({surroundings, clock})};
}

describe("Lambda's offers", () => {
	test('one for each region with capacity, in dollars', async () => {
		const {lambda, server, clock} = await start(() => json(listing));
		const {offers, notes} = await listAll(lambda);
		expect(notes).toEqual([]);
		expect(offers.find(({id}) => id === 'lambda:us-west-1:gpu_1x_a10:od')).toEqual({
			id: 'lambda:us-west-1:gpu_1x_a10:od',
			backend: 'lambda',
			region: 'us-west-1',
			instanceType: 'gpu_1x_a10',
			kind: 'machine',
			cpu: 30,
			architecture: 'x86_64',
			memory: 200 * gb,
			gpus: [{vendor: 'nvidia', name: 'A10', count: 1, memory: 24 * gb}],
			disk: 1400 * gb,
			spot: false,
			price: 1.29,
			priceSource: 'lambda, live',
			priceDate: clock.time,
			availability: 'available',
			deadline: 'none',
			notes: [expect.stringContaining('deadline')],
		});
		expect(server.heard.map(({path, headers}) => [path, headers['authorization']])).toEqual([
			['/api/v1/instance-types', `Bearer ${apiKey}`],
		]);
	});

	test('a type that has capacity nowhere is there once, and cannot be had', async () => {
		const {lambda} = await start(() => json(listing));
		const {offers} = await listAll(lambda);
		expect(offers.filter(({instanceType}) => instanceType === 'gpu_8x_h100_sxm5')).toMatchObject([
			{region: 'any', availability: 'unavailable', price: 23.92, gpus: [{name: 'H100', count: 8, memory: 80 * gb}]},
		]);
	});

	test.each([
		['gpu_1x_gh200', [{vendor: 'nvidia', name: 'GH200', count: 1, memory: 96 * gb}], 'arm64'],
		['gpu_8x_v100', [{vendor: 'nvidia', name: 'V100', count: 8, memory: 16 * gb}], 'x86_64'],
		['gpu_1x_rtx6000', [{vendor: 'nvidia', name: 'RTX6000', count: 1, memory: 24 * gb}], 'x86_64'],
		['cpu_4x_general', [], 'x86_64'],
	])('the cards of %s', async (name, gpus, architecture) => {
		const {lambda} = await start(() => json(listing));
		const {offers} = await listAll(lambda);
		expect(offers.find(({instanceType}) => instanceType === name)).toMatchObject({gpus, architecture});
	});

	test('one odd row takes none of the others with it', async () => {
		const odd = {
			...listing.data,
			bad: {instance_type: {name: 'x'}},
			free: type('free', {price_cents_per_hour: 0}, ['us-east-1']),
			none: null,
		};
		const {lambda} = await start(() => json({data: odd}));
		const {offers, notes} = await listAll(lambda);
		expect(new Set(offers.map(({instanceType}) => instanceType)).size).toBe(6);
		expect(notes).toEqual([expect.stringMatching(/^3 of Lambda's/)]);
	});

	test('only the regions of the settings', async () => {
		const {lambda} = await start(() => json(listing), '    regions: [us-west-1]\n');
		const {offers} = await listAll(lambda);
		expect(offers.filter(({availability}) => availability === 'available').map(({id}) => id)).toEqual([
			'lambda:us-west-1:gpu_1x_a10:od',
		]);
		expect(offers.find(({instanceType}) => instanceType === 'gpu_1x_gh200')?.notes).toEqual([
			'None of us-west-1 has capacity for it now.',
		]);
	});

	test('escape sequences in names are not passed on', async () => {
		const {lambda} = await start(() =>
			json({data: {a: type('gpu\u001B[31m_1x', {gpu_description: 'A10 (24 GB)'}, ['us\u001B]0;x\u0007-1'])}}),
		);
		const {offers} = await listAll(lambda);
		expect(offers.map(({instanceType, region}) => [instanceType, region])).toEqual([['gpu_1x', 'us-1']]);
	});

	test('status and offers are one question, as one a second is allowed', async () => {
		const {lambda, server, clock} = await start(() => json(listing));
		await Promise.all([status(lambda), listAll(lambda), status(lambda)]);
		expect(server.heard.length).toBe(1);
		clock.pass(3000);
		await listAll(lambda);
		expect(server.heard.length).toBe(2);
	});
});

describe('failures of Lambda', () => {
	test.each<[string, () => Reply, BackendErrorClass, RegExp]>([
		[
			'a wrong key',
			() =>
				json(
					{
						error: {
							code: 'global/invalid-api-key',
							message: 'API key was invalid, expired, or deleted.',
							suggestion: 'Check your API key or create a new one, then try again.',
						},
					},
					401,
				),
			'permission',
			/^API key was invalid, expired, or deleted\. \(global\/invalid-api-key\)$/,
		],
		['an inactive account', () => json({error: {code: 'global/account-inactive', message: 'x'}}, 403), 'permission', /inactive/],
		[
			'too many questions',
			() => json({error: {code: 'global/rate-limited', message: 'Slow down'}}, 429),
			'transient',
			/too often.*Slow down/,
		],
		[
			'a failure of its own',
			() => ({status: 500, body: '<html>oops</html>', type: 'text/html'}),
			'transient',
			/Lambda answers 500/,
		],
		['half an answer', () => ({half: JSON.stringify(listing)}), 'transient', /broke/],
		['something else', () => json({hello: 'there'}), 'unknown', /no list of instance types/],
		['a redirection', () => ({status: 302, body: '', headers: {location: 'http://127.0.0.1:1/'}}), 'unknown', /answers 302/],
		['a flood', () => ({status: 200, body: 'x'.repeat(9 * 1024 * 1024)}), 'transient', /sent more than 8MB/],
	])('%s', async (_, answer, kind, words) => {
		const {lambda} = await start(answer);
		const error = await listAll(lambda).catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({name: 'BackendError', class: kind, message: expect.stringMatching(words)});
		expect((error as {next?: string}).next).toBeTruthy();
		const {lambda: again} = await start(answer);
		expect(await status(again)).toMatchObject({ready: false, origin: expect.stringContaining('backends.yml')});
	});

	test('no answer at all ends at the limit', async () => {
		const {lambda, clock, server} = await start(() => 'hang');
		const listing = listAll(lambda).catch((thrown: unknown) => thrown);
		while (server.heard.length === 0) {
			await new Promise(resolve => setTimeout(resolve, 5));
		}

		clock.pass(10_000);
		expect(await listing).toMatchObject({class: 'transient', message: expect.stringContaining('within 10 s')});
	});

	test('who leaves is not kept', async () => {
		const {lambda} = await start(() => 'hang');
		const leaving = new AbortController();
		const listing = listAll(lambda, {}, leaving.signal);
		setTimeout(() => leaving.abort(new Error('left')), 20);
		await expect(listing).rejects.toThrow('left');
	});

	test('who left before is not kept either, and its question fails unheard', async () => {
		const {lambda, server} = await start(() => ({half: '{'}));
		await expect(listAll(lambda, {}, AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
		while (server.heard.length === 0) {
			await new Promise(resolve => setTimeout(resolve, 5));
		}

		await new Promise(resolve => setTimeout(resolve, 100));
	});

	test('nobody there', async () => {
		const surroundings = await makeSurroundings({
			'config/backends.yml': `- {type: lambda, endpoint: 'http://127.0.0.1:${await freePort()}', creds: {api_key: ${apiKey}}}\n`,
		});
		expect(await status(createLambdaSource({surroundings}))).toMatchObject({
			ready: false,
			notes: [expect.stringMatching(/refused the connection/)],
		});
	});

	test('without a key nobody is asked, and there is no failure', async () => {
		const lambda = createLambdaSource({surroundings: await makeSurroundings()});
		expect(await status(lambda)).toMatchObject({
			ready: false,
			noCredentials: true,
			notes: [expect.stringContaining('LAMBDA_API_KEY')],
		});
		expect(await listAll(lambda)).toEqual({offers: [], batches: 0, notes: []});
	});

	test('the key is in nothing that is said', async () => {
		const {lambda} = await start(() => json({error: {code: 'global/forbidden', message: `key ${apiKey} may not`}}, 403));
		const error = (await listAll(lambda).catch((thrown: unknown) => thrown)) as Error;
		const said = JSON.stringify([await status(lambda), await lambda.setup?.(), error.message, String(error.stack)]);
		expect(said).toContain('key … may not');
		expect(said).not.toContain(apiKey);
	});
});
