import {describe, expect, test} from 'vitest';
import type {LinkHealth} from '../../../source/runs/model/run-handle.js';
import type {RunState} from '../../../source/runs/model/state.js';
import {attend, type Memory, type Notice} from '../../../source/ui/attention/notices.js';
import {testOffer} from '../../support/events.js';
import {runState} from '../../support/ui.js';

const start = Date.UTC(2026, 0, 2, 3, 4, 5);
const minute = 60_000;
const wasUp: RunState['tunnel'] = {up: true, since: start, reconnects: 0, reason: undefined};

/** Looks again and again, as the watcher does, and keeps what was said. */
class Watcher {
	now = start;
	focused = true;
	said: Notice[] = [];
	memory: Memory | undefined;
	state: RunState;
	health: Pick<LinkHealth, 'status' | 'reason'> = {status: 'up', reason: undefined};

	constructor(state: Partial<RunState> = {}) {
		this.state = runState({tunnel: wasUp, ...state});
		this.look();
	}

	look(): void {
		const {memory, notices} = attend(this.memory, this);
		this.memory = memory;
		this.said.push(...notices);
	}

	change(change: Partial<RunState>): this {
		this.state = {...this.state, ...change};
		this.look();
		return this;
	}

	link(status: LinkHealth['status'], reason?: string): this {
		this.health = {status, reason};
		this.look();
		return this;
	}

	/** Time passes, with a look every five seconds. */
	pass(milliseconds: number): this {
		for (const end = this.now + milliseconds; this.now < end;) {
			this.now = Math.min(end, this.now + 5000);
			this.look();
		}

		return this;
	}

	sleep(milliseconds: number): this {
		this.now += milliseconds;
		this.look();
		return this;
	}

	kinds = () => this.said.map(({kind}) => kind);
	texts = () => this.said.map(({text}) => text);
}

describe('the link', () => {
	test('a loss is said after a minute, once, and that it is back', () => {
		const watcher = new Watcher().link('waiting', 'no route').pass(55_000);
		expect(watcher.said).toEqual([]);
		watcher.pass(minute * 10);
		expect(watcher.texts()).toEqual(['fast-moth-1: the link is lost for 1m (no route)']);
		watcher.link('connecting').link('waiting').pass(minute).link('up');
		expect(watcher.texts().slice(1)).toEqual(['fast-moth-1: the link is back after 11m55']);
		watcher.link('waiting').pass(2 * minute);
		expect(watcher.kinds()).toEqual(['lost', 'back', 'lost']);
	});

	test('one that comes back within the minute is no news, however often', () => {
		const watcher = new Watcher();
		for (let loss = 0; loss < 20; loss++) {
			watcher.link('waiting').pass(50_000).link('up').pass(5000);
		}

		expect(watcher.said).toEqual([]);
	});

	test('after sleep it has its minute to come back', () => {
		const watcher = new Watcher()
			.link('waiting')
			.pass(10_000)
			.sleep(8 * 60 * minute)
			.pass(10_000)
			.link('up');
		expect(watcher.said).toEqual([]);
		watcher
			.link('waiting')
			.sleep(60 * minute)
			.pass(minute);
		expect(watcher.texts()).toEqual(['fast-moth-1: the link is lost for 1m']);
		// Said once, it is not said again because of sleep, and the time counts from the loss.
		watcher
			.sleep(60 * minute)
			.pass(2 * minute)
			.link('up');
		expect(watcher.texts().slice(1)).toEqual(['fast-moth-1: the link is back after 1h03']);
	});

	test('one that is given up is said soon; one that never was is being made; one of a run that ends is meant to go', () => {
		expect(new Watcher().link('down', 'the host key is another').pass(15_000).kinds()).toEqual(['lost']);
		expect(new Watcher({tunnel: undefined, phase: 'starting'}).link('connecting').pass(10 * minute).said).toEqual([]);
		expect(
			new Watcher()
				.change({phase: 'stopping'})
				.link('down')
				.pass(10 * minute).said,
		).toEqual([]);
	});
});

describe('the deadline', () => {
	test('is said a quarter of an hour before, once, and again when it was moved', () => {
		const watcher = new Watcher({deadline: start + 60 * minute}).pass(44 * minute);
		expect(watcher.said).toEqual([]);
		watcher.pass(10 * minute);
		expect(watcher.texts()).toEqual(['fast-moth-1 ends itself in 15m; extend it to keep it']);
		watcher.change({deadline: start + 120 * minute}).pass(30 * minute);
		expect(watcher.kinds()).toEqual(['deadline']);
		watcher.pass(60 * minute);
		expect(watcher.kinds()).toEqual(['deadline', 'deadline']);
	});

	test('one that is near from the first, or is moved to be near, is told to who does not look', () => {
		expect(new Watcher({deadline: start + 5 * minute}).pass(minute).said).toEqual([]);
		const watcher = new Watcher({deadline: start + 16 * minute}).pass(12 * minute);
		expect(watcher.kinds()).toEqual(['deadline']);
		watcher.change({deadline: watcher.now + 8 * minute}).pass(minute);
		expect(watcher.kinds()).toEqual(['deadline']);
		watcher.focused = false;
		watcher.change({deadline: watcher.now + 10 * minute}).pass(minute);
		expect(watcher.kinds()).toEqual(['deadline', 'deadline']);
	});

	test('a laptop that slept over the quarter says what is left', () => {
		const watcher = new Watcher({deadline: start + 60 * minute}).sleep(53 * minute);
		expect(watcher.texts()).toEqual(['fast-moth-1 ends itself in 7m; extend it to keep it']);
	});
});

describe('what happens to the run', () => {
	test('the notice of the cloud is said once, also to who looks', () => {
		const notice = {action: 'terminate', time: start + 2 * minute};
		const watcher = new Watcher().change({notice}).pass(minute);
		expect(watcher.texts()).toEqual(['fast-moth-1: the cloud will terminate it in 2m; save your work now']);
		expect(new Watcher({notice}).pass(minute).said).toEqual([]);
	});

	test('an end by itself is said to everybody, one that was asked for only to who looks away', () => {
		expect(new Watcher().change({phase: 'ended', reason: 'its deadline passed'}).pass(minute).texts()).toEqual([
			'fast-moth-1 ended: its deadline passed',
		]);
		const stop = (focused: boolean) => {
			const watcher = new Watcher();
			watcher.focused = focused;
			return watcher.change({phase: 'stopping'}).pass(minute).change({phase: 'gone', reason: 'stopped'}).pass(minute).kinds();
		};

		expect(stop(true)).toEqual([]);
		expect(stop(false)).toEqual(['ended']);
	});

	const failure = {step: 'setup', message: 'exit 1', command: 'make', code: 1, lastLines: [], next: undefined} as const;
	test.each([
		['ready', {phase: 'ready'}, 'fast-moth-1 is ready'],
		['failed', {phase: 'failed', failure}, 'fast-moth-1: setup failed: exit 1'],
		['asking', {asking: {...testOffer, price: 4}}, 'fast-moth-1 asks whether $4.00/h is too dear'],
	] as ReadonlyArray<[Notice['kind'], Partial<RunState>, string]>)('%s is said once, to who looks away', (kind, change, text) => {
		for (const focused of [true, false]) {
			const watcher = new Watcher({phase: 'starting', tunnel: undefined});
			watcher.focused = focused;
			watcher.change(change).pass(minute);
			expect(watcher.said).toEqual(focused ? [] : [{kind, text}]);
		}
	});

	test('what was so before anybody looked is no news', () => {
		expect(new Watcher({phase: 'ended'}).said).toEqual([]);
		expect(new Watcher({phase: 'failed', failure}).said).toEqual([]);
	});
});
