import {appendFile, readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {Journal, readJournal, readState} from '../../source/runs/journal/journal.js';
import {readyLife} from '../support/events.js';
import {temporaryFolder} from '../support/folders.js';

async function written(folder: string): Promise<void> {
	const journal = await Journal.open(folder);
	await Promise.all(readyLife().map(async event => journal.append(event)));
}

describe('journal', () => {
	test('what was appended at once is read in order, by others too, and is private', async () => {
		const folder = await temporaryFolder();
		await written(folder);
		expect((await readJournal(folder)).events).toEqual(readyLife());
		expect((await readState(folder))?.phase).toBe('ready');
		expect((await stat(path.join(folder, 'journal.jsonl'))).mode & 0o777).toBe(0o600);
	});

	test('an absent journal is empty', async () => {
		expect(await readJournal(await temporaryFolder())).toEqual({events: [], damaged: [], whole: 0});
	});

	test('a line torn at any byte is put aside, and the next event is whole', async () => {
		const line = `${JSON.stringify({type: 'gone', at: 1, reason: 'über'})}\n`;
		for (const length of [1, 10, Buffer.byteLength(line) - 4, Buffer.byteLength(line) - 1]) {
			const folder = await temporaryFolder();
			await written(folder);
			await appendFile(path.join(folder, 'journal.jsonl'), Buffer.from(line).subarray(0, length));
			expect((await readJournal(folder)).damaged).toHaveLength(1);
			const journal = await Journal.open(folder);
			await journal.append({type: 'stopping', at: 99, reason: 'x'});
			const {events, damaged} = await readJournal(folder);
			expect(events).toEqual([...readyLife(), {type: 'stopping', at: 99, reason: 'x'}]);
			expect(damaged).toEqual([]);
			expect(await readFile(path.join(folder, 'journal.torn'), 'utf8')).not.toBe('');
		}
	});

	test('damaged lines in the middle are reported and lose nothing else', async () => {
		const folder = await temporaryFolder();
		await written(folder);
		const file = path.join(folder, 'journal.jsonl');
		await appendFile(file, 'no json\n{"type":"unheard-of","at":1}\n');
		await appendFile(file, `${JSON.stringify({type: 'stopping', at: 5, reason: 'x'})}\n`);
		const {events, damaged} = await readJournal(folder);
		expect(damaged).toEqual(['no json', '{"type":"unheard-of","at":1}']);
		expect(events.at(-1)).toEqual({type: 'stopping', at: 5, reason: 'x'});
		// Opening puts aside without losing what came after the damage.
		await (await Journal.open(folder)).append({type: 'gone', at: 6, reason: 'y'});
		expect((await readJournal(folder)).events.slice(-2).map(({type}) => type)).toEqual(['stopping', 'gone']);
	});
});
