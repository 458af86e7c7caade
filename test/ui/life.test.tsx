import {describe, expect, test} from 'vitest';
import type {Offer} from '../../source/offers/offer.js';
import type {RunState} from '../../source/runs/model/state.js';
import {testOffer} from '../support/events.js';
import {runState, TestClock, TestHandle} from '../support/ui.js';
import {keys, withRun} from '../support/view.js';

const now = new TestClock().time;
const minute = 60_000;
const sizes = [
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
];

const spotOffer: Offer = {
	...testOffer,
	id: 'aws/us-east-1/g5.xlarge',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'g5.xlarge',
	spot: true,
	price: 1.2,
};

const onCloud = (changes: Partial<RunState> = {}): RunState =>
	runState({
		offer: spotOffer,
		instanceId: 'i-0123456789abcdef0',
		launchedAt: now - 30 * minute,
		deadline: now + 120 * minute,
		address: {host: '203.0.113.7', port: 22, user: 'ubuntu'},
		guarded: true,
		sharesNetwork: false,
		...changes,
	});

const withInactivity = (seconds: number): RunState['specification'] => ({...runState().specification, inactivity: seconds});
const read = (frame: string): string => frame.replaceAll(/\s+/g, ' ');

describe.each(sizes)('a notice of the cloud at $columns×$rows', size => {
	test('stands above all else with its countdown, on the connected screen and over the logs', async () => {
		const clock = new TestClock();
		const handle = new TestHandle(onCloud());
		const {shows, press, frame, styled} = withRun(handle, {}, {size, clock});
		await shows('connected');
		expect(frame()).not.toContain('SPOT NOTICE');
		handle.change({notice: {action: 'terminate', time: now + 110_000}});
		await shows('SPOT NOTICE: the cloud will terminate this instance at');
		expect(read(frame())).toMatch(/at \d\d:05:55, in 1m50: save your work now/);
		expect(frame().split('\n')[1]).toContain('! SPOT NOTICE');
		// Inverse and bold, beside its words: it stands out where there are no colours.
		expect(styled()).toContain('\u001B[7m\u001B[1m ! SPOT NOTICE');
		clock.pass(50_000);
		await shows(/in\s+1m:\s+save\s+your\s+work\s+now/);
		await press('l');
		await shows('[4 all]');
		expect(frame()).toContain('SPOT NOTICE');
		clock.pass(2 * minute);
		await shows(/any\s+moment:\s+save\s+your\s+work\s+now/);
		expect(frame().split('\n')).toHaveLength(size.rows);
	});
});

describe.each(sizes)('who keeps it alive, and what ends it, at $columns×$rows', size => {
	const shown = (state: RunState, guest: TestHandle['guest_']) => {
		const handle = new TestHandle(state);
		handle.guest_ = guest;
		return {handle, ...withRun(handle, {}, {size})};
	};

	test('connections are counted by where they come from', async () => {
		const connections = [
			{from: '10.0.0.5', since: now - minute},
			{from: '10.0.0.5', since: now - minute},
			{from: '10.0.0.9', since: now - minute},
		];
		const ends = {at: now + 120 * minute, why: 'deadline' as const};
		const {shows, frame} = shown(onCloud({specification: withInactivity(1800)}), {connections, idleSince: undefined, ends});
		await shows('kept alive by 10.0.0.5 (2 connections), 10.0.0.9 (1 connection)');
		expect(read(frame())).toMatch(/ends itself at \d\d:04 \(2h left\): its deadline/);
	});

	test('where inactivity ends nothing, connections are no reason', async () => {
		const {shows, frame} = shown(onCloud(), {
			connections: [{from: '10.0.0.5', since: now - minute}],
			idleSince: undefined,
			ends: {at: now + 120 * minute, why: 'deadline'},
		});
		await shows('connected from 10.0.0.5 (1 connection)');
		expect(frame()).not.toContain('kept alive');
	});

	test('idle: since when, and that inactivity comes before the deadline', async () => {
		const {shows, frame} = shown(onCloud({specification: withInactivity(1800)}), {
			connections: [],
			idleSince: now - 12 * minute,
			ends: {at: now + 18 * minute, why: 'inactivity'},
		});
		await shows('idle since 12m, ends in 18m (inactivity)');
		expect(read(frame())).toMatch(/before its deadline at \d\d:04 \(2h left\)/);
	});

	test('the boot lease, where it comes first', async () => {
		const {shows} = shown(onCloud(), {connections: [], idleSince: undefined, ends: {at: now + 5 * minute, why: 'lease'}});
		await shows(/\(5m left\): the boot lease, which\s+is\s+lifted/);
	});

	test('without a guard nothing is said of connections', async () => {
		const {shows, frame} = shown(runState({deadline: now + 120 * minute}), undefined);
		await shows('(2h left)');
		expect(frame()).not.toMatch(/kept alive|idle|connected from/);
	});

	test('extend says what holds now, and what ends it sooner all the same', async () => {
		const {handle, shows, press} = shown(onCloud({specification: withInactivity(1800)}), undefined);
		const {extend} = handle;
		handle.extend = async seconds => {
			await extend.call(handle, seconds);
			handle.change({deadline: now + 120 * minute + seconds * 1000});
		};
		await press('e');
		await shows('longer by');
		await press(...'2h', keys.enter);
		await shows(/It ends itself \d{4}-\d\d-\d\d \d\d:04 now; sooner after 30m without you/);
		expect(handle.done).toEqual(['extend 7200']);
		await shows('(4h left)');
		await press('e', ...'off', keys.enter);
		await shows('A deadline can be moved, and not be taken away');
	});
});

describe.each(sizes)('money at $columns×$rows', size => {
	test('so far, an hour, at most; what is billed beside it on lines of its own', async () => {
		const {shows, frame} = withRun(new TestHandle(onCloud()), {}, {size});
		await shows('$0.60 so far · $1.20/h · at most $3.00 at its deadline');
		const lines = frame()
			.split('\n')
			.map(line => line.trim());
		expect(lines).toContain('public IPv4 address: $0.005/h');
		expect(lines).toContain('disk and traffic: not known');
		expect(lines).toHaveLength(size.rows);
	});

	test('an address of the private network costs nothing that is known', async () => {
		const address = {host: '172.16.3.4', port: 22, user: 'ubuntu'};
		const {shows, frame} = withRun(new TestHandle(onCloud({address})), {}, {size});
		await shows('disk and traffic: not known');
		expect(frame()).not.toContain('public IPv4');
	});

	test('instances before this one count; without a deadline nothing is promised', async () => {
		const billing = [
			{offer: spotOffer, from: now - 120 * minute, to: now - 60 * minute},
			{offer: spotOffer, from: now - 30 * minute, to: undefined},
		];
		const {shows, frame} = withRun(new TestHandle(onCloud({billing, deadline: undefined})), {}, {size});
		await shows('$1.80 so far · $1.20/h · aws g5.xlarge spot');
		expect(frame()).not.toContain('at most');
		await shows('runs until you stop it');
	});

	test('on this machine there is nothing beside it', async () => {
		const {shows, frame} = withRun(new TestHandle(runState()), {}, {size});
		await shows('$0 so far · $0/h');
		expect(frame()).not.toContain('not known');
	});
});

describe.each(sizes)('an end that fails at $columns×$rows', size => {
	const stopFailure = {
		at: now,
		message: 'UnauthorizedOperation: You are not authorized to perform this operation',
		command: 'aws ec2 terminate-instances --region us-east-1 --instance-ids i-0123456789abcdef0',
		console: 'https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-1#InstanceDetails:instanceId=i-0123456789abcdef0',
	};

	test('stays red, with what is left, what it costs and how a person ends it', async () => {
		const handle = new TestHandle(onCloud({phase: 'stopping', reason: 'stopped', stopFailure}));
		const {shows, frame, styled} = withRun(handle, {}, {size});
		await shows('NOT ENDED: UnauthorizedOperation');
		const whole = frame().replaceAll(/\s+/g, '');
		for (const text of [
			'It may still be billed: i-0123456789abcdef0 · aws · us-east-1 · $1.20/h',
			`End it by hand: ${stopFailure.command}`,
			`Look at it: ${stopFailure.console}`,
			'It is tried again at every start of this program',
		]) {
			expect(whole).toContain(text.replaceAll(' ', ''));
		}

		expect(styled()).toContain('\u001B[31m\u001B[1m ✗ NOT ENDED');
		expect(frame()).toContain('fast-moth-1 › NOT ENDED');
		expect(frame()).toContain('x stop');
		expect(frame()).not.toMatch(/› gone|terminated/);
		expect(frame().split('\n')).toHaveLength(size.rows);
	});
});
