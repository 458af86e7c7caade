import fc from 'fast-check';
import {expect} from 'vitest';
import type {BackendErrorClass} from '../../../source/backends/backend.js';
import type {Call, Fault} from './cloud.js';
import {type AnyWorld, Program, runName} from './program.js';

const minute = 60_000;
/** A cloud that never answers is waited for without end: then somebody loses patience. */
const mostActs = 150;

type Step =
	| {readonly type: 'start' | 'attach' | 'stop'; readonly killAt: number | undefined; readonly isTorn: boolean}
	| {readonly type: 'reconcile'; readonly killAt: number | undefined}
	| {readonly type: 'pass'; readonly minutes: number}
	/** The clock of this machine is set, between two programs or while one waits. */
	| {readonly type: 'jump'; readonly days: number; readonly inWait: boolean}
	| {readonly type: 'interrupt'}
	| {readonly type: 'foreign'};

type History = {
	readonly steps: readonly Step[];
	/** One for each call of the cloud, over and over. */
	readonly faults: ReadonlyArray<Fault | undefined>;
	readonly duration: number | null;
	readonly retries: boolean;
};

const killAt = fc.option(fc.nat(24), {nil: undefined, freq: 2});
const step: fc.Arbitrary<Step> = fc.oneof(
	fc.record({type: fc.constantFrom('start' as const, 'attach' as const, 'stop' as const), killAt, isTorn: fc.boolean()}),
	fc.record({type: fc.constant('reconcile' as const), killAt}),
	fc.record({type: fc.constant('pass' as const), minutes: fc.constantFrom(0, 1, 2, 10, 45, 90)}),
	fc.record({type: fc.constant('jump' as const), days: fc.constantFrom(-1, 1), inWait: fc.boolean()}),
	fc.constant({type: 'interrupt' as const}),
	fc.constant({type: 'foreign' as const}),
);
const classes: readonly BackendErrorClass[] = ['capacity', 'quota', 'permission', 'configuration', 'transient', 'unknown'];
const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
	{weight: 6, arbitrary: fc.constant(undefined)},
	{weight: 1, arbitrary: fc.constant({type: 'lost-before' as const})},
	{weight: 2, arbitrary: fc.constant({type: 'lost-after' as const})},
	{weight: 1, arbitrary: fc.record({type: fc.constant('refused' as const), class: fc.constantFrom(...classes)})},
);
const history: fc.Arbitrary<History> = fc.record({
	steps: fc.array(step, {minLength: 2, maxLength: 9}),
	faults: fc.array(fault, {minLength: 1, maxLength: 40}),
	duration: fc.constantFrom(null, 600, 3600),
	retries: fc.boolean(),
});

/** What cannot be repeated: a machine is there, and what a program was told of it is not to be doubted. */
const faultable: ReadonlySet<Call> = new Set(['launch', 'find', 'describe', 'terminate', 'list']);

export type HistoryOptions = {
	/** A world that nobody has lived in. */
	readonly make: () => Promise<AnyWorld>;
	/** Tried after the first offer. */
	readonly others: ReadonlyArray<Record<string, unknown>>;
	/** Whether the cloud's clock can be turned: where it is the real one, no time is let pass beside what a program sleeps through. */
	readonly isTurned: boolean;
};

/** So many random histories, over whatever cloud is handed in: nothing lives unannounced, twice, or past its deadline. */
export async function liveThrough(count: number, options: HistoryOptions): Promise<void> {
	await fc.assert(
		fc.asyncProperty(history, async each => live(each, options)),
		{numRuns: count},
	);
}

async function live({steps, faults, duration, retries}: History, {make, others, isTurned}: HistoryOptions): Promise<void> {
	const world = await make();
	let calls = 0;
	let isCalm = false;
	world.meet(call => (isCalm || !faultable.has(call) ? undefined : faults[calls++ % faults.length]));
	const foreign = new Set<string>();
	const check = async (where: string): Promise<void> => {
		const state = await world.state();
		const ours = (await world.alive()).filter(({id}) => !foreign.has(id));
		for (const {intentId, ends, deadline, promised} of ours) {
			expect(state?.intentIds, `${where}: an instance that no journal announced`).toContain(intentId);
			if (ends !== undefined) {
				expect(world.now, `${where}: an instance past its deadline`).toBeLessThanOrEqual(ends + minute);
			}

			expect(deadline, `${where}: another deadline than was announced`).toBe(promised);
		}

		expect(ours.length, `${where}: two at once`).toBeLessThanOrEqual(1);
		if (state?.phase === 'gone') {
			expect(ours, `${where}: gone, and still billed`).toEqual([]);
		}
	};

	try {
		for (const [index, each] of steps.entries()) {
			const state = await world.state();
			const program = new Program(world, 'killAt' in each && each.killAt !== undefined ? each.killAt : mostActs);
			switch (each.type) {
				case 'start': {
					if (!state) {
						await program.start({
							others: [...others],
							duration,
							retry: retries ? {limit: 600, on: ['no-capacity', 'interruption', 'error']} : null,
						});
					}

					break;
				}

				case 'attach': {
					if (state && state.phase !== 'gone') {
						await program.attach();
					}

					break;
				}

				case 'stop': {
					if (state && state.phase !== 'gone') {
						await program.stop();
					}

					break;
				}

				case 'reconcile': {
					await program.reconcile();
					break;
				}

				case 'pass': {
					world.now += isTurned ? each.minutes * minute : 0;
					break;
				}

				case 'jump': {
					world[each.inWait ? 'jumpInWait' : 'ahead'] += each.days * 24 * 60 * minute;
					break;
				}

				case 'interrupt': {
					const [machine] = (await world.alive()).filter(({id}) => !foreign.has(id));
					if (machine) {
						await world.interrupt?.(machine.id);
					}

					break;
				}

				case 'foreign': {
					foreign.add(await world.addForeign());
					break;
				}
			}

			if ('isTorn' in each && each.isTorn && program.isDead && (await world.state())) {
				await Program.tear(world);
			}

			await check(`step ${index} (${each.type})`);
		}

		const untouched = (await world.alive()).filter(({id}) => foreign.has(id)).length;
		// When all is well again, a stop and a look leave nothing of ours, and everything of others.
		isCalm = true;
		if ((await world.state())?.phase !== 'gone' && (await world.state())) {
			await new Program(world).stop(runName);
		}

		world.now += 3 * minute;
		await new Program(world).reconcile();
		const left = await world.alive();
		expect(
			left.filter(({id}) => !foreign.has(id)),
			'left after all',
		).toEqual([]);
		expect(
			world.terminated().filter(token => [...foreign].some(id => token.endsWith(id))),
			'a foreign one was touched',
		).toEqual([]);
		expect(left.length, 'foreign ones end by themselves alone').toBeLessThanOrEqual(untouched);
	} finally {
		world.remove();
	}
}
