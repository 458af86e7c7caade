import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {type Call, type Fault} from './cloud.js';
import {offersOf, Program, runName, World} from './program.js';

let world: World;

beforeEach(() => {
	world = new World();
});

afterEach(() => {
	world.remove();
});

type Weather = {readonly name: string; readonly fault: (seen: Map<Call, number>) => (call: Call) => Fault | undefined};

/** The n-th call of a kind meets a fault. */
const at =
	(kind: Call, numbers: readonly number[], fault: Fault) =>
	(seen: Map<Call, number>) =>
	(call: Call): Fault | undefined => {
		const count = (seen.get(call) ?? 0) + 1;
		seen.set(call, count);
		return call === kind && numbers.includes(count) ? fault : undefined;
	};

const weathers: readonly Weather[] = [
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

const others = offersOf({id: 'cloud/r1/b', instanceType: 'b'}, {id: 'cloud/r2/c', instanceType: 'c', region: 'r2'});

/** How many acts a whole life has in this weather. */
async function actsOf(weather: Weather): Promise<number> {
	world.cloud.fault = weather.fault(new Map());
	const program = new Program(world);
	await program.start({others});
	await program.stop();
	return program.acts;
}

describe('killed at every position, and started again: one instance or none, and none after the end', () => {
	for (const weather of weathers) {
		test(weather.name, async () => {
			const acts = await actsOf(weather);
			expect(acts).toBeGreaterThan(3);
			for (let position = 0; position < acts; position++) {
				for (const isTorn of [false, true]) {
					world.remove();
					world = new World();
					world.cloud.fault = weather.fault(new Map());
					const first = new Program(world, position);
					await first.start({others});
					if (!first.isDead) {
						await first.stop();
					}

					const where = `${weather.name}, killed at act ${position} of ${acts}${isTorn ? ', torn' : ''}`;
					expect(world.cloud.alive().length, where).toBeLessThanOrEqual(1);
					if (isTorn && (await world.state())) {
						await Program.tear(world);
					}

					const second = new Program(world);
					if (await world.state()) {
						await second.attach();
					}

					const state = await world.state();
					const alive = world.cloud.alive();
					expect(alive.length, where).toBeLessThanOrEqual(1);
					expect(
						alive.every(({intent}) => state?.intentIds.includes(intent.id)),
						where,
					).toBe(true);
					if (state?.instanceId !== undefined && state.phase !== 'gone') {
						expect(
							alive.map(({id}) => id),
							where,
						).toEqual([state.instanceId]);
					}

					// However it came: after a stop and a look, nothing is left.
					if (state && state.phase !== 'gone') {
						await new Program(world).stop(runName);
					}

					world.now += 180_000;
					await new Program(world).reconcile();
					expect(world.cloud.alive(), where).toEqual([]);
				}
			}
		});
	}
});
