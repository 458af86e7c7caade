import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, onTestFinished, test} from 'vitest';
import {stepIds} from '../../source/environment/step.js';
import {
	keepStepTime,
	readStepTimes,
	stepKey,
	type StepPlace,
	type StepTimes,
	usualTime,
	withTime,
} from '../../source/runs/model/step-times.js';
import {resolvePaths} from '../../source/system/paths.js';

const place: StepPlace = {
	backend: 'aws',
	instanceType: 'g5.xlarge',
	image: 'base:1',
	isBuilt: false,
	configuration: '/project/.dstack.yml',
};

async function makePaths() {
	const home = await mkdtemp(path.join(tmpdir(), 'dstack-tui-step-times-'));
	onTestFinished(async () => rm(home, {recursive: true}));
	return resolvePaths({DSTACK_TUI_HOME: path.join(home, 'new')});
}

describe('what makes steps alike', () => {
	const differs = (change: Partial<StepPlace>) =>
		stepIds.filter(step => stepKey(step, place) !== stepKey(step, {...place, ...change}));
	const ofMachine = ['instance', 'image', 'ssh', 'guard', 'engine', 'container'];

	test('the machine’s depend on its type, the image’s on the image too', () => {
		expect(differs({instanceType: 'g5.2xlarge'})).toEqual(ofMachine);
		expect(differs({image: 'base:2'})).toEqual(['image']);
	});

	test('the others depend on the configuration, and on whether it is a cloud', () => {
		const others = stepIds.filter(step => !ofMachine.includes(step));
		expect(differs({configuration: '/other/.dstack.yml'})).toEqual(others);
		expect(differs({backend: 'gcp'})).toEqual(ofMachine);
		expect(differs({backend: 'local'})).toEqual(stepIds);
	});

	test('a Python that is built already is only found', () => {
		expect(differs({isBuilt: true})).toEqual(['python']);
	});
});

describe('learning', () => {
	const of = (...times: number[]): number | undefined =>
		usualTime(
			times.reduce<StepTimes>((all, time, at) => withTime(all, 'k', time, at), {}),
			'k',
		);

	test('the median of the last five counts', () => {
		expect(of()).toBeUndefined();
		expect(of(7)).toBe(7);
		expect(of(10, 20)).toBe(15);
		expect(of(10, 9000, 20)).toBe(20);
		expect(of(9000, 9000, 9000, 1, 2, 3, 4, 5)).toBe(3);
	});

	test('what no step takes is not learned', () => {
		expect(of(-1, Number.NaN, Number.POSITIVE_INFINITY, 25 * 3_600_000)).toBeUndefined();
		expect(withTime({}, 'x'.repeat(5000), 1, 1)).toEqual({});
	});

	test('names that objects have by themselves are keys like any other', () => {
		expect(usualTime({}, 'constructor')).toBeUndefined();
		expect(usualTime(withTime({}, 'constructor', 5, 1), 'constructor')).toBe(5);
	});

	test('however much is learned, it stays small, and what was learned last is there', () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.integer({min: 0, max: 900}), fc.nat(10_000)), {maxLength: 700, minLength: 450}), all => {
				let times: StepTimes = {};
				for (const [at, [key, time]] of all.entries()) {
					times = withTime(times, `key ${key}`, time, at);
					expect(times[`key ${key}`]?.times.at(-1)).toBe(time);
				}

				expect(Object.keys(times).length).toBeLessThanOrEqual(400);
				const newest = [...new Set(all.toReversed().map(([key]) => `key ${key}`))].slice(0, 400);
				expect(new Set(Object.keys(times))).toEqual(new Set(newest));
			}),
			{numRuns: 3},
		);
	});
});

describe('the file', () => {
	test('is the person’s own, and read back', async () => {
		const paths = await makePaths();
		expect(await readStepTimes(paths)).toEqual({});
		await keepStepTime(paths, 'a', 10, 1);
		await keepStepTime(paths, 'a', 30, 2);
		expect(await readStepTimes(paths)).toEqual({a: {at: 2, times: [10, 30]}});
		expect((await stat(paths.stepTimes)).mode & 0o777).toBe(0o600);
	});

	test.each([
		['cut short', '{"steps": {"a": {"at"'],
		['of another kind', '[1, 2]'],
		['with other values', '{"steps": {"a": {"at": 1, "times": ["x"]}}}'],
		['with times that are none', '{"steps": {"a": {"at": 1, "times": [-5]}}}'],
		['with more than it ever holds', `{"steps": {"a": {"at": 1, "times": [${Array.from({length: 100}, () => 1).join()}]}}}`],
		['empty', ''],
	])('%s begins anew', async (_, text) => {
		const paths = await makePaths();
		await keepStepTime(paths, 'before', 1, 1);
		await writeFile(paths.stepTimes, text);
		expect(await readStepTimes(paths)).toEqual({});
		await keepStepTime(paths, 'a', 10, 1);
		expect(JSON.parse(await readFile(paths.stepTimes, 'utf8'))).toEqual({steps: {a: {at: 1, times: [10]}}});
	});
});
