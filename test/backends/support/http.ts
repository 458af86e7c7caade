import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {onTestFinished} from 'vitest';

/** A request as it came, with its whole body. */
export type Heard = {
	readonly method: string;
	readonly path: string;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly body: string;
};

/** How to answer: with a status and body, slowly, half, or never. */
export type Reply =
	| {readonly status: number; readonly body: string; readonly type?: string; readonly headers?: Readonly<Record<string, string>>}
	| 'hang'
	| {readonly half: string};

export type Server = {readonly url: string; readonly heard: Heard[]};

export const json = (value: unknown, status = 200): Reply => ({status, body: JSON.stringify(value), type: 'application/json'});

/** An HTTP server on this machine for one test. */
export async function serve(answer: (request: Heard) => Reply | Promise<Reply>): Promise<Server> {
	const heard: Heard[] = [];
	const {url} = await serveRaw(async (request, response, body) => {
		const {method = '', url: path = '', headers} = request;
		const each = {method, path, headers, body};
		heard.push(each);
		send(response, await answer(each));
	});
	return {url, heard};
}

/** The same, where the answer is written by whoever gives it. */
export async function serveRaw(
	answer: (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>,
): Promise<{readonly url: string}> {
	const server = createServer((request, response) => {
		void read(request)
			.then(async body => answer(request, response, body))
			.catch(() => response.destroy());
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(async () => {
		server.closeAllConnections();
		await new Promise(resolve => server.close(resolve));
	});
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
}

async function read(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) {
		chunks.push(chunk as Buffer);
	}

	return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, reply: Reply): void {
	if (reply === 'hang') {
		return;
	}

	if ('half' in reply) {
		response.writeHead(200, {'content-type': 'application/json', 'content-length': String(reply.half.length * 2)});
		response.write(reply.half);
		setTimeout(() => response.destroy(), 20);
		return;
	}

	response.writeHead(reply.status, {'content-type': reply.type ?? 'text/xml', ...reply.headers});
	response.end(reply.body);
}

/** A port where nobody listens. */
export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address() as AddressInfo;
	await new Promise(resolve => server.close(resolve));
	return port;
}
