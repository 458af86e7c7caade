import {describe, expect, it} from 'vitest';
import type {Core} from '../../source/runs/core.js';
import type {Request} from '../../source/runs/model/choice.js';
import {OfferTable} from '../../source/offers/table.js';
import type {RefreshEnd} from '../../source/offers/catalogue/background-refresh.js';
import type {Clock} from '../../source/system/clock.js';
import {App} from '../../source/ui/store/app.js';
import {keepCatalogueFresh} from '../../source/ui/store/refreshing-catalogue.js';
import {preferences} from '../support/ui.js';
import {logArea} from '../../source/ui/layout.js';

type Refresh = NonNullable<Core['refreshCatalogue']>;

/** An app whose clock stands until it is turned. */
function makeApp(refreshCatalogue: Refresh | undefined) {
	const sleepers: Array<() => void> = [];
	const ticks = new Map<number, () => void>();
	const clock: Clock = {
		now: () => 0,
		elapsed: () => 0,
		sleep: async (_, signal) =>
			new Promise((resolve, reject) => {
				sleepers.push(resolve);
				signal?.addEventListener('abort', () => reject(signal.reason as Error));
			}),
		every(interval, tick) {
			ticks.set(interval, tick);
			return () => ticks.delete(interval);
		},
	};
	let listings = 0;
	const table = new OfferTable();
	const matches = {rows: new Uint32Array(), triable: 0, listed: 0};
	const core = {
		folder: '/',
		preferences,
		refreshCatalogue,
		request: () => request,
		async *offers() {
			listings++;
			yield {table, matches, backends: [], complete: true};
		},
	} as unknown as Core;
	const request = {requirements: {backends: []}} as unknown as Request;
	const unused = async () => undefined;
	const app = new App({
		logArea,
		core,
		clock,
		size: {columns: 100, rows: 30},
		open: unused,
		copy: () => undefined,
		hand: async () => 0,
		redraw: unused,
		sleep: unused,
	});
	app.set({
		screen: 'offers',
		request,
		configuration: {file: 'x'} as never,
		listing: {table, matches: matches as never, backends: [], complete: true},
	});
	const turn = async (act: () => void) => {
		act();
		await new Promise(resolve => {
			setImmediate(resolve);
		});
	};

	return {
		app,
		listings: () => listings,
		wake: async () => turn(() => sleepers.splice(0).forEach(each => each())),
		later: async () => turn(() => ticks.get(600_000)?.()),
		hasTick: () => ticks.has(600_000),
	};
}

/** A refresh that ends when it is told to. */
function held() {
	const calls: Array<{
		options: Parameters<Refresh>[0];
		end: (end: RefreshEnd | undefined) => void;
		fail: (error: Error) => void;
	}> = [];
	const refresh: Refresh = async options =>
		new Promise((end, fail) => {
			calls.push({options, end, fail});
		});
	return {calls, refresh};
}

const settled = async () =>
	new Promise(resolve => {
		setImmediate(resolve);
	});

describe('the refresh under the full screen', () => {
	it('begins after the start, says what it reads, and lists anew at its end', async () => {
		const {calls, refresh} = held();
		const {app, wake, later, listings} = makeApp(refresh);
		keepCatalogueFresh(app);
		expect(calls).toHaveLength(0);
		await wake();
		calls[0]?.options.onProgress(['azure', 'gcp']);
		expect(app.state().refreshing).toBe('catalogue: fetching azure, gcp…');
		await later();
		expect(calls).toHaveLength(1);
		calls[0]?.end({refreshed: ['gcp'], failed: [{backend: 'azure', why: 'no network'}]});
		await settled();
		expect(listings()).toBe(1);
		expect(app.state().refreshing).toBe('catalogue: azure not refreshed (no network)');
		await later();
		calls[1]?.end(undefined);
		await settled();
		expect(listings()).toBe(1);
		expect(app.state().refreshing).toBeUndefined();
		app.end({kind: 'quit'});
	});

	it('says in one line why it came to nothing, and tries again', async () => {
		const {calls, refresh} = held();
		const {app, wake, later, listings} = makeApp(refresh);
		keepCatalogueFresh(app);
		await wake();
		calls[0]?.fail(new Error('spawn ENOENT'));
		await settled();
		expect(app.state().refreshing).toBe('catalogue: not refreshed (spawn ENOENT)');
		expect(app.state().trouble).toBeUndefined();
		await later();
		calls[1]?.end({refreshed: [], failed: [], problem: 'Another update is under way'});
		await settled();
		expect(app.state().refreshing).toBe('catalogue: not refreshed (Another update is under way)');
		expect(listings()).toBe(0);
		app.end({kind: 'quit'});
	});

	it('ends with the app, and does not begin where it is switched off', async () => {
		const {calls, refresh} = held();
		const {app, wake, hasTick} = makeApp(refresh);
		keepCatalogueFresh(app);
		await wake();
		expect(calls[0]?.options.signal.aborted).toBe(false);
		app.end({kind: 'quit'});
		expect(calls[0]?.options.signal.aborted).toBe(true);
		expect(hasTick()).toBe(false);
		const off = makeApp(undefined);
		keepCatalogueFresh(off.app);
		expect(off.hasTick()).toBe(false);
		off.app.end({kind: 'quit'});
	});
});
