import {spawn} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';
import {describe, expect, it} from 'vitest';
import {refreshInBackground, type BackgroundOptions} from '../../source/offers/catalogue/background-refresh.js';
import {OfferCatalogue} from '../../source/offers/catalogue/offer-catalogue.js';
import {writeRefreshState} from '../../source/offers/catalogue/refresh-state.js';
import {temporaryFolder} from '../support/folders.js';
import {quickClock} from '../support/web.js';

/** A process that prints these lines and ends so. */
const printing = (lines: readonly unknown[], code = 0) =>
	`for (const line of ${JSON.stringify(lines)}) console.log(typeof line === 'string' ? line : JSON.stringify(line)); process.exitCode = ${code};`;

const cloud = (backend: string, state: string, more = {}) => ({type: 'cloud', backend, state, ...more});

async function refresh(script: string, given: Partial<BackgroundOptions> = {}) {
	const folder = await temporaryFolder();
	const started: string[][] = [];
	const progress: string[][] = [];
	const options: BackgroundOptions = {
		folder,
		clouds: ['azure', 'gcp'],
		clock: quickClock(),
		start(clouds) {
			started.push([...clouds]);
			return spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'ignore']});
		},
		signal: new AbortController().signal,
		onProgress: clouds => progress.push([...clouds]),
		...given,
	};
	return {folder, started, progress, options, run: async () => refreshInBackground(options)};
}

describe('a refresh in the background', () => {
	it('tells which clouds are read, and what came of them', async () => {
		const {run, started, progress} = await refresh(
			printing([
				'Warning: something of Node',
				cloud('azure', 'running'),
				cloud('gcp', 'running'),
				cloud('gcp', 'running', {rows: 5}),
				cloud('gcp', 'done'),
				cloud('azure', 'failed', {why: 'no \u001B[31mnetwork'}),
				{type: 'summary'},
				'{"type": "cloud", "ba',
			]),
		);
		expect(await run()).toEqual({
			refreshed: ['gcp'],
			failed: [{backend: 'azure', why: expect.not.stringContaining('\u001B') as string}],
		});
		expect(started).toEqual([['azure', 'gcp']]);
		expect(progress).toEqual([['azure'], ['azure', 'gcp'], ['azure'], []]);
	});

	it('starts only for what is due, and not at all where nothing is', async () => {
		const {run, folder, started, options} = await refresh(printing([cloud('gcp', 'unchanged')]));
		const now = options.clock.now();
		await writeRefreshState(folder, {azure: {checked: now - 1000}});
		expect(await run()).toEqual({refreshed: [], failed: []});
		await writeRefreshState(folder, {azure: {checked: now - 1000}, gcp: {failed: now - 1000}});
		expect(await run()).toBeUndefined();
		expect(started).toEqual([['gcp']]);
	});

	it('tells the problem of one that came to nothing', async () => {
		const locked = await refresh(printing([{type: 'error', message: 'Another update is under way'}], 1));
		expect(await locked.run()).toMatchObject({problem: 'Another update is under way'});
		const fallen = await refresh('process.exit(7)');
		expect(await fallen.run()).toEqual({refreshed: [], failed: [], problem: 'the update ended with 7'});
		const missing = await refresh('', {start: () => spawn('/nowhere/node', [], {stdio: ['ignore', 'pipe', 'ignore']})});
		await expect(missing.run()).rejects.toThrow('ENOENT');
	});

	it('ends its process with the signal', async () => {
		const ending = new AbortController();
		let child: ReturnType<BackgroundOptions['start']> | undefined;
		const {run} = await refresh('', {
			signal: ending.signal,
			start() {
				const script = `${printing([cloud('gcp', 'running')])} setInterval(() => {}, 1000);`;
				child = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'ignore']});
				return child;
			},
			onProgress: () => ending.abort(new Error('left')),
		});
		await expect(run()).rejects.toThrow('left');
		if (child?.exitCode === null && child.signalCode === null) {
			await once(child, 'close');
		}

		expect(child?.signalCode).toBe('SIGTERM');
	});
});

describe('reading the catalogue anew', () => {
	it('leaves what a backend said of itself, and what it listed', async () => {
		const book = new OfferCatalogue(await temporaryFolder());
		await book.load();
		const row = book.table.rowOf('gcp/us-central1/g2-standard-4/on-demand') ?? -1;
		expect(book.table.offer(row).availability).toBe('no credentials');
		book.table.setBackend('gcp', {deadline: 'provider', credentials: true});
		const offer = {...book.table.offer(row), availability: 'available' as const, price: 0.01};
		const listing = book.table.listing('gcp', 'live');
		listing.addOffers([offer]);
		listing.end();
		await book.reload();
		expect(book.table.offer(row)).toMatchObject({availability: 'available', price: 0.01, deadline: 'provider'});
		const other = book.table.rowOf('gcp/us-central1/n2-standard-4/on-demand') ?? -1;
		expect(book.table.offer(other).availability).toBe('unknown');
	});
});
