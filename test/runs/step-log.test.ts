import {mkdir, readdir, readFile, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, onTestFinished, test} from 'vitest';
import {type LogPart, LogReader, readLogTails} from '../../source/runs/journal/log-reader.js';
import {StepLog} from '../../source/runs/journal/step-log.js';
import {temporaryFolder} from '../support/folders.js';
import {collect} from '../support/iterate.js';

const pieceSize = 1000;

async function makeFolder(): Promise<string> {
	const folder = await temporaryFolder();
	await mkdir(path.join(folder, 'logs'));
	return folder;
}

function readerOf(folder: string): LogReader {
	const reader = new LogReader(folder);
	onTestFinished(async () => reader.close());
	return reader;
}

const read = async (reader: LogReader, all = false): Promise<LogPart[]> => collect(reader.read({all}));
const linesOf = (parts: readonly LogPart[]): string[] => parts.flatMap(part => ('lines' in part ? part.lines : []));
const gapsOf = (parts: readonly LogPart[]) => parts.flatMap(part => ('leftOut' in part ? [part.leftOut] : []));

const sizeOf = async (folder: string): Promise<number> => {
	const files = await readdir(path.join(folder, 'logs'));
	const sizes = await Promise.all(files.map(async file => (await stat(path.join(folder, 'logs', file))).size));
	return sizes.reduce((sum, size) => sum + size, 0);
};

describe('a log on disk', () => {
	test('keeps its beginning and its end, never more than its room, and tells what is missing to the line and the byte', async () => {
		const line = fc.string({unit: 'grapheme', maxLength: 300}).map(text => text.replaceAll(/[\r\n]/g, '-'));
		await fc.assert(
			fc.asyncProperty(
				fc.array(line, {minLength: 1, maxLength: 80}),
				fc.array(fc.nat({max: 700}), {minLength: 1}),
				async (lines, cuts) => {
					const folder = await makeFolder();
					const log = new StepLog(folder, 'setup', {pieceSize});
					const text = lines.map((each, index) => `${index} ${each}\n`).join('');
					let rest = text;
					for (let turn = 0; rest !== ''; turn++) {
						const cut = 1 + (cuts[turn % cuts.length] ?? 0);
						// A letter comes whole: output is decoded before.
						const part =
							Buffer.from(rest.slice(0, cut)).toString() === rest.slice(0, cut) ? rest.slice(0, cut) : rest.slice(0, cut + 1);
						log.write(part);
						rest = rest.slice(part.length);
					}

					log.finish();
					expect(await sizeOf(folder)).toBeLessThanOrEqual(4 * pieceSize + 4 * 1300);
					const parts = await read(readerOf(folder), true);
					const told = linesOf(parts).map(each => Number(each.split(' ')[0]));
					const [gap, ...more] = gapsOf(parts);
					expect(more).toEqual([]);
					expect(told.length + (gap?.lines ?? 0)).toBe(lines.length);
					expect((await sizeOf(folder)) + (gap?.bytes ?? 0)).toBe(Buffer.byteLength(text));
					expect([told[0], told.at(-1)]).toEqual([0, lines.length - 1]);
					const begin = told.findIndex((number, index) => number !== index);
					const tail = begin < 0 ? [] : told.slice(begin);
					expect(tail).toEqual(tail.map((_, index) => lines.length - tail.length + index));
				},
			),
			{numRuns: 60},
		);
	});

	test('a line without an end does not fill the disk', async () => {
		const folder = await makeFolder();
		const log = new StepLog(folder, 'init', {pieceSize});
		for (let turn = 0; turn < 1000; turn++) {
			log.write('x'.repeat(10_000));
		}

		log.finish();
		expect(await sizeOf(folder)).toBeLessThan(400_000);
		expect(gapsOf(await read(readerOf(folder)))).toEqual([{bytes: 10_000_000 - (await sizeOf(folder)), lines: 0}]);
	});

	test('what did not come is named where it is missing', async () => {
		const folder = await makeFolder();
		const log = new StepLog(folder, 'setup', {pieceSize});
		const reader = readerOf(folder);
		log.write('first\nhalf');
		expect(linesOf(await read(reader))).toEqual(['first']);
		log.leaveOut({bytes: 5000, lines: 12});
		log.write('last\n');
		log.finish();
		const parts = [
			{step: 'setup', lines: ['half']},
			{step: 'setup', leftOut: {bytes: 5000, lines: 12}},
			{step: 'setup', lines: ['last']},
		];
		expect(await read(reader)).toEqual(parts);
		expect(await read(reader)).toEqual([]);
		const [tail] = await readLogTails(folder);
		expect(tail).toEqual({step: 'setup', text: 'last\n', isCut: true});
	});

	test('who follows it hears each line once, over pieces that come and go, and all of a step that is begun anew', async () => {
		const folder = await makeFolder();
		const reader = readerOf(folder);
		const heard: string[] = [];
		const log = new StepLog(folder, 'setup', {pieceSize});
		for (let index = 0; index < 2000; index++) {
			log.write(`line ${index}\n`);
			if (index % 40 === 0) {
				heard.push(...linesOf(await read(reader)));
			}
		}

		heard.push(...linesOf(await read(reader)));
		expect(heard).toEqual(Array.from({length: 2000}, (_, index) => `line ${index}`));
		const again = new StepLog(folder, 'setup', {pieceSize});
		// Longer than what there was: only the file itself tells that it is another.
		const lines = Array.from({length: 30}, (_, index) => `again ${index}`);
		again.write(`${lines.join('\n')}\n`);
		expect(linesOf(await read(reader))).toEqual(lines);
	});

	test('where it cannot be written the step goes on, that is said once, and what comes later is kept again', async () => {
		const folder = await temporaryFolder();
		const troubles: string[] = [];
		const log = new StepLog(folder, 'setup', {pieceSize, onTrouble: message => troubles.push(message)});
		log.write('lost\n');
		log.write('lost too\n');
		expect(troubles).toEqual([expect.stringMatching(/setup\.log cannot be written: .*ENOENT/)]);
		await mkdir(path.join(folder, 'logs'));
		log.write('kept\n');
		log.finish();
		expect(await read(readerOf(folder))).toEqual([
			{step: 'setup', leftOut: {bytes: 14, lines: 2}},
			{step: 'setup', lines: ['kept']},
		]);
		await rm(path.join(folder, 'logs'), {recursive: true});
		expect(await read(readerOf(folder))).toEqual([]);
	});

	test('one of an earlier try leaves nothing in the next', async () => {
		const folder = await makeFolder();
		const first = new StepLog(folder, 'build', {pieceSize});
		first.write('a line\n'.repeat(1000));
		first.finish();
		expect((await readdir(path.join(folder, 'logs'))).length).toBeGreaterThan(2);
		new StepLog(folder, 'build', {pieceSize}).write('anew\n');
		expect(await readdir(path.join(folder, 'logs'))).toEqual(['build.log']);
		expect(await readFile(path.join(folder, 'logs', 'build.log'), 'utf8')).toBe('anew\n');
	});
});
