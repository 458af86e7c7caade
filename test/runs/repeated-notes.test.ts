import {expect, onTestFinished, test} from 'vitest';
import type {RunContext} from '../../source/runs/context.js';
import {Keeper} from '../../source/runs/live/supervisor.js';
import type {RunRecord} from '../../source/runs/journal/record.js';
import {SilenceWatch} from '../../source/runs/live/silence-watch.js';
import type {Tunnels} from '../../source/runs/link/tunnels.js';
import {TurnedClock} from '../support/clock.js';
import {temporaryFolder} from '../support/folders.js';
import {runState} from '../support/ui.js';

const settle = async () => new Promise(resolve => setTimeout(resolve, 5));

test.each([
	['a cloud, asked every 15 s', 1],
	['this machine, asked every second', 0],
])('what cannot be checked is noted once until it is another, or went well: %s', async (_, price) => {
	const clock = new TurnedClock();
	const notes: string[] = [];
	let linked = false;
	let trouble: string | undefined = 'no credentials';
	let asked = 0;
	const describe = async () => {
		asked++;
		if (trouble !== undefined) {
			throw new Error(trouble);
		}

		return {state: 'running'};
	};

	const known = runState();
	const record = {
		folder: await temporaryFolder(),
		known: {...known, offer: {...known.offer, price}},
		owned: true,
		note: (text: string) => notes.push(text),
	} as unknown as RunRecord;
	const over = new AbortController();
	onTestFinished(() => over.abort());
	new Keeper({clock, backend: async () => ({describe})} as unknown as RunContext, record, over.signal, {
		isOurs: async () => true,
		stage: async () => Promise.reject(new Error('nobody asks for it')),
		isLinked: () => linked,
		onLook: async () => undefined,
		onStopRequested: async () => undefined,
		onEnd: async () => undefined,
		onOverdue: async () => undefined,
	}).start();
	const pass = async (seconds: number) => {
		for (let second = 0; second < seconds; second++) {
			clock.pass(1000);
			await settle();
		}
	};

	await pass(50);
	expect(asked).toBeGreaterThan(2);
	expect(notes).toHaveLength(1);
	expect(notes[0]).toContain('could not be checked: ');
	expect(notes[0]).toContain('no credentials');
	trouble = 'no network';
	await pass(17);
	expect(notes).toHaveLength(2);
	trouble = undefined;
	await pass(17);
	trouble = 'no network';
	await pass(34);
	expect(notes).toHaveLength(3);
	linked = true;
	await pass(2);
	linked = false;
	await pass(34);
	expect(notes).toHaveLength(4);
});

test('a machine that cannot be asked for its environment is noted once until that went well', async () => {
	const clock = new TurnedClock();
	const notes: string[] = [];
	let trouble: string | undefined = 'no answer';
	const exec = async () => {
		if (trouble !== undefined) {
			throw new Error(trouble);
		}

		return {stdout: ''};
	};

	const tunnels = {
		environment: {health: {status: 'waiting'}},
		machine: {health: {status: 'up'}, link: async () => ({exec})},
	} as unknown as Tunnels;
	const record = {known: runState({guarded: true}), note: (text: string) => notes.push(text)} as unknown as RunRecord;
	const watch = new SilenceWatch({clock} as unknown as RunContext, record, tunnels);
	const pass = async (seconds: number) => {
		for (let second = 0; second < seconds; second++) {
			clock.pass(1000);
			await watch.look();
		}
	};

	await pass(60);
	expect(notes).toEqual(['the machine could not be asked for its environment: Error: no answer']);
	trouble = undefined;
	await pass(20);
	trouble = 'no answer';
	await pass(40);
	expect(notes).toHaveLength(2);
});
