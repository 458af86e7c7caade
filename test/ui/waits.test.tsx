import {describe, expect, test, vi} from 'vitest';
import type {Core} from '../../source/runs/core.js';
import {leaveEnd} from '../../source/runs/words/wait-words.js';
import type {RunState} from '../../source/runs/model/state.js';
import type {Wait} from '../../source/system/waits.js';
import {loadEnvironments} from '../../source/ui/store/listing.js';
import {testOffer} from '../support/events.js';
import {runState, TestClock, TestHandle} from '../support/ui.js';
import {keys, started, withRun} from '../support/view.js';

const sizes = [
	{columns: 60, rows: 18},
	{columns: 80, rows: 24},
];
const read = (frame: string): string => frame.replaceAll(/\s+/g, ' ');
const offer = {...testOffer, backend: 'aws'};
const first = runState({name: 'fast-moth-1', offer, intendedAt: 2});
const second = runState({name: 'shy-ant-2', offer, intendedAt: 1});

type Ask = NonNullable<Parameters<Core['runs']>[0]>;

/** Clouds that answer when a test says so. */
function clouds(known: () => readonly RunState[]) {
	const asks: Array<Ask & {readonly end: (runs: readonly RunState[]) => void}> = [];
	const core: Partial<Core> = {
		known: async () => known(),
		runs: async (options = {}) =>
			new Promise(resolve => {
				asks.push({...options, end: resolve});
			}),
	};
	return {asks, core};
}

const waitOf = (changes: Partial<Wait> = {}): Wait => ({
	what: 'aws to confirm that fast-moth-1 (i-0aa11bb22cc33dd44) has ended',
	since: new TestClock().time,
	until: new TestClock().time + 360_000,
	wayOut: leaveEnd('fast-moth-1'),
	trouble: undefined,
	isAside: false,
	...changes,
});

describe.each(sizes)('the list at $columns×$rows', size => {
	test('is there at once from the journals, and one cloud that hangs delays no other row', async () => {
		const clock = new TestClock();
		let known = [first, second];
		const {asks, core} = clouds(() => known);
		const {press, shows, frame, app} = await started(core, {}, {size, clock});
		await press('E');
		await shows('fast-moth-1');
		expect(frame()).toContain('shy-ant-2');
		expect(frame()).not.toContain('being asked');
		clock.pass(600);
		await shows(/fast-moth-1\s+ready · being asked/);
		await shows(/shy-ant-2\s+ready · being asked/);
		known = [first, {...second, phase: 'failed'}];
		asks[0]?.onChecked?.('shy-ant-2', {...second, phase: 'failed'});
		await shows(/shy-ant-2\s+failed(?! ·)/);
		expect(frame()).toMatch(/fast-moth-1\s+ready · being asked/);
		expect(read(frame())).toContain('aws is being asked how it is');
		asks[0]?.onUnchecked?.('fast-moth-1', 'aws: waited 70 s for aws to say how fast-moth-1 is');
		await shows(/fast-moth-1\s+ready \(as last known\)/);
		expect(read(frame())).toContain('it could not be asked: aws: waited 70 s for aws to say how fast-moth-1 is. r asks again.');
		asks[0]?.end([first, second]);
		await vi.waitFor(() => expect(app.state().environments).toHaveLength(2));
		await shows(/fast-moth-1\s+ready \(as last known\)/);
	});

	test('says what a comparison waits for, and until when', async () => {
		const {app, press, shows, frame} = await started({runs: async () => [first]}, {}, {size});
		await press('E');
		await shows('fast-moth-1');
		app.set({waits: [waitOf({what: 'aws to list instances of this installation', isAside: true}), waitOf({isAside: true})]});
		await shows('waiting for aws to list');
		expect(read(frame())).toMatch(/instances of this installation, since [\d:]{8}, at most until [\d:]{8}\. And for 1 more/);
	});

	test('an end says what it waits for, since when, until when and the way out, which ctrl-c then is', async () => {
		const handle = new TestHandle(runState({phase: 'stopping', offer}));
		const {app, press, shows, frame} = withRun(handle, {}, {size});
		void app.work('ending fast-moth-1', async () => new Promise(() => undefined));
		await shows('ending fast-moth-1');
		await press(keys.ctrlC);
		expect(app.hasEnded).toBe(false);
		app.set({waits: [waitOf({trouble: `no answer ${'x'.repeat(400)}`})]});
		await shows('waiting for aws');
		const text = read(frame());
		expect(text).toMatch(/has ended, since [\d:]{8}, at most until [\d:]{8} \(no answer x+…?/);
		app.set({waits: [waitOf()]});
		await vi.waitFor(() => expect(read(frame())).toContain('Ctrl-c leaves; the end is then tried again at every start'));
		expect(read(frame())).toContain('stop fast-moth-1`.');
		expect(frame().split('\n')).toHaveLength(size.rows);
		for (const line of frame().split('\n')) {
			expect(line.length).toBeLessThanOrEqual(size.columns);
		}

		await press(keys.ctrlC);
		expect(await app.ended).toMatchObject({kind: 'interrupted', leavesEnds: true});
	});
});

test('journals that change meanwhile are shown at once; clouds are not asked twice at once, and are asked again', async () => {
	let known = [first];
	const {asks, core} = clouds(() => known);
	const {app, press, shows, frame} = await started(core);
	await press('E');
	await shows('fast-moth-1');
	expect(asks).toHaveLength(1);
	known = [first, {...second, phase: 'starting'}];
	await loadEnvironments(app);
	await shows(/shy-ant-2\s+starting/);
	expect(asks).toHaveLength(1);
	// What the question had found is older than the journals by now.
	asks[0]?.end([first]);
	await vi.waitFor(() => expect(asks).toHaveLength(2));
	expect(frame()).toContain('shy-ant-2');
	app.end({kind: 'quit'});
	expect(asks[1]?.signal?.aborted).toBe(true);
});
