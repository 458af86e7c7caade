import {readdir, readFile, rename, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {z} from 'zod';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {agree, answerAgreement} from '../../source/runs/live/price-agreement.js';
import {answerRequests, askOwner} from '../../source/runs/journal/owner-requests.js';
import type {RunContext} from '../../source/runs/context.js';
import {openRecord, type RunRecord} from '../../source/runs/journal/record.js';
import {Problem} from '../../source/system/problem.js';
import {processStart} from '../../source/system/processes.js';
import {Waits} from '../../source/system/waits.js';
import {offersOf, Program, runName, World} from './life/program.js';

let world: World;

beforeEach(async () => {
	world = new World();
	world.cloud.fault = call => (call === 'launch' ? {type: 'refused', class: 'capacity'} : undefined);
	const others = offersOf({id: 'cloud/r1/dear', instanceType: 'dear', price: 1.6});
	// It asks, and is killed while nobody answers.
	await new Program(world, 12).start({others});
	expect(await world.state()).toMatchObject({asking: {id: 'cloud/r1/dear'}});
});

afterEach(() => {
	world.remove();
});

let beats = 0;

/** Where an owner works while others wait, on a clock on which `passing` of a second passes with each second that they wait. */
function whileOwnerWorks(passing: number): RunContext {
	const {context} = new Program(world);
	const folder = path.join(context.paths.runs, runName);
	const sleep = async (time: number) => {
		for (const name of (await readdir(folder)).filter(each => /^owner\.json(?:-\d+)?$/.test(each))) {
			await utimes(path.join(folder, name), ++beats, beats);
		}

		world.now += time * passing;
	};

	return {...context, clock: {...context.clock, sleep}};
}

test('what another program asks for is done by the owner, once', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	expect(await owner.own()).toBe(true);
	const other = await openRecord(context, runName);
	const asked = agree(context, other);
	while (owner.known.asking) {
		await answerAgreement(owner);
	}

	await asked;
	expect(other.known).toMatchObject({asking: undefined, agreedPrice: 1.6});
	await answerAgreement(owner);
	expect(owner.known.agreedPrice).toBe(1.6);
	await owner.release();
});

test('an owner that does not hear is told of, and the request is withdrawn', async () => {
	const context = whileOwnerWorks(1);
	const owner = await openRecord(context, runName);
	await owner.own();
	await expect(agree(context, await openRecord(context, runName))).rejects.toThrow('did not hear the answer');
	await answerAgreement(owner);
	expect(owner.known.asking).toBeDefined();
	await owner.release();
});

test.each([1, -1])('set by %i days meanwhile, the clock neither shortens nor prolongs the wait for an owner', async days => {
	const working = whileOwnerWorks(1);
	const sleep = async (time: number) => {
		await working.clock.sleep(time);
		world.ahead = days * 86_400_000;
	};

	const context = {...working, clock: {...working.clock, sleep}};
	const owner = await openRecord(context, runName);
	await owner.own();
	const began = world.now;
	await expect(agree(context, await openRecord(context, runName))).rejects.toThrow('did not hear the answer');
	expect(world.now - began).toBeGreaterThanOrEqual(30_000);
	expect(world.now - began).toBeLessThan(40_000);
	await owner.release();
});

const hours = z.number();
const unheard = new Problem('failed', 'not heard');
const requests = async (record: RunRecord) => (await readdir(record.folder)).filter(file => file.startsWith('request-'));

/** Asks for so many more hours; here nobody does it but the owner. */
const ask = async (
	record: RunRecord,
	asked: number,
	act: () => Promise<void> = async () => Promise.reject(new Error('not ours')),
) => askOwner(whileOwnerWorks(0), record, {kind: 'extend', asked, what: 'move it', act, unheard});

/** Adds what is asked for to the deadline, which is in hours here. */
const add = (record: RunRecord) => ({
	schema: hours,
	act: async (asked: number, {id}: {id: string}) =>
		record.append({type: 'deadline-set', deadline: (record.known.deadline ?? 0) + asked, request: id}),
	onRefused: () => undefined,
});

async function until(asked: Promise<unknown>, act: () => Promise<void>): Promise<void> {
	let isOver = false;
	void asked.finally(() => (isOver = true)).catch(() => undefined);
	while (!isOver) {
		await act();
		await new Promise(resolve => setImmediate(resolve));
	}
}

test('what the owner refuses is told to the one who asked, in the words of the owner', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	const asked = ask(await openRecord(context, runName), 5).catch((error: unknown) => error);
	const seen: string[] = [];
	await until(asked, async () =>
		answerRequests(owner, 'extend', {
			schema: hours,
			async act() {
				throw new Problem('usage', 'Five is too many', {next: 'Ask for four.', details: ['really']});
			},
			onRefused: ({message}) => seen.push(message),
		}),
	);
	expect(await asked).toMatchObject({kind: 'usage', message: 'Five is too many', next: 'Ask for four.', details: ['really']});
	expect(seen).toEqual(['Five is too many']);
	expect(await requests(owner)).toEqual([]);
	await owner.release();
});

test('requests at the same moment, and equal ones, are each heard, done once and answered', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	const before = owner.known.deadline ?? 0;
	const others = await Promise.all([1, 1, 1, 2, 3].map(async each => [each, await openRecord(context, runName)] as const));
	const asked = Promise.all(others.map(async ([each, record]) => ask(record, each)));
	await until(asked, async () => answerRequests(owner, 'extend', add(owner)));
	await asked;
	expect(owner.known.deadline).toBe(before + 8);
	expect(new Set(owner.known.requestsDone).size).toBe(5);
	expect(await requests(owner)).toEqual([]);
	await owner.release();
});

test('an owner that was killed between doing and answering: the next one does it no second time, and answers', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	const place = path.join(owner.folder, 'request-extend-00000000000000aa');
	const by = {pid: process.pid, start: await processStart(process.pid)};
	await writeFile(place, JSON.stringify({by, asked: 4}));
	await rename(place, `${place}.taken`);
	await owner.append({type: 'deadline-set', deadline: 4, request: '00000000000000aa'});
	await answerRequests(owner, 'extend', add(owner));
	expect(owner.known.deadline).toBe(4);
	expect(JSON.parse(await readFile(`${place}.answer`, 'utf8'))).toEqual({by});
	expect(await requests(owner)).toEqual([path.basename(`${place}.answer`)]);

	// One that was killed before it did anything.
	const second = path.join(owner.folder, 'request-extend-00000000000000bb.taken');
	await writeFile(second, JSON.stringify({by, asked: 3}));
	const again: boolean[] = [];
	await answerRequests(owner, 'extend', {
		...add(owner),
		async act(asked, request) {
			again.push(request.isAgain);
			await add(owner).act(asked, request);
		},
	});
	expect(again).toEqual([true]);
	expect(owner.known.deadline).toBe(7);
	await owner.release();
});

test('nothing is done for who does not wait any more, and no answer stays for them', async () => {
	const owner = await openRecord(new Program(world).context, runName);
	await owner.own();
	const by = {pid: 2 ** 22 + 1, start: '1'};
	const place = path.join(owner.folder, 'request-extend-00000000000000aa');
	await writeFile(place, JSON.stringify({by, asked: 4}));
	await writeFile(path.join(owner.folder, 'request-extend-00000000000000bb'), 'torn');
	await writeFile(path.join(owner.folder, 'request-extend-00000000000000cc.answer'), JSON.stringify({by}));
	await answerRequests(owner, 'extend', add(owner));
	expect(owner.known.requestsDone).toEqual([]);
	expect(await requests(owner)).toEqual([]);
	await owner.release();
});

test('an owner that lets go or dies without having begun: who asked becomes the owner, and does it', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	const other = await openRecord(context, runName);
	let done = 0;
	const asked = ask(other, 1, async () => {
		expect(other.owned).toBe(true);
		done++;
	});
	await owner.release();
	await asked;
	expect(done).toBe(1);
	expect(await requests(other)).toEqual([]);
	await other.release();
});

test('two at once who try to become the owner in one program both are it, and the run stays owned', async () => {
	const {context} = new Program(world);
	const record = await openRecord(context, runName);
	expect(await Promise.all([record.own(), record.own(), record.own()])).toEqual([true, true, true]);
	expect(record.holds).toBe(true);
	expect(await (await openRecord(context, runName)).own()).toBe(false);
	await record.release();
	const next = await openRecord(context, runName);
	expect(await next.own()).toBe(true);
	await next.release();
});

test('an owner that lives and does not answer: its place is taken within half a minute, and what was asked for is done once', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	const other = await openRecord(context, runName);
	const begun = world.now;
	const words: string[] = [];
	const waits = new Waits(context.clock, ({trouble}) => words.push(trouble ?? ''));
	await askOwner({...context, waits}, other, {
		kind: 'extend',
		asked: 1,
		what: 'move it',
		unheard,
		act: async (_, {id}) => other.append({type: 'deadline-set', deadline: 1, request: id}),
	});
	expect(world.now - begun).toBeLessThan(20_000);
	expect(words.join()).toContain(`process ${process.pid}, does not answer`);
	expect(other.known.deadline).toBe(1);
	// The one that was asleep finds out, and writes nothing.
	await expect(owner.append({type: 'deadline-set', deadline: 2})).rejects.toThrow('Another program has taken over');
	expect(owner.owned).toBe(false);
	expect((await world.state())?.deadline).toBe(1);
	await other.release();
});
