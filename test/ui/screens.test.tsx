import {describe, expect, test, vi} from 'vitest';
import {configurationFile, health, offers, port, preferences, runState, TestClock, TestHandle} from '../support/ui.js';
import {atOffers, keys, started, withRun} from '../support/view.js';

describe('choosing', () => {
	test('the configuration that was used last is under the cursor, its problems beside it', async () => {
		const broken = configurationFile({
			file: 'b.dstack.yml',
			label: 'b.dstack.yml',
			environment: undefined,
			diagnostics: [
				{severity: 'error', file: 'b.dstack.yml', line: 2, column: 1, message: 'unknown key setpu', suggestion: 'setup'},
			],
		});
		const {shows, press} = await started({
			configurations: async () => [configurationFile(), broken],
			preferences: {...preferences, last: () => ({configuration: 'b.dstack.yml'})},
		});
		await shows('▶ ✗ b.dstack.yml · 1 problem');
		await shows('b.dstack.yml:2:1: error: unknown key setpu');
		await press(keys.enter);
		await shows('b.dstack.yml has problems; e edits it');
	});

	test('a core that fails is told with its reason, and the screen stays usable', async () => {
		const {shows, press} = await started({
			configurations: async () => {
				throw new Error('the folder \u001B[31mcannot\u001B[0m be read');
			},
		});
		await shows('✗ the folder cannot be read');
		await press('?');
		await shows('Keys of this screen');
	});

	test('keys that come in one piece all count', async () => {
		const {shows, press, app} = await atOffers({offers: offers(50)});
		await press('jjj');
		expect(app.state().cursor.offers).toBe(3);
		await press(`${keys.down}${keys.down}`);
		const {shown, listing} = app.state();
		await shows(new RegExp(`▶\\s+\\S+\\s+\\S+\\s+${listing?.table.offer(shown.rows[5]!).instanceType}`));
		await press('G');
		expect(app.state().cursor.offers).toBe(49);
		await press('g', 'k');
		expect(app.state().cursor.offers).toBe(0);
	});

	test('a filter narrows as it is typed; esc takes it back, then goes back', async () => {
		const {shows, press, app} = await atOffers({offers: offers(40)});
		await press('/', 'g', 'p', 'u', ':', 'l', '4', '0');
		await shows(/10 of 40 offers/);
		await press(keys.backspace, keys.backspace);
		await press(keys.enter);
		expect(app.state().grid.filter).toBe('gpu:l');
		await press(keys.esc);
		expect(app.state().grid.filter).toBe('');
		expect(app.state().screen).toBe('offers');
		await press(keys.esc);
		expect(app.state().screen).toBe('configurations');
	});

	test('letters are text while a line is being typed, and pasting never acts as keys', async () => {
		const {press, app} = await atOffers();
		await press('/', 'q', 'x', '?');
		expect(app.state().field?.text).toBe('qx?');
		expect(app.state().screen).toBe('offers');
		await press(keys.esc);
		await press('\u001B[200~q\rx\u001B[201~');
		expect(app.state().screen).toBe('offers');
		expect(app.hasEnded).toBe(false);
	});

	test('sorting goes through the columns and back to the order of the plan', async () => {
		const {shows, press, app} = await atOffers({offers: offers(12)});
		await press('S');
		await shows("This is the plan's own order; s sorts by a column");
		await press('s', 's', 's', 's');
		await shows('CPU ▲');
		await press('S');
		await shows('CPU ▼');
		const {shown, listing} = app.state();
		expect(listing?.table.offer(shown.rows[0]!).cpu).toBe(32);
	});

	test('an offer that cannot be had says why', async () => {
		const offer = {...offers(1)[0]!, availability: 'no quota' as const, notes: ['0 of 8 vCPU left']};
		const {shows, press, app} = await atOffers({offers: [offer]});
		await press(keys.enter);
		await shows('Not to be had: 0 of 8 vCPU left');
		expect(app.state().screen).toBe('offers');
	});

	test('an offer of all regions says that it does not tell which have it', async () => {
		const offer = {...offers(1)[0]!, backend: 'lambda', region: 'any'};
		const {shows, press} = await atOffers({offers: [offer]});
		await press('i');
		await shows('lambda · any · one price for all regions; not told which of them have it');
	});

	test('40,000 offers: only the rows on the screen are drawn, and the cursor reaches the last', async () => {
		const {shows, press, frame} = await atOffers({offers: offers(40_000)});
		await press('G');
		await shows('type-39999');
		expect(frame().split('\n')).toHaveLength(24);
	});

	test('narrow screens leave out the columns that matter least', async () => {
		const {frame, shows} = await atOffers({}, {size: {columns: 60, rows: 20}});
		await shows('INSTANCE');
		expect(frame()).not.toContain('ENDS ITSELF');
		expect(frame()).toContain('$/H');
	});

	test('the plan is made for the chosen name, and started only when it is there', async () => {
		const {shows, press, app} = await atOffers();
		await press(keys.enter);
		await shows('enter start');
		await press('n');
		for (let index = 0; index < 11; index++) {
			await press(keys.backspace);
		}

		await press('m', 'o', 't', 'h', keys.enter);
		await shows(/name\s+moth/);
		await press(keys.enter);
		await vi.waitFor(() => expect(app.state().screen).toBe('run'));
	});

	test('the palette finds by words and does what was found', async () => {
		const {shows, press, app} = await started();
		await press(':', ...'list env');
		await shows('▶ List the environments that run');
		await press(keys.enter);
		expect(app.state().screen).toBe('environments');
	});
});

describe('a run on the screen', () => {
	test('steps with their times, logs beside them, and what is still to come', async () => {
		const handle = new TestHandle(
			runState({
				phase: 'starting',
				steps: [
					{
						id: 'instance',
						title: 'Start it',
						status: 'done',
						startedAt: Date.UTC(2026, 0, 2, 3, 4, 0),
						endedAt: Date.UTC(2026, 0, 2, 3, 4, 3),
						text: '',
					},
					{
						id: 'code',
						title: 'Copy the code',
						status: 'running',
						startedAt: Date.UTC(2026, 0, 2, 3, 4, 3),
						endedAt: undefined,
						text: '62 %, 3.1MB of 5MB',
					},
				],
			}),
		);
		handle.lines = [{at: 0, pane: 'setup', text: '+ make'}];
		const {shows, press} = withRun(handle);
		await shows(/✓ Start it\s+3s/);
		await shows(/Copy the code\s+2s/);
		await shows('62 %, 3.1MB of 5MB');
		await shows('· ssh');
		await shows('setup  + make');
		await press('1');
		await shows('[1 build]');
	});

	test('logs: following, scrolling back, searching', async () => {
		const handle = new TestHandle(runState({phase: 'starting'}));
		handle.lines = Array.from({length: 200}, (_, index) => ({
			at: index,
			pane: 'build',
			text: `line ${index}${index === 42 ? ' needle' : ''}`,
		}));
		const {shows, press, frame} = withRun(handle);
		await shows('line 199');
		await shows('following');
		await press('k');
		await shows(/\d+-199 of 200/);
		handle.lines = [...handle.lines, {at: 999, pane: 'build', text: 'newest'}];
		handle.tell();
		await shows('of 201');
		expect(frame()).not.toContain('newest');
		await press('/', ...'needle', keys.enter);
		await shows('line 43 of 201');
		await press('f');
		await shows('newest');
	});

	test('a failure shows command, code, last lines and the key; the key tries again', async () => {
		const handle = new TestHandle(
			runState({
				phase: 'failed',
				failure: {
					step: 'setup',
					message: 'failed',
					command: 'make all',
					code: 2,
					lastLines: ['one', 'make: *** [all] Error 2'],
					next: 'Mend it.',
				},
			}),
		);
		const {shows, press} = withRun(handle);
		await shows('✗ setup failed with exit code 2: make all');
		await shows('make: *** [all] Error 2');
		await shows('t try again');
		await press('t');
		expect(handle.done).toEqual(['retry']);
	});

	test('what could not be provisioned is told whole, with what to do next', async () => {
		const message = 'the registry says no, at length, and in many more words than one line of eighty columns has room for';
		const handle = new TestHandle(
			runState({
				phase: 'gone',
				reason: `could not be provisioned: ${message}`,
				attempts: [
					{at: 0, offer: runState().offer, zones: [], errorClass: 'permission', message, next: 'Check `registry_auth`.'},
				],
			}),
		);
		const {frame, shows} = withRun(handle, {}, {size: {columns: 80, rows: 24}});
		await shows('esc lists what else there is');
		expect(frame().replaceAll(/\s+/g, ' ')).toContain(`could not be provisioned: ${message} · Check \`registry_auth\`.`);
		expect(frame().split('\n')).toHaveLength(24);
	});

	test('connected: link, ssh, ports, health, time left and cost', async () => {
		const handle = new TestHandle(runState({deadline: Date.UTC(2026, 0, 2, 5, 4, 5), offer: {...runState().offer, price: 2}}));
		handle.health_ = health({
			reconnects: 2,
			ports: [port({local: 8889, remote: 8888, open: 3, total: 9, direct: false, wanted: 8888})],
		});
		const {shows} = withRun(handle);
		await shows('vscode://vscode-remote/ssh-remote+fast-moth-1/workflow');
		await shows(/Shell\s+ssh fast-moth-1/);
		await shows(/8889 › 8888\s+3 open\s+9B\s+\(8888 was taken\)/);
		await shows('● 12 ms · up 3m05 · 2 reconnects');
		await shows('(2h left)');
		await shows(/\$0\.14 so far · \$2\.00\/h/);
		handle.health_ = health({status: 'waiting', reason: 'the network is gone'});
		handle.tell();
		await shows('◌ trying (1st) · the network is gone');
	});

	test('connected: what a step could not do is said above the link', async () => {
		const step = {id: 'ide', title: 'Editor', startedAt: 0, endedAt: 1, share: undefined} as const;
		const text = 'the server needs glibc 2.28, and there is 2.17; the editor will say the same';
		const handle = new TestHandle(runState({steps: [{...step, status: 'warning', text}]}));
		const {frame, shows} = withRun(handle, {}, {size: {columns: 80, rows: 24}});
		await shows('! ide: the server needs glibc 2.28');
		expect(frame().indexOf('! ide:')).toBeLessThan(frame().indexOf('vscode://'));
		expect(frame().split('\n')).toHaveLength(24);
	});

	test('the clock of the screen moves once a second, and nothing moves where nothing depends on it', async () => {
		const clock = new TestClock();
		const handle = new TestHandle(runState());
		const {shows} = withRun(handle, {}, {clock});
		await shows('up 3m05');
		clock.pass(55_000);
		await shows('up 4m');
		const still = await started();
		// What it begins with is through.
		await new Promise(resolve => setTimeout(resolve, 50));
		let changes = 0;
		still.app.subscribe(() => changes++);
		(still.app.options.clock as TestClock).pass(60_000);
		await new Promise(resolve => setTimeout(resolve, 20));
		expect(changes).toBe(0);
	});

	test('leaving asks: stay, detach, or stop; what would be lost is told before the end', async () => {
		const handle = new TestHandle(runState());
		handle.unsaved = {changed: true, lines: ['M train.py']};
		const {shows, press, app} = withRun(handle);
		await press('q');
		await shows('Leave fast-moth-1?');
		await press(keys.esc);
		expect(app.state().dialog).toBeUndefined();
		await press('x');
		await shows('M train.py');
		await press(keys.esc);
		expect(handle.done).toEqual([]);
		await press('x');
		await shows('Yes, end it and lose that');
		await press(keys.down, keys.down, keys.enter);
		await shows('Lose the work in fast-moth-1 for good?');
		await press(keys.enter);
		expect(handle.done).toEqual([]);
		await press('x');
		await shows('Yes, end it and lose that');
		await press(keys.up, keys.enter, 'y');
		await vi.waitFor(() => expect(handle.done).toEqual(['stop']));
		await vi.waitFor(() => expect(app.state().screen).toBe('environments'));
	});

	test('a stop that fails is told, and the run can be left or stopped again', async () => {
		const handle = new TestHandle(runState());
		handle.stop = async () => {
			handle.change({phase: 'stopping'});
			throw new Error('the core does not answer');
		};
		const {shows, press, app} = withRun(handle);
		await press('x');
		await shows('Yes, end it');
		await press(keys.down, keys.enter);
		await shows('✗ the core does not answer');
		await press(keys.esc);
		await vi.waitFor(() => expect(app.state().screen).toBe('environments'));
	});

	test('a second ctrl-c lets go of it', async () => {
		const handle = new TestHandle(runState());
		const {shows, press, app} = withRun(handle);
		await press(keys.ctrlC);
		await shows('Leave fast-moth-1?');
		await press(keys.ctrlC);
		expect((await app.ended).farewell).toContain('fast-moth-1 goes on');
		expect(handle.done).toEqual(['detach']);
	});

	test('the link is opened and copied; where that cannot be done it is said', async () => {
		const copied: string[] = [];
		const handle = new TestHandle(runState());
		const {shows, press} = withRun(
			handle,
			{},
			{
				copy: text => copied.push(text),
				async open() {
					throw new Error('no desktop');
				},
			},
		);
		await press(keys.enter);
		await shows('It could not be opened from here: no desktop. The link is copied, if your terminal allows it');
		await press('y');
		await shows('Copied, if your terminal allows it');
		const link = 'vscode://vscode-remote/ssh-remote+fast-moth-1/workflow';
		expect(copied).toEqual([link, link]);
	});
});
