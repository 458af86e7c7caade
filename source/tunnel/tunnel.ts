import {systemClock, type Clock} from '../system/clock.js';
import {messageOf} from '../system/problem.js';
import {systemRandom, type Random} from '../system/random.js';
import {ConnectionError, type Connection} from './connection.js';
import {Forwards} from './forwards.js';
import {watchHealth} from './health.js';

export type TunnelHealth = {
	readonly status: 'connecting' | 'up' | 'waiting' | 'down';
	readonly latencies: readonly number[];
	readonly upSince: number | undefined;
	readonly reconnects: number;
	readonly reason: string | undefined;
};

export type TunnelOptions = {
	/** Called for each attempt: an instance may come back at another port. Rejects with `ConnectionError`. */
	readonly open: (signal: AbortSignal) => Promise<Connection>;
	readonly clock?: Clock;
	readonly random?: Random;
	readonly onUp?: (connection: Connection) => void;
	readonly onDown?: (reason: string) => void;
	/** Told once, when no further try can succeed: a wrong host key, a key that is refused. */
	readonly onFailed?: (error: ConnectionError) => void;
	readonly onChange?: () => void;
};

const firstDelay = 500;
const longestDelay = 30_000;
const kept = 60;

/** Exponential back-off with full jitter, milliseconds, at most `longest`. */
export const backOff = (attempt: number, random: Random, longest = longestDelay): number =>
	random.below(Math.min(longest, firstDelay * 2 ** Math.min(attempt, 10)) + 1);

/** Our own connection into an environment: kept up, with its forwards, until it is closed or can never work. */
export class Tunnel {
	readonly forwards = new Forwards();
	readonly #options: TunnelOptions;
	readonly #clock: Clock;
	readonly #random: Random;
	readonly #stop = new AbortController();
	readonly #waiting = new Set<{resolve: (connection: Connection) => void; reject: (error: Error) => void}>();
	#connection: Connection | undefined;
	#started = false;
	#everUp = false;
	#final: Error | undefined;
	#health: TunnelHealth = {status: 'connecting', latencies: [], upSince: undefined, reconnects: 0, reason: undefined};

	constructor(options: TunnelOptions) {
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
		this.#random = options.random ?? systemRandom;
	}

	get health(): TunnelHealth {
		return this.#health;
	}

	/** Starts connecting, and goes on doing so; does nothing when it has been started before. */
	start(): void {
		if (!this.#started) {
			this.#started = true;
			void this.#keepUp();
		}
	}

	/** The connection, as soon as there is one. Rejects when it can never be, or the tunnel is closed. */
	async link(signal?: AbortSignal): Promise<Connection> {
		signal?.throwIfAborted();
		if (this.#final) {
			throw this.#final;
		}

		if (this.#connection) {
			return this.#connection;
		}

		return new Promise((resolve, reject) => {
			const entry = {
				resolve(connection: Connection) {
					signal?.removeEventListener('abort', onAbort);
					resolve(connection);
				},
				reject(error: Error) {
					signal?.removeEventListener('abort', onAbort);
					reject(error);
				},
			};

			const onAbort = () => {
				this.#waiting.delete(entry);
				reject(signal?.reason as Error);
			};

			this.#waiting.add(entry);
			signal?.addEventListener('abort', onAbort, {once: true});
		});
	}

	close(): void {
		this.#end(new ConnectionError('the tunnel is closed', true));
		this.#stop.abort(new ConnectionError('the tunnel is closed', true));
		this.#connection?.close();
		this.forwards.close();
	}

	async #keepUp(): Promise<void> {
		for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
			try {
				const connection = await this.#options.open(this.#stop.signal);
				attempt = 0;
				await this.#hold(connection);
			} catch (error) {
				if (this.#stop.signal.aborted) {
					return;
				}

				if (error instanceof ConnectionError && error.final) {
					this.#set({status: 'down', upSince: undefined, reason: error.message});
					this.#end(error);
					this.#options.onFailed?.(error);
					return;
				}

				this.#set({status: this.#health.reconnects > 0 ? 'waiting' : 'connecting', reason: messageOf(error)});
			}

			// A new instance is about to answer, and a person waits for it.
			const longest = this.#everUp ? longestDelay : firstDelay;
			await this.#clock.sleep(backOff(attempt, this.#random, longest), this.#stop.signal).catch(() => undefined);
		}
	}

	async #hold(connection: Connection): Promise<void> {
		this.#connection = connection;
		this.#everUp = true;
		this.forwards.use(connection);
		this.#set({status: 'up', upSince: this.#clock.now(), reason: undefined});
		for (const {resolve} of this.#waiting) {
			resolve(connection);
		}

		this.#waiting.clear();
		this.#options.onUp?.(connection);
		const stopWatching = watchHealth(
			connection,
			this.#clock,
			latency => {
				this.#set({latencies: [...this.#health.latencies, latency].slice(-kept)});
			},
			() => {
				connection.close();
			},
		);
		const reason = await connection.closed;
		stopWatching();
		this.#connection = undefined;
		this.forwards.use(undefined);
		if (!this.#stop.signal.aborted) {
			const text = reason?.message ?? 'the other side closed the connection';
			this.#set({status: 'waiting', upSince: undefined, reconnects: this.#health.reconnects + 1, reason: text});
			this.#options.onDown?.(text);
		}
	}

	#end(error: Error): void {
		this.#final ??= error;
		for (const {reject} of this.#waiting) {
			reject(error);
		}

		this.#waiting.clear();
	}

	#set(change: Partial<TunnelHealth>): void {
		this.#health = {...this.#health, ...change};
		this.#options.onChange?.();
	}
}
