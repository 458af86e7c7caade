import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readdir, readFile, rename, rm, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {build} from 'esbuild';
import {beforeAll, expect, test} from 'vitest';
import {thisHolder} from '../../source/system/holder.js';
import {acquireLock, beatInterval, lockSign, lockState} from '../../source/system/lock.js';
import {TurnedClock} from '../support/clock.js';
import {temporaryFolder} from '../support/folders.js';

let child = '';

beforeAll(async () => {
	const result = await build({
		entryPoints: [path.join(import.meta.dirname, 'lock-child.ts')],
		bundle: true,
		platform: 'node',
		format: 'esm',
		target: 'node22',
		write: false,
	});
	child = result.outputFiles[0]?.text ?? '';
});

/** Ends with what it printed, or with nothing where it was killed. */
async function ended(started: ChildProcess): Promise<string> {
	let text = '';
	started.stdout?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
	await once(started, 'close');
	return text;
}

test('one at a time, of many programs, some of which are killed anywhere in it', async () => {
	const folder = await temporaryFolder();
	const file = path.join(folder, 'child.mjs');
	await writeFile(file, child);
	const start = (rounds: number) =>
		spawn(process.execPath, [file, folder, String(rounds)], {stdio: ['ignore', 'pipe', 'inherit']});
	const steady = [start(25), start(25), start(25)].map(ended);
	const killed = (async () => {
		for (let round = 0; round < 12; round++) {
			const victim = start(10_000);
			const end = ended(victim);
			await new Promise(resolve => setTimeout(resolve, 150 + Math.random() * 100));
			victim.kill('SIGKILL');
			expect(await end).toBe('');
		}
	})();
	expect(await Promise.all(steady)).toEqual(['done\n', 'done\n', 'done\n']);
	await killed;
});

test('a dead holder’s place is taken, a living one’s is not, and one that was let go is free', async () => {
	const file = path.join(await temporaryFolder(), 'lock');
	// As a crash leaves it, and as it was written before.
	await writeFile(file, JSON.stringify({pid: 2 ** 22 + 1, start: '1'}));
	expect(await lockState(file)).toBe('abandoned');
	const lock = await acquireLock(file);
	expect(await lockState(file)).toBe('held');
	expect(await acquireLock(file)).toBeUndefined();
	expect(await lock?.isMine()).toBe(true);
	await lock?.release();
	expect(await lock?.isMine()).toBe(false);
	expect(await lockState(file)).toBe('free');
	expect(await readFile(`${file}-1`, 'utf8')).toBe('');
	const again = await acquireLock(file);
	expect(await again?.isMine()).toBe(true);
	await again?.release();
});

test('a living holder that shows nothing new can be followed by the one who has watched it, and knows that then', async () => {
	const folder = await temporaryFolder();
	const file = path.join(folder, 'lock');
	const clock = new TurnedClock();
	const first = await acquireLock(file, {clock});
	const sign = await lockSign(file);
	clock.pass(beatInterval);
	await expect.poll(async () => (await lockSign(file))?.beat).toBe(clock.now());
	const over = (await lockSign(file))?.id;
	expect(over).toBe(sign?.id);
	expect(await acquireLock(file, {over: `${over} of another`})).toBeUndefined();
	const second = await acquireLock(file, {over});
	expect(await second?.isMine()).toBe(true);
	expect(await first?.isMine()).toBe(false);
	// Nothing that it does now touches the other's.
	await first?.release();
	expect(await second?.isMine()).toBe(true);
	expect(await acquireLock(file, {over})).toBeUndefined();
	expect((await readdir(folder)).length).toBe(1);
	await second?.release();
});

test('a holder whose folder was put aside for another’s knows it, and touches nothing there', async () => {
	const folder = path.join(await temporaryFolder(), 'run');
	const file = path.join(folder, 'lock');
	await mkdir(folder);
	const first = await acquireLock(file);
	await rename(folder, `${folder}.aside`);
	await mkdir(folder);
	const second = await acquireLock(file);
	expect(await first?.isMine()).toBe(false);
	await first?.release();
	expect(await second?.isMine()).toBe(true);
	await utimes(file, 1, 1);
	await second?.release();
	await rm(`${folder}.aside`, {recursive: true});
	expect(await lockState(file)).toBe('free');
});

/** As a program on another machine, with the same folder, leaves it: its process may have the number of one here. */
async function fromElsewhere(file: string, beat: Date): Promise<void> {
	const here = await thisHolder();
	await writeFile(file, JSON.stringify({...here, machine: {id: '0123456789abcdef', name: 'laptop-a'}, id: 'theirs'}));
	await utimes(file, beat, beat);
}

test('a holder on another machine is never looked for among the processes here: its beats alone say whether it lives', async () => {
	const file = path.join(await temporaryFolder(), 'lock');
	const clock = new TurnedClock();
	for (const pid of [process.pid, 2 ** 22 + 1]) {
		await fromElsewhere(file, new Date(clock.now()));
		const text = JSON.parse(await readFile(file, 'utf8')) as object;
		await writeFile(file, JSON.stringify({...text, pid}));
		expect(await lockState(file)).toBe('held');
		expect(await acquireLock(file, {clock})).toBeUndefined();
		expect((await lockSign(file))?.holder).toMatchObject({pid, machine: {name: 'laptop-a'}});
	}

	await fromElsewhere(file, new Date(clock.now()));
	clock.pass(59_000);
	expect(await acquireLock(file, {clock, elsewhereLimit: 60_000})).toBeUndefined();
	clock.pass(1000);
	const lock = await acquireLock(file, {clock, elsewhereLimit: 60_000});
	expect(await lock?.isMine()).toBe(true);
	await lock?.release();
});
