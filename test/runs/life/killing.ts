import {expect} from 'vitest';
import type {Call, Fault} from './cloud.js';
import {type AnyWorld, Program, runName} from './program.js';

export type Weather = {readonly name: string; readonly fault: (seen: Map<Call, number>) => (call: Call) => Fault | undefined};

/** The n-th call of a kind meets a fault. */
const at =
	(kind: Call, numbers: readonly number[], fault: Fault) =>
	(seen: Map<Call, number>) =>
	(call: Call): Fault | undefined => {
		const count = (seen.get(call) ?? 0) + 1;
		seen.set(call, count);
		return call === kind && numbers.includes(count) ? fault : undefined;
	};

export const weathers: readonly Weather[] = [
	{name: 'all is well', fault: () => () => undefined},
	{name: 'the first request is lost', fault: at('launch', [1], {type: 'lost-before'})},
	{name: 'the first answer is lost', fault: at('launch', [1], {type: 'lost-after'})},
	{name: 'five answers are lost', fault: at('launch', [1, 2, 3, 4, 5], {type: 'lost-after'})},
	{name: 'two offers have no capacity', fault: at('launch', [1, 2], {type: 'refused', class: 'capacity'})},
	{
		name: 'an answer is lost, then the credentials expire',
		fault: seen => {
			const lost = at('launch', [1], {type: 'lost-after'})(seen);
			return call =>
				lost(call) ?? (call === 'launch' && (seen.get('launch') ?? 0) === 2 ? {type: 'refused', class: 'permission'} : undefined);
		},
	},
	{name: 'a terminate is lost', fault: at('terminate', [1], {type: 'lost-before'})},
];

export type KillOptions = {
	readonly weather: Weather;
	/** A world that nobody has lived in. */
	readonly make: () => Promise<AnyWorld>;
	/** Tried after the first offer. */
	readonly others: ReadonlyArray<Record<string, unknown>>;
	/** Whether each position is tried with a torn journal, too. */
	readonly isTorn: readonly boolean[];
};

/**
A program is killed at every position of a life in this weather, before and after each act, and started again. There is one instance or
none at any time, which a journal announced, and none after the end.
*/
export async function killEverywhere({weather, make, others, isTorn: variants}: KillOptions): Promise<void> {
	const acts = await actsOf(weather, await make(), others);
	expect(acts).toBeGreaterThan(3);
	for (let position = 0; position < acts; position++) {
		for (const isTorn of variants) {
			const world = await make();
			const where = `${weather.name}, killed at act ${position} of ${acts}${isTorn ? ', torn' : ''}`;
			try {
				await killAt(world, {weather, others, position, isTorn, where});
			} finally {
				world.remove();
			}
		}
	}
}

type Killing = Pick<KillOptions, 'weather' | 'others'> & {
	readonly position: number;
	readonly isTorn: boolean;
	readonly where: string;
};

async function killAt(world: AnyWorld, {weather, others, position, isTorn, where}: Killing): Promise<void> {
	world.meet(weather.fault(new Map()));
	const first = new Program(world, position);
	await first.start({others: [...others]});
	if (!first.isDead) {
		await first.stop();
	}

	expect((await world.alive()).length, where).toBeLessThanOrEqual(1);
	if (isTorn && (await world.state())) {
		await Program.tear(world);
	}

	const second = new Program(world);
	if (await world.state()) {
		await second.attach();
	}

	const state = await world.state();
	const alive = await world.alive();
	expect(alive.length, where).toBeLessThanOrEqual(1);
	expect(
		alive.every(({intentId}) => state?.intentIds.includes(intentId ?? '')),
		where,
	).toBe(true);
	if (state?.instanceId !== undefined && state.phase !== 'gone') {
		// What the backend calls it may have its region before it.
		expect(
			alive.map(({id}) => state.instanceId?.endsWith(id)),
			where,
		).toEqual([true]);
	}

	// However it came: after a stop and a look, nothing is left.
	if (state && state.phase !== 'gone') {
		await new Program(world).stop(runName);
	}

	world.now += 180_000;
	await new Program(world).reconcile();
	expect(await world.alive(), where).toEqual([]);
}

/** How many acts a whole life has in this weather. */
async function actsOf(weather: Weather, world: AnyWorld, others: KillOptions['others']): Promise<number> {
	try {
		world.meet(weather.fault(new Map()));
		const program = new Program(world);
		await program.start({others: [...others]});
		expect(await world.state()).toMatchObject({phase: expect.stringMatching(/starting|gone/) as string});
		await program.stop();
		return program.acts;
	} finally {
		world.remove();
	}
}
