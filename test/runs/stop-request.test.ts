import {readdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {
	findStopRequest,
	isStopFile,
	readRefusal,
	refuseStop,
	requestStop,
	withdrawStop,
} from '../../source/runs/end/stop-request.js';
import {WorkChanged} from '../../source/runs/end/newer-work.js';
import {stopRecord} from '../../source/runs/end/stop-run.js';
import {openRecord} from '../../source/runs/journal/record.js';
import {beatsOf} from '../support/beating-owner.js';
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
	const {context: given} = new Program(world);
	const owner = await openRecord(given, runName);
	expect(await owner.own()).toBe(true);
	// It works all the while, as its beats show, and does not hear.
	const beat = beatsOf(owner.folder);
	const sleep = async (time: number) => {
		await beat();
		world.now += time;
	};

	const context = {...given, clock: {...given.clock, sleep}};
	await expect(stopRecord(context, await openRecord(context, runName), 'stopped')).rejects.toThrow(
		'is not asked for that any more',
	);
	expect(await findStopRequest(owner.folder)).toBeUndefined();
	expect(world.cloud.alive()).toHaveLength(1);
	await owner.release();
});

test('a request holds for as long as its asker lives, and without one it is none', async () => {
	const {folder} = await openRecord(new Program(world).context, runName);
	await requestStop(folder, {lose: 'known', content: 'abc'});
	expect(await findStopRequest(folder)).toMatchObject({consent: {lose: 'known', content: 'abc'}});
	await withdrawStop(folder);
	expect(await findStopRequest(folder)).toBeUndefined();
	const dead = {pid: 2 ** 22 + 1, start: '1', consent: {lose: 'all'}};
	for (const left of ['', JSON.stringify(dead), JSON.stringify({pid: process.pid})]) {
		await writeFile(path.join(folder, 'stop-requested-1'), left);
		expect(await findStopRequest(folder)).toBeUndefined();
		expect((await readdir(folder)).filter(isStopFile)).toEqual([]);
	}
});

test('an owner that refuses says why, and is not asked any more', async () => {
	const {folder} = await openRecord(new Program(world).context, runName);
	await requestStop(folder, {lose: 'nothing'});
	const request = await findStopRequest(folder);
	expect(request).toBeDefined();
	if (request) {
		await refuseStop(request, runName, new WorkChanged(runName, ['train.py']));
	}

	expect(await findStopRequest(folder)).toBeUndefined();
	const refusal = await readRefusal(folder);
	expect(refusal).toBeInstanceOf(WorkChanged);
	expect(refusal?.details).toEqual(['train.py']);
	await withdrawStop(folder);
	expect(await readRefusal(folder)).toBeUndefined();
	expect((await readdir(folder)).filter(isStopFile)).toEqual([]);
});
