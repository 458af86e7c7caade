import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {onTestFinished} from 'vitest';
import type {Clock} from '../../source/system/clock.js';
import type {Random} from '../../source/system/random.js';

export type Asked = {
	readonly method: string;
	readonly path: string;
	readonly headers: IncomingMessage['headers'];
	readonly body: string;
};

export type Web = {
	readonly url: string;
	readonly host: string;
	/** What was asked for so far, in order. */
	readonly asked: Asked[];
};

export type Answer = (asked: Asked, response: ServerResponse) => void;

/** A server on 127.0.0.1 that ends with the test. */
export async function web(answer: Answer): Promise<Web> {
	const asked: Asked[] = [];
	const listener: RequestListener = (request, response) => {
		const pieces: Buffer[] = [];
		request.on('data', piece => pieces.push(piece as Buffer));
		request.on('end', () => {
			const {method = '', url: path = '', headers} = request;
			const one = {method, path, headers, body: Buffer.concat(pieces).toString()};
			asked.push(one);
			answer(one, response);
		});
	};

	const server = createServer(listener);
	const sockets = new Set<Socket>();
	server.on('connection', socket => {
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
		socket.on('error', () => undefined);
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(async () => {
		for (const socket of sockets) {
			socket.destroy();
		}

		await new Promise(resolve => {
			server.close(resolve);
		});
	});
	const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	return {url: `http://${host}`, host, asked};
}

export const json = (response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void => {
	response.writeHead(200, {'content-type': 'application/json', ...headers}).end(JSON.stringify(value));
};

/** Answers one after the other, the last one for ever. */
export function inTurn(...answers: Answer[]): Answer {
	let next = 0;
	return (asked, response) => answers[Math.min(next++, answers.length - 1)]?.(asked, response);
}

export const status =
	(code: number, headers: Record<string, string> = {}, body = ''): Answer =>
	(_, response) => {
		response.writeHead(code, headers).end(body);
	};

/** A clock whose pauses last no time but are written down; limits of time, longer than `real`, never pass on it. */
export function quickClock(): Clock & {readonly pauses: number[]} {
	const pauses: number[] = [];
	let now = Date.parse('2026-11-24T12:00:00Z');
	return {
		pauses,
		now: () => now,
		elapsed: () => now,
		async sleep(milliseconds, signal) {
			signal?.throwIfAborted();
			if (signal && milliseconds >= limitsFrom) {
				return new Promise((_, reject) => {
					signal.addEventListener('abort', () => reject(signal.reason as Error), {once: true});
				});
			}

			pauses.push(milliseconds);
			now += milliseconds;
			await new Promise(resolve => {
				setImmediate(resolve);
			});
		},
		every: () => () => undefined,
	};
}

/** Limits of time in tests that use the quick clock are at least this long, milliseconds; pauses are shorter. */
export const limitsFrom = 1_000_000;
export const endless = {answer: limitsFrom, idle: limitsFrom, whole: limitsFrom};

/** Always the greatest, or whatever `share` of it. */
export const fixedRandom = (share = 0.5): Random => ({
	uuid: () => '00000000-0000-4000-8000-000000000000',
	integerBelow: limit => Math.floor((limit - 1) * share),
	hex: count => '0'.repeat(count * 2),
});
