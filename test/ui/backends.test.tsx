import {render} from 'ink-testing-library';
import {afterEach, describe, expect, test, vi} from 'vitest';
import type {BackendEntry, BackendReport} from '../../source/backends/report.js';
import type {Core} from '../../source/runs/core.js';
import {Root} from '../../source/ui/app.js';
import type {App} from '../../source/ui/store/app.js';
import {loadFolder} from '../../source/ui/store/load-folder.js';
import {onPointed} from '../../source/ui/pointing.js';
import {configurationFile, testApp, TestClock, testCore} from '../support/ui.js';

let last: ReturnType<typeof render> | undefined;

afterEach(() => {
	last?.unmount();
});

const entry = (changes: Partial<BackendEntry>): BackendEntry => ({
	name: 'aws',
	state: 'ready',
	origin: 'profile work of ~/.aws',
	launches: false,
	deadline: 'guest',
	notes: [],
	missing: [],
	next: undefined,
	...changes,
});

const local = entry({name: 'local', origin: 'this machine', launches: true, notes: ['docker answers']});
const untested = entry({state: 'untested'});
const failed = entry({
	state: 'failed',
	notes: ['regions and prices can be read', 'capacity cannot be checked \u001B[31mhere\nnow'],
	missing: ['ec2:DescribeRegions', 'ec2:GetInstanceTypesFromInstanceRequirements'],
	next: 'Let somebody who administers the account add these permissions to the role, or set AWS_PROFILE to a profile that has them, and test again here.',
});
const lambda = entry({
	name: 'lambda',
	state: 'not set up',
	origin: undefined,
	deadline: 'none',
	next: 'Make a key and set LAMBDA_API_KEY.',
});
const azure = entry({name: 'azure', state: 'catalogue only', origin: undefined, notes: ['compared from the catalogue']});

/** A question that a test answers piece by piece. */
class Asking {
	readonly signals: AbortSignal[] = [];
	tell: (each: BackendEntry) => void = () => undefined;
	settle: (report: Partial<BackendReport>) => void = () => undefined;
	fail: (error: Error) => void = () => undefined;

	readonly report: Core['backendReport'] = async (onEntry, signal) => {
		this.signals.push(signal);
		this.tell = onEntry;
		return new Promise((resolve, reject) => {
			this.settle = report => resolve({backends: [], problems: [], warnings: [], ...report});
			this.fail = reject;
		});
	};
}

type View = {
	app: App;
	clock: TestClock;
	asking: Asking;
	frame: () => string;
	press: (...keys: string[]) => Promise<void>;
	shows: (text: string | RegExp) => Promise<void>;
};

async function opened(size = {columns: 100, rows: 24}): Promise<View> {
	const asking = new Asking();
	const clock = new TestClock();
	const app = testApp(testCore({backendReport: asking.report}), {size, clock});
	const instance = render(<Root app={app} onSuspend={() => undefined} />);
	last = instance;
	const frame = () => (instance.lastFrame() ?? '').replaceAll(/\u001B\[[\d;]*m/g, '');
	const view: View = {
		app,
		clock,
		asking,
		frame,
		async press(...keys) {
			for (const key of keys) {
				instance.stdin.write(key);
				await new Promise(resolve => setTimeout(resolve, key === '\u001B' ? 60 : 5));
			}
		},
		shows: async text =>
			vi.waitFor(() => {
				expect(frame()).toMatch(text);
			}, 3000),
	};
	await loadFolder(app);
	await view.press('B');
	await view.shows('› backends');
	return view;
}

describe('the backends', () => {
	test('come as they are told, in an order of their own; one that is asked moves, and stops when all have answered', async () => {
		const {asking, shows, frame, clock, app} = await opened();
		expect(frame()).toContain('looking at how the backends are set up');
		asking.tell(azure);
		asking.tell(untested);
		asking.tell(lambda);
		asking.tell(local);
		await shows('⠋ asking');
		expect(frame()).toMatch(
			/local\s+✓ ready\s+this machine\s+yes[^]*aws\s+⠋ asking[^]*lambda\s+· not set up\s+-\s+not yet[^]*azure\s+· catalogue only/,
		);
		clock.pass(250);
		await shows('⠙ asking');
		asking.tell(failed);
		asking.settle({problems: ['backends.yml:3:5 unknown type']});
		await shows(/aws\s+✗ failed/);
		await shows('backends.yml:3:5 unknown type');
		const {beat} = app.state();
		clock.pass(1000);
		expect(app.state().beat).toBe(beat);
	});

	test.each([
		{columns: 60, rows: 24},
		{columns: 80, rows: 24},
		{columns: 120, rows: 40},
	])('below is everything about the one under the cursor, nothing of it cut, at $columns×$rows', async size => {
		const {asking, press, shows, frame} = await opened(size);
		for (const each of [local, failed, lambda]) {
			asking.tell(each);
		}

		asking.settle({});
		await shows('docker answers');
		await press('j');
		await shows('capacity cannot be checked');
		const flat = frame()
			.split('\n')
			.map(line => line.trim())
			.join(' ');
		expect(flat).toContain('capacity cannot be checked here now');
		expect(flat).toContain(`Missing permissions: ${failed.missing.join(', ')}`);
		expect(flat).toContain(`Next: ${failed.next}`);
		await press('j');
		await shows('Next: Make a key and set LAMBDA_API_KEY.');
	});

	test('what would not fit says where the rest is, and the list stays', async () => {
		const {asking, shows, frame} = await opened({columns: 60, rows: 16});
		asking.tell({...failed, name: 'local', notes: Array.from({length: 30}, (_, index) => `note ${index}`)});
		asking.settle({});
		await shows('`dstack-tui backends` tells the rest');
		expect(frame()).toMatch(/local\s+✗ failed/);
	});

	test('the cursor stays with its backend while others come', async () => {
		const {asking, press, shows} = await opened();
		asking.tell(untested);
		asking.tell(lambda);
		await shows('lambda');
		await press('j');
		await shows(/▶ lambda/);
		asking.tell(local);
		await shows('local');
		await shows(/▶ lambda/);
	});

	test('r asks again and does not hear the first question any more; leaving ends the asking', async () => {
		const {asking, press, shows, app} = await opened();
		asking.tell(failed);
		await shows('failed');
		const {tell} = asking;
		await press('r');
		expect(asking.signals.map(({aborted}) => aborted)).toEqual([true, false]);
		tell(lambda);
		asking.tell(entry({}));
		await shows(/aws\s+✓ ready/);
		expect(app.state().backends?.entries).toHaveLength(1);
		await press('\u001B');
		await shows('› configurations');
		expect(asking.signals[1]?.aborted).toBe(true);
	});

	test('a question that fails as a whole is told, and nothing goes on moving', async () => {
		const {asking, shows, app} = await opened();
		asking.tell(untested);
		asking.fail(new Error('a part of this program cannot be read'));
		await shows('a part of this program cannot be read');
		await shows(/aws\s+· untested/);
		expect(app.state().backends?.complete).toBe(true);
	});
});

describe('the wheel and the focus', () => {
	const wheel = (app: App, by: 1 | -1) => onPointed(app, {kind: 'wheel', by, column: 5, row: 5});

	test('the wheel moves in lists and in the help, and in a question line by line', async () => {
		const configurations = Array.from({length: 9}, (_, index) =>
			configurationFile({path: `/project/${index}.dstack.yml`, file: `${index}.dstack.yml`}),
		);
		const app = testApp(testCore({configurations: async () => configurations}));
		await loadFolder(app);
		wheel(app, 1);
		expect(app.state().cursor.configurations).toBe(3);
		wheel(app, -1);
		wheel(app, -1);
		expect(app.state().cursor.configurations).toBe(0);
		app.set({help: 0});
		wheel(app, 1);
		expect(app.state()).toMatchObject({help: 3, cursor: {configurations: 0}});
		app.set({help: undefined});
		app.ask({title: 'Which?', lines: [], options: ['a', 'b', 'c'].map(value => ({label: value, value}))}, () => undefined);
		wheel(app, 1);
		expect(app.state().dialog?.index).toBe(1);
		onPointed(app, {kind: 'click', column: 5, row: 5});
		expect(app.state().dialog?.index).toBe(1);
	});

	test('without the focus nothing ticks; with it the time is right at once', async () => {
		const clock = new TestClock();
		const app = testApp(testCore(), {clock});
		app.set({screen: 'environments', busy: 'asking'});
		clock.pass(1000);
		const {now, beat} = app.state();
		expect(now).toBe(clock.now());
		expect(beat).toBeGreaterThan(0);
		onPointed(app, {kind: 'focus', focused: false});
		clock.pass(10_000);
		expect(app.state()).toMatchObject({now, beat});
		onPointed(app, {kind: 'focus', focused: true});
		expect(app.state().now).toBe(clock.now());
		clock.pass(1000);
		expect(app.state().beat).toBeGreaterThan(beat);
	});
});
