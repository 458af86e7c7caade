import {systemClock, type Clock} from '../system/clock.js';
import {systemRandom, type Random} from '../system/random.js';
import {type WakeAndNetworkWatch, wakeAndNetworkWatch} from '../system/wake-and-network.js';
import {ConnectionError} from './connection/connection.js';
import {type Connection} from './connection/contract.js';
import {Forwards} from './forward/forwards.js';
import {idleHealth, type TunnelHealth} from './health.js';
import {Keepalive} from './keepalive.js';
import {ReverseForwards} from './forward/reverse.js';
import {Reconnector} from './reconnector.js';
import {LinkWaiters} from './waiters.js';

export type {TunnelHealth} from './health.js';

export type TunnelOptions = {
	/** Called for each attempt: an instance may come back at another port. Rejects with `ConnectionError`. */
	readonly open: (signal: AbortSignal) => Promise<Connection>;
	/** The one that `open` goes through, if any: who waits here waits for that too. */
	readonly through?: Tunnel;
	readonly clock?: Clock;
	readonly random?: Random;
	/** Where sleep and changes of the network are noticed. @default one for all tunnels of the clock */
	readonly surroundings?: WakeAndNetworkWatch;
	/** Called with each new connection. */
	readonly onUp?: (connection: Connection) => void;
	/** Called when a connection is lost or says nothing any more. */
	readonly onDown?: (reason: string) => void;
	/** Called when a connection that did not answer answers again; after `onDown`, in place of `onUp`. */
	readonly onBack?: () => void;
	/** Whether something waits for the connection, so that no try comes late. */
	readonly isUrgent?: () => boolean;
	/** Called once, when no further try can succeed: a wrong host key, a key that is refused, an instance that is gone. */
	readonly onFailed?: (error: ConnectionError) => void;
	readonly onChange?: () => void;
};

const kept = 60;
const healthyAfter = 60;
/** How long an answer may take before another connection is tried beside the one that is in doubt, milliseconds. */
const doubtLimit = 400;

type Held = {readonly connection: Connection; readonly keepalive: Keepalive; seconds: number};

/** Our own connection into an environment: kept up, with its forwards, until it is closed or can never work. */
export class Tunnel {
	readonly forwards = new Forwards(undefined, () => this.shortenWait());
	readonly reverse = new ReverseForwards();
	readonly #options: TunnelOptions;
	readonly #clock: Clock;
	readonly #surroundings: WakeAndNetworkWatch;
	readonly #seeker: Reconnector;
	readonly #stop = new AbortController();
	readonly #waiters = new LinkWaiters<Connection>();
	readonly #whileUp = new Map<(connection: Connection) => () => void, (() => void) | undefined>();
	#held: Held | undefined;
	#unwatch: (() => void) | undefined;
	#toldDown = false;
	#everUp = false;
	#final: Error | undefined;
	#health: TunnelHealth = {status: 'connecting', latencies: [], upSince: undefined, reconnects: 0, reason: undefined};

	constructor(options: TunnelOptions) {
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
		this.#surroundings = options.surroundings ?? wakeAndNetworkWatch(this.#clock);
		this.#seeker = new Reconnector({
			isUrgent: options.isUrgent,
			clock: this.#clock,
			random: options.random ?? systemRandom,
			open: options.open,
			onConnected: connection => this.#take(connection),
			onFinal: error => this.#fail(error),
			onAttempt: ({attempt, nextTry, reason}) => this.#onTry(attempt, nextTry, reason),
		});
	}

	get health(): TunnelHealth {
		return this.#health;
	}

	/** Starts connecting, and goes on doing so; does nothing when it has been started before. */
	start(): void {
		if (!this.#unwatch && !this.#stop.signal.aborted) {
			this.#unwatch = this.#surroundings.watch({onTick: () => this.#tick(), onChange: () => this.#onChange()});
			this.#seeker.start();
		}
	}

	/** Begins anew after the report that no further try can succeed; does nothing else. */
	retry(): void {
		if (this.#final && !this.#stop.signal.aborted) {
			this.#final = undefined;
			this.#unwatch = undefined;
			this.#toldDown = true;
			this.#seeker.resetBackoff();
			this.#set({status: this.#everUp ? 'waiting' : 'connecting'});
			this.start();
		}
	}

	/** The connection, as soon as there is one that answers. Rejects when it can never be, or the tunnel is closed. */
	async link(signal?: AbortSignal): Promise<Connection> {
		signal?.throwIfAborted();
		if (this.#final) {
			throw this.#final;
		}

		const held = this.#held;
		return held && !held.keepalive.isSilent && !held.keepalive.isProbing ? held.connection : this.#waiters.wait(signal);
	}

	/** Does something over each connection that there is from now on: `begin` returns the way to end it. Returns the way to stop. */
	whileUp(begin: (connection: Connection) => () => void): () => void {
		this.#whileUp.set(begin, this.#held && begin(this.#held.connection));
		return () => {
			this.#whileUp.get(begin)?.();
			this.#whileUp.delete(begin);
		};
	}

	/** Somebody waits for the connection from now on who will soon give up. */
	shortenWait(): void {
		this.#seeker.shortenWait();
		this.#options.through?.shortenWait();
	}

	close(): void {
		const error = new ConnectionError('the tunnel is closed', true);
		this.#end(error);
		this.#stop.abort(error);
		this.#held?.connection.close();
		this.forwards.close();
		this.reverse.close();
	}

	#take(connection: Connection): void {
		const old = this.#held;
		this.#release();
		const held: Held = {
			connection,
			seconds: 0,
			keepalive: new Keepalive(connection, {
				onAnswer: latency => held === this.#held && this.#onAnswer(latency),
				onSilent: seconds => held === this.#held && this.#onSilent(seconds),
				onHeard: () => held === this.#held && this.#onHeard(connection),
			}),
		};
		this.#held = held;
		if (old) {
			old.connection.destroy(new ConnectionError('another connection stands in for it', false));
			this.#tellDown('it did not answer any more');
		}

		const reconnects = this.#health.reconnects + (this.#everUp ? 1 : 0);
		this.#everUp = true;
		this.#set({...idleHealth, status: 'up', upSince: this.#clock.now(), reconnects});
		this.#toldDown = false;
		this.#serve(connection);
		for (const begin of this.#whileUp.keys()) {
			this.#whileUp.set(begin, begin(connection));
		}

		this.#options.onUp?.(connection);
		void connection.closed.then(reason => held === this.#held && this.#onLost(reason));
	}

	#serve(connection: Connection): void {
		this.forwards.setConnection(connection);
		this.reverse.setConnection(connection);
		this.#waiters.resolve(connection);
	}

	#release(): void {
		this.#held = undefined;
		this.forwards.setConnection(undefined);
		this.reverse.setConnection(undefined);
		for (const [begin, end] of this.#whileUp) {
			end?.();
			this.#whileUp.set(begin, undefined);
		}
	}

	#onLost(reason: Error | undefined): void {
		this.#release();
		if (!this.#stop.signal.aborted) {
			const text = reason?.message ?? 'the other side closed the connection';
			this.#set({status: 'waiting', upSince: undefined, silentSince: undefined, reason: text});
			this.#tellDown(text);
			this.#seeker.start();
		}
	}

	/** It is kept, since it may only be frozen; another one is sought beside it, and whichever answers first is used. */
	#onSilent(seconds: number): void {
		this.forwards.setConnection(undefined);
		// A number of seconds would be old by the time at which somebody reads it.
		const text = 'no answer';
		this.#set({status: 'waiting', silentSince: this.#clock.now() - seconds * 1000, reason: text});
		this.#tellDown(text);
		this.#seeker.start();
	}

	#onHeard(connection: Connection): void {
		this.#seeker.pause();
		this.#set({...idleHealth, status: 'up'});
		this.#toldDown = false;
		this.#serve(connection);
		this.#options.onBack?.();
	}

	#onAnswer(latency: number): void {
		if (this.#health.status === 'up') {
			this.#seeker.pause();
			if (this.#held) {
				this.#waiters.resolve(this.#held.connection);
			}
		}

		this.#set({latencies: [...this.#health.latencies, latency].slice(-kept)});
	}

	#onTry(attempt: number, nextTry: number | undefined, reason: string | undefined): void {
		const {status, silentSince} = this.#health;
		if (status !== 'up') {
			const why = silentSince === undefined ? (reason ?? this.#health.reason) : this.#health.reason;
			this.#set({status: this.#everUp ? 'waiting' : 'connecting', attempt, nextTry, reason: why});
		}
	}

	/** The machine slept, or its network is another: what is there is asked at once, and what is waited for is tried at once. */
	#onChange(): void {
		this.#seeker.retryNow();
		this.#held?.keepalive.probe();
		if (this.#held) {
			void this.#clock.sleep(doubtLimit, this.#stop.signal).then(
				() => {
					if (this.#held?.keepalive.isProbing) {
						this.#seeker.resetBackoff();
						this.#seeker.start();
					}
				},
				() => undefined,
			);
		}
	}

	#tick(): void {
		this.#held?.keepalive.tick();
		if (this.#health.status === 'up') {
			if (this.#held && ++this.#held.seconds === healthyAfter) {
				this.#seeker.resetBackoff();
			}
		}
	}

	#fail(error: ConnectionError): void {
		const held = this.#held;
		this.#release();
		held?.connection.destroy(error);
		this.#set({...idleHealth, status: 'down', upSince: undefined, reason: error.message});
		this.#end(error);
		this.#options.onFailed?.(error);
	}

	#end(error: Error): void {
		this.#final ??= error;
		this.#unwatch?.();
		this.#seeker.pause();
		this.#waiters.reject(error);
	}

	#tellDown(reason: string): void {
		if (!this.#toldDown) {
			this.#toldDown = true;
			this.#options.onDown?.(reason);
		}
	}

	#set(change: Partial<TunnelHealth>): void {
		this.#health = {...this.#health, ...change};
		this.#options.onChange?.();
	}
}
