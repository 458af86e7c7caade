import {describe, expect, test} from 'vitest';
import type {Started} from '../../source/runs/end/start-again.js';
import type {RunState} from '../../source/runs/model/state.js';
import {testOffer} from '../support/events.js';
import {runState, TestClock, TestHandle} from '../support/ui.js';
import {keys, started, type View, withRun} from '../support/view.js';

const minute = 60_000;
const now = new TestClock().time;
const sizes = [
	{columns: 60, rows: 18},
	{columns: 80, rows: 24},
];
const offer = {...testOffer, backend: 'aws', region: 'us-east-1', instanceType: 'g5.xlarge', price: 1.2};
const machine = (changes: Partial<RunState>): RunState =>
	runState({
		offer,
		instanceId: 'us-east-1/i-0123456789abcdef0',
		guarded: true,
		launchedAt: now - 60 * minute,
		intendedAt: now - 61 * minute,
		leaseLifted: true,
		deadline: now + 180 * minute,
		...changes,
	});
const halted = machine({
	halted: {at: now - 5 * minute, reason: 'it was stopped through EC2', start: 'aws ec2 start-instances --region us-east-1'},
	tunnel: {up: false, since: now - 5 * minute, reconnects: 0, reason: 'it does not answer'},
});
const rows: ReadonlyArray<readonly [string, RunState, readonly string[]]> = [
	[
		'NOT HEARD OF',
		machine({phase: 'starting', leaseLifted: false, launchedAt: now - 7 * minute, readyAt: undefined}),
		['its guard has not answered', 'it is billed', 'dstack-tui stop fast-moth-1'],
	],
	[
		'OVERDUE',
		machine({deadline: now - 12 * minute}),
		['should have ended itself at its deadline', 'may still be billed', 'dstack-tui stop fast-moth-1'],
	],
	[
		'STOPPED',
		halted,
		['it was stopped through EC2', 'Its disk is billed', 'dstack-tui start fast-moth-1', 'dstack-tui stop fast-moth-1'],
	],
];

/** Words as they are read, wherever the lines are broken; marks of a block's first line are no words. */
const read = (frame: string): string => frame.replaceAll(/\s+/g, ' ');

function fits({frame}: View, {columns, rows: height}: {readonly columns: number; readonly rows: number}): void {
	const lines = frame().split('\n');
	expect(lines.length).toBeLessThanOrEqual(height);
	expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(columns);
}

describe.each(sizes)('a machine that is late, unheard of or stopped, at $columns×$rows', size => {
	test.each(rows)('%s: all of it is read in the list', async (word, state, words) => {
		const shown = await started({runs: async () => [state]}, {}, {size});
		await shown.press('E');
		await shown.shows(word);
		fits(shown, size);
		for (const each of words) {
			expect(read(shown.frame())).toContain(each);
		}
	});

	test.each(rows)('%s: and on its screen', async (word, state, words) => {
		const shown = withRun(new TestHandle(state), {}, {size});
		await shown.shows(word);
		fits(shown, size);
		for (const each of words) {
			expect(read(shown.frame())).toContain(each);
		}
	});

	test('STOPPED: enter in the list asks before money begins again, then starts and attaches', async () => {
		const done: string[] = [];
		const shown = await started(
			{
				runs: async () => [done.includes('start') ? machine({}) : halted],
				async start(name, {onProgress} = {}): Promise<Started> {
					done.push('start');
					onProgress?.('EC2 is starting it');
					return {was: 'stopped', answers: true};
				},
				async attach(name) {
					done.push(`attach ${name}`);
					return new TestHandle(machine({}));
				},
			},
			{},
			{size},
		);
		await shown.press('E');
		await shown.shows('STOPPED');
		expect(shown.frame()).toMatch(/enter start/);
		await shown.press(keys.enter);
		await shown.shows('Start fast-moth-1 again?');
		fits(shown, size);
		expect(read(shown.frame())).toContain('Started, it costs $1.20/h again, from the request on.');
		expect(read(shown.frame())).toContain('the time that it was stopped counts');
		await shown.press(keys.enter);
		expect(done).toEqual([]);
		await shown.press(keys.enter, keys.down, keys.enter);
		await shown.shows('connected');
		expect(done).toEqual(['start', 'attach fast-moth-1']);
	});

	test('STOPPED: S on its screen lets go of it first, and starts it after the question', async () => {
		const handle = new TestHandle(halted);
		const done: string[] = [];
		const shown = withRun(
			handle,
			{
				async start(): Promise<Started> {
					done.push(...handle.done, 'start');
					return {was: 'stopped', answers: true};
				},
				attach: async () => new TestHandle(machine({})),
			},
			{size},
		);
		await shown.shows('S start');
		await shown.press('S', keys.down, keys.enter);
		await shown.shows('connected');
		expect(done).toEqual(['detach', 'start']);
	});
});

test('a start that fails is told with what to do, and it stays in the list; past its deadline it is not asked about', async () => {
	let state = halted;
	const {press, shows, app} = await started({
		runs: async () => [state],
		async start() {
			throw new Error('there is no capacity for it now');
		},
	});
	await press('E');
	await shows('STOPPED');
	await press(keys.enter, keys.down, keys.enter);
	await shows('there is no capacity for it now');
	await shows('STOPPED');
	state = {...halted, deadline: now - minute};
	await press('r');
	await shows('Its deadline has passed');
	await press(keys.enter);
	await shows('would end itself at once');
	expect(app.state().dialog).toBeUndefined();
});

test('ending one that is stopped says that it cannot be asked, and both ways on', async () => {
	const {press, shows, frame} = await started({runs: async () => [halted], unsavedWork: async () => undefined});
	await press('E');
	await shows('STOPPED');
	await press('x');
	await shows('Its machine is stopped, so that it cannot be asked');
	expect(read(frame())).toContain('`dstack-tui start fast-moth-1`, starts it again');
});
