import type {Clock} from './clock.js';

/** Something that this program waits for, as it is shown to a person. Milliseconds since the epoch. */
export type Wait = {
	/** `aws to say how fast-moth-1 is`. */
	readonly what: string;
	readonly since: number;
	readonly until: number;
	/** What the person can do meanwhile, and what leaving means, as a sentence. */
	readonly wayOut: string;
	/** What went wrong last. */
	readonly trouble: string | undefined;
	/** Nobody asked for it just now, and nothing that a person does depends on it. */
	readonly isAside: boolean;
};

export type WaitOptions = Pick<Wait, 'what' | 'wayOut'> & {
	/** How long it is waited for, milliseconds. */
	readonly limit: number;
};

/** What was waited for did not come in time. It may come yet; nobody listens any more. */
export class WaitTimeout extends Error {
	override readonly name = 'WaitOver';

	constructor(what: string, limit: number) {
		super(`waited ${limit < 10_000 ? limit / 1000 : Math.round(limit / 1000)} s for ${what}`);
	}
}

/**
The one policy for everything that a cloud or another program lets us wait for: each wait has an end, and the listeners are called when
it takes more than a moment, when its trouble is another, and now and then.
*/
export class Waits {
	/** After how long a wait is reported, and how often again. Milliseconds. */
	static readonly moment = 1500;
	static readonly interval = 15_000;

	readonly #clock: Clock;
	readonly #tell: (wait: Wait) => void;
	/** What has been reported and is still waited for, the oldest first. */
	#open = new Map<object, Wait>();
	#listeners = new Set<(open: readonly Wait[]) => void>();
	#isAside = false;

	constructor(clock: Clock, tell: (wait: Wait) => void = () => undefined) {
		this.#clock = clock;
		this.#tell = tell;
	}

	/** Reports all that takes more than a moment whenever that is more, less or other. Returns how to end that. */
	watch(listener: (open: readonly Wait[]) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	/** The same, for what nobody asked for just now. */
	aside(): Waits {
		const waits = new Waits(this.#clock, this.#tell);
		waits.#open = this.#open;
		waits.#listeners = this.#listeners;
		waits.#isAside = true;
		return waits;
	}

	/**
	Does something for at most its limit; `act` reports what goes wrong meanwhile, and is to end when its signal is aborted. Throws a
	`WaitOver`, whether `act` has ended or not.
	*/
	async during<T>(
		{what, limit, wayOut}: WaitOptions,
		act: (trouble: (words: string) => void, signal: AbortSignal) => Promise<T>,
	): Promise<T> {
		const since = this.#clock.now();
		const key = {};
		const giveUp = new AbortController();
		let trouble: string | undefined;
		let isTold = false;
		const tell = () => {
			isTold = true;
			const wait: Wait = {what, since, until: since + limit, wayOut, trouble, isAside: this.#isAside};
			this.#open.set(key, wait);
			this.#tell(wait);
			this.#tellOpen();
		};

		const over = Promise.withResolvers<never>();
		const stops = [
			this.#clock.every(Waits.moment, () => {
				if (!isTold) {
					tell();
				}
			}),
			this.#clock.every(Waits.interval, tell),
			this.#clock.every(limit, () => {
				const reason = new WaitTimeout(what, limit);
				over.reject(reason);
				giveUp.abort(reason);
			}),
		];
		let isOver = false;
		const acting = act(words => {
			if (words !== trouble && !isOver) {
				trouble = words;
				tell();
			}
		}, giveUp.signal);
		// What comes too late is dropped.
		acting.catch(() => undefined);
		try {
			return await Promise.race([acting, over.promise]);
		} finally {
			isOver = true;
			for (const stop of stops) {
				stop();
			}

			if (this.#open.delete(key)) {
				this.#tellOpen();
			}
		}
	}

	#tellOpen(): void {
		const open = [...this.#open.values()];
		for (const listener of this.#listeners) {
			listener(open);
		}
	}
}
