import {describe, expect, test, vi} from 'vitest';
import type {Orphan, Reconciled} from '../../source/runs/model/reconciled.js';
import {loadEnvironments} from '../../source/ui/store/listing.js';
import {keepReconciled} from '../../source/ui/store/reconciling.js';
import {testOffer} from '../support/events.js';
import {runState, TestClock, TestHandle} from '../support/ui.js';
import {keys, started, withRun} from '../support/view.js';

const now = new TestClock().time;
const hour = 3_600_000;
const sizes = [
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
];
const read = (frame: string): string => frame.replaceAll(/\s+/g, ' ');

const orphan = (changes: Partial<Orphan['instance']> = {}): Orphan => ({
	backend: 'aws',
	instance: {
		id: 'i-0aa11bb22cc33dd44',
		intentId: '99999999-2222-4333-8444-555555555555',
		run: 'lost-otter-3',
		state: 'running',
		endpoint: undefined,
		workspace: '/workflow',
		stateFolder: '/state',
		sharesNetwork: false,
		launchedAt: now - 2 * hour,
		offer: {region: 'eu-west-1', instanceType: 'g5.xlarge', spot: false},
		deadline: now + 4 * hour,
		...changes,
	},
});

const found = (changes: Partial<Reconciled> = {}): Reconciled => ({runs: [], orphans: [], notes: [], looked: [], ...changes});

const offer = {...testOffer, backend: 'aws', region: 'us-east-1', instanceType: 'g5.xlarge', price: 1.2};
const notEnded = runState({
	name: 'stuck-heron-2',
	phase: 'stopping',
	offer,
	instanceId: 'i-0123456789abcdef0',
	stopFailure: {
		at: now,
		message: 'UnauthorizedOperation: not authorised',
		command: 'aws ec2 terminate-instances --region us-east-1 --instance-ids i-0123456789abcdef0',
		console: 'https://console.aws.example/i-0123456789abcdef0',
	},
});

const tick = async () => new Promise(resolve => setTimeout(resolve, 10));

describe.each(sizes)('the list of environments at $columns×$rows', size => {
	test('an orphan has a row of its own, cannot be attached to, and is ended after a question', async () => {
		const ended: string[] = [];
		const clock = new TestClock();
		const shown = await started(
			{
				runs: async () => [runState()],
				reconcile: async () => found({runs: [runState()], orphans: [orphan()]}),
				endOrphan: async ({instance}) => void ended.push(instance.id),
			},
			{},
			{size, clock},
		);
		const {app, press, shows, frame} = shown;
		keepReconciled(app);
		clock.pass(2000);
		await press('E');
		await shows(/lost-otter-3\s+orphan/);
		expect(frame().split('\n')[0]).toContain('1 environment · $0/h · 1 orphan');
		await press('j');
		await shows('▶ lost-otter-3');
		expect(read(frame())).toContain('i-0aa11bb22cc33dd44: aws g5.xlarge in eu-west-1, tagged as lost-otter-3, deadline tag 20');
		expect(read(frame())).toContain('it cannot be attached to or taken over, only ended. x ends it.');
		await press(keys.enter);
		await shows('so nobody can be let in: it can only be ended');
		expect(app.state().screen).toBe('environments');
		await press('x');
		await shows('End i-0aa11bb22cc33dd44?');
		await press(keys.enter);
		expect(ended).toEqual([]);
		await press('x', keys.down, keys.enter);
		await shows('i-0aa11bb22cc33dd44 is gone: its end is confirmed');
		expect(ended).toEqual(['i-0aa11bb22cc33dd44']);
		expect(frame()).not.toContain('lost-otter-3');
	});

	test('an orphan whose end fails stays, and why is told', async () => {
		const clock = new TestClock();
		const {app, press, shows, frame} = await started(
			{
				reconcile: async () => found({orphans: [orphan({deadline: undefined})]}),
				async endOrphan() {
					throw new Error('the cloud does not answer');
				},
			},
			{},
			{size, clock},
		);
		keepReconciled(app);
		clock.pass(2000);
		await press('E');
		await shows(/with\s+no deadline tag/);
		await press('x', keys.down, keys.enter);
		await shows('✗ the cloud does not answer');
		expect(frame()).toContain('lost-otter-3');
	});

	test('an end that failed is red there, with the command that ends it by hand', async () => {
		const {press, shows, frame, styled, app} = await started({runs: async () => [runState(), notEnded]}, {}, {size});
		await press('E');
		await shows(/stuck-heron-2\s+NOT ENDED/);
		expect(frame().split('\n')[0]).toContain('1 NOT ENDED');
		expect(styled()).toMatch(/\u001B\[31m\s+stuck-heron-2/);
		await press('j');
		expect(app.state().cursor.environments).toBe(1);
		await shows('✗ NOT ENDED: UnauthorizedOperation');
		expect(read(frame())).toContain('It may still be billed: i-0123456789abcdef0 · aws · us-east-1 · $1.20/h');
		expect(read(frame())).toContain(`End it by hand: ${notEnded.stopFailure?.command}`);
		expect(frame()).toContain('https://console.aws.example/i-0123456789abcdef0');
	});

	test('a run that waits or asks says so, and only instances that are billed cost something now', async () => {
		const waits = runState({
			name: 'calm-wren-4',
			phase: 'starting',
			offer,
			billing: [],
			waiting: {until: now + 90_000, reason: 'nothing could be had: no capacity'},
		});
		const {press, shows, frame} = await started({runs: async () => [waits]}, {}, {size});
		await press('E');
		await shows(/calm-wren-4\s+waits/);
		expect(frame()).toContain('(1m30 left)');
		expect(frame().split('\n')[0]).toContain('1 environment · $0/h');
	});
});

describe('comparing with the clouds', () => {
	test('soon after the start, every five minutes, and never two at once', async () => {
		const clock = new TestClock();
		const waiting: Array<(value: Reconciled) => void> = [];
		const {app} = await started({reconcile: async () => new Promise(resolve => waiting.push(resolve))}, {}, {clock});
		keepReconciled(app);
		await tick();
		expect(waiting).toHaveLength(0);
		clock.pass(2000);
		await tick();
		expect(waiting).toHaveLength(1);
		clock.pass(11 * 60_000);
		await tick();
		expect(waiting).toHaveLength(1);
		waiting[0]?.(found());
		await tick();
		clock.pass(5 * 60_000);
		await tick();
		expect(waiting).toHaveLength(2);
		app.end({kind: 'quit'});
		waiting[1]?.(found({orphans: [orphan()]}));
		clock.pass(20 * 60_000);
		await tick();
		expect(waiting).toHaveLength(2);
		expect(app.state().orphans).toEqual([]);
	});

	test('what was ended or swept is told once; what could not be asked only stands in the list', async () => {
		const clock = new TestClock();
		const notes = [
			'aws us-east-1 could not be asked for leftovers: a time-out',
			'old-fox-1: an instance that should be gone was ended (i-1)',
		];
		const {app, press, shows, frame} = await started({reconcile: async () => found({notes})}, {}, {clock});
		keepReconciled(app);
		clock.pass(2000);
		await shows('old-fox-1: an instance that should be gone was ended (i-1)');
		expect(frame()).not.toContain('could not be asked');
		await press('E');
		await shows('aws us-east-1 could not be asked for leftovers: a time-out');
		expect(app.state().message).toBeUndefined();
		clock.pass(5 * 60_000);
		await tick();
		expect(app.state().message).toBeUndefined();
	});

	test('a comparison that fails is a quiet note, and the next one is made all the same', async () => {
		const clock = new TestClock();
		let count = 0;
		const {app, press, shows} = await started(
			{
				async reconcile() {
					count++;
					throw new Error('the disk is \u001B[31mgone');
				},
			},
			{},
			{clock},
		);
		keepReconciled(app);
		clock.pass(2000);
		await tick();
		expect(app.state().message).toBeUndefined();
		expect(app.state().trouble).toBeUndefined();
		await press('E');
		await shows('could not be compared with what is known here: the disk is');
		clock.pass(5 * 60_000);
		await tick();
		expect(count).toBe(2);
	});

	test('a run on the screen whose failed end is confirmed meanwhile is left, and only then called gone', async () => {
		const clock = new TestClock();
		let runs = [notEnded];
		const {app, shows, frame} = withRun(new TestHandle(notEnded), {reconcile: async () => found({runs})}, {clock});
		keepReconciled(app);
		clock.pass(2000);
		await shows('✗ NOT ENDED');
		runs = [{...notEnded, phase: 'gone', stopFailure: undefined, endedAt: now}];
		expect(frame()).not.toContain('is gone');
		clock.pass(5 * 60_000);
		await shows('stuck-heron-2 is gone: its end is confirmed');
		expect(app.state().screen).toBe('environments');
	});

	test('the cursor stays on its row when others come and go', async () => {
		let runs = [runState()];
		const clock = new TestClock();
		const {app, press, shows} = await started(
			{runs: async () => runs, reconcile: async () => found({runs, orphans: [orphan()]})},
			{},
			{clock},
		);
		keepReconciled(app);
		clock.pass(2000);
		await press('E');
		await shows('lost-otter-3');
		await press('j');
		runs = [runState({name: 'new-bee-9'}), runState()];
		await loadEnvironments(app);
		await shows('▶ lost-otter-3');
		await vi.waitFor(() => expect(app.state().cursor.environments).toBe(2));
	});
});
