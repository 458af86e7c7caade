import {afterEach, beforeEach, expect, test} from 'vitest';
import {readJournal} from '../../../source/runs/journal/journal.js';
import {runFolder} from '../../../source/runs/journal/run-folder.js';
import {openRecord} from '../../../source/runs/journal/record.js';
import {reconcile} from '../../../source/runs/end/reconcile.js';
import {stopRecord} from '../../../source/runs/end/stop-run.js';
import type {Backend} from '../../../source/backends/backend.js';
import type {Problem} from '../../../source/system/problem.js';
import {type Wait, Waits} from '../../../source/system/waits.js';
import {TurnedClock} from '../../support/clock.js';
import {offersOf, Program, runName, World} from './program.js';

let world: World;

beforeEach(() => {
	world = new World();
});

afterEach(() => {
	world.remove();
});

const offer = offersOf({id: 'cloud/r1/a', instanceType: 'a'})[0] ?? {};

test('the end of an unanswered request that cannot be found out ends: with words, a way by hand, and nothing called gone', async () => {
	const program = new Program(world);
	world.cloud.fault = call => {
		if (call === 'launch') {
			program.cancel();
			return {type: 'lost-after'};
		}

		return undefined;
	};
	await program.start({offer});
	expect(await world.state()).toMatchObject({unanswered: true, instanceId: undefined});
	world.cloud.fault = call => (call === 'find' || call === 'list' ? {type: 'lost-before'} : undefined);
	const told: Wait[] = [];
	const context = {...new Program(world).context};
	const began = world.now;
	const stopped = stopRecord(
		{...context, waits: new Waits(context.clock, wait => void told.push(wait))},
		await openRecord(context, runName),
		'stopped',
	);
	await expect(stopped).rejects.toThrow(`${runName} could not be ended: whether cloud made an instance cannot be found out`);
	expect(world.now - began).toBeGreaterThanOrEqual(120_000);
	expect(world.now - began).toBeLessThan(200_000);
	expect(told.at(-1)).toMatchObject({
		what: `cloud to tell whether it made an instance for ${runName} (a in r1)`,
		trouble: expect.stringContaining('no answer'),
		wayOut: expect.stringContaining(`stop ${runName}`),
	});
	const problem = await stopped.catch((error: unknown) => error as Problem);
	expect(problem?.details.join('\n')).toContain('By hand: look in cloud, r1, for one that is tagged token-');
	expect(await world.state()).toMatchObject({phase: 'stopping'});
	world.cloud.fault = () => undefined;
	world.now += 30_000;
	await new Program(world).reconcile();
	expect(world.cloud.alive()).toEqual([]);
	expect(await world.state()).toMatchObject({phase: 'gone'});
});

/** A cloud that swallows the questions about one run. */
const hanging = (backend: Backend, id: string): Backend => ({
	...backend,
	describe: async asked => (asked === id ? new Promise(() => undefined) : backend.describe(asked)),
});

test('a run that hangs blocks no other, and who lists is told by the journal what could not be asked', async () => {
	await new Program(world).start({offer});
	await new Program(world).start({offer}, 'shy-ant-2');
	const [, second] = world.cloud.alive();
	if (second) {
		second.endedAt = world.now;
	}

	const {context} = new Program(world);
	const clock = new TurnedClock();
	clock.time = world.now;
	const backend = hanging(world.cloud.backend(), 'm-0');
	const unchecked = new Map<string, string>();
	const looking = reconcile(
		{...context, clock, backend: async () => backend},
		{
			...{installation: 'ours', backends: [backend], patience: 4000},
			onUnchecked: (name, why) => void unchecked.set(name, why),
		},
	);
	// The other one's end is seen to while this one hangs.
	while ((await world.state('shy-ant-2'))?.phase !== 'gone') {
		await new Promise(resolve => setTimeout(resolve, 5));
	}

	const started = clock.now();
	let isOver = false;
	const found = looking.finally(() => {
		isOver = true;
	});
	while (!isOver) {
		clock.pass(500);
		await new Promise(resolve => setTimeout(resolve, 2));
	}

	expect((await found).runs.map(({name, phase}) => `${name} ${phase}`).sort()).toEqual([`${runName} starting`, 'shy-ant-2 gone']);
	expect([...unchecked]).toEqual([[runName, expect.stringContaining('waited 4 s')]]);
	expect(clock.now() - started).toBeLessThan(10_000);
	expect((await readJournal(runFolder(world.paths, runName))).damaged).toEqual([]);
});

test('a start that nobody watches ends too while its cloud tells nothing: unanswered in the journal, and found later', async () => {
	world.cloud.fault = call => (call === 'launch' ? {type: 'lost-after'} : {type: 'lost-before'});
	const began = world.now;
	await new Program(world).start({offer}).catch(() => undefined);
	expect(world.now - began).toBeGreaterThanOrEqual(20 * 60_000);
	expect(world.now - began).toBeLessThan(25 * 60_000);
	const state = await world.state();
	expect(state).toMatchObject({phase: 'failed', unanswered: true, instanceId: undefined});
	expect(state?.failure?.message).toContain('whether cloud made an instance cannot be found out');
	expect(world.cloud.alive()).toHaveLength(1);
	world.cloud.fault = () => undefined;
	await new Program(world).stop();
	expect(world.cloud.alive()).toEqual([]);
	expect(await world.state()).toMatchObject({phase: 'gone'});
});
