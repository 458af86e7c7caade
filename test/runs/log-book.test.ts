import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {LogReader} from '../../source/runs/journal/log-reader.js';
import {LineCutter, MemoryLog} from '../../source/runs/journal/logs.js';
import {lastLinesOf, linesOf, type LogSnapshot} from '../../source/runs/model/log-snapshot.js';
import {StepLog} from '../../source/runs/journal/step-log.js';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {temporaryFolder} from '../support/folders.js';
import {deepFrozen} from '../support/frozen.js';
import {collect} from '../support/iterate.js';

describe('log lines', () => {
	test('however output is cut, the lines are the same', () => {
		fc.assert(
			fc.property(fc.array(fc.stringMatching(/^[a-z \n]*$/)), pieces => {
				const [whole, cut] = [new LineCutter(), new LineCutter()];
				const text = pieces.join('');
				expect([...pieces.flatMap(piece => cut.push(piece)), ...cut.end()]).toEqual([...whole.push(text), ...whole.end()]);
			}),
		);
	});

	test('a progress bar is its last version, escapes are gone, and text cannot pose as more lines', () => {
		const cutter = new LineCutter();
		expect(cutter.push('10 %\r50 %\r100 %\n\u001B[31mred\u001B[0m\u001B]8;;http://x\u0007link\u001B]8;;\u0007\n')).toEqual([
			'100 %',
			'redlink',
		]);
		expect(cutter.push('ends with return\r\n')).toEqual(['ends with return']);
	});

	test('output without a newline does not grow for ever', () => {
		const cutter = new LineCutter();
		for (let index = 0; index < 100; index++) {
			cutter.push('x'.repeat(1000));
		}

		expect(cutter.end().join('').length).toBeLessThan(20_000);
	});

	test('the log in memory keeps the newest, bounded', () => {
		const log = new MemoryLog();
		for (let index = 0; index < 30_000; index++) {
			log.add({at: index, pane: index % 2 ? 'build' : 'setup', text: `line ${index}`});
		}

		const snapshot = log.snapshot();
		const lines = linesOf(snapshot, 'all');
		expect(snapshot.version).toBe(30_000);
		expect(lines.length).toBeLessThanOrEqual(11_000);
		expect(lines.length).toBeGreaterThanOrEqual(10_000);
		expect(lines.map(({at}) => at)).toEqual(lines.map((_, index) => 30_000 - lines.length + index));
		expect(linesOf(snapshot, 'build')).toEqual(lines.filter(({pane}) => pane === 'build'));
	});

	test('long lines are bounded by their bytes', () => {
		const log = new MemoryLog();
		for (let index = 0; index < 9000; index++) {
			log.add({at: index, pane: 'build', text: 'x'.repeat(4000)});
		}

		const lines = linesOf(log.snapshot(), 'all');
		expect(lines.length * 4000).toBeLessThanOrEqual(5.3 * 1024 * 1024);
		expect(lines.length * 4000).toBeGreaterThan(3 * 1024 * 1024);
		expect(lines.at(-1)?.at).toBe(8999);
	});

	test('a snapshot never changes, whatever comes after it, and is the same one until something does', () => {
		const log = new MemoryLog();
		const seen: Array<{snapshot: LogSnapshot; text: string}> = [];
		for (let index = 0; index < 12_000; index++) {
			log.add({at: index, pane: index % 3 ? 'build' : 'setup', text: `line ${index}`});
			if (index % 977 === 0) {
				const snapshot = log.snapshot();
				expect(log.snapshot()).toBe(snapshot);
				seen.push({snapshot: deepFrozen(snapshot), text: JSON.stringify(snapshot)});
			}
		}

		for (const {snapshot, text} of seen) {
			expect(JSON.stringify(snapshot)).toBe(text);
		}

		expect(new Set(seen.map(({snapshot}) => snapshot.version)).size).toBe(seen.length);
	});

	test('the last lines of a pane are the end of all of them', () => {
		const pane = fc.constantFrom('build' as const, 'setup' as const, 'events' as const);
		fc.assert(
			fc.property(fc.array(pane, {maxLength: 700}), fc.integer({min: 0, max: 800}), (panes, count) => {
				const log = new MemoryLog();
				panes.forEach((each, at) => log.add({at, pane: each, text: ''}));
				for (const each of ['all', 'build', 'events'] as const) {
					const lines = linesOf(log.snapshot(), each);
					expect(lastLinesOf(log.snapshot(), each, count)).toEqual(lines.slice(Math.max(0, lines.length - count)));
				}
			}),
		);
	});

	test('logs on disk are read in the order of the steps; a step begun again begins anew', async () => {
		const folder = await temporaryFolder();
		await mkdir(path.join(folder, 'logs'));
		for (const [step, text] of [
			['init', 'later\n'],
			['setup', 'first try\n'],
			['setup', 'second try\nno newline'],
		] as const) {
			const log = new StepLog(folder, step);
			log.write(text);
			log.finish();
		}

		const parts = await collect(new LogReader(folder).read({all: true}));
		expect(parts).toEqual([
			{step: 'setup', lines: ['second try']},
			{step: 'setup', lines: ['no newline']},
			{step: 'init', lines: ['later']},
		]);
	});
});
