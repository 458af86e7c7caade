import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {linesOf} from '../../source/runs/model/log-snapshot.js';
import type {RunContext} from '../../source/runs/context.js';
import type {NewEvent, RunEvent} from '../../source/runs/model/events.js';
import {StepWatch, type TakenTime} from '../../source/runs/journal/record-times.js';
import {RunRecord} from '../../source/runs/journal/record.js';
import {reduce} from '../../source/runs/model/reduce.js';
import {claimFolder, runFolder} from '../../source/runs/journal/run-folder.js';
import type {RunState} from '../../source/runs/model/state.js';
import {readStepTimes} from '../../source/runs/model/step-times.js';
import {resolvePaths} from '../../source/system/paths.js';
import {testOffer, testSpecification} from '../support/events.js';
import {TestClock} from '../support/ui.js';

type Timed = readonly [at: number, event: NewEvent];

const intended: NewEvent = {type: 'intended', specification: testSpecification()};
const started = (step: TakenTime['step']): NewEvent => ({type: 'step-started', step, title: step});
const done = (step: TakenTime['step']): NewEvent => ({type: 'step-done', step});
const failed = (step: TakenTime['step']): NewEvent => ({type: 'step-failed', step, message: 'no', lastLines: []});
const refused: NewEvent = {type: 'attempt-failed', errorClass: 'capacity', message: 'none'};
const created: NewEvent = {
	type: 'created',
	instanceId: 'i',
	workspace: '/w',
	stateFolder: '/s',
	sharesNetwork: false,
	launchedAt: 1,
};

/** What is learned of events by a program that owned the run from the `from`th on. */
function learned(events: readonly Timed[], from = 0): TakenTime[] {
	const watch = new StepWatch();
	let state: RunState | undefined;
	return events.flatMap(([at, event], index) => {
		const whole = {...event, at} as RunEvent;
		const taken = state && index >= from ? watch.take(state, whole) : undefined;
		state = reduce('one', state, whole);
		return taken ? [taken] : [];
	});
}

describe('a step’s time', () => {
	test('is from its start to its end', () => {
		expect(
			learned([
				[0, intended],
				[1000, started('code')],
				[4500, done('code')],
				[5000, started('setup')],
				[65_000, done('setup')],
			]),
		).toEqual([
			{step: 'code', time: 3500},
			{step: 'setup', time: 60_000},
		]);
	});

	test('is none of a failed one, nor of the same tried again', () => {
		expect(
			learned([
				[0, intended],
				[1000, started('setup')],
				[2000, failed('setup')],
				[3000, started('setup')],
				[3100, done('setup')],
			]),
		).toEqual([]);
	});

	test('is none of a warning', () => {
		expect(
			learned([
				[0, intended],
				[1000, started('ide')],
				[9000, {type: 'step-done', step: 'ide', warning: true}],
			]),
		).toEqual([]);
	});

	test('is none of one that another program began, whether it ends or is taken up again', () => {
		const before: Timed[] = [
			[0, intended],
			[1000, started('setup')],
		];
		expect(learned([...before, [9000, done('setup')]], before.length)).toEqual([]);
		expect(learned([...before, [8000, started('setup')], [9000, done('setup')]], before.length)).toEqual([]);
	});

	test('is none of one that runs at every start and ran before', () => {
		expect(
			learned([
				[0, intended],
				[1000, started('guard')],
				[1500, done('guard')],
				[2000, started('guard')],
				[2020, done('guard')],
			]),
		).toEqual([{step: 'guard', time: 500}]);
	});

	test('is told of another offer after a refusal, and of another instance after a loss', () => {
		expect(
			learned([
				[0, intended],
				[1000, started('instance')],
				[2000, refused],
				[3000, started('instance')],
				[24_000, done('instance')],
				[25_000, started('code')],
				[26_000, done('code')],
				[90_000, {type: 'instance-lost', reason: 'taken back', interrupted: true}],
				[91_000, started('instance')],
				[101_000, done('instance')],
				[102_000, started('code')],
				[104_000, done('code')],
			]),
		).toEqual([
			{step: 'instance', time: 21_000},
			{step: 'code', time: 1000},
			{step: 'instance', time: 10_000},
			{step: 'code', time: 2000},
		]);
	});

	test('is none of a request that is only repeated', () => {
		expect(
			learned([
				[0, intended],
				[1000, started('instance')],
				[2000, failed('instance')],
				[3000, started('instance')],
				[3500, done('instance')],
			]),
		).toEqual([]);
	});

	test('of an instance does not hold the image that was got meanwhile', () => {
		expect(
			learned([
				[0, intended],
				[1000, started('instance')],
				[1200, started('image')],
				[61_200, done('image')],
				[61_300, created],
				[63_000, done('instance')],
			]),
		).toEqual([
			{step: 'image', time: 60_000},
			{step: 'instance', time: 2000},
		]);
	});
});

describe('a record', () => {
	async function world() {
		const home = await mkdtemp(path.join(tmpdir(), 'dstack-tui-learn-'));
		onTestFinished(async () => rm(home, {recursive: true}));
		const paths = resolvePaths({DSTACK_TUI_HOME: home});
		const clock = new TestClock();
		const context = {paths, clock} as unknown as RunContext;
		await claimFolder(paths, 'one', async () => true);
		const append = async (record: RunRecord, event: NewEvent, passes: number) => {
			await record.append(event);
			clock.pass(passes);
		};

		return {paths, clock, context, append};
	}

	test('keeps what its owner sees, before the owner lets go of it, and nothing of it in the journal', async () => {
		const {paths, context, append} = await world();
		const record = new RunRecord(context, 'one');
		await record.own();
		await append(record, {type: 'intended', specification: testSpecification({offer: {...testOffer}})}, 0);
		await append(record, started('instance'), 2500);
		await append(record, done('instance'), 0);
		await append(record, started('setup'), 40_000);
		await append(record, done('setup'), 0);
		await record.release();
		const times = await readStepTimes(paths);
		expect(Object.fromEntries(Object.entries(times).map(([key, each]) => [key, each.times]))).toEqual({
			'instance local process': [2500],
			'setup local /project/.dstack.yml': [40_000],
		});
		const journal = await readFile(path.join(runFolder(paths, 'one'), 'journal.jsonl'), 'utf8');
		expect(journal.trim().split('\n')).toHaveLength(5);
		expect(linesOf(record.logs.snapshot(), 'events').map(({text}) => text)).toContain('setup: done after 40s');
	});

	test('whose owner died in the middle of a step learns nothing of that one from the next owner', async () => {
		const {paths, context, append} = await world();
		const first = new RunRecord(context, 'one');
		await first.own();
		await append(first, intended, 0);
		await append(first, started('setup'), 40_000);
		await first.release();
		const second = new RunRecord(context, 'one');
		await second.load();
		await second.own();
		await append(second, started('setup'), 100);
		await append(second, done('setup'), 0);
		await append(second, started('ide'), 700);
		await append(second, done('ide'), 0);
		await second.release();
		expect(Object.keys(await readStepTimes(paths))).toEqual(['ide local /project/.dstack.yml']);
	});

	test('says where it cannot be kept, and goes on', async () => {
		const {paths, context, append} = await world();
		await mkdir(paths.stepTimes);
		await writeFile(path.join(paths.stepTimes, 'x'), '');
		const record = new RunRecord(context, 'one');
		await record.own();
		await append(record, intended, 0);
		await append(record, started('setup'), 10);
		await append(record, done('setup'), 0);
		await record.release();
		expect(record.known.steps).toMatchObject([{id: 'setup', status: 'done'}]);
		expect(
			linesOf(record.logs.snapshot(), 'events')
				.map(({text}) => text)
				.join('\n'),
		).toContain('how long setup took could not be kept: ');
	});

	test('tells how much of a step is done, and the figures before the words', async () => {
		const {context, append} = await world();
		const record = new RunRecord(context, 'one');
		await record.own();
		await append(record, intended, 0);
		await append(record, started('image'), 0);
		record.report('image', {done: 3 * 1024 ** 3, total: 4 * 1024 ** 3, unit: 'bytes', text: '7 of 9 layers'});
		expect(record.known.steps).toMatchObject([{share: 0.75, text: '75 %, 3GB of 4GB · 7 of 9 layers'}]);
		record.report('image', {done: 3 * 1024 ** 3, unit: 'bytes'});
		expect(record.known.steps[0]?.share).toBeUndefined();
		await append(record, done('image'), 0);
		expect(record.known.steps[0]?.share).toBeUndefined();
		await record.release();
	});
});
