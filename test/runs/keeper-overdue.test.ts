import {expect, onTestFinished, test} from 'vitest';
import type {RunContext} from '../../source/runs/context.js';
import type {RunRecord} from '../../source/runs/journal/record.js';
import {Keeper} from '../../source/runs/live/supervisor.js';
import type {RunState} from '../../source/runs/model/state.js';
import {TurnedClock} from '../support/clock.js';
import {temporaryFolder} from '../support/folders.js';
import {runState} from '../support/ui.js';

const minute = 60_000;
const settle = async () => new Promise(resolve => setTimeout(resolve, 5));

async function keep(changes: Partial<RunState>, isLinked: boolean, instance: object | undefined = {state: 'running'}) {
	const clock = new TurnedClock();
	const start = clock.now();
	const events: string[] = [];
	const overdue: string[] = [];
	const known = runState({guarded: true, leaseLifted: true, launchedAt: start, deadline: start + 60 * minute, ...changes});
	const record = {
		folder: await temporaryFolder(),
		known: {...known, offer: {...known.offer, price: 1}},
		owned: true,
		note: () => undefined,
		async append({type}: {type: string}) {
			events.push(type);
			record.known = {...record.known, isGuardSilent: record.known.isGuardSilent || type === 'guard-unheard'};
		},
	} as unknown as RunRecord & {known: RunState};
	const over = new AbortController();
	onTestFinished(() => over.abort());
	new Keeper({clock, backend: async () => ({describe: async () => instance})} as unknown as RunContext, record, over.signal, {
		isOurs: async () => true,
		stage: async () => Promise.reject(new Error('nobody asks for it')),
		isLinked: () => isLinked,
		onLook: async () => undefined,
		onStopRequested: async () => undefined,
		onEnd: async () => undefined,
		async onOverdue(reason) {
			overdue.push(reason);
			over.abort();
		},
	}).start();
	const pass = async (time: number) => {
		clock.pass(time);
		await settle();
		clock.pass(1000);
		await settle();
		await settle();
	};

	return {pass, events, overdue};
}

test.each([
	['ready', false],
	// Its machine answers, and its guard does nothing.
	['ready', true],
	['failed', false],
	['starting', false],
] as const)('its owner ends a machine that outlives its deadline: %s, linked: %s', async (phase, isLinked) => {
	const {pass, overdue} = await keep({phase}, isLinked);
	await pass(64 * minute);
	expect(overdue).toEqual([]);
	await pass(minute);
	await expect.poll(() => overdue).toEqual([expect.stringContaining('it did not end itself at its deadline')]);
});

test('one that is prepared still, and whose machine is gone by then, is over', async () => {
	const {pass, overdue} = await keep({phase: 'failed'}, false, {state: 'terminated', reason: 'it shut itself down'});
	await pass(66 * minute);
	await expect.poll(() => overdue).toEqual([expect.stringContaining('it shut itself down')]);
});

test('a guard that was never heard of is an event, once, within its boot lease; then its machine is ended', async () => {
	const {pass, events, overdue} = await keep({phase: 'failed', leaseLifted: false, deadline: undefined}, false);
	await pass(4 * minute);
	expect(events).toEqual([]);
	await pass(minute);
	await pass(minute);
	expect(events).toEqual(['guard-unheard']);
	await pass(30 * minute);
	await expect.poll(() => overdue).toEqual([expect.stringContaining('boot lease')]);
	expect(events).toEqual(['guard-unheard']);
});
