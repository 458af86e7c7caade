import {appendFile, rm, truncate, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {expect, onTestFinished, test} from 'vitest';
import {linesOf} from '../../source/runs/model/log-snapshot.js';
import type {RunContext} from '../../source/runs/context.js';
import {Journal} from '../../source/runs/journal/journal.js';
import {LogReader} from '../../source/runs/journal/log-reader.js';
import {openRecord} from '../../source/runs/journal/record.js';
import {claimFolder, logFolder, writeRunFiles} from '../../source/runs/journal/run-folder.js';
import {systemClock} from '../../source/system/clock.js';
import {resolvePaths} from '../../source/system/paths.js';
import {readyLife} from '../support/events.js';
import {temporaryFolder} from '../support/folders.js';
import {collect} from '../support/iterate.js';

const name = 'fast-moth-1';
const gib = 1024 ** 3;

/** A run that is ready, whose setup has written `size` bytes in one file, mostly holes, as older programs kept it. */
async function makeRun(size: number) {
	const paths = resolvePaths({DSTACK_TUI_HOME: await temporaryFolder()});
	const context = {paths, clock: systemClock} as unknown as RunContext;
	const folder = await claimFolder(paths, name, async () => false);
	await writeRunFiles(folder, name, {env: {}, registryAuth: undefined});
	const journal = await Journal.open(folder);
	for (const event of readyLife()) {
		await journal.append(event);
	}

	const file = path.join(logFolder(folder), 'setup.log');
	await appendFile(file, 'the first line\n');
	await truncate(file, Math.floor(size));
	await appendFile(file, '\nnext to last\nthe last line\n');
	return {context, folder, file};
}

test.each([0.6, 3])('a log of %d GiB keeps nobody from ending a run or looking at it', async size => {
	const {context} = await makeRun(size * gib);
	expect((await openRecord(context, name)).known.phase).toBe('ready');
	const {known, logs} = await openRecord(context, name, {withLogs: true});
	expect(known.phase).toBe('ready');
	const lines = linesOf(logs.snapshot(), 'setup').map(({text}) => text);
	expect(lines.slice(-2)).toEqual(['next to last', 'the last line']);
	expect(lines[0]).toMatch(/earlier lines: .* logs fast-moth-1/);
});

test('what ends a run reads no logs', async () => {
	const {context, folder} = await makeRun(1000);
	await rm(logFolder(folder), {recursive: true});
	// Whatever is read there fails.
	await writeFile(logFolder(folder), 'no folder');
	expect((await openRecord(context, name)).known.phase).toBe('ready');
	await expect(openRecord(context, name, {withLogs: true})).rejects.toThrow('ENOTDIR');
});

test('a log is read as it goes: memory stays flat, and at rest nothing is read', async () => {
	const {folder, file} = await makeRun(1000);
	const block = 'a line of a build that says very much\n'.repeat(30_000);
	for (let turn = 0; turn < 100; turn++) {
		await appendFile(file, block);
	}

	const reader = new LogReader(folder);
	onTestFinished(async () => reader.close());
	let [lines, most] = [0, 0];
	const before = process.memoryUsage.rss();
	for await (const part of reader.read()) {
		lines += 'lines' in part ? part.lines.length : 0;
		most = Math.max(most, process.memoryUsage.rss() - before);
	}

	expect(lines).toBeGreaterThan(2_900_000);
	expect(most).toBeLessThan(120 * 1024 * 1024);
	const cpu = process.cpuUsage();
	for (let turn = 0; turn < 20; turn++) {
		expect(await collect(reader.read())).toEqual([]);
		expect(await reader.isOver()).toBe(false);
	}

	// Ten seconds of following, which took 75 % of a core before.
	const {user, system} = process.cpuUsage(cpu);
	expect((user + system) / 1000).toBeLessThan(200);
	await appendFile(file, 'one more\n');
	expect(await collect(reader.read())).toEqual([{step: 'setup', lines: ['one more']}]);
});
