import {describe, expect, test, vi} from 'vitest';
import {Problem} from '../../source/system/problem.js';
import type {Plan, Request} from '../../source/runs/model/choice.js';
import type {Offer} from '../../source/offers/offer.js';
import {environment} from '../environment/support.js';
import {offers, testCore} from '../support/ui.js';
import {keys, started} from '../support/view.js';

const planned = async (changes: Partial<Plan>, request: Request, offer: Offer): Promise<Plan> => ({
	...(await testCore().plan(request, offer)),
	...changes,
});

const atPlan = async (changes: Partial<Plan> = {}, size = {columns: 80, rows: 24}) => {
	const shown = await started({plan: async (request, offer) => planned(changes, request, offer)}, {}, {size});
	await shown.press(keys.enter);
	await shown.shows('offers');
	await shown.press(keys.enter);
	await shown.shows('enter start');
	return shown;
};

describe('the plan', () => {
	test('at 60×15 its warnings come first, and the rest is scrolled to', async () => {
		const {frame, press, shows} = await atPlan({warnings: ['Runs as you, without isolation.']}, {columns: 60, rows: 15});
		expect(frame()).toContain('! Runs as you, without isolation.');
		expect(frame()).toMatch(/▼ \d+ more lines \(j\)/);
		expect(frame()).toContain('q quit');
		expect(frame()).not.toContain('none: SSH only');
		await press('j', 'j');
		await press('G');
		await shows(/▲ \d+ lines above \(k\)/);
		await shows(/ide\s+vscode|none: SSH only/);
		await press('g');
		await shows('! Runs as you');
	});

	test('where all of it fits, nothing scrolls', async () => {
		const {frame, press} = await atPlan({}, {columns: 100, rows: 40});
		const before = frame();
		await press('j', 'G');
		expect(frame()).toBe(before);
	});

	test('the commands that will run are shown', async () => {
		const {shows} = await started(
			{
				plan: async (request, offer) =>
					planned({request: {...request, environment: environment({setup: ['make all', 'make test']})}}, request, offer),
			},
			{},
			{size: {columns: 80, rows: 40}},
		).then(async shown => {
			await shown.press(keys.enter);
			await shown.shows('offers');
			await shown.press(keys.enter);
			return shown;
		});
		await shows(/setup\s+make all\n\s+make test/);
	});

	test('a name that cannot be one leaves the plan, and the line to mend it', async () => {
		const {shows, press, app, frame} = await started({
			async plan(request, offer) {
				if (request.choice.name === 'no/name') {
					throw new Problem('usage', "'no/name' cannot be a run's name", {next: 'Use lower-case letters'});
				}

				return planned({}, request, offer);
			},
		});
		await press(keys.enter);
		await shows('offers');
		await press(keys.enter);
		await shows('enter start');
		await press('n', '\u0015', ...'no/name', keys.enter);
		await shows("'no/name' cannot be a run's name. Use lower-case letters");
		await shows('name: no/name');
		expect(frame()).toMatch(/name\s+fast-moth-1/);
		await press('\u0015', ...'moth', keys.enter);
		await shows(/name\s+moth/);
		await press('n', '\u0015', ...'no/name', keys.enter);
		await shows('name: no/name');
		await press(keys.esc);
		await shows('esc back');
		expect(app.state().plan?.name).toBe('moth');
		await press(keys.enter);
		await vi.waitFor(() => expect(app.state().screen).toBe('run'));
	});
});

describe('offers that cannot be had', () => {
	test('the sign stays under the cursor, and the whole reason can be read at 80', async () => {
		const note = `The image nope is neither here nor can it be pulled: ${'the registry says a lot, '.repeat(5)}and DSTACK_TUI_IMAGE names another.`;
		const [first] = offers(1);
		const {shows, frame, press} = await started(
			{},
			{offers: [{...first!, availability: 'unavailable', notes: [note]}]},
			{size: {columns: 80, rows: 24}},
		);
		await press(keys.enter);
		await shows('▶✗ aws');
		const read = () => frame().replaceAll(/\s+/g, ' ');
		expect(read()).toContain(note);
		expect(frame().split('\n')).toHaveLength(24);
		await press(keys.enter);
		expect(read()).toContain(`Not to be had: ${note}`);
	});
});
