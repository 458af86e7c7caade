import {describe, expect, test} from 'vitest';
import {aboutMinutes, aboutTime, placeOf, timeLeft, timeToReady} from '../../source/runs/model/expected-times.js';
import {comingSteps} from '../../source/runs/model/coming-steps.js';
import type {ImageChoice} from '../../source/runs/model/image-choice.js';
import type {RunState, StepState} from '../../source/runs/model/state.js';
import {stepKey, type StepTimes, withTime} from '../../source/runs/model/step-times.js';
import {environment} from '../environment/support.js';
import {testOffer, testSpecification} from '../support/events.js';
import {runState, TestClock} from '../support/ui.js';

const now = new TestClock().time;
const configuration = environment({ide: undefined, setup: ['make']});
const step = (id: StepState['id'], changes: Partial<StepState> = {}): StepState => ({
	id,
	title: id,
	status: 'running',
	startedAt: now - 5000,
	endedAt: undefined,
	text: '',
	...changes,
});
const starting = (changes: Partial<RunState> = {}): RunState =>
	runState({phase: 'starting', specification: testSpecification({configuration: {...configuration}}), ...changes});

/** Each of these steps took so many seconds before. */
const known = (run: RunState, seconds: Readonly<Partial<Record<StepState['id'], number>>>): StepTimes =>
	Object.entries(seconds).reduce<StepTimes>(
		(times, [id, each]) => withTime(times, stepKey(id as StepState['id'], placeOf(run)), each * 1000, 1),
		{},
	);

const all = {instance: 10, ssh: 2, guard: 1, code: 4, setup: 60};

describe('what is left', () => {
	test('is what the running step lacks and all that comes after it', () => {
		const run = starting({steps: [step('instance')]});
		expect(comingSteps(run)).toEqual(['ssh', 'guard', 'code', 'setup']);
		expect(timeLeft(known(run, all), run, now)).toBe(5000 + 67_000);
	});

	test('a step that takes longer than it ever did takes nothing from the others', () => {
		const run = starting({steps: [step('instance', {startedAt: now - 500_000})]});
		expect(timeLeft(known(run, all), run, now)).toBe(67_000);
	});

	test('is not told where one of them is not known', () => {
		const run = starting({steps: [step('instance')]});
		expect(timeLeft(known(run, {...all, setup: undefined as never}), run, now)).toBeUndefined();
		expect(timeLeft({}, run, now)).toBeUndefined();
	});

	test('is not told where nothing is, while a question is open or nothing is tried, nor when it is over', () => {
		const last = starting({
			steps: [
				...(['instance', 'ssh', 'guard', 'code'] as const).map(id => step(id, {status: 'done', endedAt: now})),
				step('setup'),
			],
		});
		const times = known(last, all);
		expect(timeLeft(times, last, now)).toBe(55_000);
		expect(timeLeft(times, last, now + 100_000)).toBeUndefined();
		const run = starting({steps: [step('instance')]});
		expect(timeLeft(times, {...run, asking: testOffer}, now)).toBeUndefined();
		expect(timeLeft(times, {...run, waiting: {until: now, reason: ''}}, now)).toBeUndefined();
		expect(timeLeft(times, {...run, phase: 'ready'}, now)).toBeUndefined();
	});
});

describe('a plan', () => {
	const image: ImageChoice = {image: undefined, decision: 'none', build: undefined, why: []};
	const planned = {offer: testOffer, image, environment: configuration};

	test('is ready after all its steps, where each is known', () => {
		const times = known(starting(), all);
		expect(timeToReady(times, planned, '/project/.dstack.yml')).toBe(77);
		expect(timeToReady(times, planned, '/elsewhere/.dstack.yml')).toBeUndefined();
		expect(
			timeToReady(times, {...planned, offer: {...testOffer, instanceType: 'docker'}}, '/project/.dstack.yml'),
		).toBeUndefined();
	});
});

test.each([
	[400, '', '5s'],
	[1400, '1s', '5s'],
	[12_400, '12s', '10s'],
	[42_000, '40s', '40s'],
	[58_000, '1m', '1 min'],
	[81_000, '1m20', '1 min'],
	[119_000, '2m', '2 min'],
	[190_000, '3m10', '3 min'],
	[760_000, '13m', '13 min'],
	[4_900_000, '1h22', '1h20'],
])('%i ms are about %s, or %s', (time, short, long) => {
	expect(aboutTime(time)).toBe(short);
	expect(aboutMinutes(time)).toBe(long);
});
