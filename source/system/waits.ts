import type {Clock} from './clock.js';

/** Something that this program waits for, as a person is told of it. Milliseconds since the epoch. */
export type Wait = {
	/** `aws to say how fast-moth-1 is`. */
	readonly what: string;
	readonly since: number;
	readonly until: number;
	/** What the person can do meanwhile, and what leaving means, as a sentence. */
	readonly wayOut: string;
	/** What went wrong last. */
	readonly trouble: string | undefined;
};

export type WaitWish = Pick<Wait, 'what' | 'wayOut'> & {
	/** How long it is waited for, milliseconds. */
	readonly limit: number;
};

/** What was waited for did not come in time. It may come yet; nobody listens any more. */
export class WaitOver extends Error {
	override readonly name = 'WaitOver';

	constructor(what: string, limit: number) {
		super(`waited ${limit < 10_000 ? limit / 1000 : Math.round(limit / 1000)} s for ${what}`);
	}
}

/**
The one policy for everything that a cloud or another program lets us wait for: each wait has an end, and whoever listens is told of it when
it takes more than a moment, when its trouble is another, and now and then.
*/
export class Waits {
	/** After how long a wait is told of, and how often again. Milliseconds. */
	static readonly moment = 1500;
	static readonly interval = 15_000;

	readonly #clock: Clock;
	readonly #tell: (wait: Wait) => void;

	constructor(clock: Clock, tell: (wait: Wait) => void = () => undefined) {
		this.#clock = clock;
		this.#tell = tell;
	}

	/** Does something for at most its limit; `act` tells of what goes wrong meanwhile. Throws a `WaitOver`, whether `act` has ended or not. */
	async during<T>({what, limit, wayOut}: WaitWish, act: (trouble: (words: string) => void) => Promise<T>): Promise<T> {
		const since = this.#clock.now();
		let trouble: string | undefined;
		let isTold = false;
		const tell = () => {
			isTold = true;
			this.#tell({what, since, until: since + limit, wayOut, trouble});
		};

		const over = Promise.withResolvers<never>();
		const stops = [
			this.#clock.every(Waits.moment, () => {
				if (!isTold) {
					tell();
				}
			}),
			this.#clock.every(Waits.interval, tell),
			this.#clock.every(limit, () => over.reject(new WaitOver(what, limit))),
		];
		const acting = act(words => {
			if (words !== trouble) {
				trouble = words;
				tell();
			}
		});
		// Of what comes too late, nobody hears.
		acting.catch(() => undefined);
		try {
			return await Promise.race([acting, over.promise]);
		} finally {
			for (const stop of stops) {
				stop();
			}
		}
	}
}
