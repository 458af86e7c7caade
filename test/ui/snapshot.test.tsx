import {render} from 'ink-testing-library';
import {afterEach, describe, expect, test, vi} from 'vitest';
import type {OfferTable} from '../../source/offers/table.js';
import type {RunState} from '../../source/runs/model/state.js';
import {Screen} from '../../source/ui/components/screen.js';
import {onKey} from '../../source/ui/input.js';
import {viewOf} from '../../source/ui/screens/index.js';
import type {App} from '../../source/ui/store/app.js';
import {loadFolder} from '../../source/ui/store/load-folder.js';
import {isOutdated, shownOf} from '../../source/ui/store/redraw-key.js';
import {newView, showRun} from '../../source/ui/store/running.js';
import {snapshotOf} from '../../source/ui/store/run-snapshot.js';
import type {AppState, RunView} from '../../source/ui/store/state.js';
import {testOffer} from '../support/events.js';
import {deepFrozen} from '../support/frozen.js';
import {configurationFile, health, port, runState, testApp, TestClock, testCore, TestHandle} from '../support/ui.js';

/** What structuredClone copies whole; the table of offers is the one exception. */
type Plain<T> = T extends (...given: never[]) => unknown
	? never
	: T extends OfferTable | Uint32Array
		? T
		: T extends ReadonlyMap<infer Key, infer Value>
			? ReadonlyMap<Plain<Key>, Plain<Value>>
			: T extends ReadonlySet<infer Value>
				? ReadonlySet<Plain<Value>>
				: T extends object
					? {[Key in keyof T]: Plain<T[Key]>}
					: T;

// Does not compile where a type of the state has a function.
const plain = (state: AppState): Plain<AppState> => state;

const plainPrototypes: ReadonlySet<unknown> = new Set([
	Object.prototype,
	Array.prototype,
	Map.prototype,
	Set.prototype,
	Uint32Array.prototype,
]);

/** Where in a value there is something that is no plain data. */
function livePlaces(value: unknown, path = 'state'): string[] {
	if (typeof value === 'function') {
		return [path];
	}

	if (typeof value !== 'object' || value === null || path === 'state.listing.table') {
		return [];
	}

	if (!plainPrototypes.has(Object.getPrototypeOf(value))) {
		return [path];
	}

	const entries = value instanceof Map || value instanceof Set ? [...value].flat().entries() : Object.entries(value);
	return [...entries].flatMap(([key, each]) => livePlaces(each, `${path}.${key}`));
}

/** All of the state but the table of offers anew. */
function cloned(state: AppState): AppState {
	const {listing, ...rest} = state;
	const {table, ...listed} = listing ?? {};
	const copy = structuredClone({...rest, listing: listing && listed}) as AppState;
	return listing ? {...copy, listing: {...copy.listing!, table: table!}} : copy;
}

const settled = async (): Promise<void> => new Promise(resolve => setTimeout(resolve, 20));

type World = {readonly app: App; readonly clock: TestClock; readonly handles: readonly TestHandle[]};

const press = async (app: App, ...keys: string[]): Promise<void> => {
	for (const key of keys) {
		onKey(app, key);
		await settled();
	}
};

function worldOf(changes: Parameters<typeof testCore>[0] = {}): World {
	const clock = new TestClock();
	return {app: testApp(testCore(changes), {clock}), clock, handles: []};
}

async function atOffers(): Promise<World> {
	const world = worldOf({
		configurations: async () => [
			configurationFile(),
			configurationFile({path: '/project/a/b.dstack.yml', file: 'a/b.dstack.yml', label: 'b'}),
		],
	});
	await loadFolder(world.app);
	await press(world.app, 'enter');
	return world;
}

const now = new TestClock().time;
const lost = health({status: 'waiting', attempt: 3, nextTry: now + 4000, silentSince: now - 12_000, reason: 'no answer'});
const up = health({
	ports: [port({open: 2, rate: 5000, total: 70_000}), port({local: 8001, remote: 8001, added: true})],
	offered: [{port: 5173, process: 'vite'}],
	reverse: [{remote: 3000, local: 3001, bound: true, open: 1, received: 1, sent: 2, rate: 3, problem: undefined}],
});

/** Two open environments, of which the first is shown. */
async function withRuns(changes: Partial<RunState>, link = up, ...keys: string[]): Promise<World> {
	const world = worldOf();
	const handles = [new TestHandle(runState(changes)), new TestHandle(runState({name: 'slow-gecko-2'}))];
	for (const handle of handles.toReversed()) {
		handle.health_ = link;
		handle.guest_ = {
			connections: [{from: '203.0.113.7', since: now - 5000}],
			idleSince: undefined,
			ends: {at: now + 600_000, why: 'deadline'},
		};
		handle.lines = Array.from({length: 300}, (_, index) => ({
			at: now,
			pane: index % 2 ? 'build' : 'events',
			text: `line ${index} http://localhost:8000/`,
		}));
		showRun(world.app, handle);
	}

	for (const tell of handles[0]!.loadListeners) {
		tell({cpu: 0.5, cores: 8, memory: {used: 4e9, total: 16e9}, disk: {used: 1e9, total: 5e9}, gpus: []});
	}

	await settled();
	await press(world.app, ...keys);
	return {...world, handles};
}

const running = {
	id: 'setup',
	title: 'Setting up',
	status: 'running',
	startedAt: now - 30_000,
	endedAt: undefined,
	text: '1 of 3',
	share: 0.3,
} as const;
const failure = {
	step: 'setup',
	message: 'it failed',
	command: 'make',
	code: 2,
	lastLines: ['no rule'],
	next: 'Mend it.',
} as const;
const attempt = {at: now - 9000, offer: testOffer, errorClass: 'capacity', message: 'none left', next: undefined, zones: []};
const dear = {...testOffer, id: 'dear', price: 9};

const scenes: Readonly<Record<string, () => Promise<World>>> = {
	async configurations() {
		const world = await atOffers();
		await press(world.app, 'esc');
		return world;
	},
	async profiles() {
		const world = await atOffers();
		world.app.set({screen: 'profiles'});
		return world;
	},
	async form() {
		const world = await atOffers();
		await press(world.app, 'o');
		return world;
	},
	offers: atOffers,
	async 'offers with the drawer and a filter'() {
		const world = await atOffers();
		await press(world.app, '/', 'c', 'p', 'u', '>', '2', 'enter', 'd', 'j');
		return world;
	},
	async 'offers in groups'() {
		const world = await atOffers();
		await press(world.app, 'g');
		return world;
	},
	async compare() {
		const world = await atOffers();
		await press(world.app, 'space', 'j', 'space', 'c');
		world.app.set({screen: 'compare'});
		return world;
	},
	async plan() {
		const world = await atOffers();
		await press(world.app, 'enter');
		return world;
	},
	'run: starting': async () => withRuns({phase: 'starting', steps: [running], attempts: [attempt], deadline: now + 7_200_000}),
	'run: asking': async () => withRuns({phase: 'starting', asking: dear, instanceId: undefined}),
	'run: failed': async () => withRuns({phase: 'failed', steps: [{...running, status: 'failed'}], failure}),
	'run: ready': async () => withRuns({deadline: now + 7_200_000, sharesNetwork: false}),
	'run: its logs': async () => withRuns({}, up, 'l', '/', 'l', 'i', 'n', 'e', 'enter'),
	'run: a port is chosen': async () => withRuns({sharesNetwork: false}, up, 'p', 'p'),
	'run: lost': async () => withRuns({}, lost),
	'run: noticed': async () => withRuns({notice: {action: 'terminate', time: now + 100_000}}),
	'run: stopping': async () =>
		withRuns({phase: 'stopping', stopFailure: {at: now, message: 'denied', command: 'aws x', console: undefined}}),
	'run: ended': async () => withRuns({phase: 'ended', endedAt: now, reason: 'its deadline', kept: {place: '/workflow'}}),
	'run: a question': async () => withRuns({}, up, 'x'),
	'run: help': async () => withRuns({}, up, '?'),
	'run: palette': async () => withRuns({}, up, ':', 'l'),
	async environments() {
		const world = await withRuns({});
		world.app.set({
			screen: 'environments',
			environments: [
				runState(),
				runState({
					name: 'x',
					phase: 'stopping',
					stopFailure: {at: now, message: 'denied', command: undefined, console: undefined},
				}),
			],
			checks: new Map([['x', {kind: 'unanswered', why: 'no answer'}]]),
			reconciled: {at: now, notes: ['one was swept']},
			waits: [
				{
					what: 'aws to answer',
					since: now - 3000,
					until: now + 60_000,
					wayOut: 'esc leaves it',
					trouble: undefined,
					isAside: true,
				},
			],
		});
		return world;
	},
	async backends() {
		const world = worldOf();
		const entry = {
			name: 'aws',
			state: 'ready',
			origin: 'profile work',
			launches: true,
			deadline: 'guest',
			notes: ['answers'],
			missing: [],
			next: undefined,
		} as const;
		world.app.set({
			screen: 'backends',
			backends: {entries: [entry, {...entry, name: 'gcp', state: 'untested'}], complete: false, problems: ['a key is unknown']},
		});
		return world;
	},
	async 'what went wrong, and work'() {
		const world = await withRuns({});
		world.app.set({trouble: {message: 'it went wrong', details: ['why'], next: 'Do this.'}, busy: 'working', focused: false});
		return world;
	},
};

const sizes = [
	[60, 18],
	[80, 24],
	[100, 40],
] as const;

afterEach(() => {
	vi.restoreAllMocks();
});

/** The whole frame with its styles, drawn where there is no time and no chance. */
function drawn(state: AppState): string {
	const forbidden = (what: string) => () => {
		throw new Error(`a screen asked for ${what}`);
	};

	const views = sizes.map(([columns, rows]) => {
		vi.spyOn(Date, 'now').mockImplementation(forbidden('the time'));
		vi.spyOn(Math, 'random').mockImplementation(forbidden('chance'));
		try {
			return JSON.stringify(viewOf({...state, columns, rows}));
		} finally {
			vi.restoreAllMocks();
		}
	});
	const {lastFrame, unmount} = render(<Screen state={state} />);
	const frame = lastFrame() ?? '';
	unmount();
	return [frame, ...views].join('\n');
}

describe.each(Object.entries(scenes))('%s', (name, scene) => {
	test('is drawn from plain data alone, and stays the same whatever happens after it', async () => {
		const {app, clock, handles} = await scene();
		await settled();
		const state = app.state();
		expect(`run: ${name}`.includes(state.screen) || name.startsWith('what')).toBe(true);
		expect(livePlaces(plain(state))).toEqual([]);
		const copy = cloned(state);
		deepFrozen(state);
		const frame = drawn(state);
		expect(frame).toContain('dstack-tui');
		expect(drawn(copy)).toBe(frame);

		for (const handle of handles) {
			handle.health_ = health({status: 'down', reason: 'the host key changed', ports: [port({local: 9999, remote: 9999})]});
			handle.guest_ = undefined;
			handle.lines = [...handle.lines, {at: now, pane: 'events', text: 'a newer line'}];
			handle.change({phase: 'gone', endedAt: now, reason: 'it was ended', deadline: undefined});
		}

		clock.pass(3_600_000);
		await settled();
		expect(drawn(state)).toBe(frame);
		if (handles.length > 0 && state.screen === 'run') {
			expect(drawn(app.state())).not.toBe(frame);
		}

		app.end({kind: 'quit'});
	});
});

test('what has not changed is the same object in the next snapshot, and another one where it has', async () => {
	const {app, handles} = await withRuns({});
	const before = app.state().run!;
	app.lookAtRuns();
	expect(app.state().run).toBe(before);
	handles[0]!.health_ = structuredClone(up);
	app.lookAtRuns();
	expect(app.state().run).toBe(before);
	handles[0]!.health_ = health({...up, reconnects: 1});
	app.lookAtRuns();
	const after = app.state().run!;
	expect(after.health).not.toBe(before.health);
	expect([after.state, after.logs, after.guest]).toEqual([before.state, before.logs, before.guest]);
	expect(after.logs).toBe(before.logs);
	// The other tab is as it was, and a tab is the same object in both places.
	expect(app.state().runs.find(({name}) => name === after.name)).toBe(after);
	app.end({kind: 'quit'});
});

describe('a frame is outdated', () => {
	const view = (changes: Partial<RunView> = {}): RunView => ({
		...newView(snapshotOf(new TestHandle(runState()), testCore())),
		guest,
		health: up,
		...changes,
	});
	const guest = {
		connections: [{from: '203.0.113.7', since: now}],
		idleSince: now,
		ends: {at: now + 9e6, why: 'deadline'},
	} as const;
	const first = view();
	const [forwarded] = up.ports;
	const news = (changes: Partial<RunView>, focused = true): boolean =>
		isOutdated(shownOf(first, true, now), shownOf({...first, ...changes}, true, now), focused);

	test.each<[by: string, Partial<RunView>, isNews: boolean]>([
		['nothing', {}, false],
		['an equal copy', {health: structuredClone(up), guest: structuredClone(guest)}, false],
		['latency', {health: {...up, latency: 99, latencies: [1, 2, 3]}}, false],
		[
			'traffic',
			{health: {...up, ports: up.ports.map(each => ({...each, open: 7, sent: 8, received: 9, total: 10, rate: 11}))}},
			false,
		],
		['the tries of a lost link, as far as they are told', {health: {...up, nextTry: now + 1}}, false],
		['a moment that trembles', {health: {...up, upSince: up.upSince! + 2000}, guest: {...guest, idleSince: now + 2000}}, false],
		['when it was looked at whether ssh works', {health: {...up, access: {...up.access, at: now + 60_000}}}, false],
		['a moment', {guest: {...guest, idleSince: now + 4000}}, true],
		['what ends it', {guest: {...guest, ends: {...guest.ends, why: 'inactivity'}}}, true],
		['who is connected', {guest: {...guest, connections: []}}, true],
		['no guard', {guest: undefined}, true],
		['the link', {health: {...up, status: 'waiting'}}, true],
		['the words of many tries', {health: {...up, attempt: 6}}, true],
		['a port', {health: {...up, ports: [forwarded!]}}, true],
		['the trouble of a port', {health: {...up, ports: up.ports.map(each => ({...each, problem: 'in use'}))}}, true],
		['whether ssh works', {health: {...up, access: {...up.access, status: 'fails', why: 'x'}}}, true],
		['a part that came later', {health: {...up, newer: 'news'} as never}, true],
		['the state', {state: {...first.state}}, true],
		['an event', {logs: {version: 1, chunks: [[{at: now, pane: 'events', text: 'news'}]]}}, true],
		['a line of a log that is not shown', {logs: {version: 1, chunks: [[{at: now, pane: 'build', text: 'news'}]]}}, false],
		['a line of a log that is', {showLogs: true, logs: {version: 1, chunks: [[{at: now, pane: 'build', text: 'news'}]]}}, true],
	])('or not by %s', (_, changes, isNews) => {
		expect(news(changes)).toBe(isNews);
	});

	test('who does not look need not see that a check is under way, only its outcome', () => {
		const checking = {health: {...up, access: {...up.access, status: 'checking'}}} as const;
		expect([news(checking, true), news(checking, false)]).toEqual([true, false]);
	});

	test('of one behind another tab or screen, its sign alone counts', () => {
		const [behind, waits] = [shownOf(first, false, now), shownOf(view({health: lost}), false, now)];
		expect(isOutdated(behind, shownOf(view({health: {...up, reconnects: 3}}), false, now), true)).toBe(false);
		expect(isOutdated(behind, waits, true)).toBe(true);
		expect(isOutdated(behind, shownOf(first, true, now), true)).toBe(true);
	});
});
