import {readFileSync} from 'node:fs';
import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {readJournal} from '../../../source/runs/journal/journal.js';
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
	expect(line).toContain('Start it again: dstack-tui start fast-moth-1.');
	expect(line).toContain('End it: dstack-tui stop fast-moth-1');
	// Past its deadline too: what is on its disk may be work, and only a person says that it goes.
	world.now += 120 * minute;
	await new Program(world).reconcile();
	expect(world.cloud.alive()).toHaveLength(1);
	const late = await world.state();
	expect(late && haltedLine(world.now, late)).toContain('Its deadline has passed');
	await new Program(world).stop();
	expect(world.cloud.alive()).toEqual([]);
	expect(await world.state()).toMatchObject({phase: 'gone'});
});

test('taking it up says that it is stopped and how it is started again; once it runs, it goes on where it is', async () => {
	await new Program(world).start({duration: 3600});
	stopInCloud(true);
	const problem = await new Program(world).attach();
	expect(problem).toMatchObject({message: expect.stringContaining('its machine is stopped, not ended, and its disk is billed')});
	expect(problem).toMatchObject({next: expect.stringContaining('Start it again: dstack-tui start fast-moth-1')});
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

const eventsOf = async (): Promise<string[]> => (await readJournal(runFolder(world.paths, runName))).events.map(({type}) => type);

/** One that is ready, and stopped in its cloud for an hour. */
async function stopForAnHour(duration = 7200): Promise<void> {
	await new Program(world).start({duration});
	stopInCloud(true);
	await new Program(world).reconcile();
	world.now += 60 * minute;
}

test('started again: the request is written down before the cloud hears of it, and money begins with it', async () => {
	await stopForAnHour();
	const billedBefore = (await world.state())?.billing ?? [];
	let seen: string[] = [];
	const asked = world.now;
	world.cloud.fault = call => {
		seen =
			call === 'start' ? readFileSync(path.join(runFolder(world.paths, runName), 'journal.jsonl'), 'utf8').split('\n') : seen;
		return undefined;
	};
	expect(await new Program(world).startAgain()).toBeUndefined();
	expect(seen.at(-2)).toContain('"type":"start-requested"');
	const state = await world.state();
	expect(state).toMatchObject({halted: undefined, resumedAt: world.now, address: {host: '127.0.0.1'}});
	expect(state?.billing).toEqual([...billedBefore, {offer: expect.anything() as unknown, from: asked, to: undefined}]);
	expect(world.cloud.machines).toHaveLength(1);
});

test('killed at any moment of its start, it is stopped or it runs, and what runs is billed from the request on', async () => {
	for (let killAt = 1; ; killAt++) {
		world.remove();
		world = new World();
		world.cloud.areGuestsDead = true;
		await stopForAnHour();
		const asked = world.now;
		const program = new Program(world, killAt);
		await program.startAgain();
		if (!program.isDead) {
			expect(killAt).toBeGreaterThan(3);
			return;
		}

		world.now += 10 * minute;
		await new Program(world).reconcile();
		const runs = world.cloud.machines[0]?.isStopped === false;
		const state = await world.state();
		expect(state?.halted === undefined).toBe(runs);
		expect(world.cloud.alive()).toHaveLength(1);
		if (runs) {
			expect(state?.billing.at(-1)).toMatchObject({from: asked, to: undefined});
		} else {
			expect(state?.billing.at(-1)?.to).toBeLessThanOrEqual(asked);
		}
	}
});

test('a refusal leaves it stopped and unbilled, and says why; no answer leaves it open until the cloud tells', async () => {
	await stopForAnHour();
	world.cloud.fault = call => (call === 'start' ? {type: 'refused', class: 'capacity'} : undefined);
	const refusal = await new Program(world).startAgain();
	expect(refusal).toMatchObject({message: `${runName} was not started: start: capacity`});
	expect(refusal).toMatchObject({next: expect.stringContaining('By hand: cloud start m-0') as string});
	expect(await world.state()).toMatchObject({halted: {start: 'cloud start m-0'}});
	expect((await world.state())?.halted?.asked).toBeUndefined();
	expect((await world.state())?.billing.every(({to}) => to !== undefined)).toBe(true);

	world.cloud.fault = call => (call === 'start' ? {type: 'lost-after'} : undefined);
	const asked = world.now;
	expect(await new Program(world).startAgain()).toMatchObject({message: expect.stringContaining('no answer') as string});
	const open = await world.state();
	expect(open && haltedLine(world.now, open)).toContain('Its cloud was asked');
	world.cloud.fault = () => undefined;
	world.now += minute;
	await new Program(world).reconcile();
	expect((await world.state())?.billing.at(-1)).toMatchObject({from: asked, to: undefined});
});

test('past its deadline it is not started, since it would end itself with what is on it; not stopped, it says so', async () => {
	await new Program(world).start({duration: 3600});
	expect(await new Program(world).startAgain()).toBeUndefined();
	expect(await eventsOf()).not.toContain('start-requested');
	stopInCloud(true);
	await new Program(world).reconcile();
	world.now += 120 * minute;
	expect(await new Program(world).startAgain()).toMatchObject({
		message: expect.stringContaining('its deadline has passed') as string,
	});
	expect(world.cloud.calls.filter(({call}) => call === 'start')).toEqual([]);
	await new Program(world).stop();
	expect(await new Program(world).startAgain()).toMatchObject({message: expect.stringContaining('has ended') as string});
});

test('its lease counts from its start again: it is not ended from here at once', async () => {
	await stopForAnHour();
	await new Program(world).startAgain();
	world.now += 10 * minute;
	await new Program(world).reconcile();
	expect(world.cloud.alive()).toHaveLength(1);
	world.now += 40 * minute;
	await new Program(world).reconcile();
	expect(world.cloud.alive()).toEqual([]);
});

test('one that comes up at the moment it is taken up is waited for, and not taken for one that has ended', async () => {
	await stopForAnHour();
	const bootsUntil = world.now + 20_000;
	for (const machine of world.cloud.machines) {
		Object.assign(machine, {isStopped: false, bootsUntil});
	}

	expect(await new Program(world).attach()).toBeUndefined();
	expect(world.now).toBeGreaterThanOrEqual(bootsUntil);
	expect(world.cloud.alive()).toHaveLength(1);
	expect(await world.state()).toMatchObject({halted: undefined, address: {host: '127.0.0.1'}});
});
