import {readdir} from 'node:fs/promises';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {runFolder} from '../../../source/runs/journal/run-folder.js';
import {haltedLine} from '../../../source/runs/words/overdue-words.js';
import {statusWords} from '../../../source/runs/words/status-words.js';
import {Program, runName, World} from './program.js';

const minute = 60_000;
let world: World;

beforeEach(() => {
	world = new World();
	world.cloud.areGuestsDead = true;
});

afterEach(() => {
	world.remove();
});

const stopInCloud = (isStopped: boolean): void => {
	for (const machine of world.cloud.machines) {
		machine.isStopped = isStopped;
	}
};

test('a machine that is stopped in its cloud is alive and billed, with its keys, and both ways on; no listing ends it', async () => {
	await new Program(world).start({duration: 3600});
	stopInCloud(true);
	world.now += minute;
	await new Program(world).reconcile();
	const state = await world.state();
	expect(state).toMatchObject({phase: 'starting', halted: {start: 'cloud start m-0'}, instanceId: 'm-0'});
	expect(state?.billing).toMatchObject([{to: world.now}]);
	expect(await readdir(runFolder(world.paths, runName))).toEqual(
		expect.arrayContaining(['host_key', 'id_ed25519', 'secrets.json']),
	);
	const line = state && haltedLine(world.now, state);
	expect(state && statusWords(state)).toBe('STOPPED, its disk is billed');
	expect(line).toContain('Start it again: cloud start m-0, then dstack-tui attach fast-moth-1');
	expect(line).toContain('End it: dstack-tui stop fast-moth-1');
	// Past its deadline too: what is on its disk may be work, and only a person says that it goes.
	world.now += 120 * minute;
	await new Program(world).reconcile();
	expect(world.cloud.alive()).toHaveLength(1);
	const late = await world.state();
	expect(late && haltedLine(world.now, late)).toContain('its deadline has passed');
	await new Program(world).stop();
	expect(world.cloud.alive()).toEqual([]);
	expect(await world.state()).toMatchObject({phase: 'gone'});
});

test('taking it up says that it is stopped and how it is started again; once it runs, it goes on where it is', async () => {
	await new Program(world).start({duration: 3600});
	stopInCloud(true);
	const problem = await new Program(world).attach();
	expect(problem).toMatchObject({message: expect.stringContaining('its machine is stopped, not ended, and its disk is billed')});
	expect(problem).toMatchObject({next: expect.stringContaining('Start it again: cloud start m-0')});
	await new Program(world).reconcile();
	stopInCloud(false);
	world.now += minute;
	await new Program(world).reconcile();
	const state = await world.state();
	expect(state).toMatchObject({halted: undefined, address: {host: '127.0.0.1', port: 1}});
	expect(state?.billing).toHaveLength(2);
	expect(world.cloud.machines).toHaveLength(1);
});

test('a stopped container of an engine here is over, and keeps what it holds', async () => {
	world.cloud.areMachines = false;
	await new Program(world).start({duration: 3600});
	stopInCloud(true);
	await new Program(world).reconcile();
	expect(await world.state()).toMatchObject({phase: 'ended', halted: undefined});
});
