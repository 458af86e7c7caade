import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type StepId, stepIds} from '../../source/environment/step.js';
import type {Offer} from '../../source/offers/offer.js';
import {placeOf} from '../../source/runs/model/expected-times.js';
import type {RunState, StepState} from '../../source/runs/model/state.js';
import {stepKey, type StepTimes, withTime} from '../../source/runs/model/step-times.js';
import {stepRows} from '../../source/ui/screens/environment/steps.js';
import {newView} from '../../source/ui/store/running.js';
import {snapshotOf} from '../../source/ui/store/run-snapshot.js';
import {initialState} from '../../source/ui/store/state.js';
import {width} from '../../source/ui/drawing/cells.js';
import {progressBar} from '../../source/ui/drawing/theme.js';
import {environment} from '../environment/support.js';
import {testOffer} from '../support/events.js';
import {runState, TestClock, testCore, TestHandle} from '../support/ui.js';
import {withRun} from '../support/view.js';

const now = new TestClock().time;
const cloud: Offer = {...testOffer, backend: 'aws', instanceType: 'g6e.xlarge', region: 'us-east-1', price: 0.65};
const order = [
	...([
		'instance',
		'ssh',
		'guard',
		'engine',
		'image',
		'container',
		'code',
		'python',
		'build',
		'commit',
		'upload',
		'sshd',
	] as const),
	...(['setup', 'ide', 'init'] as const),
];
const titleOf = (id: StepId): string => `The step ${id}`;
const sizes = [
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
	{columns: 200, rows: 50},
];

/** A cloud run with a build, 15 steps: the first `begun` have begun, the last of these as given, the others are done after 19 s each. */
function cloudRun(begun: number, last: Partial<StepState> = {}, changes: Partial<RunState> = {}): RunState {
	const from = now - 300_000;
	return runState({
		phase: 'starting',
		offer: cloud,
		guarded: true,
		sharesNetwork: false,
		intendedAt: from,
		readyAt: undefined,
		specification: {
			...runState().specification,
			configuration: {...environment({ide: 'vscode', python: '3.12', build: ['a'], setup: ['a'], init: ['a']})},
		},
		image: {reference: 'base', build: {key: 'k', reference: 'r', due: true, labels: {}}},
		steps: order.slice(0, begun).map((id, index) => ({
			id,
			title: titleOf(id),
			status: 'done' as const,
			startedAt: from + index * 20_000,
			endedAt: from + index * 20_000 + 19_000,
			text: `note of ${id}`,
			...(index === begun - 1
				? {startedAt: now - 12_000, endedAt: undefined, status: 'running' as const, text: '', ...last}
				: {}),
		})),
		...changes,
	});
}

/** Each step took 40 s before. */
const known: StepTimes = order.reduce<StepTimes>(
	(times, id) => withTime(times, stepKey(id, placeOf(cloudRun(1))), 40_000, 1),
	{},
);

const shown = (run: RunState, size: {columns: number; rows: number}, times: StepTimes = known) =>
	withRun(new TestHandle(run), {stepTimes: async () => times}, {size});

describe.each(sizes)('15 steps at $columns×$rows', size => {
	test('what runs says how long it took before, what comes says what is expected, and when it will be ready', async () => {
		const {shows, frame} = shown(cloudRun(5), size);
		await shows(/⠋ The step image.*12s/);
		await shows(/of about 40s/);
		await shows(/· container +about 40s/);
		await shows(/· init +about 40s/);
		await shows('5m · about 7 min left · ');
		expect(frame().split('\n')).toHaveLength(size.rows);
	});

	test('where nothing is known, nothing is said of it', async () => {
		const {shows, frame} = shown(cloudRun(5), size, {});
		await shows('· container');
		await shows('5m · $');
		expect(frame()).not.toContain('about');
	});

	test('what is taken from far has a bar, with the figures beside it', async () => {
		const {shows} = shown(cloudRun(5, {text: '62 %, 3.1GB of 5GB · 12 of 18 layers', share: 0.62}), size);
		await shows(/▕█+.? +▏ 62 %, 3\.1GB of 5GB/);
	});

	test('each of them can be seen while it runs, and when it has failed', async () => {
		const clock = new TestClock();
		const handle = new TestHandle(cloudRun(1));
		const {shows, frame} = withRun(handle, {}, {size, clock});
		for (let begun = 1; begun <= order.length; begun++) {
			const title = titleOf(order[begun - 1]!);
			handle.change(cloudRun(begun));
			await shows(new RegExp(`[⠋⠙⠹⠸⠼⠴⠦⠧] ${title} +12s`));
			expect(frame().split('\n')).toHaveLength(size.rows);
			const failure = {
				step: order[begun - 1]!,
				message: 'no',
				command: 'make',
				code: 2,
				lastLines: ['1', '2', '3'],
				next: 'Mend it.',
			};
			handle.change(cloudRun(begun, {status: 'failed', endedAt: now}, {phase: 'failed', failure}));
			await shows(new RegExp(`✗ ${title} +12s`));
			await shows('Mend it.');
			expect(frame().split('\n')).toHaveLength(size.rows);
		}
	});
});

describe('the list in few lines', () => {
	const strip = (lines: readonly string[]): string[] => lines.map(line => line.replaceAll(/\u001B\[[\d;]*m/g, '').trimEnd());
	const rowsOf = (run: RunState, cells: number, rows: number): string[] =>
		strip(stepRows(initialState('/project', {columns: 80, rows: 24}, now), run, cells, rows));

	test('first what is done says no more, then what comes shares a line, then what is done does', () => {
		const run = cloudRun(9);
		expect(rowsOf(run, 50, 40)).toContain('   note of container');
		const silent = rowsOf(run, 50, 15);
		expect(silent).not.toContain('   note of container');
		expect(silent).toContain(' · sshd');
		expect(rowsOf(run, 50, 10)).toContain(' · commit · upload · sshd · setup · ide · init');
		const folded = rowsOf(run, 50, 6);
		expect(folded).toHaveLength(6);
		expect(folded[0]).toMatch(/^ ✓ 5 steps done +1m35$/);
		expect(folded.at(-2)).toMatch(/The step build/);
		expect(rowsOf(run, 50, 3)).toEqual([
			expect.stringMatching(/8 steps done +2m32$/),
			expect.stringContaining('The step build'),
			expect.stringContaining('· commit · upload'),
		]);
		expect(rowsOf(run, 50, 1)).toEqual([expect.stringContaining('The step build')]);
	});

	test('what ran at the same time counts once in a folded line', () => {
		const run = cloudRun(3);
		const [instance, image, last] = run.steps;
		const at = (step: StepState | undefined, from: number, to: number): StepState => ({...step!, startedAt: from, endedAt: to});
		const rows = rowsOf(
			{...run, steps: [at(instance, now - 90_000, now - 30_000), at(image, now - 80_000, now - 40_000), last!]},
			50,
			3,
		);
		expect(rows[0]).toMatch(/2 steps done +1m$/);
	});

	test('a step that took longer than usual says so', () => {
		const state = initialState('/project', {columns: 80, rows: 24}, now);
		const run = cloudRun(4, {startedAt: now - 100_000});
		const handle = new TestHandle(run);
		const view = newView(snapshotOf(handle, testCore()));
		expect(strip(stepRows({...state, run: {...view, times: known}}, run, 60, 30)).join('\n')).toMatch(
			/The step engine +1m40 \(usually 40s\)/,
		);
	});

	test('never more lines or cells than there are, and what runs or failed is always among them', () => {
		const status = fc.constantFrom<StepState['status']>('done', 'done', 'done', 'warning', 'running', 'failed');
		const step = fc.record({
			status,
			text: fc.string({maxLength: 80, unit: 'grapheme-ascii'}),
			share: fc.option(fc.double({min: 0, max: 1, noNaN: true})),
		});
		fc.assert(
			fc.property(
				fc.array(step, {minLength: 1, maxLength: stepIds.length}),
				fc.integer({min: 24, max: 90}),
				fc.integer({min: 1, max: 40}),
				fc.boolean(),
				(steps, cells, rows, isKnown) => {
					const run = cloudRun(
						1,
						{},
						{
							steps: steps.map(({status, text, share}, index) => ({
								id: order[index] ?? 'cache',
								title: `T${index}`,
								status,
								startedAt: now - 1000,
								endedAt: status === 'running' ? undefined : now,
								text: text.trim(),
								share: share ?? undefined,
							})),
						},
					);
					const handle = new TestHandle(run);
					const view = newView(snapshotOf(handle, testCore()));
					const state = {...initialState('/project', {columns: 80, rows: 24}, now), run: {...view, times: isKnown ? known : {}}};
					const lines = strip(stepRows(state, run, cells, rows));
					expect(lines.length).toBeLessThanOrEqual(rows);
					expect(Math.max(0, ...lines.map(width))).toBeLessThanOrEqual(cells);
					const vital = run.steps.filter(each => each.status === 'running' || each.status === 'failed');
					const seen = vital.filter(({title}) => lines.some(line => line.includes(` ${title} `)));
					expect(seen).toHaveLength(Math.min(vital.length, rows));
				},
			),
			{numRuns: 300},
		);
	});
});

test.each([
	[0, '▕          ▏'],
	[0.5, '▕█████     ▏'],
	[0.62, '▕██████▏   ▏'],
	[1, '▕██████████▏'],
	[7, '▕██████████▏'],
])('%f as a bar', (share, bar) => {
	expect(progressBar(share, 12)).toBe(bar);
});
