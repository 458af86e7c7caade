import {existsSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {runFolder} from '../../../source/runs/journal/run-folder.js';
import type {Problem} from '../../../source/system/problem.js';
import {offersOf, Program, runName, World} from './program.js';

// A clock that is set while a run lives: nothing is called gone, doubled, or held up by that.

const day = 24 * 3_600_000;
let world: World;

beforeEach(() => {
	world = new World();
});

afterEach(() => {
	world.remove();
});

const offer = offersOf({id: 'cloud/r1/a', instanceType: 'a'})[0] ?? {};

/** A run whose request was not answered, and whose program was left then. With `made`, there is an instance, which the cloud keeps silent about. */
async function leaveUnanswered(made: boolean): Promise<void> {
	const program = new Program(world);
	world.cloud.fault = call => {
		if (call === 'launch') {
			program.cancel();
			return {type: made ? 'lost-after' : 'lost-before'};
		}

		return undefined;
	};
	await program.start({offer});
	world.cloud.fault = () => undefined;
	expect(await world.state()).toMatchObject({unanswered: true, instanceId: undefined});
	expect(world.cloud.alive()).toHaveLength(made ? 1 : 0);
}

describe.each([
	['a day ahead', day],
	['a day back', -day],
])('%s', (_, jump) => {
	test('while a stop looks for what was made: it is looked for as long as ever, found and ended', async () => {
		await leaveUnanswered(true);
		world.jumpInWait = jump;
		const began = world.now;
		expect(await new Program(world).stop()).toBeUndefined();
		expect(world.cloud.alive()).toEqual([]);
		expect(await world.state()).toMatchObject({phase: 'gone'});
		expect(world.now - began).toBeLessThan(180_000);
	});

	test('while a stop looks for what was never made: it is over after a minute', async () => {
		await leaveUnanswered(false);
		world.jumpInWait = jump;
		const began = world.now;
		expect(await new Program(world).stop()).toBeUndefined();
		expect(await world.state()).toMatchObject({phase: 'gone'});
		expect(world.now - began).toBeGreaterThanOrEqual(60_000);
		expect(world.now - began).toBeLessThan(180_000);
	});

	test('between a request and a look: what it made is not ended, nor made again', async () => {
		await leaveUnanswered(true);
		world.ahead = jump;
		await new Program(world).reconcile();
		expect(world.cloud.alive()).toHaveLength(1);
		expect((await world.state())?.phase).not.toBe('gone');
		world.ahead = 0;
		await new Program(world).attach();
		expect(world.cloud.machines).toHaveLength(1);
		expect(await world.state()).toMatchObject({instanceId: 'm-0'});
	});

	test('between a request and a look: what never was is over, and that takes a few minutes at most', async () => {
		await leaveUnanswered(false);
		world.ahead = jump;
		const began = world.now;
		await new Program(world).reconcile();
		expect(await world.state()).toMatchObject({phase: 'gone'});
		expect(world.now - began).toBeGreaterThanOrEqual(60_000);
		expect(world.now - began).toBeLessThan(300_000);
	});

	test('after an end that failed: it is tried again', async () => {
		await new Program(world).start({offer});
		world.cloud.fault = call => (call === 'terminate' ? {type: 'refused', class: 'permission'} : undefined);
		await new Program(world).stop();
		expect(await world.state()).toMatchObject({phase: 'stopping'});
		world.cloud.fault = () => undefined;
		world.ahead = jump;
		await new Program(world).reconcile(60_000);
		expect(await world.state()).toMatchObject({phase: 'gone'});
		expect(world.cloud.alive()).toEqual([]);
	});

	test('while it is tried again: neither given up early nor late', async () => {
		world.cloud.fault = call => (call === 'launch' ? {type: 'refused', class: 'capacity'} : undefined);
		world.jumpInWait = jump;
		const began = world.now;
		const problem = (await new Program(world).start({offer, retry: {limit: 600, on: ['no-capacity']}})) as Problem;
		expect(problem.kind).toBe('not-provisioned');
		expect(world.now - began).toBeGreaterThanOrEqual(600_000);
		expect(world.now - began).toBeLessThan(1_300_000);
	});

	test('between two programs, in the middle of a wait: the next one goes on within ten minutes', async () => {
		world.cloud.fault = call => (call === 'launch' ? {type: 'refused', class: 'capacity'} : undefined);
		await new Program(world, 3).start({offer, retry: {limit: 3 * 86_400, on: ['no-capacity']}});
		expect((await world.state())?.waiting).toBeDefined();
		world.cloud.fault = () => undefined;
		world.ahead = jump;
		const began = world.now;
		await new Program(world).attach();
		expect(world.now - began).toBeLessThanOrEqual(600_000);
		expect(world.cloud.alive()).toHaveLength(1);
	});

	test('before another instance takes the place of one that was taken back: it is not given more time than the whole', async () => {
		await new Program(world).start({offer, duration: 3600, retry: {limit: 600, on: ['interruption']}});
		const [machine] = world.cloud.alive();
		if (machine) {
			world.cloud.interrupt(machine);
		}

		world.ahead = jump;
		await new Program(world).attach();
		for (const {intent} of world.cloud.machines) {
			expect(intent.duration).toBeLessThanOrEqual(3600);
		}
	});
});

test('a name that was claimed by a clock ahead of this one, and left, is free again', async () => {
	// Made now, which is years later than by the clock of this world.
	const folder = runFolder(world.paths, runName);
	await mkdir(path.join(folder, 'logs'), {recursive: true});
	const began = world.now;
	await new Program(world).reconcile();
	expect(existsSync(folder)).toBe(false);
	expect(world.now - began).toBeGreaterThanOrEqual(10_000);
});
