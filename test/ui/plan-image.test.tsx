import {describe, expect, test, vi} from 'vitest';
import type {BuildPolicy} from '../../source/configuration/model.js';
import type {Core} from '../../source/runs/core.js';
import type {Plan} from '../../source/runs/model/choice.js';
import type {ImageChoice} from '../../source/runs/model/image-choice.js';
import {openPlan} from '../../source/ui/store/choosing.js';
import {environment} from '../environment/support.js';
import {configurationFile, runState, testApp, testCore, TestHandle} from '../support/ui.js';
import {keys, started, view} from '../support/view.js';

const built = {key: 'k', reference: 'registry.example/built:k', labels: {}};
const choices: Readonly<Record<BuildPolicy, ImageChoice>> = {
	use: {image: 'dstackai/base:py3.12', decision: 'missing', build: built, why: ['never built']},
	build: {image: 'dstackai/base:py3.12', decision: 'build', build: built, why: ['never built']},
	'force-build': {image: 'dstackai/base:py3.12', decision: 'build', build: built, why: ['you asked for it']},
};
const configuration = configurationFile({environment: environment({ide: 'vscode', build: ['pip install x'], setup: ['make']})});
const sizes = [
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
];

function building(changes: (policy: BuildPolicy) => Partial<Plan> = policy => ({image: choices[policy]})) {
	const launched: Plan[] = [];
	const asked: BuildPolicy[] = [];
	const core: Partial<Core> = {
		configurations: async () => [configuration],
		async plan(request, offer, options) {
			const policy = request.choice.flags.build ?? 'use';
			asked.push(policy);
			return {...(await testCore().plan(request, offer, options)), ...changes(policy)};
		},
		async launch(plan) {
			launched.push(plan);
			return new TestHandle(runState({phase: 'starting'}));
		},
	};
	return {core, launched, asked};
}

const atPlan = async (world: ReturnType<typeof building>, size: {columns: number; rows: number}) => {
	const shown = await started(world.core, {}, {size});
	await shown.press(keys.enter);
	await shown.shows('offers');
	await shown.press(keys.enter);
	await shown.shows(/name\s+fast-moth-1/);
	return shown;
};

describe.each(sizes)('the image of a plan at $columns×$rows', size => {
	test('a build that is not there is said first; b makes it, makes it anew, and goes back', async () => {
		const world = building();
		const {shows, press, frame, app} = await atPlan(world, size);
		await shows('! There is no image of its `build` commands yet (never built): b makes it');
		await shows(/image\s+dstackai\/base:py3\.12/);
		await shows(/build\s+none yet: never built/);
		await shows('b build ·');
		expect(frame()).not.toContain('enter start');
		await press('b');
		await shows(/build\s+will be made: never built/);
		expect(frame()).not.toContain('There is no image');
		await shows('enter start · b build anew');
		await press('b');
		await shows(/build\s+will be made: you asked for it/);
		await shows('b only reuse');
		await press('b');
		await shows(/build\s+none yet: never built/);
		expect(world.asked).toEqual(['use', 'build', 'force-build', 'use']);
		expect(app.state().flags.build).toBe('use');
	});

	test('enter on a missing one starts nothing and says what to press', async () => {
		const world = building();
		const {shows, press, app} = await atPlan(world, size);
		await press(keys.enter);
		await shows('There is no image of its `build` commands yet: b makes it');
		expect(app.state().trouble).toBeUndefined();
		expect(world.launched).toEqual([]);
		await press('b');
		await shows('enter start');
		await press(keys.enter);
		await vi.waitFor(() => expect(world.launched).toMatchObject([{image: {decision: 'build'}}]));
	});

	test('one that is reused says of when it is, and when the environment will be ready', async () => {
		const image: ImageChoice = {image: built.reference, decision: 'reuse', build: built, why: ['made 2 days ago, 1.2GB']};
		const {shows, frame} = await atPlan(
			building(() => ({image, expected: 170})),
			size,
		);
		await shows('enter start');
		await shows(/image\s+registry\.example\/built:k/);
		await shows(/build\s+reused: made 2 days ago, 1\.2GB/);
		await shows(/ready\s+in about 3 min, as earlier runs took/);
		expect(frame().split('\n')).toHaveLength(size.rows);
	});

	test('of a digest, enough is shown; what a registry wrote cannot draw', async () => {
		const image: ImageChoice = {
			image: `base@sha256:${'0123456789abcdef'.repeat(4)}`,
			decision: 'build',
			build: built,
			why: ['\u001B[31mred\u001B[0m\nline'],
		};
		const {shows, frame} = await atPlan(
			building(() => ({image})),
			size,
		);
		await shows(/image\s+base@sha256:0123456789ab…/);
		await shows(/build\s+will be made: red/);
		expect(frame()).not.toContain('ready ');
	});
});

test('without build commands there is no key for them', async () => {
	const {shows, press, frame, app} = await started().then(async shown => {
		await shown.press(keys.enter);
		await shown.shows('offers');
		await shown.press(keys.enter);
		return shown;
	});
	await shows('enter start');
	expect(frame()).not.toMatch(/b build|image /);
	await press('b');
	expect(app.state().flags.build).toBeUndefined();
});

test('run NAME -y in the full screen stays at a plan whose build is missing, and what was agreed stays agreed', async () => {
	const world = building();
	const shown = view(testApp(testCore(world.core)));
	await openPlan(shown.app, {folder: '/project', configuration, profile: undefined, flags: {}, name: undefined}, true);
	await shown.shows('There is no image of its `build` commands yet: b makes it');
	expect(world.launched).toEqual([]);
	await shown.press('b');
	await shown.shows('enter start');
	await shown.press(keys.enter);
	await vi.waitFor(() => expect(world.launched).toMatchObject([{agreed: true}]));
});
