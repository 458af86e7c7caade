import {describe, expect, it} from 'vitest';
import {type Cloud, clouds} from '../../../source/offers/feeds/clouds.js';
import {Collector, type FactBatch, unchangedSummary} from '../../../source/offers/feeds/collector.js';
import {dstackFeed} from '../../../source/offers/feeds/dstack.js';
import type {OfferFacts} from '../../../source/offers/feeds/facts.js';
import type {Feed, FeedContext} from '../../../source/offers/feeds/feed.js';
import {type CloudProgress, type FactSink, updateCatalogue, type UpdateOptions} from '../../../source/offers/feeds/update.js';
import {createHttp} from '../../../source/system/http.js';
import {endless, fixedRandom, json, quickClock, web} from '../../support/web.js';
import {csv, makeZip, onlyUrls} from './support.js';

/** Keeps in memory what it is given, and writes down in which order. */
function memorySink(kept: Record<string, readonly OfferFacts[]> = {}) {
	const open = new Map<string, OfferFacts[]>();
	const calls: string[] = [];
	const sink: FactSink = {
		begin(backend) {
			calls.push(`begin ${backend}`);
			expect(open.has(backend)).toBe(false);
			open.set(backend, []);
		},
		add(facts) {
			const backend = facts[0]?.backend ?? '';
			calls.push(`add ${backend}`);
			open.get(backend)?.push(...facts);
		},
		commit(backend, mark) {
			calls.push(`commit ${backend}${mark === undefined ? '' : ` ${mark}`}`);
			kept[backend] = open.get(backend) ?? [];
			open.delete(backend);
		},
		abort(backend) {
			calls.push(`abort ${backend}`);
			expect(open.delete(backend)).toBe(true);
		},
		unchanged(backend, mark) {
			calls.push(`unchanged ${backend} ${mark}`);
		},
	};
	return {sink, calls, kept, open};
}

const origin = (backend: string) => ({backend, source: 'test', date: 0});

/** A feed of so many offers, which may break before its end. */
const feed = (
	backend: string,
	rows: number,
	given: {breaks?: string; odd?: number; mark?: string; name?: string; wait?: Promise<void>} = {},
): Feed => ({
	backend,
	name: given.name ?? `feed of ${backend}`,
	async *run() {
		const collector = new Collector();
		for (let index = 0; index < rows; index++) {
			collector.take({region: 'r', instanceType: `t${index}`, cpu: 1, memory: 1024, spot: false, price: 1}, origin(backend));
		}

		for (let index = 0; index < (given.odd ?? 0); index++) {
			collector.leaveOut('not readable', {row: index});
		}

		yield* collector.drain();
		await given.wait;
		if (given.breaks !== undefined) {
			throw new Error(given.breaks);
		}

		return collector.summary(given.mark);
	},
});

const cloud = (...feeds: Feed[]): Cloud => ({backend: feeds[0]?.backend ?? '', feeds});

async function update(list: readonly Cloud[], given: Partial<UpdateOptions> = {}) {
	const memory = memorySink({aws: [], gcp: []});
	const progress: CloudProgress[] = [];
	const clock = quickClock();
	const http = createHttp({clock, random: fixedRandom(0), limits: endless, retry: {tries: 2}});
	const run = updateCatalogue({
		sink: memory.sink,
		clouds: list,
		clock,
		http,
		urls: onlyUrls({}),
		onProgress: one => progress.push(one),
		...given,
	});
	return {...memory, progress, results: await run};
}

describe('an update', () => {
	it('gives each cloud to the sink, and counts only at the end', async () => {
		const {calls, results, kept} = await update([cloud(feed('aws', 700, {mark: 'v2'}))]);
		expect(calls).toEqual(['begin aws', 'add aws', 'add aws', 'commit aws v2']);
		expect(kept['aws']).toHaveLength(700);
		expect(results).toMatchObject([{backend: 'aws', state: 'done', rows: 700, summary: {rows: 700, mark: 'v2'}}]);
	});

	it('keeps what a cloud had where it breaks, and goes on with the others', async () => {
		const before = [{backend: 'aws'} as OfferFacts];
		const memory = memorySink({aws: before});
		const {results} = await update([cloud(feed('aws', 3, {breaks: 'host broke the connection'})), cloud(feed('gcp', 2))], {
			sink: memory.sink,
		});
		expect(memory.kept['aws']).toBe(before);
		expect(memory.kept['gcp']).toHaveLength(2);
		expect(memory.calls).toContain('abort aws');
		expect(memory.open.size).toBe(0);
		expect(results).toMatchObject([
			{backend: 'aws', state: 'failed', why: 'host broke the connection'},
			{backend: 'gcp', state: 'done'},
		]);
	});

	it('asks nothing of the sink for a cloud that breaks before its first row', async () => {
		const {calls} = await update([cloud(feed('aws', 0, {breaks: 'no network'}))]);
		expect(calls).toEqual([]);
	});

	it('does not take an empty answer, or one of mostly odd rows, for the new state', async () => {
		const {calls, results} = await update([
			cloud(feed('aws', 0)),
			cloud(feed('gcp', 10, {odd: 11})),
			cloud(feed('azure', 10, {odd: 10})),
		]);
		expect(results.map(({state}) => state)).toEqual(['failed', 'failed', 'done']);
		expect(results[0]?.why).toBe('only 0 of 0 rows could be used (it sent none)');
		expect(results[1]?.why).toBe('only 10 of 21 rows could be used (not readable: {"row":0})');
		expect(calls.filter(call => call.startsWith('commit'))).toEqual(['commit azure']);
	});

	it('takes the next feed where there is one, from its beginning, and says so', async () => {
		const {calls, results, kept} = await update([
			cloud(feed('runpod', 5, {name: 'live', breaks: 'api.runpod.io answered 500'}), feed('runpod', 2, {name: 'catalogue'})),
		]);
		expect(calls).toEqual(['begin runpod', 'add runpod', 'abort runpod', 'begin runpod', 'add runpod', 'commit runpod']);
		expect(kept['runpod']).toHaveLength(2);
		expect(results[0]).toMatchObject({
			state: 'done',
			feed: 'catalogue',
			rows: 2,
			summary: {notes: ['api.runpod.io answered 500; catalogue was read instead.']},
		});
		const both = await update([cloud(feed('runpod', 1, {breaks: 'one'}), feed('runpod', 1, {breaks: 'two'}))]);
		expect(both.results[0]).toMatchObject({state: 'failed', why: 'one; two'});
	});

	it('leaves what has not changed', async () => {
		const same: Feed = {
			name: 'same',
			backend: 'gcp',
			// eslint-disable-next-line require-yield -- there is nothing to give
			async *run({mark}) {
				return unchangedSummary(mark ?? '');
			},
		};
		const {calls, results} = await update([cloud(same)], {marks: new Map([['gcp', 'v1']])});
		expect(calls).toEqual(['unchanged gcp v1']);
		expect(results[0]?.state).toBe('unchanged');
	});

	it('gives up a cloud that the sink does not take, without asking its next feed', async () => {
		const memory = memorySink();
		const full: FactSink = {
			...memory.sink,
			add() {
				throw new Error('no space left on device');
			},
		};
		const {results} = await update([cloud(feed('runpod', 1), feed('runpod', 1))], {sink: full});
		expect(results[0]).toMatchObject({state: 'failed', why: 'could not be kept: no space left on device'});
		expect(memory.calls).toEqual(['begin runpod', 'abort runpod']);
	});

	it('reads several clouds at once, and no more than that', async () => {
		let [now, most] = [0, 0];
		const slow = (backend: string): Feed => ({
			...feed(backend, 1),
			async *run(feedContext: FeedContext) {
				most = Math.max(most, ++now);
				await new Promise(resolve => {
					setTimeout(resolve, 20);
				});
				const result = yield* feed(backend, 1).run(feedContext);
				now--;
				return result;
			},
		});
		await update(
			['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => cloud(slow(name))),
			{concurrency: 3},
		);
		expect(most).toBe(3);
	});
});

describe('an abort', () => {
	it('ends all clouds, aborts what has begun, and rejects with its reason', async () => {
		const controller = new AbortController();
		const memory = memorySink();
		const never = new Promise<void>(() => undefined);
		const {url, asked} = await web((one, response) => {
			if (one.path.endsWith('/version')) {
				response.end('v1');
			} else {
				response.write('PK');
			}
		});
		const running = update(
			[
				cloud(
					feed('aws', 600, {
						wait: Promise.race([
							never,
							new Promise<void>(resolve => controller.signal.addEventListener('abort', () => resolve())),
						]),
					}),
				),
				cloud(dstackFeed('gcp')),
				cloud(feed('late', 1)),
			],
			{
				sink: memory.sink,
				signal: controller.signal,
				urls: onlyUrls({dstack: url}),
				concurrency: 2,
			},
		);
		while (!asked.some(({path}) => path.endsWith('.zip')) || memory.calls.length < 3) {
			await new Promise(resolve => {
				setTimeout(resolve, 5);
			});
		}

		controller.abort(new Error('enough'));
		await expect(running).rejects.toThrow(/^enough$/);
		expect(memory.calls).toEqual(['begin aws', 'add aws', 'add aws', 'abort aws']);
		expect(memory.open.size).toBe(0);
	});

	it('before the start asks nobody', async () => {
		const memory = memorySink();
		await expect(update(clouds, {sink: memory.sink, signal: AbortSignal.abort(new Error('before'))})).rejects.toThrow(/^before$/);
		expect(memory.calls).toEqual([]);
	});
});

describe('progress', () => {
	it('tells of rows and bytes as they come, and of the end', async () => {
		const zip = makeZip(
			'gcp.csv',
			csv(...Array.from({length: 1200}, (_, index) => `t${index},us-east1-b,0.${index + 1},2,8.0,0,,,False,,,,x86,`)),
		);
		const {url} = await web(({path}, response) => response.end(path.endsWith('/version') ? 'v7' : zip));
		const {progress} = await update([cloud(dstackFeed('gcp'))], {urls: onlyUrls({dstack: url}), clock: undefined});
		expect(progress[0]).toMatchObject({backend: 'gcp', feed: "dstack's catalogue of gcp", state: 'running', rows: 0, bytes: 0});
		expect(progress.at(-1)).toMatchObject({state: 'done', rows: 1200, bytes: zip.length + 2});
	});
});

/** What every cloud answers, each with a little. */
async function everything() {
	const fact = (name: string) => csv(`${name},somewhere,0.1,2,8.0,0,,,False,,,,x86,`);
	return web(({path, body}, response) => {
		const {pathname, searchParams} = new URL(path, 'http://localhost');
		const provider = /^\/dstack\/(\w+)\//.exec(pathname)?.[1];
		if (provider !== undefined) {
			response.end(pathname.endsWith('/version') ? '20261124' : makeZip(`${provider}.csv`, fact(provider)));
		} else if (pathname === '/locations') {
			json(response, {a: {name: 'Here', code: 'us-east-1', type: 'AWS Region'}});
		} else if (pathname === '/advisor') {
			json(response, {ranges: [], spot_advisor: {'us-east-1': {Linux: {'m5.large': {s: 50, r: 0}}}}});
		} else if (pathname === '/prices/Here/Linux/index.json') {
			json(response, {regions: {Here: {a: {'Instance Type': 'm5.large', price: '0.1', vCPU: '2', Memory: '8 GiB'}}}});
		} else if (pathname === '/azure') {
			const Items = [{armSkuName: 'azure', armRegionName: 'eastus', retailPrice: 1, meterName: 'a', productName: 'b'}];
			json(response, {Items: searchParams.get('$skip') === '0' ? Items : []});
		} else if (pathname === '/runpod') {
			const types = [
				{id: 'L4', displayName: 'L4', memoryInGb: 24, securePrice: 0.4, n1: {stockStatus: 'High', minVcpu: 4, minMemory: 24}},
			];
			json(response, {data: body.includes('dataCenters {') ? {dataCenters: [{id: 'EU-1', listed: true}]} : {gpuTypes: types}});
		} else if (pathname === '/vast') {
			json(response, {
				offers: [
					{
						id: 1,
						gpu_name: 'L4',
						num_gpus: 1,
						gpu_ram: 23_034,
						cpu_cores: 4,
						cpu_cores_effective: 4,
						cpu_ram: 16_000,
						disk_space: 50,
						dph_base: 0.2,
					},
				],
			});
		} else if (pathname === '/vultr/plans') {
			json(response, {plans: [{id: 'vc2', vcpu_count: 1, ram: 1024, hourly_cost: 0.01, locations: ['fra']}]});
		} else if (pathname === '/vultr/plans-metal') {
			json(response, {plans_metal: []});
		} else {
			response.writeHead(404).end();
		}
	});
}

it('every cloud is read without credentials, from wherever its addresses point', async () => {
	const {url, asked} = await everything();
	const urls = {
		dstack: `${url}/dstack`,
		awsPrices: `${url}/prices`,
		awsLocations: `${url}/locations`,
		awsSpotAdvisor: `${url}/advisor`,
		azure: `${url}/azure`,
		runpod: `${url}/runpod`,
		vast: `${url}/vast`,
		vultr: `${url}/vultr`,
	};
	const {results, kept} = await update(clouds, {urls});
	expect(results.map(({backend, state, why}) => [backend, state, why])).toEqual(
		clouds.map(({backend}) => [backend, 'done', undefined]),
	);
	expect(results.map(({rows}) => rows)).toEqual([1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
	const facts = Object.values(kept).flat() as FactBatch;
	expect(new Set(facts.map(({backend}) => backend))).toEqual(new Set(clouds.map(({backend}) => backend)));
	expect(asked.every(({headers}) => headers.authorization === undefined)).toBe(true);
});

it('nothing listens anywhere: every cloud says why, in one sentence', async () => {
	const {results, calls} = await update(clouds);
	expect(calls).toEqual([]);
	for (const {state, why} of results) {
		expect(state).toBe('failed');
		expect(why).toMatch(/^127\.0\.0\.1:65534 refused the connection, 2 times$/);
	}
});
