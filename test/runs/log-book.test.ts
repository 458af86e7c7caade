import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {LogReader} from '../../source/runs/journal/log-reader.js';
import {LineCutter, MemoryLogBook} from '../../source/runs/journal/logs.js';
import {StepLog} from '../../source/runs/journal/step-log.js';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {temporaryFolder} from '../support/folders.js';
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

	test('the book keeps the newest, bounded', () => {
		const book = new MemoryLogBook();
		for (let index = 0; index < 30_000; index++) {
			book.add({at: index, pane: index % 2 ? 'build' : 'setup', text: `line ${index}`});
		}

		expect(book.version).toBe(30_000);
		expect(book.lines('all').length).toBeLessThanOrEqual(11_000);
		expect(book.lines('all').at(-1)?.text).toBe('line 29999');
		expect(book.lines('build').every(({pane}) => pane === 'build')).toBe(true);
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
