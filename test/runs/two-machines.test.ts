import {readdir, readFile, rm, stat, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {findStopRequest} from '../../source/runs/end/stop-request.js';
import {reconcile} from '../../source/runs/end/reconcile.js';
import {stopRecord} from '../../source/runs/end/stop-run.js';
import {answerRequests} from '../../source/runs/journal/owner-requests.js';
import {ownerElsewhere, ownership} from '../../source/runs/journal/ownership.js';
import {openRecord} from '../../source/runs/journal/record.js';
import {followUntilOwned} from '../../source/runs/live/follower.js';
import {thisHolder} from '../../source/system/holder.js';
import {Waits} from '../../source/system/waits.js';
import {z} from 'zod';
import {Program, runName, World} from './life/program.js';

// A home folder that two machines have, and a program on the other one, `laptop-a`, that looks after the run.

let world: World;
let folder: string;

beforeEach(async () => {
	world = new World();
	await new Program(world).start();
	folder = (await openRecord(new Program(world).context, runName)).folder;
});

afterEach(() => {
	world.remove();
});

const theirs = {id: '0123456789abcdef', name: 'laptop-a'};

/** Another machine's program: with a number that a process here has, too. */
const otherHolder = async () => ({...(await thisHolder()), machine: theirs});

async function ownFromElsewhere(): Promise<string> {
	for (const name of (await readdir(folder)).filter(each => each.startsWith('owner.json'))) {
		await rm(path.join(folder, name));
	}

	const file = path.join(folder, 'owner.json');
	await writeFile(file, JSON.stringify({...(await otherHolder()), id: 'theirs'}));
	return file;
}

const quiet = {
	onAddress: () => undefined,
	onReady: () => undefined,
	onFailed: () => undefined,
};

/** A clock on which each half second also lets `happen`. */
function ticking(happen: () => Promise<void>) {
	const {context} = new Program(world);
	const sleep = async (time: number, signal?: AbortSignal) => {
		signal?.throwIfAborted();
		world.now += time;
		await happen();
	};

	return {...context, clock: {...context.clock, sleep}};
}

test('its owner is told by its machine, and is nobody whose process could be looked for here', async () => {
	await ownFromElsewhere();
	expect(await ownership(folder)).toBe('owned');
	expect(await ownerElsewhere(folder)).toBe('laptop-a');
	const {context} = new Program(world);
	expect(await (await openRecord(context, runName)).own()).toBe(false);
	const {notes, runs} = await reconcile(context, {installation: 'ours', backends: [world.cloud.backend()]});
	expect(notes).toEqual([`${runName} is looked after on laptop-a, and is left alone here`]);
	expect(runs).toMatchObject([{name: runName, phase: 'starting'}]);
});

test('who follows it takes its place only when it has shown nothing for a minute and a half', async () => {
	const file = await ownFromElsewhere();
	let beats = 0;
	let isWorking = true;
	const context = ticking(async () => {
		if (isWorking) {
			beats++;
			await utimes(file, beats, beats);
		}
	});
	const record = await openRecord(context, runName);
	const leave = new AbortController();
	const seen: unknown[] = [];
	const sights = {...quiet, onQuiet: (owner: unknown) => seen.push(owner)};
	const begun = world.now;
	const followed = followUntilOwned(context, record, leave.signal, sights);
	await expect.poll(() => world.now - begun, {timeout: 8000}).toBeGreaterThan(200_000);
	expect(record.owned).toBe(false);
	expect(seen).toEqual([]);
	isWorking = false;
	const silent = world.now;
	await followed;
	expect(record.owned).toBe(true);
	expect(world.now - silent).toBeGreaterThanOrEqual(90_000);
	expect(world.now - silent).toBeLessThan(95_000);
	expect(seen).toMatchObject([{elsewhere: 'laptop-a'}, undefined]);
	await record.release();
});

test('`stop` asks it, by a request that shows that it is waited for, and ends the run itself where it stays silent', async () => {
	await ownFromElsewhere();
	const beats = new Set<number>();
	const context = ticking(async () => {
		for (const name of (await readdir(folder)).filter(each => each.startsWith('stop-requested'))) {
			beats.add((await stat(path.join(folder, name))).mtimeMs);
		}
	});
	const words: string[] = [];
	const waits = new Waits(context.clock, ({trouble}) => words.push(trouble ?? ''));
	await stopRecord({...context, waits}, await openRecord(context, runName), 'stopped');
	expect(beats.size).toBeGreaterThan(10);
	expect(words.join()).toContain('on laptop-a, does not answer');
	expect(world.cloud.alive()).toEqual([]);
});

test('a request from there holds from when it is seen to be waited for until it is not any more', async () => {
	const file = path.join(folder, 'stop-requested-1-0123456789abcdef');
	await writeFile(file, JSON.stringify({...(await otherHolder()), consent: {lose: 'all'}}));
	const show = async (time: number) => utimes(file, time, time);
	await show(1);
	expect(await findStopRequest(folder)).toBeUndefined();
	expect(await readFile(file, 'utf8')).toContain('laptop-a');
	await show(2);
	expect(await findStopRequest(folder)).toMatchObject({consent: {lose: 'all'}});
	for (let looks = 0; looks < 121; looks++) {
		await findStopRequest(folder);
	}

	expect((await readdir(folder)).filter(name => name.startsWith('stop-requested'))).toEqual([]);
});

test('what a program there asks for is done once, and answered', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	const place = path.join(folder, 'request-extend-00000000000000aa');
	await writeFile(place, JSON.stringify({by: await otherHolder(), asked: 1}));
	const done: number[] = [];
	const answering = {
		schema: z.number(),
		act: async (asked: number) => void done.push(asked),
		onRefused: () => undefined,
	};
	await utimes(place, 1, 1);
	await answerRequests(owner, 'extend', answering);
	expect(done).toEqual([]);
	await utimes(place, 2, 2);
	await answerRequests(owner, 'extend', answering);
	await answerRequests(owner, 'extend', answering);
	expect(done).toEqual([1]);
	expect(JSON.parse(await readFile(`${place}.answer`, 'utf8'))).toMatchObject({by: {machine: theirs}});
	await owner.release();
});
