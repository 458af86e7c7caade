import {type Connection, ConnectionError, type Destination, PortRefused} from './contract.js';
import {connect as connectSocket, type Socket} from 'node:net';
import type {Duplex, Readable} from 'node:stream';
import type {Client, ConnectConfig} from 'ssh2';
import {messageOf} from '../../system/problem.js';
import {publicKeyBytes} from './keys.js';
import {coalesceWrites, cacheCipherKeys} from './tune-ssh2.js';
import {Ssh2Connection} from './ssh2-connection.js';

export {ConnectionError, PortRefused};

const readyLimit = 15_000;
/** How long a machine may say nothing at all, milliseconds: the system would ask it again only after 8 and 16 s. */
const connectLimit = 4000;

/**
Connects and logs in, to an SSH server that listens on a machine's loopback, over a connection to that machine; it ends with that one.
Rejects as `connect` does.
*/
export async function connectThrough(machine: Connection, destination: Destination, signal: AbortSignal): Promise<Connection> {
	signal.throwIfAborted();
	let sock: Duplex;
	try {
		sock = await machine.openPort(destination.port);
	} catch (error) {
		throw new ConnectionError(
			error instanceof PortRefused ? 'the SSH server of the environment does not listen' : messageOf(error),
			false,
			error,
		);
	}

	return logIn(destination, signal, sock);
}

/** Connects and logs in. Rejects with `ConnectionError`; a wrong host key and a refused login are final. */
export async function connect(destination: Destination, signal: AbortSignal): Promise<Connection> {
	signal.throwIfAborted();
	const {host, port} = destination;
	// The kernel's own keepalive too: a name table of a router on the way forgets a connection without traffic.
	const socket = connectSocket({host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000});
	const timer = setTimeout(() => {
		socket.destroy(new Error(`no answer from ${host}:${port} in ${connectLimit / 1000} s`));
	}, connectLimit);
	for (const event of ['connect', 'close'] as const) {
		socket.once(event, () => clearTimeout(timer));
	}

	return logIn(destination, signal, socket);
}

/** The options of a login; `isWrong` says whether it was another host key that ended it. */
function configure(destination: Destination, sock: Socket | Duplex): {config: ConnectConfig; isWrong: () => boolean} {
	const pinned = destination.hostKeys.map(publicKeyBytes);
	let wrongKey = false;
	const config: ConnectConfig = {
		sock: sock as unknown as Readable,
		username: destination.user,
		privateKey: destination.privateKey,
		readyTimeout: readyLimit,
		// Whether it lives is judged by `Keepalive`, which sees the answers.
		keepaliveInterval: 0,
		algorithms: {serverHostKey: ['ssh-ed25519']},
		hostVerifier(key: Buffer) {
			wrongKey = !pinned.some(each => key.equals(each));
			return !wrongKey;
		},
	};
	return {config, isWrong: () => wrongKey};
}

async function logIn(destination: Destination, signal: AbortSignal, sock: Socket | Duplex): Promise<Connection> {
	// It may fail while the library is still being loaded.
	sock.on('error', () => undefined);
	coalesceWrites(sock);
	const {default: ssh2} = await import('ssh2');
	const client: Client = new ssh2.Client();
	const {config, isWrong} = configure(destination, sock);
	return new Promise((resolve, reject) => {
		const onAbort = () => {
			client.destroy();
			sock.destroy();
			reject(signal.reason as Error);
		};

		const fail = (error: Error & {level?: string}) => {
			signal.removeEventListener('abort', onAbort);
			const refused = error.level === 'client-authentication';
			const message = isWrong()
				? `${destination.host}:${destination.port} shows another host key than the one made for this run`
				: refused
					? `${destination.host}:${destination.port} refuses the run's key`
					: error.message;
			reject(new ConnectionError(message, isWrong() || refused, error, refused && !isWrong()));
			client.destroy();
			sock.destroy();
		};

		if (signal.aborted || sock.destroyed) {
			sock.destroy();
			reject(
				signal.aborted ? (signal.reason as Error) : new ConnectionError('the connection was closed before the login', false),
			);
			return;
		}

		signal.addEventListener('abort', onAbort, {once: true});
		// A connection that is given up may complain more than once; the first complaint is the one that is reported.
		client.on('error', () => undefined);
		client.once('error', fail);
		client.once('close', () => {
			fail(new Error('the connection was closed before the login'));
		});
		client.once('ready', () => {
			signal.removeEventListener('abort', onAbort);
			client.off('error', fail);
			client.removeAllListeners('close');
			resolve(new Ssh2Connection(client, sock));
		});
		// After each exchange of keys there are other ciphers.
		client.on('handshake', () => setImmediate(cacheCipherKeys, client));
		client.connect(config);
	});
}
