import {createServer, request as ask, type IncomingMessage, type RequestOptions, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';
import {onTestFinished} from 'vitest';

/** What becomes of a request: it never arrives, its answer never arrives, or this is the answer. */
export type Verdict = 'lost request' | 'lost answer' | {readonly status: number; readonly body: string; readonly type?: string};

export type Asked = {readonly method: string; readonly path: string; readonly body: string};

export type Gate = {
	/** Decides on each request; undefined lets it through. */
	judge: (asked: Asked) => Verdict | undefined;
	/** Of 127.0.0.1. */
	readonly port: number;
};

/**
A network in front of a real server that speaks HTTP, for one test: requests and answers are lost in it. `listen` and `target` are ports of
127.0.0.1 or paths of sockets. What becomes another protocol than HTTP passes as it is.
*/
export async function startGate(target: number | string, listen: number | string = 0): Promise<Gate> {
	const gate = {judge: (() => undefined) as Gate['judge'], port: 0};
	const server = createServer((request, response) => {
		void pass(gate, target, request, response).catch(() => response.destroy());
	});
	server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		const far = ask(optionsOf(target, request));
		far.on('upgrade', (answer, farSocket, farHead) => {
			socket.write(`HTTP/1.1 ${answer.statusCode} UPGRADED\r\n${headerLines(answer)}\r\n`);
			socket.write(farHead);
			farSocket.write(head);
			farSocket.pipe(socket).pipe(farSocket);
			farSocket.on('error', () => socket.destroy());
			socket.on('error', () => farSocket.destroy());
		});
		far.on('response', answer => {
			socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${headerLines(answer)}\r\n`);
			answer.pipe(socket);
		});
		far.on('error', () => socket.destroy());
		far.end();
	});
	await new Promise<void>(resolve => {
		if (typeof listen === 'string') {
			server.listen(listen, resolve);
		} else {
			server.listen(listen, '127.0.0.1', resolve);
		}
	});
	onTestFinished(async () => {
		server.closeAllConnections();
		await new Promise(resolve => server.close(resolve));
	});
	gate.port = typeof listen === 'string' ? 0 : (server.address() as AddressInfo).port;
	return gate;
}

const optionsOf = (target: number | string, {method, url, headers}: IncomingMessage): RequestOptions => ({
	...(typeof target === 'string' ? {socketPath: target} : {host: '127.0.0.1', port: target}),
	...{method, path: url, headers, agent: false},
});

const headerLines = ({rawHeaders}: IncomingMessage): string =>
	rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');

async function pass(gate: Gate, target: number | string, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const pieces: Buffer[] = [];
	for await (const piece of request) {
		pieces.push(piece as Buffer);
	}

	const body = Buffer.concat(pieces);
	const verdict = gate.judge({method: request.method ?? '', path: request.url ?? '', body: body.toString('latin1')});
	if (verdict === 'lost request') {
		response.destroy();
		return;
	}

	if (typeof verdict === 'object') {
		response.writeHead(verdict.status, {'content-type': verdict.type ?? 'application/json'}).end(verdict.body);
		return;
	}

	const answer = await new Promise<IncomingMessage>((resolve, reject) => {
		ask(optionsOf(target, request), resolve).on('error', reject).end(body);
	});
	if (verdict === 'lost answer') {
		answer.resume();
		await new Promise(resolve => answer.once('close', resolve));
		response.destroy();
		return;
	}

	response.writeHead(answer.statusCode ?? 502, answer.headers);
	answer.on('error', () => response.destroy());
	response.on('close', () => answer.destroy());
	answer.pipe(response);
}
