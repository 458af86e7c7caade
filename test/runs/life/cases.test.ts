import {readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {readJournal} from '../../../source/runs/journal/journal.js';
import {readLedger} from '../../../source/runs/journal/ledger.js';
import {runFolder} from '../../../source/runs/journal/run-folder.js';
import type {Problem} from '../../../source/system/problem.js';
import type {Call, Fault} from './cloud.js';
import {offersOf, Program, runName, World} from './program.js';

let world: World;

beforeEach(() => {
	world = new World();
});

afterEach(() => {
	world.remove();
});

/** The first faults of a kind of call, in their order. */
const first = (kind: Call, ...faults: Fault[]): void => {
	world.cloud.fault = call => (call === kind ? faults.shift() : undefined);
};

const others = offersOf(
	{id: 'cloud/r1/a-big', instanceType: 'a-big', quotaFamily: 'a'},
	{id: 'cloud/r1/b', instanceType: 'b', quotaFamily: 'b'},
	{id: 'cloud/r2/a', instanceType: 'a', region: 'r2', quotaFamily: 'a'},
);
const firstOffer = {offer: offersOf({id: 'cloud/r1/a', instanceType: 'a', quotaFamily: 'a'})[0] ?? {}};
const tried = async (): Promise<string[]> => {
	const {events} = await readJournal(runFolder(world.paths, runName));
	return events.filter(event => event.type === 'requested').map(({offer}) => String(offer?.['id']));
};

describe('failover', () => {
	test('capacity goes on to the next; each attempt is a row with its offer, class and words', async () => {
		first('launch', {type: 'refused', class: 'capacity'}, {type: 'refused', class: 'capacity'});
		await new Program(world).start({...firstOffer, others});
		expect(await tried()).toEqual(['cloud/r1/a', 'cloud/r1/a-big', 'cloud/r1/b']);
		const state = await world.state();
		expect(state?.attempts).toMatchObject([
			{offer: {id: 'cloud/r1/a'}, errorClass: 'capacity', message: 'launch: capacity'},
			{offer: {id: 'cloud/r1/a-big'}, errorClass: 'capacity'},
		]);
		expect(new Set(state?.intentIds).size).toBe(3);
	});

	test('quota skips the family in that region alone', async () => {
		first('launch', {type: 'refused', class: 'quota'}, {type: 'refused', class: 'capacity'});
		await new Program(world).start({...firstOffer, others});
		expect(await tried()).toEqual(['cloud/r1/a', 'cloud/r1/b', 'cloud/r2/a']);
	});

	test.each(['permission', 'configuration'] as const)('%s stops that backend', async errorClass => {
		first('launch', {type: 'refused', class: errorClass});
		const problem = (await new Program(world).start({...firstOffer, others})) as Problem;
		expect(await tried()).toEqual(['cloud/r1/a']);
		expect(problem.kind).toBe('not-provisioned');
		expect((await world.state())?.phase).toBe('gone');
	});

	test('a zone that the refusal names is tried next, with a token of its own', async () => {
		first('launch', {type: 'refused', class: 'capacity', zones: ['r1b']});
		await new Program(world).start({...firstOffer, others});
		expect(world.cloud.machines.map(({intent}) => intent.offer)).toMatchObject([{id: 'cloud/r1/a', zone: 'r1b'}]);
		expect((await world.state())?.intentIds).toHaveLength(2);
	});

	test('an offer dearer than half as much again asks first; an answer from another program is heard', async () => {
		first('launch', {type: 'refused', class: 'capacity'});
		const dear = offersOf({id: 'cloud/r1/dear', instanceType: 'dear', price: 1.6});
		await new Program(world, 12).start({...firstOffer, others: dear});
		expect(await world.state()).toMatchObject({asking: {id: 'cloud/r1/dear'}, agreedPrice: 1});
		expect(world.cloud.alive()).toEqual([]);
	});

	test('with -y a dearer one is taken within the price limit, and no further', async () => {
		first('launch', {type: 'refused', class: 'capacity'});
		const dear = offersOf({id: 'cloud/r1/dear', price: 9}, {id: 'cloud/r1/fair', price: 3});
		await new Program(world).start({...firstOffer, others: dear, agreed: true, maxPrice: 4});
		expect(await tried()).toEqual(['cloud/r1/a', 'cloud/r1/fair']);
	});

	test('retry tries all offers again, later and later, until its limit', async () => {
		world.cloud.fault = call => (call === 'launch' ? {type: 'refused', class: 'capacity'} : undefined);
		const began = world.now;
		const problem = (await new Program(world).start({...firstOffer, retry: {limit: 600, on: ['no-capacity']}})) as Problem;
		expect(problem.kind).toBe('not-provisioned');
		expect((await tried()).length).toBeGreaterThan(4);
		expect(world.now - began).toBeGreaterThanOrEqual(600_000);
		expect(world.now - began).toBeLessThan(1_300_000);
	});

	test('a spot instance that was taken back leads to another where the policy says so, with what is left of the deadline', async () => {
		await new Program(world).start({...firstOffer, retry: {limit: 600, on: ['interruption']}});
		world.now += 600_000;
		const [machine] = world.cloud.alive();
		if (machine) {
			world.cloud.interrupt(machine);
		}

		await new Program(world).attach();
		const state = await world.state();
		expect(world.cloud.alive()).toHaveLength(1);
		expect(state).toMatchObject({phase: 'starting', duration: 3000, instanceId: 'm-1'});
		expect(state?.billing).toHaveLength(2);
	});

	test('without such a policy the run is over, and says why', async () => {
		await new Program(world).start(firstOffer);
		const [machine] = world.cloud.alive();
		if (machine) {
			world.cloud.interrupt(machine);
		}

		await new Program(world).attach();
		expect(await world.state()).toMatchObject({phase: 'gone', reason: 'the cloud took its spot instance back'});
	});
});

describe('what goes wrong on the way', () => {
	test('no network for an hour: waited for with an end, taken up again later, and one instance in the end', async () => {
		const began = world.now;
		let calls = 0;
		world.cloud.fault = call => {
			calls++;
			return world.now - began < 3_600_000 ? {type: call === 'launch' && calls === 1 ? 'lost-after' : 'lost-before'} : undefined;
		};
		const problem = (await new Program(world).start({...firstOffer, duration: null})) as Problem;
		expect(problem.message).toContain('whether cloud made an instance cannot be found out');
		expect(world.now - began).toBeGreaterThanOrEqual(1_200_000);
		expect(world.now - began).toBeLessThan(1_500_000);
		expect(await world.state()).toMatchObject({phase: 'failed', unanswered: true});
		world.now = began + 3_600_000;
		await new Program(world).attach();
		// What the first request made has ended by its boot lease meanwhile, as nobody could reach it.
		expect(world.cloud.alive().length).toBeLessThanOrEqual(1);
		expect(world.cloud.machines.length).toBeLessThanOrEqual(2);
		expect(await world.state()).toMatchObject({unanswered: false});
	});

	test('credentials that expire while it is not known what was made stop it there, and it goes on with the next ones', async () => {
		first('launch', {type: 'lost-after'}, {type: 'refused', class: 'permission'});
		const find = world.cloud.fault;
		world.cloud.fault = (call, token) => (call === 'find' ? {type: 'refused', class: 'permission'} : find(call, token));
		const problem = (await new Program(world).start(firstOffer)) as Problem;
		expect(problem.message).toContain('whether cloud made an instance cannot be found out');
		expect(await world.state()).toMatchObject({phase: 'failed', unanswered: true});
		world.cloud.fault = () => undefined;
		await new Program(world).attach();
		expect(world.cloud.machines).toHaveLength(1);
		expect(await world.state()).toMatchObject({instanceId: 'm-0', unanswered: false});
	});

	test('a terminate that fails five times is told each time with the way to do it by hand, and succeeds in the end', async () => {
		await new Program(world).start(firstOffer);
		first('terminate', ...Array.from({length: 5}, (): Fault => ({type: 'lost-before'})));
		await new Program(world).stop();
		const {events} = await readJournal(runFolder(world.paths, runName));
		const failures = events.filter(event => event.type === 'stop-failed');
		expect(failures).toHaveLength(5);
		expect(failures[0]).toMatchObject({command: 'cloud end m-0'});
		expect(await world.state()).toMatchObject({phase: 'gone', stopFailure: undefined});
		expect(world.cloud.alive()).toEqual([]);
	});

	test('one that goes on failing stays as it is, and the next start tries again', async () => {
		await new Program(world).start(firstOffer);
		world.cloud.fault = call => (call === 'terminate' ? {type: 'lost-before'} : undefined);
		const problem = (await new Program(world).stop()) as Problem;
		expect(problem.details.join('\n')).toContain('cloud end m-0');
		expect(await world.state()).toMatchObject({phase: 'stopping', stopFailure: {command: 'cloud end m-0'}});
		world.cloud.fault = () => undefined;
		await new Program(world).reconcile();
		expect(await world.state()).toMatchObject({phase: 'gone'});
		expect(world.cloud.alive()).toEqual([]);
	});

	test('a list that is drawn again and again asks the cloud for an end that failed once in a minute', async () => {
		await new Program(world).start(firstOffer);
		let asked = 0;
		world.cloud.fault = call => {
			asked += call === 'terminate' ? 1 : 0;
			return call === 'terminate' ? {type: 'refused', class: 'permission'} : undefined;
		};
		await new Program(world).stop();
		for (let draws = 0; draws < 20; draws++) {
			await new Program(world).reconcile(60_000);
		}

		expect(asked).toBe(1);
		world.now += 61_000;
		await new Program(world).reconcile(60_000);
		expect(asked).toBe(2);
		expect(await world.state()).toMatchObject({phase: 'stopping'});
	});

	test('two programs at once: the second leaves it to the first', async () => {
		const one = new Program(world);
		const two = new Program(world);
		await Promise.all([
			one.start(firstOffer),
			new Promise(resolve => setTimeout(resolve, 30)).then(async () => two.attach().catch(() => undefined)),
		]);
		await Promise.all([new Program(world).attach(), new Program(world).attach(), new Program(world).reconcile()]);
		expect(world.cloud.machines).toHaveLength(1);
	});

	test('cancelled between request and answer, it is known what was made, and that ends', async () => {
		const program = new Program(world);
		world.cloud.fault = call => {
			if (call === 'launch') {
				program.cancel();
			}

			return undefined;
		};
		await program.start(firstOffer);
		expect(await world.state()).toMatchObject({instanceId: 'm-0'});
		await new Program(world).stop();
		expect(world.cloud.alive()).toEqual([]);
	});

	test('cancelled while an answer is lost, what was made is looked for until the cloud tells of it', async () => {
		const program = new Program(world);
		world.cloud.fault = call => {
			if (call === 'launch') {
				program.cancel();
				return {type: 'lost-after'};
			}

			return undefined;
		};
		await program.start(firstOffer);
		expect(await world.state()).toMatchObject({instanceId: undefined, unanswered: true});
		expect(world.cloud.alive()).toHaveLength(1);
		await new Program(world).stop();
		expect(world.cloud.alive()).toEqual([]);
	});
});

describe('reconciliation', () => {
	test('what carries our tag and no journal tells of is an orphan; others’ are not even seen', async () => {
		await new Program(world).start(firstOffer);
		world.cloud.addForeign('somebody else');
		const lost = world.cloud.addForeign('ours');
		world.now += 60_000;
		const found = await new Program(world).reconcile();
		expect(found?.orphans.map(({instance}) => instance.id)).toEqual([lost.id]);
		expect(world.cloud.alive()).toHaveLength(3);
	});

	test('a run whose instance is gone is over, with its cost in the ledger, once', async () => {
		await new Program(world).start({...firstOffer, duration: 3600});
		world.now += 7_200_000;
		await new Program(world).reconcile();
		await new Program(world).reconcile();
		expect(await world.state()).toMatchObject({phase: 'gone'});
		const ledger = await readLedger(world.paths);
		expect(ledger).toHaveLength(1);
		expect(ledger[0]).toMatchObject({run: runName, regions: ['cloud r1'], instances: [{instanceType: 'a', price: 1}]});
	});
});

test('keys and passwords are in no journal, log or ledger, and files are their owner’s alone', async () => {
	await new Program(world).start(firstOffer);
	const folder = runFolder(world.paths, runName);
	const secret = (await readFile(path.join(folder, 'host_key'), 'utf8')).split('\n')[2] ?? '';
	expect(secret.length).toBeGreaterThan(20);
	await writeFile(path.join(folder, 'logs', 'probe'), 'nothing', {mode: 0o600});
	await new Program(world).stop();
	const files = [world.paths.ledger, path.join(folder, 'journal.jsonl')];
	for (const file of files) {
		expect(await readFile(file, 'utf8')).not.toContain(secret);
		expect((await stat(file)).mode & 0o077).toBe(0);
	}

	expect((await readdir(folder)).filter(name => /key|secret|known/.test(name))).toEqual([]);
});
