import {existsSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {isStopRequested, requestStop, withdrawStop} from '../../source/runs/end/stop-request.js';
import {stopRecord} from '../../source/runs/end/stop-run.js';
import {openRecord} from '../../source/runs/journal/record.js';
import {Program, runName, World} from './life/program.js';

let world: World;

beforeEach(async () => {
	world = new World();
	await new Program(world).start();
});

afterEach(() => {
	world.remove();
});

test('an end that was asked for in vain is not asked for any more: an owner that wakes up later ends nothing', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	expect(await owner.own()).toBe(true);
	await expect(stopRecord(context, await openRecord(context, runName), 'stopped')).rejects.toThrow(
		'is not asked for that any more',
	);
	expect(await isStopRequested(owner.folder)).toBe(false);
	expect(world.cloud.alive()).toHaveLength(1);
	await owner.release();
});

test('a request holds for as long as its asker lives, and without one it is none', async () => {
	const {folder} = await openRecord(new Program(world).context, runName);
	await requestStop(folder);
	expect(await isStopRequested(folder)).toBe(true);
	await withdrawStop(folder);
	expect(await isStopRequested(folder)).toBe(false);
	for (const left of ['', JSON.stringify({pid: 2 ** 22 + 1, start: '1'})]) {
		await writeFile(path.join(folder, 'stop-requested'), left);
		expect(await isStopRequested(folder)).toBe(false);
		expect(existsSync(path.join(folder, 'stop-requested'))).toBe(false);
	}
});
