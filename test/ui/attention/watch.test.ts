import {expect, test} from 'vitest';
import {watchAttention} from '../../../source/ui/attention/watch.js';
import {setFocus} from '../../../source/ui/pointing.js';
import {showRun} from '../../../source/ui/store/running.js';
import {closeTab} from '../../../source/ui/store/tabs.js';
import {health, port, runState, testApp, TestClock, testCore, TestHandle} from '../../support/ui.js';

/** The app with one run on the screen, without a screen; frames are counted as times that it would be drawn. */
function watching(state = runState({tunnel: {up: true, since: 0, reconnects: 0, reason: undefined}})) {
	const clock = new TestClock();
	const app = testApp(testCore(), {clock});
	const handle = new TestHandle(state);
	const calls: string[] = [];
	const titles: string[] = [];
	let frames = 0;
	app.subscribe(() => frames++);
	watchAttention(app, {call: text => calls.push(text), title: text => titles.push(text)});
	const settle = async () => new Promise(resolve => setImmediate(resolve));
	return {
		clock,
		app,
		handle,
		calls,
		titles,
		async show() {
			showRun(app, handle);
			await settle();
		},
		/** How many frames came of it. */
		async framesOf(act: () => void): Promise<number> {
			await settle();
			frames = 0;
			act();
			await settle();
			return frames;
		},
	};
}

test('the title follows the run, and is told only when it is another', async () => {
	const {handle, titles, show, app} = watching();
	await show();
	expect(titles).toEqual(['dstack-tui', 'fast-moth-1 ● connected']);
	handle.tell();
	handle.health_ = health({status: 'waiting'});
	handle.tell();
	handle.tell();
	handle.change({phase: 'stopping'});
	expect(titles.slice(2)).toEqual(['fast-moth-1 ◌ reconnecting', 'fast-moth-1 ◌ ending']);
	closeTab(app, handle);
	await new Promise(resolve => setImmediate(resolve));
	expect(titles.at(-1)).toBe('dstack-tui');
	handle.change({phase: 'gone'});
	expect(titles.at(-1)).toBe('dstack-tui');
});

test('a person who looks away is called, with nobody telling of it but time', async () => {
	const {handle, calls, show, app, clock} = watching();
	await show();
	setFocus(app, false);
	handle.health_ = health({status: 'waiting', reason: 'no answer'});
	handle.tell();
	clock.pass(70_000);
	expect(calls).toEqual(['fast-moth-1: the link is lost for 1m (no answer)']);
	handle.health_ = health();
	clock.pass(10_000);
	expect(calls).toHaveLength(2);
});

test('with the focus there is a frame a second, however much is told, and what matters has its own at once', async () => {
	const {handle, show, clock, framesOf} = watching();
	await show();
	expect(
		await framesOf(() => {
			handle.health_ = health({latency: 7, latencies: [7]});
			handle.tell();
			for (const listener of handle.loadListeners) {
				listener({cpu: 0.5, cores: 8, memory: undefined, disk: undefined, gpus: []});
			}
		}),
	).toBe(0);
	expect(await framesOf(() => clock.pass(1000))).toBe(1);
	expect(
		await framesOf(() => {
			handle.health_ = health({status: 'waiting'});
			handle.tell();
		}),
	).toBe(1);
});

test('without the focus no frame is drawn for traffic and time, and one for each thing that matters', async () => {
	const {handle, show, app, clock, framesOf} = watching();
	await show();
	expect(await framesOf(() => setFocus(app, false))).toBe(1);
	const minute = async () =>
		framesOf(() => {
			for (let second = 0; second < 60; second++) {
				clock.pass(1000);
				handle.health_ = health({
					latency: second,
					latencies: [second],
					ports: [port({open: second, rate: second, total: second})],
				});
				handle.tell();
			}
		});
	handle.health_ = health({ports: [port()]});
	expect(await framesOf(() => handle.tell())).toBe(1);
	expect(await minute()).toBe(0);
	expect(await minute()).toBe(0);
	// A check of ssh that finds what was known is nothing to be drawn either.
	const {access} = health();
	expect(
		await framesOf(() => {
			for (const status of ['checking', 'works'] as const) {
				handle.health_ = health({ports: [port()], access: {...access, status}});
				handle.tell();
				clock.pass(1000);
			}
		}),
	).toBe(0);
	const before = app.state().now;
	expect(clock.now()).toBeGreaterThan(before);
	expect(
		await framesOf(() => {
			handle.health_ = health({status: 'waiting'});
			handle.tell();
		}),
	).toBe(1);
	expect(app.state().now).toBe(clock.now());
	clock.pass(30_000);
	const framesFor = async (change: Parameters<TestHandle['change']>[0]) =>
		framesOf(() => {
			handle.change(change);
			clock.pass(1000);
		});
	expect(await framesFor({deadline: clock.now() + 7_200_000})).toBe(1);
	expect(await framesFor({notice: {action: 'terminate', time: clock.now() + 60_000}})).toBe(1);
	expect(await framesOf(() => setFocus(app, true))).toBe(1);
	expect(app.state().now).toBe(clock.now());
});

test('it ends with the app', async () => {
	const {handle, show, app, clock, titles, calls} = watching();
	await show();
	app.end({kind: 'quit'});
	const count = titles.length;
	handle.change({phase: 'ended', reason: 'x'});
	clock.pass(120_000);
	expect(titles).toHaveLength(count);
	expect(calls).toEqual([]);
});
