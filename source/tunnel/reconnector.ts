import type {Clock} from '../system/clock.js';
import {messageOf} from '../system/problem.js';
import type {Random} from '../system/random.js';
import {backoffDelay, firstDelay, longestDelay} from './backoff.js';
import {ConnectionError} from './connection/connection.js';
import {type Connection} from './connection/contract.js';

/** The longest pause while a local connection waits for this one, and how long one waits, milliseconds. */
const urgentDelay = 1000;
const urgentFor = 20_000;
/** After a refused login, milliseconds: a machine that starts learns its keys meanwhile, and OpenSSH's penalty for such a login is over. */
const refusalDelay = 6000;
/** So long a machine that has let us in before may refuse us, milliseconds: one that starts anew lets nobody in until it is up. */
const refusalPatience = 60_000;

type ReconnectorOptions = {
	/** Whether something waits for the connection: no long pauses then. */
	readonly isUrgent?: () => boolean;
	readonly clock: Clock;
	readonly random: Random;
	readonly open: (signal: AbortSignal) => Promise<Connection>;
	readonly onConnected: (connection: Connection) => void;
	/** No further try can succeed. */
	readonly onFinal: (error: ConnectionError) => void;
	/** Called when a try starts (`nextTry` undefined) and when one has failed. */
	readonly onAttempt: (progress: {attempt: number; nextTry: number | undefined; reason: string | undefined}) => void;
};

/** Tries to connect until it succeeds, nobody wants it any more, or no try can succeed. */
export class Reconnector {
	readonly #options: ReconnectorOptions;
	/** Before the first connection a person waits for a machine that is about to answer: no long pauses then. */
	#isFirstConnection = true;
	#nextTry: number | undefined;
	#awaitedUntil = Number.NEGATIVE_INFINITY;
	/** Tries since the last connection that stayed healthy. */
	#tries = 0;
	/** Tries since the last connection. */
	#attempt = 0;
	#refusals = 0;
	#refusedSince = 0;
	#running: AbortController | undefined;

	constructor(options: ReconnectorOptions) {
		this.#options = options;
	}

	/** Starts trying; does nothing where it tries already. */
	start(): void {
		if (!this.#running) {
			const seeking = new AbortController();
			this.#running = seeking;
			void this.#run(seeking.signal);
		}
	}

	/** Ends the try that is under way and the wait for the next one. */
	pause(): void {
		this.#abort();
		this.#attempt = 0;
	}

	/** Somebody waits from now on who will soon give up: a long pause is cut short. */
	shortenWait(): void {
		const now = this.#options.clock.elapsed();
		this.#awaitedUntil = now + urgentFor;
		if (this.#running && this.#refusals === 0 && this.#nextTry !== undefined && this.#nextTry - now > urgentDelay) {
			this.#abort();
			this.#attempt--;
			this.start();
		}
	}

	/** There is reason to hope: a wait ends now, and a try over what may be the old network begins anew. */
	retryNow(): void {
		if (this.#running) {
			this.#tries = 0;
			this.#abort();
			this.start();
		}
	}

	/** The connection has been healthy for long: what went wrong before does not count any more. */
	resetBackoff(): void {
		this.#tries = 0;
		this.#refusals = 0;
	}

	#abort(): void {
		this.#running?.abort(new ConnectionError('not needed any more', false));
		this.#running = undefined;
		this.#nextTry = undefined;
	}

	/** The longest pause that is bearable now, milliseconds. */
	#longest(): number {
		const {isUrgent, clock} = this.#options;
		const longest = clock.elapsed() < this.#awaitedUntil ? urgentDelay : longestDelay;
		return this.#isFirstConnection || isUrgent?.() === true ? firstDelay : longest;
	}

	async #run(signal: AbortSignal): Promise<void> {
		const {clock, random, open, onAttempt} = this.#options;
		let reason: string | undefined;
		while (!signal.aborted) {
			const attempt = ++this.#attempt;
			const delay =
				this.#refusals > 0 ? refusalDelay : this.#tries === 0 ? 0 : backoffDelay(this.#tries - 1, random, this.#longest());
			if (delay > 0) {
				this.#nextTry = clock.elapsed() + delay;
				onAttempt({attempt, nextTry: clock.now() + delay, reason});
				await clock.sleep(delay, signal).catch(() => undefined);
				if (signal.aborted) {
					return;
				}

				this.#nextTry = undefined;
			}

			onAttempt({attempt, nextTry: undefined, reason});
			this.#tries++;
			try {
				const connection = await open(signal);
				if (signal.aborted) {
					connection.destroy(signal.reason as Error);
					return;
				}

				this.#refusals = 0;
				this.#attempt = 0;
				this.#running = undefined;
				// How often a machine was asked that was only starting says nothing about its network.
				this.#tries = this.#isFirstConnection ? 1 : this.#tries;
				this.#isFirstConnection = false;
				this.#options.onConnected(connection);
				return;
			} catch (error) {
				if (signal.aborted) {
					return;
				}

				if (this.#isFinal(error)) {
					this.#running = undefined;
					this.#options.onFinal(error);
					return;
				}

				reason = messageOf(error);
			}
		}
	}

	/**
	One refusal may come from a machine that is only starting; a second one in a row is meant, but for one that has let us in before: that may
	be starting again.
	*/
	#isFinal(error: unknown): error is ConnectionError {
		const refused = error instanceof ConnectionError && error.refused;
		const now = this.#options.clock.elapsed();
		this.#refusals = refused ? this.#refusals + 1 : 0;
		this.#refusedSince = this.#refusals > 1 ? this.#refusedSince : now;
		const isMeant = this.#refusals > 1 && (this.#isFirstConnection || now - this.#refusedSince >= refusalPatience);
		return error instanceof ConnectionError && error.final && (!refused || isMeant);
	}
}
