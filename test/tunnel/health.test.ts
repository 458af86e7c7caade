import {expect, test} from 'vitest';
import {healthLine, type TunnelHealth} from '../../source/tunnel/health.js';
import {Keepalive} from '../../source/tunnel/keepalive.js';
import type {Connection} from '../../source/tunnel/connection/contract.js';

const up: TunnelHealth = {status: 'up', latencies: [40, 23.4], upSince: 1000, reconnects: 0, reason: undefined};

test('the state of a tunnel in one line', () => {
	expect(healthLine(up, 3_721_000)).toBe('23 ms · up 1h02');
	expect(healthLine({...up, reconnects: 1, latencies: [0.3]}, 61_000)).toBe('<1 ms · up 1m · 1 reconnect');
	expect(healthLine({...up, reconnects: 2, latencies: []}, 6000)).toBe('up 5s · 2 reconnects');
	const waiting = {...up, status: 'waiting', reason: 'connect ETIMEDOUT'} as const;
	expect(healthLine({...waiting, attempt: 3, nextTry: 10_000}, 6000)).toBe('next try in 4 s (3rd) · connect ETIMEDOUT');
	expect(healthLine({...waiting, attempt: 22}, 6000)).toBe('trying (22nd) · connect ETIMEDOUT');
	expect(healthLine({...waiting, attempt: 112, silentSince: 1000}, 76_000)).toBe('trying (112th) · no answer for 1m15');
	expect(healthLine({...up, status: 'down', reason: 'the instance is gone'}, 0)).toBe('the instance is gone');
});

/** A connection whose answers and bytes are given by hand. */
const link = () => {
	const answers: Array<(latency: number) => void> = [];
	const connection = {
		bytesRead: 0,
		answers,
		stopOwnKeepalive: () => undefined,
		ping: async () => new Promise<number>(resolve => answers.push(resolve)),
	};
	return connection as typeof connection & Connection;
};

const watch = (connection: Connection) => {
	const told: string[] = [];
	const keepalive = new Keepalive(connection, {
		onAnswer: latency => told.push(`${latency} ms`),
		onSilent: seconds => told.push(`silent ${seconds}`),
		onHeard: () => told.push('heard'),
	});
	const pass = (seconds: number) => {
		for (let second = 0; second < seconds; second++) {
			keepalive.tick();
		}
	};

	return {told, keepalive, pass};
};

const turn = async () => new Promise(resolve => setTimeout(resolve, 0));

test('a busy link lives without an answer, for as long as bytes arrive', async () => {
	const connection = link() as Connection & {bytesRead: number; answers: Array<(latency: number) => void>};
	const {told, pass} = watch(connection);
	for (let second = 0; second < 60; second++) {
		connection.bytesRead += 1000;
		pass(1);
	}

	expect(told).toEqual([]);
	expect(connection.answers).toHaveLength(1);
	pass(3);
	expect(told).toEqual([]);
	pass(1);
	expect(told).toEqual(['silent 4']);
	pass(100);
	connection.bytesRead++;
	pass(1);
	expect(told).toEqual(['silent 4', 'heard']);
	connection.answers[0]?.(160_000);
	await turn();
	connection.answers[1]?.(9);
	await turn();
	// How long it stood still is no round trip.
	expect(told).toEqual(['silent 4', 'heard', '9 ms']);
});

test('an idle link is asked every five seconds, with one question at a time', async () => {
	const connection = link() as Connection & {answers: Array<(latency: number) => void>};
	const {told, pass} = watch(connection);
	connection.answers[0]?.(7);
	await turn();
	pass(4);
	expect(connection.answers).toHaveLength(1);
	pass(1);
	expect(connection.answers).toHaveLength(2);
	pass(3);
	expect(connection.answers).toHaveLength(2);
	expect(told).toEqual(['7 ms']);
});
