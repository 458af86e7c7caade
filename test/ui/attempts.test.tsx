import {describe, expect, test, vi} from 'vitest';
import type {Offer} from '../../source/offers/offer.js';
import type {Attempt, RunState} from '../../source/runs/model/state.js';
import {testOffer} from '../support/events.js';
import {runState, TestClock, TestHandle} from '../support/ui.js';
import {keys, withRun} from '../support/view.js';

const now = new TestClock().time;
const sizes = [
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
];

const cloud = (changes: Partial<Offer> = {}): Offer => ({
	...testOffer,
	id: 'aws/us-east-1/g5.xlarge',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'g5.xlarge',
	price: 1.006,
	...changes,
});

const attempt = (index: number, changes: Partial<Attempt> = {}): Attempt => ({
	at: now - 60_000 + index * 1000,
	offer: cloud({zone: `us-east-1${'abcdef'[index % 6]}`, spot: true, price: 0.4}),
	errorClass: 'capacity',
	message: `We currently do not have sufficient g5.xlarge capacity in the Availability Zone you requested (number ${index})`,
	next: undefined,
	zones: [],
	...changes,
});

/** On its way to an instance: nothing is there yet. */
const onItsWay = (changes: Partial<RunState> = {}): RunState =>
	runState({
		phase: 'starting',
		offer: cloud(),
		agreedPrice: 1.006,
		billing: [],
		instanceId: undefined,
		launchedAt: undefined,
		address: undefined,
		reachable: false,
		readyAt: undefined,
		intendedAt: now - 65_000,
		...changes,
	});

const asking = {
	unanswered: true,
	steps: [
		{
			id: 'instance' as const,
			title: 'Start it on aws (g5.xlarge, us-east-1)',
			status: 'running' as const,
			startedAt: now - 12_000,
			endedAt: undefined,
			text: 'no certain answer (a time-out of the cloud); asking again',
		},
	],
};

const read = (frame: string): string => frame.replaceAll(/\s+/g, ' ');

describe.each(sizes)('attempts at $columns×$rows', size => {
	test('each has its offer, time, class and the whole of the words; the one under way is last', async () => {
		const handle = new TestHandle(onItsWay({attempts: [attempt(0), attempt(1, {errorClass: 'quota'})], ...asking}));
		const {shows, frame} = withRun(handle, {}, {size});
		await shows('asked for, 12s');
		expect(frame()).toMatch(/✗ \d\d:03:05 aws g5\.xlarge in us-east-1a, spot, \$0\.40\/h · capacity/);
		expect(frame()).toMatch(/✗ \d\d:03:06 aws g5\.xlarge in us-east-1b, spot, \$0\.40\/h · quota/);
		expect(read(frame())).toContain('in the Availability Zone you requested (number 0)');
		expect(read(frame())).toContain('in the Availability Zone you requested (number 1)');
		const lines = frame().split('\n');
		const place = (text: string) => lines.findIndex(line => line.includes(text));
		expect(place('asked for, 12s')).toBeGreaterThan(place('us-east-1b, spot'));
		expect(read(frame())).toContain('no certain answer (a time-out of the cloud); asking again');
		expect(lines).toHaveLength(size.rows);
	});

	test('many keep the newest, and say how many there were before', async () => {
		const handle = new TestHandle(onItsWay({attempts: Array.from({length: 30}, (_, index) => attempt(index)), ...asking}));
		const {shows, frame} = withRun(handle, {}, {size});
		await shows('(number 29)');
		expect(frame()).toMatch(/▲ \d+ attempts before; pane 3 tells all/);
		expect(frame()).toContain('asked for, 12s');
		expect(frame()).not.toContain('(number 0)');
		expect(frame().split('\n')).toHaveLength(size.rows);
	});

	test('the step that runs stays in sight beside them', async () => {
		const setup = ['make one', 'make two', 'make three'];
		const configuration = {...runState().specification.configuration, python: '3.12', build: setup, setup, init: setup};
		const specification = {...runState().specification, configuration};
		const handle = new TestHandle(
			onItsWay({specification, attempts: Array.from({length: 30}, (_, index) => attempt(index)), ...asking}),
		);
		const {shows} = withRun(handle, {}, {size: {...size, rows: 20}});
		await shows(/Start it on aws .* 12s/);
	});

	test('words that are longer than the screen say where the rest is', async () => {
		const message = `denied, with ${'a very long encoded message '.repeat(200)}`;
		const handle = new TestHandle(onItsWay({attempts: [attempt(0, {errorClass: 'permission', message})]}));
		const {shows, frame} = withRun(handle, {}, {size});
		await shows(/… and \d+ lines more; pane 3 tells all/);
		expect(frame().split('\n')).toHaveLength(size.rows);
		expect(frame()).toContain('so far');
	});

	test('what a provider says cannot draw', async () => {
		const handle = new TestHandle(onItsWay({attempts: [attempt(0, {message: 'no \u001B[2Jcapacity\u0007'})]}));
		const {shows, styled} = withRun(handle, {}, {size});
		await shows('capacity');
		expect(styled()).not.toContain('\u001B[2J');
		expect(styled()).not.toContain('\u0007');
	});

	test('in the end all are listed, with what can be done', async () => {
		const attempts = [
			attempt(0),
			attempt(1, {errorClass: 'permission', message: 'not authorised', next: 'Allow ec2:RunInstances.'}),
		];
		const handle = new TestHandle(onItsWay({phase: 'gone', reason: 'could not be provisioned: not authorised', attempts}));
		const {shows, frame} = withRun(handle, {}, {size});
		await shows('esc lists what else there is');
		expect(read(frame())).toContain('(number 0)');
		expect(read(frame())).toContain('not authorised Allow ec2:RunInstances.');
		expect(frame().split('not authorised')).toHaveLength(2);
		expect(frame()).toContain('gone: could not be provisioned');
	});

	test('waiting says until when and why, and counts down', async () => {
		const clock = new TestClock();
		const last = attempt(0);
		const handle = new TestHandle(
			onItsWay({
				attempts: [last],
				waiting: {until: now + 90_000, reason: `nothing could be had: ${last.message}`},
				round: {start: 1, count: 1, since: now - 60_000},
				specification: {...runState().specification, retry: {limit: 3600, on: ['no-capacity']}},
			}),
		);
		const {shows, frame} = withRun(handle, {}, {size, clock});
		await shows('waits');
		expect(read(frame())).toMatch(/Waits until \d\d:05:35 \(1m30 left\), then tries all offers again; gives up at \d\d:03:05\./);
		expect(read(frame())).toContain('Why: nothing could be had');
		clock.pass(30_000);
		await shows('(1m left)');
	});

	test('a request whose answer is not known says what is being found out', async () => {
		const handle = new TestHandle(onItsWay({unanswered: true, duration: 3600}));
		const {shows, frame} = withRun(handle, {}, {size});
		await shows('was asked for');
		expect(read(frame())).toContain('whether that made an instance is not known yet: the same request is made again');
		handle.change({phase: 'failed'});
		await shows(/ends itself at its\s+deadline/);
		handle.change({phase: 'stopping', reason: 'stopped'});
		await shows(/so that one that was\s+made ends too/);
	});
});

describe.each(sizes)('a dearer offer at $columns×$rows', size => {
	const dearer = cloud({id: 'aws/us-east-1/p4d.24xlarge', instanceType: 'p4d.24xlarge', price: 32.77});

	const asked = (changes: Partial<RunState> = {}) =>
		new TestHandle(onItsWay({attempts: [attempt(0)], asking: dearer, duration: 3600, ...changes}));

	test('is asked about with no under the cursor; no ends the run', async () => {
		const handle = asked();
		const {shows, press, frame} = withRun(handle, {}, {size});
		await shows('Take a much dearer offer for fast-moth-1?');
		expect(read(frame())).toContain('aws p4d.24xlarge in us-east-1, $32.77/h; agreed were $1.01/h.');
		expect(frame()).toContain('At most $32.77 until its deadline');
		expect(frame()).toContain('public IPv4 address: $0.005/h');
		expect(frame()).toContain('❯ No: end it; there is no instance');
		await press(keys.enter);
		await vi.waitFor(() => expect(handle.done).toEqual(['stop']));
	});

	test('yes agrees', async () => {
		const handle = asked();
		const {shows, press} = withRun(handle, {}, {size});
		await shows('Take a much dearer offer');
		await press(keys.down, keys.enter);
		await vi.waitFor(() => expect(handle.done).toEqual(['agree']));
	});

	test('esc decides later: the line stays, nothing was done, and a asks again', async () => {
		const handle = asked();
		const {shows, press, app, frame} = withRun(handle, {}, {size});
		await shows('Take a much dearer offer');
		await press(keys.esc);
		await shows('Not decided: a asks again');
		handle.tell();
		await new Promise(resolve => setTimeout(resolve, 30));
		expect(app.state().dialog).toBeUndefined();
		expect(read(frame())).toContain(
			'The next offer is much dearer: aws p4d.24xlarge in us-east-1, $32.77/h; agreed were $1.01/h. a answers',
		);
		expect(frame()).toContain('a answer');
		expect(handle.done).toEqual([]);
		await press('a');
		await shows('Take a much dearer offer');
	});

	test('it waits for what is being typed, comes later, and goes when it was answered elsewhere', async () => {
		const handle = asked({asking: undefined});
		const {shows, press, app} = withRun(handle, {}, {size});
		await press('/', 'x');
		handle.change({asking: dearer});
		await new Promise(resolve => setTimeout(resolve, 30));
		expect(app.state().dialog).toBeUndefined();
		await press(keys.esc);
		await shows('Take a much dearer offer');
		handle.change({asking: undefined});
		await vi.waitFor(() => expect(app.state().dialog).toBeUndefined());
	});
});
