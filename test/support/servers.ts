import {createServer, connect as connectSocket, type AddressInfo, type Socket} from 'node:net';
import {networkInterfaces} from 'node:os';
import {onTestFinished} from 'vitest';

/** Whether this machine's loopback has ::1 beside 127.0.0.1. */
export const hasNewer = Object.values(networkInterfaces()).some(each => each?.some(({address}) => address === '::1'));

/** A server of the loopback for one test; its port. */
export async function serve(onSocket: (socket: Socket) => void, port = 0, host = '127.0.0.1'): Promise<number> {
	const sockets = new Set<Socket>();
	const server = createServer({allowHalfOpen: true}, socket => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
		socket.on('error', () => socket.destroy());
		onSocket(socket);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen({port, host, backlog: 4096}, resolve);
	});
	onTestFinished(() => {
		server.close();
		for (const socket of sockets) {
			socket.destroy();
		}
	});
	return (server.address() as AddressInfo).port;
}

/** Sends back what it gets, and ends when that ends. */
export const echoServer = async (): Promise<number> => serve(socket => socket.pipe(socket));

/** Sends all of `data` and its end; resolves with all that came back, when that ended. */
export async function roundTrip(port: number, data: Buffer | string, host = '127.0.0.1'): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const pieces: Buffer[] = [];
		const socket = connectSocket({port, host, allowHalfOpen: true});
		socket.on('data', piece => pieces.push(piece));
		socket.on('end', () => resolve(Buffer.concat(pieces)));
		socket.on('error', reject);
		socket.end(data);
	});
}

/** Waits until it is so; fails with `what` after ten seconds. */
export async function until(what: string, isSo: () => boolean, limit = 10_000): Promise<void> {
	const started = performance.now();
	while (!isSo()) {
		if (performance.now() - started > limit) {
			throw new Error(`never came: ${what}`);
		}

		await new Promise(resolve => setTimeout(resolve, 5));
	}
}
