import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {readJournal} from '../../../source/runs/journal/journal.js';
import {RunRecord} from '../../../source/runs/journal/record.js';
import {runFolder} from '../../../source/runs/journal/run-folder.js';
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

/** What first contact writes down: the lease lifted, the deadline by the guest's own clock too. */
async function reached(): Promise<void> {
	const record = new RunRecord(new Program(world).context, runName);
	await record.load();
	await record.own();
	const {deadline} = record.known;
	await record.append({type: 'deadline-set', deadline: deadline ?? null, remote: Math.round((deadline ?? 0) / 1000)});
	await record.append({type: 'lease-lifted'});
	await record.release();
}

describe('a machine whose guest does nothing', () => {
	test('is left alone until some minutes after its deadline, and then ended', async () => {
		await new Program(world).start({duration: 3600});
		await reached();
		world.now += 64 * minute;
		await new Program(world).reconcile();
		expect(world.cloud.alive()).toHaveLength(1);
		world.now += 2 * minute;
		const found = await new Program(world).reconcile();
		expect(world.cloud.alive()).toEqual([]);
		expect(await world.state()).toMatchObject({
			phase: 'gone',
			reason: expect.stringMatching(/did not end itself at its deadline/),
		});
		expect(found?.notes.join('\n')).toMatch(/did not end itself at its deadline .* ended from here/);
	});

	test('that nobody ever reached ends after its boot lease, also without a deadline', async () => {
		await new Program(world).start({duration: null});
		world.now += 34 * minute;
		await new Program(world).reconcile();
		expect(world.cloud.alive()).toHaveLength(1);
		world.now += 2 * minute;
		await new Program(world).reconcile();
		expect(world.cloud.alive()).toEqual([]);
		expect(await world.state()).toMatchObject({phase: 'gone', reason: expect.stringMatching(/boot lease/)});
	});

	test('whose launch was never heard out is ended too', async () => {
		world.cloud.fault = call => (call === 'launch' ? {type: 'lost-after'} : undefined);
		await new Program(world, 6).start({duration: null});
		expect(await world.state()).toMatchObject({instanceId: undefined, unanswered: true});
		expect(world.cloud.alive()).toHaveLength(1);
		world.cloud.fault = () => undefined;
		world.now += 34 * minute;
		await new Program(world).reconcile();
		expect(world.cloud.alive()).toHaveLength(1);
		world.now += 3 * minute;
		await new Program(world).reconcile();
		expect(world.cloud.alive()).toEqual([]);
	});

	test('whose end fails is not ended, with the command by hand', async () => {
		await new Program(world).start({duration: 3600});
		await reached();
		world.now += 70 * minute;
		world.cloud.fault = call => (call === 'terminate' ? {type: 'refused', class: 'permission'} : undefined);
		const found = await new Program(world).reconcile();
		expect(await world.state()).toMatchObject({phase: 'stopping', stopFailure: {command: 'cloud end m-0'}});
		expect(found?.notes.join('\n')).toContain(`${runName} could not be ended: terminate: permission`);
		world.cloud.fault = () => undefined;
		await new Program(world).reconcile();
		expect(world.cloud.alive()).toEqual([]);
	});

	test('that another program holds and does not end is told loudly, with the command by hand', async () => {
		await new Program(world).start({duration: 3600});
		await reached();
		const owner = new RunRecord(new Program(world).context, runName);
		await owner.load();
		await owner.own();
		world.now += 66 * minute;
		expect((await new Program(world).reconcile())?.notes).toEqual([]);
		world.now += 6 * minute;
		const notes = (await new Program(world).reconcile())?.notes.join('\n');
		expect(notes).toMatch(/could not be ended.*Another program looks after it.*By hand: cloud end m-0/);
		expect(world.cloud.alive()).toHaveLength(1);
		await owner.release();
	});
});

describe('a clock that jumped', () => {
	test('this machine’s clock alone ends nothing: the cloud’s must have passed the deadline too', async () => {
		await new Program(world).start({duration: 3600});
		await reached();
		world.cloud.behind = 24 * 60 * minute;
		world.now += 24 * 60 * minute + 10 * minute;
		const found = await new Program(world).reconcile();
		expect(world.cloud.alive()).toHaveLength(1);
		expect(found?.notes.join('\n')).toMatch(/by this machine's clock, but not by that of cloud/);
		expect((await readJournal(runFolder(world.paths, runName))).events.some(({type}) => type === 'stopping')).toBe(false);
	});
});

test('an environment on an engine here is no machine: what is past its deadline there keeps what it holds', async () => {
	world.cloud.areMachines = false;
	await new Program(world).start({duration: 3600});
	world.now += 120 * minute;
	await new Program(world).reconcile();
	expect(world.cloud.alive()).toHaveLength(1);
});
