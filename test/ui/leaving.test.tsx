import {describe, expect, test, vi} from 'vitest';
import {runState, TestHandle} from '../support/ui.js';
import {keys, started, withRun} from '../support/view.js';

const narrow = {size: {columns: 80, rows: 24}};

describe('the line of keys', () => {
	test('how to leave is always there, however much else there is', async () => {
		const handle = new TestHandle(runState({deadline: Date.UTC(2026, 0, 2, 5, 4, 5)}));
		for (const columns of [60, 80, 120]) {
			const {frame, shows} = withRun(handle, {}, {size: {columns, rows: 24}});
			await shows('connected');
			const line = frame().split('\n').at(-1) ?? '';
			expect(line).toMatch(/enter open .*d detach .*q quit · \? keys/);
			expect(line.length).toBeLessThanOrEqual(columns);
		}
	});

	test('without an IDE there is nothing to open, and the ssh command is copied', async () => {
		const copied: string[] = [];
		const state = runState();
		const handle = new TestHandle({
			...state,
			specification: {...state.specification, configuration: {...state.specification.configuration, ide: undefined}},
		});
		const engine = {ideLink: () => undefined};
		const {frame, press, shows} = withRun(handle, engine, {...narrow, copy: text => copied.push(text)});
		await shows('y copy ssh');
		expect(frame()).not.toContain('enter open');
		expect(frame()).toMatch(/none is named in the configuration; `ide: vscode` gives a\s+link/);
		await press('y');
		expect(copied).toEqual(['ssh fast-moth-1']);
	});
});

describe('leaving and ending', () => {
	test('ctrl-c of one that starts offers its end first, and a second one lets go of it', async () => {
		const handle = new TestHandle(runState({phase: 'starting', reachable: false}));
		const {shows, press, app} = withRun(handle);
		await press(keys.ctrlC);
		await shows('❯ Stop: end it and delete what is in it');
		await shows('Ctrl-c again lets go of it');
		await press(keys.enter);
		await vi.waitFor(() => expect(handle.done).toEqual(['stop']));
		expect((await app.ended).farewell).toBe('fast-moth-1 is gone.');
		const other = new TestHandle(runState({phase: 'starting', reachable: false}));
		const again = withRun(other);
		await again.press(keys.ctrlC, keys.ctrlC);
		expect((await again.app.ended).farewell).toContain('fast-moth-1 goes on');
		expect(other.done).toEqual(['detach']);
	});

	test('one that starts and holds work all the same is asked about', async () => {
		const handle = new TestHandle(runState({phase: 'starting'}));
		handle.unsaved = {changed: true, lines: ['train.py']};
		const {shows, press} = withRun(handle);
		await press(keys.ctrlC, keys.enter);
		await shows('train.py');
		expect(handle.done).toEqual([]);
	});

	test('a question that is still being prepared is taken back with esc, and does not come later', async () => {
		const answer = Promise.withResolvers<{changed: boolean; lines: string[]}>();
		const {shows, press, app} = await started({
			runs: async () => [runState()],
			unsavedWork: async () => answer.promise,
		});
		await press('E');
		await shows('fast-moth-1');
		await press('x');
		await shows('asking for work that exists nowhere else');
		await press(keys.esc);
		await shows('Left as it is');
		expect(app.state().busy).toBeUndefined();
		await press('x');
		await shows('asking for work');
		await press('q');
		answer.resolve({changed: true, lines: ['train.py']});
		await app.ended;
		await new Promise(resolve => setTimeout(resolve, 30));
		expect(app.state().dialog).toBeUndefined();
	});

	test('it does not come over another screen either', async () => {
		const answer = Promise.withResolvers<{changed: boolean; lines: string[]}>();
		const {shows, press, app} = await started({runs: async () => [runState()], unsavedWork: async () => answer.promise});
		await press('E');
		await shows('fast-moth-1');
		await press('x');
		await shows('asking for work');
		app.back();
		answer.resolve({changed: true, lines: ['train.py']});
		await vi.waitFor(() => expect(app.state().asking).toBeUndefined());
		expect(app.state().dialog).toBeUndefined();
		expect(app.state().screen).toBe('configurations');
	});

	test('an ended one says where its work is, how it is got, and can be deleted from its own screen', async () => {
		const kept = {place: '/workflow in the stopped container dstack-tui-fast-moth-1-1234', command: 'docker cp x:/workflow ./x'};
		const handle = new TestHandle(runState({phase: 'ended', reason: 'ended at its deadline', reachable: false, kept}));
		const {shows, press, frame} = withRun(handle, {unsavedWork: async () => ({changed: true, lines: ['what it kept']})}, narrow);
		await shows('What it held is kept: /workflow in the stopped container');
		await shows('Copy it out: docker cp x:/workflow ./x');
		await shows('x delete what it kept');
		expect(frame()).not.toContain('ended: ended');
		await press('x');
		await shows('Delete what fast-moth-1 has kept?');
		await shows('what it kept');
		await press(keys.down, keys.enter);
		await vi.waitFor(() => expect(handle.done).toEqual(['stop']));
	});

	test('what was detached for the list is told at the end, unless it was ended or taken up again', async () => {
		const handle = new TestHandle(runState());
		const {press, app, shows} = withRun(handle, {runs: async () => [runState()]});
		await press('E');
		await shows('❯ Detach');
		await press(keys.enter);
		await shows('environments');
		expect([...app.partings.values()].join()).toContain('fast-moth-1 goes on. Come back:');
		await shows('▶ fast-moth-1');
		await press('x');
		await shows('Yes, end it');
		await press(keys.down, keys.enter);
		await vi.waitFor(() => expect(app.partings.size).toBe(0));
	});
});

describe('the list of environments', () => {
	const many = [
		runState({name: 'brave-hummingbird-12', deadline: Date.UTC(2026, 0, 2, 12, 51, 5)}),
		runState({name: 'fast-moth-1', phase: 'failed'}),
	];

	test('every column that matters fits 80, and nothing is cut at 120', async () => {
		const specification = {...many[0]!.specification, configurationLabel: 'services/training/.dstack.yml', profile: 'large'};
		const runs = many.map(run => ({...run, specification}));
		for (const columns of [80, 120]) {
			const {press, shows, frame} = await started({runs: async () => runs}, {}, {size: {columns, rows: 24}});
			await press('E');
			await shows(/brave-hummingbird-12\s+ready/);
			expect(frame()).toContain('ENDS ITSELF');
			expect(frame()).toContain('in 9h47');
			expect(frame()).toMatch(/AGE/);
			expect(frame().includes('services/training/.dstack.yml large')).toBe(columns === 120);
			expect(
				frame()
					.split('\n')
					.filter(line => line.includes('…')),
			).toHaveLength(columns === 120 ? 0 : 2);
		}
	});

	test('the cursor stays on a row when others go', async () => {
		let runs = many;
		const {press, shows, app} = await started({
			runs: async () => runs,
			async stop() {
				runs = runs.slice(0, 1);
			},
		});
		await press('E');
		await shows('fast-moth-1');
		await press('j', 'x');
		await shows('Yes, end it');
		await press(keys.down, keys.enter);
		await shows('▶ brave-hummingbird-12');
		expect(app.state().cursor.environments).toBe(0);
	});
});
