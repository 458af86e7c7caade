import {describe, expect, test, vi} from 'vitest';
import {showRun} from '../../source/ui/store/running.js';
import {openRuns} from '../../source/ui/store/state.js';
import {takeReconciled} from '../../source/ui/store/environments.js';
import {health, runState, TestHandle} from '../support/ui.js';
import {keys, started, withRun, type View} from '../support/view.js';

const narrow = {size: {columns: 80, rows: 24}};

/** Several open environments; the last one is shown. */
const opened = (
	names: readonly string[],
	core: Parameters<typeof withRun>[1] = {},
	options: Parameters<typeof withRun>[2] = narrow,
) => {
	const handles = names.map(name => new TestHandle(runState({name})));
	const shown = withRun(handles[0]!, core, options);
	for (const handle of handles.slice(1)) {
		showRun(shown.app, handle);
	}

	return {handles, ...shown};
};

const tabLine = ({frame}: Pick<View, 'frame'>): string => frame().split('\n')[1] ?? '';

describe('several environments at once', () => {
	test('one has no tabs; two stand below the title, each with its state, and keys turn from one to the other', async () => {
		const {handles, shows, press, frame, styled, app} = opened(['one-1', 'two-2']);
		await shows('› two-2 › connected');
		expect(tabLine({frame})).toBe('  ● one-1 [● two-2]');
		expect(styled()).toContain('\u001B[1m[● two-2]\u001B[22m');
		handles[0]!.health_ = health({status: 'waiting', reason: 'the network is gone'});
		handles[0]!.tell();
		await shows('◌ one-1 [● two-2]');
		await press(']');
		await shows('› one-1 › link lost');
		await press('[');
		await shows('› two-2 › connected');
		await press('d');
		await shows('› one-1 › link lost');
		expect(handles[1]!.done).toEqual(['detach']);
		expect(tabLine({frame})).not.toContain('[');
		expect(app.state().dialog).toBeUndefined();
		await press('d');
		expect((await app.ended).farewell).toContain('one-1 goes on');
		expect([...app.partings.values()].join()).toContain('two-2 goes on');
		expect(handles[0]!.done).toEqual(['detach']);
	});

	test.each([60, 80, 120])(
		'the keys that turn them are at the foot of the screen at %i columns, and not for one',
		async columns => {
			const {shows, press, frame} = opened(['one-1', 'two-2'], {}, {size: {columns, rows: 24}});
			const foot = () => frame().split('\n').at(-1);
			await shows('› two-2 › connected');
			expect(foot()).toContain('[ ] tabs');
			await press('E');
			await shows('› environments');
			expect(foot()).toContain('[ ] tabs');
			await press(']', 'd');
			await shows(/› (?:one-1|two-2) › connected/);
			await vi.waitFor(() => expect(foot()).not.toContain('tabs'));
		},
	);

	test('letting go shows the next one at once, however long it takes, and the end waits for it', async () => {
		const {handles, shows, press, app} = opened(['one-1', 'two-2']);
		const detached = Promise.withResolvers<undefined>();
		handles[1]!.detach = async () => detached.promise;
		await press('d');
		await shows('› one-1 › connected');
		expect(app.state().busy).toBeUndefined();
		let settled = false;
		const settling = app.settled().then(() => (settled = true));
		await new Promise(resolve => setTimeout(resolve, 20));
		expect(settled).toBe(false);
		detached.resolve(undefined);
		await settling;
	});

	test('one that cannot be let go of says why', async () => {
		const {handles, shows, press} = opened(['one-1', 'two-2']);
		handles[1]!.detach = async () => {
			throw new Error('the journal cannot be written');
		};
		await press('d');
		await shows('✗ the journal cannot be written');
	});

	test('the list keeps them open and marks them; enter shows a tab, and attaches to others in one more', async () => {
		const third = new TestHandle(runState({name: 'zebra-3'}));
		const attached: string[] = [];
		const {handles, shows, press, app} = opened(['one-1', 'two-2'], {
			runs: async () => ['one-1', 'two-2', 'zebra-3'].map(name => runState({name})),
			async attach(name) {
				attached.push(name);
				return third;
			},
		});
		await press('E');
		await shows(/one-1\s+ready · open/);
		await shows(/zebra-3\s+ready\s/);
		expect(handles.flatMap(({done}) => done)).toEqual([]);
		await press(keys.enter);
		await shows('› one-1 › connected');
		expect(attached).toEqual([]);
		await press('E', 'G', keys.enter);
		await shows('[● zebra-3]');
		expect(attached).toEqual(['zebra-3']);
		expect(app.state().runs.map(({name}) => name)).toEqual(['one-1', 'two-2', 'zebra-3']);
		await press('E');
		await shows('environments');
		await press(']');
		await shows('› zebra-3 ›');
	});

	test('one that is open is ended from the list by who holds it', async () => {
		const stopped: string[] = [];
		const {handles, shows, press, app} = opened(['one-1', 'two-2'], {
			runs: async () => [runState({name: 'one-1'}), runState({name: 'two-2'})],
			stop: async name => void stopped.push(name),
		});
		await press('E');
		await shows(/one-1\s+ready · open/);
		await press('x');
		await shows('Yes, end it');
		await press(keys.down, keys.enter);
		await vi.waitFor(() => expect(handles[0]!.done).toEqual(['stop']));
		await shows('one-1 is gone');
		expect(stopped).toEqual([]);
		expect(app.state().runs.map(({name}) => name)).toEqual(['two-2']);
	});

	test.each(['q', keys.ctrlC])('leaving asks once for all (%j)', async key => {
		const {handles, shows, press, app} = opened(['one-1', 'two-2', 'three-3']);
		await press(key);
		await shows('Leave 3 environments?');
		await shows('one-1, two-2, three-3');
		await press(keys.esc);
		expect(handles.flatMap(({done}) => done)).toEqual([]);
		await press(key);
		await shows('❯ Detach: they go on');
		await press(keys.enter);
		const {farewell} = await app.ended;
		expect(handles.map(({done}) => done)).toEqual([['detach'], ['detach'], ['detach']]);
		for (const name of ['one-1', 'two-2', 'three-3']) {
			expect(farewell).toContain(`${name} goes on`);
		}
	});

	test('a second ctrl-c lets go of all; from the list too', async () => {
		const {handles, shows, press, app} = opened(['one-1', 'two-2']);
		await press('E');
		await shows('environments');
		await press(keys.ctrlC);
		await shows('Ctrl-c again lets go of all of them');
		await press(keys.ctrlC);
		await app.ended;
		expect(handles.map(({done}) => done)).toEqual([['detach'], ['detach']]);
	});

	test('the end of one behind another tab is said, and seen at its tab; it is not asked about', async () => {
		const over = Promise.withResolvers<void>();
		const first = new TestHandle(runState({name: 'one-1'}));
		first.whenOver = async () => over.promise;
		const {shows, press, app} = withRun(first, {}, narrow);
		const second = new TestHandle(runState({name: 'two-2'}));
		showRun(app, second);
		await shows('[● two-2]');
		first.change({phase: 'gone', reason: 'the cloud took it back'});
		over.resolve();
		await shows('one-1 has ended');
		await shows('✗ one-1 [● two-2]');
		await press('q');
		await shows('Leave two-2?');
	});

	test('a link of one behind another tab that fails for good is said, and leaves the screen alone', async () => {
		const over = Promise.withResolvers<void>();
		const first = new TestHandle(runState({name: 'one-1'}));
		first.whenOver = async () => over.promise;
		const {shows, app} = withRun(first, {}, narrow);
		showRun(app, new TestHandle(runState({name: 'two-2'})));
		over.reject(new Error('the host key changed'));
		await shows('one-1: the host key changed');
		expect(app.state().trouble).toBeUndefined();
	});

	test('log, search and cursor are each environment’s own', async () => {
		const {handles, shows, press, frame} = opened(['one-1', 'two-2']);
		for (const handle of handles) {
			handle.lines = Array.from({length: 100}, (_, index) => ({
				at: index,
				pane: 'setup' as const,
				text: `${handle.name} line ${index}`,
			}));
		}

		await press('l', 'g', '2');
		await shows('[2 setup]');
		await press('/', ...'line 7', keys.enter);
		await shows('line 8 of 100');
		await press(']');
		await shows('› one-1 › connected');
		expect(frame()).not.toContain('[2 setup]');
		await press('l');
		await shows('[4 all]');
		await shows('one-1 line 99');
		await press('[');
		await shows('[2 setup]');
		await shows('two-2 line 7');
	});

	test('one whose failed end is confirmed loses its tab', async () => {
		const {handles, shows, app} = opened(['one-1', 'two-2']);
		handles[0]!.change({phase: 'stopping'});
		takeReconciled(app, {runs: [runState({name: 'one-1', phase: 'gone'})], orphans: [], notes: [], looked: []});
		await shows('one-1 is gone: its end is confirmed');
		await shows('› two-2 › connected');
		expect(openRuns(app.state())).toHaveLength(1);
	});

	test('a launch adds a tab to those that are open', async () => {
		const launched = new TestHandle(runState({name: 'new-9', phase: 'starting'}));
		const {shows, press, app} = await started({launch: async () => launched}, {}, narrow);
		showRun(app, new TestHandle(runState({name: 'one-1'})));
		await press('E', keys.esc);
		await shows('1 configuration');
		await press(keys.enter);
		await shows('offers');
		await press(keys.enter);
		await shows('enter start');
		await press(keys.enter);
		await shows('● one-1 [· new-9]');
	});

	test.each([60, 80, 120])('more tabs than %i columns have room for: the one that is shown is among them', async columns => {
		const names = Array.from({length: 12}, (_, index) => `environment-${index}-日本`);
		const {shows, press, frame} = opened(names, {}, {size: {columns, rows: 24}});
		for (let step = 0; step < names.length; step++) {
			await press(']');
			await shows(`› ${names[step]}`.slice(0, 16));
			const line = tabLine({frame});
			expect(line).toMatch(/\[● envi/);
			expect([...line].length + (line.match(/[日本]/g)?.length ?? 0)).toBeLessThanOrEqual(columns);
		}
	});
});
