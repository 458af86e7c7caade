import {describe, expect, test, vi} from 'vitest';
import type {BroughtHome} from '../../source/environment/bring-home/bring-home.js';
import {Problem} from '../../source/system/problem.js';
import {showRun} from '../../source/ui/store/running.js';
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
		const core = {ideLink: () => undefined};
		const {frame, press, shows} = withRun(handle, core, {...narrow, copy: text => copied.push(text)});
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
		await vi.waitFor(() => expect(app.takeBack).toBeUndefined());
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
		await press(keys.up, keys.enter, 'y');
		await vi.waitFor(() => expect(handle.done).toEqual(['stop']));
	});

	const brought: BroughtHome = {
		folder: '/data/home/fast-moth-1-2026-01-02',
		repositories: [
			{
				place: '',
				into: '/project',
				brought: [{name: 'dstack-tui/fast-moth-1/uncommitted', commit: 'a'.repeat(40), kind: 'branch', of: 'uncommitted/0'}],
				patch: '/data/home/fast-moth-1-2026-01-02/uncommitted.patch',
				bundle: undefined,
				archive: undefined,
				notes: [],
			},
		],
	};

	test.each(['b', keys.enter])('work is brought home by one key before the end, and where it is is told (%j)', async key => {
		const handle = new TestHandle(runState());
		handle.unsaved = {changed: true, lines: ['train.py']};
		const asked: string[] = [];
		const {shows, press, app, frame} = withRun(handle, {
			async bringHome(name, how) {
				how?.onReport?.({done: 2048, total: 4096, unit: 'bytes'});
				asked.push(name, ...handle.done);
				return brought;
			},
		});
		await press('x');
		await shows('❯ b: bring that home, then end it');
		await press(key);
		await vi.waitFor(() => expect(handle.done).toEqual(['stop']));
		expect(asked).toEqual(['fast-moth-1']);
		await shows('Brought home: branch dstack-tui/fast-moth-1/uncommitted');
		expect([...app.partings.values()].join('\n')).toContain(
			'git -C /project apply --3way /data/home/fast-moth-1-2026-01-02/uncommitted.patch',
		);
		expect(frame()).not.toContain('✗');
	});

	test('work that cannot be brought home ends nothing', async () => {
		const handle = new TestHandle(runState());
		handle.unsaved = {changed: true, lines: ['train.py']};
		const {shows, press} = withRun(handle, {
			async bringHome() {
				throw new Problem('failed', 'the disk is full', {next: 'Free some space and try again.'});
			},
		});
		await press('x');
		await shows('train.py');
		await press('b');
		await shows('✗ It was not ended, since its work could not be brought home: the disk is full');
		await shows('Free some space and try again.');
		expect(handle.done).toEqual([]);
	});

	test('bringing it home is taken back with esc, and ends nothing', async () => {
		const handle = new TestHandle(runState());
		handle.unsaved = {changed: true, lines: ['train.py']};
		const {shows, press, app} = withRun(handle, {
			bringHome: async (_name, how) =>
				new Promise((_resolve, reject) => {
					how?.signal?.addEventListener('abort', () => reject(how.signal?.reason as Error));
				}),
		});
		await press('x');
		await shows('train.py');
		await press('b');
		await shows('bringing home what exists only in fast-moth-1; esc leaves it as it is');
		await press(keys.esc);
		await shows('Left as it is');
		await vi.waitFor(() => expect(app.state().busy).toBeUndefined());
		expect(app.state().trouble).toBeUndefined();
		expect(handle.done).toEqual([]);
	});

	test('b alone brings home, and it goes on', async () => {
		const handle = new TestHandle(runState());
		const {shows, press} = withRun(handle, {bringHome: async () => brought});
		await press('b');
		await shows('Brought home: branch dstack-tui/fast-moth-1/uncommitted');
		expect(handle.done).toEqual([]);
	});

	test('one that cannot be asked is ended only after a second question', async () => {
		const {shows, press, app} = await started({runs: async () => [runState()], unsavedWork: async () => undefined});
		await press('E');
		await shows('fast-moth-1');
		await press('x');
		await shows('It cannot be asked for work that exists nowhere else.');
		await press(keys.down, keys.enter);
		await shows('Lose the work in fast-moth-1 for good?');
		await press(keys.enter);
		await vi.waitFor(() => expect(app.state().dialog).toBeUndefined());
	});

	test('what was detached for the list is told at the end, unless it was ended or taken up again', async () => {
		const handle = new TestHandle(runState());
		const {press, app, shows} = withRun(new TestHandle(runState({name: 'brave-fox-2'})), {runs: async () => [runState()]});
		showRun(app, handle);
		await press('d');
		await shows('› brave-fox-2 ›');
		expect(handle.done).toEqual(['detach']);
		await press('E');
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
