import {expect, test} from 'vitest';
import {watchAttention} from '../../../source/ui/attention/watch.js';
import {setFocus} from '../../../source/ui/store/pointing.js';
import {showRun} from '../../../source/ui/store/running.js';
import {closeTab} from '../../../source/ui/store/tabs.js';
import {health, runState, testApp, TestClock, testEngine, TestHandle} from '../../support/ui.js';

/** The app with one run on the screen, without a screen; frames are counted as times that it would be drawn. */
function watching(state = runState({tunnel: {up: true, since: 0, reconnects: 0, reason: undefined}})) {
	const clock = new TestClock();
	const app = testApp(testEngine(), {clock});
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

test('without the focus nothing is drawn for traffic and time but a frame a minute, and what matters is at once', async () => {
	const {handle, show, app, clock, framesOf} = watching();
	await show();
	expect(await framesOf(() => handle.tell())).toBe(1);
	setFocus(app, false);
	const minute = async () =>
		framesOf(() => {
			for (let second = 0; second < 60; second++) {
				clock.pass(1000);
				handle.health_ = health({latency: second});
				handle.tell();
			}
		});
	expect(await minute()).toBeLessThanOrEqual(1);
	expect(await minute()).toBeLessThanOrEqual(1);
	clock.pass(5000);
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
