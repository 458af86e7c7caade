import {describe, expect, test} from 'vitest';
import type {LogLine} from '../../source/runs/model/log-snapshot.js';
import {lastTop} from '../../source/ui/logs/log-lines.js';
import {runState, TestHandle} from '../support/ui.js';
import {keys, withRun} from '../support/view.js';

const lines = (count: number, text: (index: number) => string): LogLine[] =>
	Array.from({length: count}, (_, index) => ({at: index, pane: 'setup', text: text(index)}));

const inverse = (text: string) => `\u001B[7m${text}\u001B[27m`;

describe('logs of a connected environment', () => {
	const opened = async (log: LogLine[]) => {
		const handle = new TestHandle(runState());
		handle.lines = log;
		const shown = withRun(handle, {}, {size: {columns: 80, rows: 24}});
		await shown.press('l');
		return {handle, ...shown};
	};

	test('their own keys are shown, and esc closes them', async () => {
		const {shows, press, app} = await opened(lines(3, index => `line ${index}`));
		await shows(/\/ search · tab pane · w wrap · esc close .*q quit/);
		await press(keys.esc);
		expect(app.state().dialog).toBeUndefined();
		await shows('Open in VS Code');
	});

	test('an empty pane says so', async () => {
		const {shows, press} = await opened(lines(3, index => `line ${index}`));
		await press('1');
		await shows('nothing yet');
	});

	test('a search begins empty, marks what it finds, and its message goes with the next key', async () => {
		const {shows, press, frame, styled} = await opened(lines(200, index => `line ${index}${index % 50 === 7 ? ' needle' : ''}`));
		await press('g', '/', ...'needle', keys.enter);
		await shows('line 8 of 200');
		expect(styled()).toContain(inverse('needle'));
		await press('n');
		await shows('line 58 of 200');
		await press('n', 'n');
		await shows('line 158 of 200');
		// Near the end the lines still fill the screen.
		await press('N');
		await shows('line 108 of 200');
		await press('j');
		expect(frame()).not.toContain('line 108 of 200');
		await press('/', ...'nowhere');
		await shows('/ nowhere');
		await press(keys.enter);
		await shows("'nowhere' is not in this log");
	});

	test('long lines can be seen whole, and followed', async () => {
		const {shows, press, frame} = await opened(lines(60, index => `${index} ${'x'.repeat(150)} end-of-${index}`));
		await shows('…');
		expect(frame()).not.toContain('end-of-59');
		await press('w');
		await shows('end-of-59');
		await shows('following');
		await press('k');
		await shows('of 60');
		expect(frame()).not.toContain('end-of-59');
		expect(frame().split('\n')).toHaveLength(24);
		await press('j');
		await shows('end-of-59');
	});
});

test('the last top leaves no gap below, and a line that is higher than the area is reached', () => {
	const area = {cells: 10, height: 4};
	const run = {tab: 'setup', isWrapped: true} as const;
	expect(lastTop([], run, area)).toBe(0);
	expect(
		lastTop(
			lines(3, () => 'short'),
			run,
			area,
		),
	).toBe(0);
	expect(
		lastTop(
			lines(9, () => 'x'.repeat(15)),
			run,
			area,
		),
	).toBe(7);
	expect(
		lastTop(
			lines(9, () => 'x'.repeat(100)),
			run,
			area,
		),
	).toBe(8);
	expect(
		lastTop(
			lines(9, () => 'x'.repeat(100)),
			{...run, isWrapped: false},
			area,
		),
	).toBe(5);
});
