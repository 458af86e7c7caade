import {expect, test, vi} from 'vitest';
import type {Output} from '../../source/commands/io.js';
import {printLogs} from '../../source/commands/logs.js';
import type {Core} from '../../source/runs/core.js';
import type {LogReader} from '../../source/runs/journal/log-reader.js';
import {systemClock} from '../../source/system/clock.js';
import {testCore} from '../support/ui.js';

test('a cloud that hangs holds up no line of a log that is followed; what could not be asked is said, and the question ends with it', async () => {
	const lines: string[] = [];
	const notes: string[] = [];
	const fresh: string[] = ['first'];
	let isOver = false;
	const asks: Array<NonNullable<Parameters<Core['runs']>[0]>> = [];
	const reader = {
		async *read() {
			yield {step: 'setup', lines: fresh.splice(0)};
		},
		isOver: async () => isOver,
		close: async () => undefined,
	} as unknown as LogReader;
	const core = testCore({
		logs: async () => reader,
		runs: async (options = {}) => {
			asks.push(options);
			return new Promise(() => undefined);
		},
	});
	const output = {
		...{json: false, object: () => undefined, drained: async () => undefined},
		line: (text = '') => void lines.push(text),
		note: (text: string) => void notes.push(text),
	} as unknown as Output;
	const following = printLogs(core, 'fast-moth-1', true, output, systemClock);
	await vi.waitFor(() => expect(asks).toHaveLength(1));
	expect(asks[0]?.names).toEqual(['fast-moth-1']);
	fresh.push('still here');
	await vi.waitFor(() => expect(lines).toEqual(['[setup] first', '[setup] still here']), 5000);
	asks[0]?.onUnchecked?.('fast-moth-1', 'aws: waited 70 s');
	expect(notes).toEqual([expect.stringContaining('could not be asked: aws: waited 70 s')]);
	isOver = true;
	await following;
	expect(asks).toHaveLength(1);
	expect(asks[0]?.signal?.aborted).toBe(true);
});
