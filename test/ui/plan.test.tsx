import {describe, expect, test, vi} from 'vitest';
import {Problem} from '../../source/system/problem.js';
import type {Plan, Request} from '../../source/runs/model/choice.js';
import type {Offer} from '../../source/offers/offer.js';
import {environment} from '../environment/support.js';
import {openPlan} from '../../source/ui/store/choosing.js';
import {configurationFile, offers, testCore} from '../support/ui.js';
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

describe('a process where a container was to be had', () => {
	const container: Offer = {
		...offers(1)[0]!,
		backend: 'local',
		instanceType: 'docker',
		kind: 'container',
		availability: 'unavailable',
		notes: ['The image base:1 is neither here nor can it be pulled.'],
	};

	test('is said first, and starts after a yes only', async () => {
		const {press, shows, frame, app} = await atPlan({instead: container});
		expect(frame().replaceAll(/\s+/g, ' ')).toContain('run as you on this machine itself, without isolation');
		await press(keys.enter);
		await shows('Start fast-moth-1 as a process of this machine, without isolation?');
		expect(frame().replaceAll(/\s+/g, ' ').split('neither here nor can it be pulled')).toHaveLength(3);
		await press(keys.enter);
		await shows('enter start');
		expect(app.state().screen).toBe('plan');
		await press(keys.enter);
		await shows('as a process of this machine');
		await press('j', keys.enter);
		await vi.waitFor(() => expect(app.state().screen).toBe('run'));
	});

	test('-y alone does not start it: the plan stays, and enter asks', async () => {
		const {app, shows} = await started({plan: async (request, offer) => planned({instead: container}, request, offer)});
		await openPlan(
			app,
			{folder: '/project', configuration: configurationFile(), profile: undefined, flags: {}, name: undefined},
			true,
		);
		await shows('-y alone starts no process of this machine');
		expect(app.state().screen).toBe('plan');
	});
});

describe('what leaves this machine', () => {
	const leaving: Plan['leaving'] = {
		files: [
			{local: 'notes.txt', source: '/project/notes.txt', remote: 'notes.txt', bytes: 12, outside: false},
			{local: 'harmless.txt', source: '/home/me/.aws/credentials', remote: 'there.txt', bytes: 15, outside: true},
		],
		variables: [
			{name: 'HF_TOKEN', from: 'configuration', secrets: ['HF']},
			{name: 'OWN', from: 'caller', secrets: []},
		],
		secrets: ['HF'],
		agent: true,
		reverse: [{remote: 9000, local: 3000}],
	};
	const logins: Plan['logins'] = [{host: 'evil.example', by: 'registry_auth', values: ['secrets.HF'], agreed: false}];
	const given = {privileged: true, docker: false, caches: ['/root/.cache']};
	const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

	test.each([
		[60, 18],
		[80, 24],
		[300, 80],
	])('is on the screen at %i×%i, the doubtful first', async (columns, rows) => {
		const {frame, press} = await atPlan({leaving, logins, given}, {columns, rows});
		const top = flat(frame());
		expect(top).toContain('evil.example gets secrets.HF (`registry_auth`), and you have not agreed to that before');
		expect(top).toContain('Copied from outside of the code: /home/me/.aws/credentials');
		const seen = [frame()];
		for (let line = 0; line < 60 && /more lines? \(j\)/.test(frame()); line++) {
			await press('j');
			seen.push(frame());
		}

		const all = flat(seen.join('\n'));
		for (const text of [
			'notes.txt → notes.txt',
			'/home/me/.aws/credentials → there.txt',
			'HF_TOKEN (secrets.HF) · OWN (your own',
			'secrets HF',
			'port 9000 there leads',
			'/root/.cache',
		]) {
			expect(all).toContain(text);
		}

		for (const shown of seen) {
			expect(shown.split('\n').length).toBeLessThanOrEqual(rows);
		}
	});

	test('a registry gets what is the person’s own after a yes, and -y is none', async () => {
		const launched: Plan[] = [];
		const plan = async (request: Request, offer: Offer) => planned({logins}, request, offer);
		const {press, shows, app} = await started({
			plan,
			async launch(each) {
				launched.push(each);
				return testCore().launch(each);
			},
		});
		await openPlan(
			app,
			{folder: '/project', configuration: configurationFile(), profile: undefined, flags: {}, name: undefined},
			true,
		);
		await shows('-y alone sends nothing of your own to a registry');
		expect(launched).toEqual([]);
		await press(keys.enter);
		await shows('Start fast-moth-1 and give evil.example secrets.HF?');
		await press('j', keys.enter);
		await vi.waitFor(() => expect(launched).toHaveLength(1));
		expect(launched[0]?.logins).toEqual([{...logins[0], agreed: true}]);
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
