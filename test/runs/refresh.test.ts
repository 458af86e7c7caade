import {mkdir, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import type {Cloud} from '../../source/offers/feeds/clouds.js';
import {Collector} from '../../source/offers/feeds/collector.js';
import {dstackFeed} from '../../source/offers/feeds/dstack.js';
import {type Feed, type FeedContext, feedUrls, feedVariable} from '../../source/offers/feeds/feed.js';
import {OfferCatalogue, reloadAfterRefresh} from '../../source/offers/catalogue/offer-catalogue.js';
import {refreshCatalogue, type RefreshOptions} from '../../source/offers/catalogue/update-catalogue.js';
import {dueClouds, readRefreshState} from '../../source/offers/catalogue/refresh-state.js';
import {createHttp} from '../../source/system/http.js';
import {acquireLock} from '../../source/system/lock.js';
import {bucketLine, makeBucket} from '../support/bucket.js';
import {temporaryFolder} from '../support/folders.js';
import {endless, fixedRandom, quickClock, web} from '../support/web.js';
import {onlyUrls} from '../offers/feeds/support.js';

const id = 'nebius/eu-test1/gpu-l4/on-demand';
const nebius: Cloud = {backend: 'nebius', feeds: [dstackFeed('nebius')]};

async function prepare(lines: readonly string[] = [bucketLine('gpu-l4', 'eu-test1', 1), bucketLine('cheap', 'eu-test1', 0.5)]) {
	const folder = path.join(await temporaryFolder(), 'catalog');
	const bucket = makeBucket('nebius', lines);
	const server = await web(bucket.answer);
	const clock = quickClock();
	const http = createHttp({clock, random: fixedRandom(0), limits: endless, retry: {tries: 1}});
	const refresh = async (given: Partial<RefreshOptions> = {}) =>
		refreshCatalogue({folder, clouds: [nebius], urls: onlyUrls({dstack: server.url}), http, clock, ...given});
	const book = new OfferCatalogue(folder);
	const price = (offer = id) => {
		const row = book.table.rowOf(offer);
		return row === undefined || !book.table.isListed(row) ? undefined : book.table.columns.price[row];
	};

	const previous = (offer = id) => {
		const row = book.table.rowOf(offer);
		return row === undefined ? undefined : book.table.previousPrice(row);
	};

	return {folder, bucket, server, clock, refresh, book, price, previous};
}

const feed = (run: (context: FeedContext) => ReturnType<Feed['run']>, backend = 'vast'): Cloud => ({
	backend,
	feeds: [{backend, name: `feed of ${backend}`, run}],
});

const raw = (instanceType: string, price: number) => ({region: 'r', instanceType, cpu: 1, memory: 1024, spot: false, price});

describe('a refresh of the catalogue', () => {
	it('writes a file for each cloud, which is loaded in place of the older snapshot', async () => {
		const {folder, refresh, book, price} = await prepare();
		const before = await book.load();
		expect(before.loaded.find(({backend}) => backend === 'nebius')).toMatchObject({from: 'snapshot'});
		expect(price()).toBeUndefined();
		expect(await refresh()).toMatchObject([{backend: 'nebius', state: 'done', rows: 2}]);
		const after = await book.reload();
		expect(after.problems).toEqual([]);
		expect(after.loaded.find(({backend}) => backend === 'nebius')).toMatchObject({
			from: 'refreshed',
			rows: 2,
			date: Date.parse('2026-11-23T01:00:00Z'),
		});
		expect(price()).toBe(1);
		expect([...book.table.facts('nebius')].map(({instanceType}) => instanceType).sort()).toEqual(['cheap', 'gpu-l4']);
		// The other clouds are still the snapshot's.
		expect(after.loaded.filter(({from}) => from === 'snapshot').map(({backend}) => backend)).toContain('gcp');
		expect((await readdir(folder)).sort()).toEqual(['nebius.bin', 'state.json']);
		for (const name of ['nebius.bin', 'state.json']) {
			expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o600);
		}

		expect((await stat(folder)).mode & 0o777).toBe(0o700);
	});

	it('marks prices that changed, on the same rows, and the marks outlive the program', async () => {
		const {folder, bucket, refresh, book, price, previous} = await prepare();
		await refresh();
		await book.load();
		const row = book.table.rowOf(id);
		expect(previous()).toBeUndefined();
		bucket.version = '20261124-1';
		bucket.modified = 'Tue, 24 Nov 2026 01:00:00 GMT';
		bucket.lines = [bucketLine('gpu-l4', 'eu-test1', 1.25), bucketLine('cheap', 'eu-test1', 0.5)];
		await refresh();
		await book.reload();
		expect([book.table.rowOf(id), price(), previous()]).toEqual([row, 1.25, 1]);
		expect(previous('nebius/eu-test1/cheap/on-demand')).toBeUndefined();
		// Nothing new: what was marked stays so, here and in a program that starts later.
		await refresh();
		await book.reload();
		expect([book.table.rowOf(id), price(), previous()]).toEqual([row, 1.25, 1]);
		const later = new OfferCatalogue(folder);
		await later.load();
		expect(later.table.previousPrice(later.table.rowOf(id) ?? -1)).toBe(1);
		// The next refresh with the same price takes the mark away.
		bucket.version = '20261125-1';
		bucket.modified = 'Wed, 25 Nov 2026 01:00:00 GMT';
		await refresh();
		await book.reload();
		expect([price(), previous()]).toEqual([1.25, undefined]);
	});

	it('lists no longer what is gone, and again what comes back, on the same row', async () => {
		const {bucket, refresh, book, price} = await prepare();
		await refresh();
		await book.load();
		const row = book.table.rowOf(id);
		const all = bucket.lines;
		bucket.version = '20261124-1';
		bucket.modified = 'Tue, 24 Nov 2026 01:00:00 GMT';
		bucket.lines = all.slice(1);
		await refresh();
		await book.reload();
		expect(price()).toBeUndefined();
		bucket.version = '20261125-1';
		bucket.modified = 'Wed, 25 Nov 2026 01:00:00 GMT';
		bucket.lines = all;
		await refresh();
		await book.reload();
		expect([book.table.rowOf(id), price()]).toEqual([row, 1]);
	});

	it('keeps the old file of a cloud that fails half-way, and says when', async () => {
		const {folder, clock, refresh, book} = await prepare();
		const first = feed(async function* () {
			const collector = new Collector();
			collector.take(raw('t', 2), {backend: 'vast', source: 'test', date: clock.now()});
			yield* collector.drain();
			return collector.summary();
		});
		await refresh({clouds: [first]});
		const kept = await readFile(path.join(folder, 'vast.bin'));
		const {checked} = (await readRefreshState(folder))['vast'] ?? {};
		const breaking = feed(async function* () {
			const collector = new Collector();
			collector.take(raw('t', 3), {backend: 'vast', source: 'test', date: clock.now()});
			yield* collector.drain();
			throw new Error('console.vast.ai broke the connection');
		});
		await clock.sleep(1000);
		const results = await refresh({clouds: [breaking, nebius]});
		expect(results).toMatchObject([{state: 'failed', why: 'console.vast.ai broke the connection'}, {state: 'done'}]);
		expect(await readFile(path.join(folder, 'vast.bin'))).toEqual(kept);
		const state = await readRefreshState(folder);
		expect(state['vast']?.checked).toBe(checked);
		expect(state['vast']?.failed).toBeGreaterThan(checked ?? Number.POSITIVE_INFINITY);
		await book.load();
		expect(book.table.columns.price[book.table.rowOf('vast/r/t/on-demand') ?? -1]).toBe(2);
	});

	it('renews the time of a cloud that has nothing new, and asks for no more than that', async () => {
		const {folder, server, clock, refresh} = await prepare();
		await refresh();
		const before = (await readRefreshState(folder))['nebius'];
		expect(before?.mark).toBe('20261123-1');
		await clock.sleep(5000);
		server.asked.length = 0;
		expect(await refresh()).toMatchObject([{state: 'unchanged'}]);
		expect(server.asked.map(each => each.path)).toEqual(['/nebius/version']);
		const after = (await readRefreshState(folder))['nebius'];
		expect(after?.mark).toBe(before?.mark);
		expect(after?.checked).toBeGreaterThanOrEqual((before?.checked ?? 0) + 5000);
	});

	it('does not fetch again what is older than the snapshot that the package brought, though that is what is shown', async () => {
		const {bucket, server, refresh, book, price} = await prepare();
		bucket.version = '20200106-1';
		bucket.modified = 'Mon, 06 Jan 2020 01:00:00 GMT';
		expect(await refresh()).toMatchObject([{state: 'done'}]);
		const {loaded} = await book.load();
		expect(loaded.find(({backend}) => backend === 'nebius')).toMatchObject({from: 'snapshot'});
		expect(price()).toBeUndefined();
		server.asked.length = 0;
		expect(await refresh()).toMatchObject([{state: 'unchanged'}]);
		expect(server.asked.map(each => each.path)).toEqual(['/nebius/version']);
	});

	it('is noticed by another program, which takes it into its rows', async () => {
		const {folder, bucket, refresh, book, price} = await prepare();
		expect(await reloadAfterRefresh(book, undefined)).toBeUndefined();
		await book.load();
		expect(await reloadAfterRefresh(book, undefined)).toBeUndefined();
		await refresh();
		expect(await reloadAfterRefresh(book, undefined)).toEqual({refreshed: ['nebius'], failed: []});
		expect(price()).toBe(1);
		expect(await reloadAfterRefresh(book, undefined)).toBeUndefined();
		bucket.version = '20261124-1';
		bucket.modified = 'Tue, 24 Nov 2026 01:00:00 GMT';
		bucket.lines = [bucketLine('gpu-l4', 'eu-test1', 1.25)];
		await refresh();
		const own = {refreshed: ['gcp'], failed: [{backend: 'azure', why: 'no network'}]};
		expect(await reloadAfterRefresh(book, own)).toEqual({...own, refreshed: ['gcp', 'nebius']});
		expect(price()).toBe(1.25);
		await rm(path.join(folder, 'nebius.bin'));
		expect(await reloadAfterRefresh(book, undefined)).toMatchObject({refreshed: ['nebius']});
		expect(price()).toBeUndefined();
	});

	it('fetches again what was damaged here, although nothing is new', async () => {
		const {folder, refresh, book, price} = await prepare();
		await refresh();
		await writeFile(path.join(folder, 'nebius.bin'), 'not a catalogue');
		expect((await book.load()).problems).toHaveLength(1);
		expect(await refresh()).toMatchObject([{state: 'done'}]);
		expect((await book.reload()).problems).toEqual([]);
		expect(price()).toBe(1);
	});

	it('takes what its own catalogue knows of sizes to the feeds that tell prices alone', async () => {
		const {refresh} = await prepare();
		let seen: FeedContext['sizes'] | undefined;
		const looking = feed(async function* ({sizes}) {
			seen = sizes;
			yield [];
			throw new Error('enough');
		});
		await refresh({clouds: [looking]});
		expect(seen?.aws.get('g5.xlarge')).toMatchObject({cpu: 4, memory: 16 * 1024, gpu: {name: 'A10G', count: 1}});
		expect(seen?.azure.get('Standard_D2s_v3')).toMatchObject({cpu: 2, memory: 8 * 1024});
	});

	it('ends at the signal with nothing half-written, and is free for the next', async () => {
		const {folder, refresh} = await prepare();
		await refresh();
		const before = await readFile(path.join(folder, 'nebius.bin'));
		const ending = new AbortController();
		const stuck = feed(async function* ({signal}) {
			const collector = new Collector();
			collector.take(raw('t', 3), {backend: 'nebius', source: 'test', date: Date.parse('2027-01-01')});
			yield* collector.drain();
			ending.abort(new Error('enough'));
			signal?.throwIfAborted();
			return collector.summary();
		}, 'nebius');
		await expect(refresh({clouds: [stuck], signal: ending.signal})).rejects.toThrow('enough');
		expect(await readFile(path.join(folder, 'nebius.bin'))).toEqual(before);
		expect((await readdir(folder)).sort()).toEqual(['nebius.bin', 'state.json']);
		// An end that was asked for is no failure that would put off the next try.
		expect((await readRefreshState(folder))['nebius']?.failed).toBeUndefined();
		expect(await refresh()).toMatchObject([{state: 'unchanged'}]);
	});

	it('does not run twice at once', async () => {
		const {folder, refresh, server} = await prepare();
		await mkdir(folder, {recursive: true});
		const lock = await acquireLock(path.join(folder, 'update.lock'), {isTidy: true});
		await expect(refresh()).rejects.toMatchObject({kind: 'failed', message: expect.stringContaining('under way') as string});
		expect(server.asked).toEqual([]);
		await lock?.release();
		expect(await refresh()).toMatchObject([{state: 'done'}]);
	});

	it('says when a file cannot be written, and goes on', async () => {
		const {folder, refresh} = await prepare();
		await mkdir(path.join(folder, 'nebius.bin'), {recursive: true});
		const [result] = await refresh();
		expect(result?.state).toBe('failed');
		expect(result?.why).toMatch(/^could not be kept: /);
	});
});

describe('what is due', () => {
	const now = Date.parse('2026-11-24T12:00:00Z');
	const hour = 3_600_000;

	it('is what was not checked for a day, and did not fail within the hour', () => {
		const state = {
			fresh: {checked: now - 23 * hour},
			old: {checked: now - 25 * hour},
			failing: {checked: now - 25 * hour, failed: now - hour / 2},
			failed: {failed: now - 2 * hour},
			future: {checked: now + hour, failed: now + hour},
		};
		expect(dueClouds(['fresh', 'old', 'failing', 'failed', 'future', 'never'], state, now)).toEqual([
			'old',
			'failed',
			'future',
			'never',
		]);
	});

	it.each(['', 'x', '{}', '{"clouds": {"a": {"checked": "x"}}}', '{"clouds": []}'])('is everything after %j', async text => {
		const folder = await temporaryFolder();
		await writeFile(path.join(folder, 'state.json'), text);
		expect(await readRefreshState(folder)).toEqual({});
	});
});

describe('where the feeds are', () => {
	it('is what the environment says, then the settings', () => {
		const settings = {azure: 'https://mirror.example/azure', dstack: 'https://mirror.example/v3/'};
		expect(feedUrls(settings, {DSTACK_TUI_FEED_AZURE: 'http://127.0.0.1:1/a'})).toEqual({
			azure: 'http://127.0.0.1:1/a',
			dstack: 'https://mirror.example/v3',
		});
		expect(feedVariable('awsSpotAdvisor')).toBe('DSTACK_TUI_FEED_AWS_SPOT_ADVISOR');
		expect(feedUrls(undefined, {})).toEqual({});
	});

	it.each([
		[[], /not an object/],
		['x', /not an object/],
		[{azur: 'https://x.example'}, /no feed called 'azur'/],
		[{azure: 5}, /feeds\.azure/],
		[{azure: 'file:///etc/passwd'}, /feeds\.azure/],
		[{azure: 'https://me:hunter2@x.example'}, /feeds\.azure/],
	])('is refused as %j, without repeating it', (settings, message) => {
		const act = () => feedUrls(settings, {});
		expect(act).toThrow(message);
		expect(act).not.toThrow(/hunter2|passwd/);
	});
});
