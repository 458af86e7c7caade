import type {Duplex} from 'node:stream';
import type {Socket} from 'node:net';
import type {Client, ClientChannel} from 'ssh2';
import {type IncomingChannel, type Connection, ConnectionError, PortRefused} from './contract.js';
import {execOn} from './exec.js';
import type {ExecOptions, ExecResult} from '../../system/link.js';

/** Within which an open channel must be answered, milliseconds. */
const channelLimit = 10_000;
const politeness = 2000;
/** What may wait to be sent before those who send are asked to stop, bytes. */
const congestion = 1024 * 1024;
const guardInterval = 15_000;
const guardCount = 3;

/** An SSH connection by the library `ssh2`, with what that leaves to its users: deadlines, back-pressure, and an end that is reported at once. */
export class Ssh2Connection implements Connection {
	readonly closed: Promise<Error | undefined>;
	readonly #client: Client;
	readonly #sock: Socket | Duplex;
	readonly #ends = new Set<() => void>();
	readonly #drains = new Set<() => void>();
	readonly #arrivals = new Map<number, (arrival: IncomingChannel) => void>();
	#guard: NodeJS.Timeout | undefined;
	#reason: Error | undefined;
	#over = false;
	#read = 0;

	constructor(client: Client, sock: Socket | Duplex) {
		this.#client = client;
		this.#sock = sock;
		// Every command and every port listens for the end.
		client.setMaxListeners(0);
		this.closed = new Promise(resolve => {
			client.on('error', error => {
				this.#reason ??= error;
				// After an error nothing more comes of it, and a dead peer would never close it.
				this.#drop();
			});
			client.on('close', () => {
				this.#end();
				resolve(this.#reason);
			});
		});
		client.on('tcp connection', ({destPort}, accept, reject) => {
			const onArrival = this.#arrivals.get(destPort);
			if (onArrival) {
				onArrival({accept, refuse: () => reject()});
			} else {
				reject();
			}
		});
		sock.on('drain', () => {
			const drains = [...this.#drains];
			this.#drains.clear();
			for (const act of drains) {
				act();
			}
		});
		if (!('bytesRead' in sock)) {
			sock.on('data', (piece: Buffer) => {
				this.#read += piece.length;
			});
		}

		this.#startGuard();
	}

	get bytesRead(): number {
		return 'bytesRead' in this.#sock ? this.#sock.bytesRead : this.#read;
	}

	get congested(): boolean {
		return this.#sock.writableLength > congestion && this.#sock.writableNeedDrain;
	}

	whenDrained(act: () => void): void {
		this.#drains.add(act);
	}

	onClosed(listener: () => void): () => void {
		if (this.#over) {
			// Not before the caller knows the way to stop it.
			const soon = setImmediate(listener);
			return () => clearImmediate(soon);
		}

		this.#ends.add(listener);
		return () => this.#ends.delete(listener);
	}

	async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
		this.#mustLive();
		return execOn(this.#client, command, options);
	}

	async openPort(port: number): Promise<Duplex> {
		try {
			return await this.#openPort('127.0.0.1', port);
		} catch (error) {
			if (!(error instanceof PortRefused)) {
				throw error;
			}

			// Some servers listen at `localhost`, and take only its newer half.
			return this.#openPort('::1', port).catch((second: unknown) => {
				throw second instanceof PortRefused ? error : second;
			});
		}
	}

	async openCommand(command: string): Promise<Duplex> {
		return this.#withLimit<ClientChannel>('command', done => {
			this.#client.exec(command, done);
		});
	}

	async listenRemote(port: number, onArrival: (arrival: IncomingChannel) => void): Promise<() => void> {
		this.#arrivals.set(port, onArrival);
		try {
			await this.#withLimit(`port ${port} there`, done => {
				this.#client.forwardIn('127.0.0.1', port, error => {
					done(
						error && !this.#over ? new PortRefused(`port ${port} is taken there, or cannot be opened`, {cause: error}) : error,
					);
				});
			});
		} catch (error) {
			this.#arrivals.delete(port);
			throw error;
		}

		return () => {
			this.#arrivals.delete(port);
			if (!this.#over && this.#sock.writable) {
				// Whether it was still open there changes nothing: it is not wanted any more.
				this.#client.unforwardIn('127.0.0.1', port, () => undefined);
			}
		};
	}

	async ping(): Promise<number> {
		this.#mustLive();
		const started = performance.now();
		return new Promise((resolve, reject) => {
			// To stop listening at a port that was never asked for: answered by the server itself, with nothing to do and no process to start.
			this.#client.unforwardIn('127.0.0.1', 0, error => {
				if (this.#over) {
					reject(this.#reason ?? error ?? new Error('the connection is over'));
				} else {
					resolve(performance.now() - started);
				}
			});
		});
	}

	stopOwnKeepalive(): void {
		clearInterval(this.#guard);
	}

	close(): void {
		this.stopOwnKeepalive();
		if (!this.#over) {
			this.#client.end();
			// A link that is already dead never answers the polite end.
			setTimeout(() => this.#drop(), politeness).unref();
		}
	}

	destroy(reason: Error): void {
		this.#reason ??= reason;
		this.#drop();
	}

	/** Its own keepalive, until whoever holds it takes that over. */
	#startGuard(): void {
		let unanswered = 0;
		let seen = this.bytesRead;
		this.#guard = setInterval(() => {
			unanswered = this.bytesRead === seen ? unanswered + 1 : 0;
			seen = this.bytesRead;
			if (unanswered > guardCount) {
				this.destroy(new Error(`no answer for ${(unanswered * guardInterval) / 1000} s`));
			} else {
				this.ping().catch(() => undefined);
			}
		}, guardInterval);
		this.#guard.unref();
	}

	async #openPort(host: string, port: number): Promise<Duplex> {
		return this.#withLimit<ClientChannel>(`port ${port}`, done => {
			this.#client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
				// Only an answer of the other side has a reason; a link that broke gives none.
				done(error && 'reason' in error ? new PortRefused(error.message, {cause: error}) : error, stream);
			});
		});
	}

	#mustLive(): void {
		if (this.#over) {
			throw new ConnectionError(this.#reason?.message ?? 'the connection is over', false, this.#reason);
		}
	}

	/** A channel that comes after its time is closed again. */
	async #withLimit<T extends Duplex | void>(
		what: string,
		start: (done: (error: Error | undefined, value?: T) => void) => void,
	): Promise<T> {
		this.#mustLive();
		return new Promise((resolve, reject) => {
			let late = false;
			const timer = setTimeout(() => {
				late = true;
				reject(new ConnectionError(`${what}: no answer in ${channelLimit / 1000} s`, false));
			}, channelLimit);
			try {
				start((error, value) => {
					clearTimeout(timer);
					if (error) {
						reject(error);
					} else if (late) {
						value?.destroy();
						value?.resume();
					} else {
						resolve(value as T);
					}
				});
			} catch (error) {
				clearTimeout(timer);
				reject(error);
			}
		});
	}

	#drop(): void {
		if (this.#over) {
			return;
		}

		this.#client.destroy();
		this.#sock.destroy();
		if (!('bytesRead' in this.#sock)) {
			// A channel of another connection says that it is closed only when the other side agrees, and that one may not answer.
			this.#sock.resume();
			this.#sock.emit('close');
		}
	}

	#end(): void {
		if (this.#over) {
			return;
		}

		this.#over = true;
		this.stopOwnKeepalive();
		this.#drains.clear();
		for (const listener of this.#ends) {
			listener();
		}

		this.#ends.clear();
	}
}
