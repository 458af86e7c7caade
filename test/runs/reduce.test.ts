import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {RunEvent} from '../../source/runs/model/events.js';
import {reduceAll} from '../../source/runs/model/reduce.js';
import {readyLife, testSpecification} from '../support/events.js';

describe('reduce', () => {
	test('a life in order ends ready, with its steps and times', () => {
		const state = reduceAll('fast-moth-1', readyLife());
		expect(state).toMatchObject({
			name: 'fast-moth-1',
			phase: 'ready',
			instanceId: 'process:x',
			address: {host: '127.0.0.1', port: 2222, user: 'me'},
			reachable: true,
			readyAt: 11_000,
			deadline: undefined,
		});
		expect(state?.steps).toEqual([
			{id: 'instance', title: 'Start it', status: 'done', startedAt: 3000, endedAt: 6000, text: ''},
			{id: 'setup', title: 'Set up', status: 'done', startedAt: 8000, endedAt: 10_000, text: 'well'},
		]);
	});

	test('without an intent there is no run', () => {
		expect(reduceAll('x', [{type: 'ready', at: 1}])).toBeUndefined();
	});

	test('a failed step is told with everything, and a new attempt forgets it', () => {
		const failed: RunEvent[] = [
			...readyLife().slice(0, 9),
			{type: 'step-failed', at: 20_000, step: 'setup', message: 'no', command: 'false', code: 1, lastLines: ['a']},
		];
		const state = reduceAll('x', failed);
		expect(state?.phase).toBe('failed');
		expect(state?.failure).toMatchObject({step: 'setup', command: 'false', code: 1, lastLines: ['a']});
		const again = reduceAll('x', [...failed, {type: 'step-started', at: 21_000, step: 'setup', title: 'Set up'}]);
		expect(again).toMatchObject({phase: 'starting', failure: undefined});
		expect(again?.steps.find(({id}) => id === 'setup')).toMatchObject({status: 'running', startedAt: 21_000});
	});

	test('what ends by itself and keeps something has ended; what is stopped is gone', () => {
		const kept = [...readyLife(), {type: 'gone', at: 30_000, reason: 'ended at its deadline', kept: true} as RunEvent];
		expect(reduceAll('x', kept)).toMatchObject({phase: 'ended', reachable: false, endedAt: 30_000});
		const stopped: RunEvent[] = [
			...kept,
			{type: 'stopping', at: 31_000, reason: 'stopped'},
			{type: 'gone', at: 32_000, reason: 'stopped'},
		];
		expect(reduceAll('x', stopped)).toMatchObject({phase: 'gone', endedAt: 30_000, reason: 'stopped'});
	});

	test('the tunnel counts its reconnects', () => {
		const events: RunEvent[] = [
			...readyLife(),
			{type: 'tunnel-up', at: 1},
			{type: 'tunnel-down', at: 2, reason: 'slept'},
			{type: 'tunnel-up', at: 3},
		];
		expect(reduceAll('x', events)?.tunnel).toEqual({up: true, since: 3, reconnects: 1, reason: undefined});
	});

	test('ports that come, move and go, and those that lead here', () => {
		const state = (...more: RunEvent[]) => {
			const port = {local: 8000, remote: 8000, direct: false};
			const begin = {type: 'intended', at: 0, specification: testSpecification({ports: [port]})} as RunEvent;
			return reduceAll('x', [begin, ...readyLife().slice(1), ...more]);
		};

		const opened: RunEvent[] = [
			{type: 'port-moved', at: 1, from: 8000, local: 8001, holder: 'node (pid 7)'},
			{
				type: 'port-opened',
				at: 2,
				port: {local: 3001, remote: 3000, direct: false, added: true, wanted: 3000},
				holder: 'ruby (pid 8)',
			},
			{type: 'reverse-opened', at: 3, remote: 9000, local: 9000},
			{type: 'reverse-opened', at: 4, remote: 9001, local: 9000},
			{type: 'port-offered', at: 5, remote: 5000, process: 'flask'},
			{type: 'ports-known', at: 6, ports: [53, 8080]},
		];
		expect(state(...opened)).toMatchObject({
			ports: [
				{local: 8001, remote: 8000, wanted: 8000, holder: 'node (pid 7)'},
				{local: 3001, remote: 3000, wanted: 3000, holder: 'ruby (pid 8)', added: true},
			],
			reverse: [
				{remote: 9000, local: 9000},
				{remote: 9001, local: 9000},
			],
			portsKnown: [53, 8080],
		});
		const closed = state(
			...opened,
			{type: 'port-closed', at: 7, local: 3001},
			{type: 'port-closed', at: 8, local: 8001},
			{type: 'port-moved', at: 9, from: 8001, local: 8002, holder: 'perl (pid 9)'},
			{type: 'reverse-closed', at: 10, remote: 9000},
			{type: 'instance-lost', at: 11, reason: 'gone', interrupted: true},
		);
		// One that it was started with stays, with the port that was wanted first; of another instance nothing is known.
		expect(closed).toMatchObject({
			ports: [{local: 8002, remote: 8000, wanted: 8000, holder: 'node (pid 7)'}],
			reverse: [{remote: 9001, local: 9000}],
			portsKnown: undefined,
		});
	});

	test('reading a journal in any two pieces gives the same state as in one', () => {
		fc.assert(
			fc.property(fc.nat(readyLife().length), fc.shuffledSubarray(readyLife().slice(1)), (cut, later) => {
				const events = [...readyLife().slice(0, 1), ...later];
				expect(reduceAll('x', [...events.slice(0, cut), ...events.slice(cut)])).toEqual(reduceAll('x', events));
				expect(reduceAll('x', events)?.name).toBe('x');
			}),
		);
	});
});
