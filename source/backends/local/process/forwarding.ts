import {connect, createServer, type Server, type Socket} from 'node:net';
import type {Connection} from 'ssh2';

const loopback = new Map([
	['localhost', '127.0.0.1'],
	['127.0.0.1', '127.0.0.1'],
	['::1', '::1'],
	['ip6-localhost', '::1'],
]);

/** The address to use for a destination on this machine; undefined for any other: an environment is no way into the network. */
const loopbackAddress = (host: string): string | undefined =>
	loopback.get(host) ?? (/^127(?:\.\d{1,3}){3}$/.test(host) ? host : undefined);

function join(socket: Socket, stream: NodeJS.ReadWriteStream & {destroy(): void}): void {
	// The library closes a channel of a server whole when its own half has ended; the other half may still have much to say.
	(stream as {server?: boolean}).server = false;
	socket.on('error', () => stream.destroy());
	stream.on('error', () => socket.destroy());
	socket.once('close', () => stream.destroy());
	stream.once('close', () => socket.destroySoon());
	socket.pipe(stream);
	stream.pipe(socket);
}

// RFC 4254, 5.1.
const prohibited = 1;
const connectFailed = 2;

type Refusal = (recipient: number, reason: number, words: string) => void;

/** Refuses a channel with a reason that the client can show; the library's own refusal has none, and no way to give one. */
function refuseWith(client: Connection, reject: () => void, reason: number, words: string): void {
	const {_protocol: protocol} = client as unknown as {_protocol: {channelOpenFail: Refusal}};
	const {channelOpenFail} = protocol;
	protocol.channelOpenFail = recipient => channelOpenFail.call(protocol, recipient, reason, words);
	try {
		reject();
	} finally {
		protocol.channelOpenFail = channelOpenFail;
	}
}

/** Carries a client's forwards, both ways, between it and this machine's loopback. */
export function serveForwards(client: Connection): void {
	client.on('tcpip', (accept, reject, {destIP, destPort}) => {
		const host = loopbackAddress(destIP);
		if (host === undefined) {
			refuseWith(client, reject, prohibited, `${destIP} is not this machine: only localhost can be reached`);
			return;
		}

		const socket = connect({host, port: destPort, allowHalfOpen: true});
		const refuse = (error: Error) => refuseWith(client, reject, connectFailed, error.message);
		socket.once('error', refuse);
		socket.once('connect', () => {
			socket.off('error', refuse);
			join(socket, accept());
		});
	});
	serveReverse(client);
}

function serveReverse(client: Connection): void {
	const servers = new Map<string, Server>();
	client.on('close', () => {
		for (const server of servers.values()) {
			server.close();
		}
	});
	client.on('request', (accept, reject, name, info) => {
		const {bindAddr, bindPort} = info as {bindAddr: string; bindPort: number};
		const host = bindAddr === '' ? '127.0.0.1' : loopbackAddress(bindAddr);
		if (name === 'cancel-tcpip-forward') {
			servers.get(`${bindAddr}:${bindPort}`)?.close();
			servers.delete(`${bindAddr}:${bindPort}`);
			accept?.();
			return;
		}

		if (name !== 'tcpip-forward' || host === undefined) {
			reject?.();
			return;
		}

		const server = createServer({allowHalfOpen: true}, socket => {
			client.forwardOut(bindAddr, bindPort, socket.remoteAddress ?? '127.0.0.1', socket.remotePort ?? 0, (error, stream) => {
				if (error) {
					socket.resetAndDestroy();
				} else {
					join(socket, stream);
				}
			});
		});
		server.once('error', () => reject?.());
		server.listen(bindPort, host, () => {
			const {port} = server.address() as {port: number};
			servers.set(`${bindAddr}:${bindPort === 0 ? port : bindPort}`, server);
			accept?.(port);
		});
	});
}
