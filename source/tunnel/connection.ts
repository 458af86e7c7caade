import type {Duplex, Readable} from 'node:stream';
import type {Client as Ssh2Client, ConnectConfig} from 'ssh2';
import {messageOf} from '../system/problem.js';
import {execOn} from './exec.js';
import {publicKeyBytes} from './keys.js';
import type {ExecOptions, ExecResult, Link} from './link.js';

export type Destination = {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	/** The run's private key, OpenSSH's format. */
	readonly privateKey: string;
	/** The pinned host keys' public halves, one line each: two while one is replaced by the other. */
	readonly hostKeys: readonly string[];
};

/** A connection that can also carry ports. */
export type Connection = Link & {
	/** A stream to `port` on the instance's loopback. Rejects with `PortRefused` when nothing listens there. */
	openPort(port: number): Promise<Duplex>;
	/** A command whose streams stay open, for as long as the connection lives. */
	openCommand(command: string): Promise<Duplex>;
};

/** Why a connection could not be made. `final` ones do not change by trying again. */
export class ConnectionError extends Error {
	override readonly name = 'ConnectionError';
	readonly final: boolean;

	constructor(message: string, final: boolean, cause?: unknown) {
		super(message, {cause});
		this.final = final;
	}
}

/** The instance itself refuses a port: nothing listens there, or forwarding is not allowed. */
export class PortRefused extends Error {
	override readonly name = 'PortRefused';
}

const readyLimit = 15_000;
const channelLimit = 20_000;

const withLimit = async <T>(what: string, start: (done: (error: Error | undefined, value?: T) => void) => void): Promise<T> =>
	new Promise((resolve, reject) => {
		const timer = setTimeout(() => {
			reject(new ConnectionError(`${what}: no answer in ${channelLimit / 1000} s`, false));
		}, channelLimit);
		try {
			start((error, value) => {
				clearTimeout(timer);
				if (error) {
					reject(error);
				} else {
					resolve(value as T);
				}
			});
		} catch (error) {
			clearTimeout(timer);
			reject(error);
		}
	});

class Ssh2Connection implements Connection {
	readonly closed: Promise<Error | undefined>;
	readonly #client: Ssh2Client;

	constructor(client: Ssh2Client) {
		this.#client = client;
		this.closed = new Promise(resolve => {
			let reason: Error | undefined;
			client.on('error', error => {
				reason ??= error;
			});
			client.on('close', () => {
				resolve(reason);
			});
		});
	}

	async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
		return execOn(this.#client, command, options);
	}

	async openPort(port: number): Promise<Duplex> {
		return withLimit(`port ${port}`, done => {
			this.#client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, (error, stream) => {
				// Only an answer of the other side has a reason; a link that broke gives none.
				done(error && 'reason' in error ? new PortRefused(error.message, {cause: error}) : error, stream);
			});
		});
	}

	async openCommand(command: string): Promise<Duplex> {
		return withLimit('command', done => {
			this.#client.exec(command, done);
		});
	}

	close(): void {
		this.#client.end();
		// A link that is already dead never answers the polite end.
		setTimeout(() => this.#client.destroy(), 2000).unref();
	}
}

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

	return connect(destination, signal, sock);
}

/**
Connects and logs in, over `sock` where there is one. Rejects with `ConnectionError`; a wrong host key and a refused login are final.
*/
export async function connect(destination: Destination, signal: AbortSignal, sock?: Duplex): Promise<Connection> {
	const {default: ssh2} = await import('ssh2');
	signal.throwIfAborted();
	const client = new ssh2.Client();
	const pinned = destination.hostKeys.map(publicKeyBytes);
	let wrongKey = false;

	const config: ConnectConfig = {
		host: destination.host,
		port: destination.port,
		...(sock ? {sock: sock as unknown as Readable} : {}),
		username: destination.user,
		privateKey: destination.privateKey,
		readyTimeout: readyLimit,
		keepaliveInterval: 15_000,
		keepaliveCountMax: 3,
		algorithms: {serverHostKey: ['ssh-ed25519']},
		hostVerifier(key: Buffer) {
			wrongKey = !pinned.some(each => key.equals(each));
			return !wrongKey;
		},
	};

	return new Promise((resolve, reject) => {
		const onAbort = () => {
			client.destroy();
			sock?.destroy();
			reject(signal.reason as Error);
		};

		const fail = (error: Error & {level?: string}) => {
			signal.removeEventListener('abort', onAbort);
			const refused = error.level === 'client-authentication';
			const message = wrongKey
				? `${destination.host}:${destination.port} shows another host key than the one made for this run`
				: refused
					? `${destination.host}:${destination.port} refuses the run's key`
					: error.message;
			reject(new ConnectionError(message, wrongKey || refused, error));
			client.destroy();
			sock?.destroy();
		};

		signal.addEventListener('abort', onAbort, {once: true});
		// A connection that is given up may complain more than once; the first complaint is the one that is told.
		client.on('error', () => undefined);
		client.once('error', fail);
		client.once('close', () => {
			fail(new Error('the connection was closed before the login'));
		});
		client.once('ready', () => {
			signal.removeEventListener('abort', onAbort);
			client.off('error', fail);
			client.removeAllListeners('close');
			client.setNoDelay(true);
			resolve(new Ssh2Connection(client));
		});
		client.connect(config);
	});
}
