import type {Clock} from '../../../source/system/clock.js';

type Due = {readonly at: number; readonly order: number; readonly act: (at: number) => void};

/**
What is going to happen, in the order of its time. Nothing waits for a timer alone: whoever looks calls `settle` first, so the state is
right at any instant of a clock that was turned by hours at once.
*/
export class Agenda {
	readonly clock: Clock;
	readonly #due = new Set<Due>();
	readonly #closed = new AbortController();
	#order = 0;
	#isSettling = false;

	constructor(clock: Clock) {
		this.clock = clock;
	}

	/** Lets `act` happen at `at` (milliseconds since the epoch), which it is told. Returns how to call it off. */
	at(at: number, act: (at: number) => void): () => void {
		const due = {at, order: this.#order++, act};
		this.#due.add(due);
		const wait = Math.max(0, at - this.clock.now());
		// The rest of a longer wait than a timer can hold is for the next look.
		this.clock.sleep(Math.min(wait, 2 ** 31 - 1), this.#closed.signal).then(
			() => this.settle(),
			() => undefined,
		);
		return () => {
			this.#due.delete(due);
		};
	}

	/** Lets everything happen that is due by now. */
	settle(): void {
		// What happens may look at the state, and must not run ahead of itself by that.
		if (this.#isSettling) {
			return;
		}

		this.#isSettling = true;
		try {
			const now = this.clock.now();
			for (let due = this.#first(now); due && !this.#closed.signal.aborted; due = this.#first(now)) {
				this.#due.delete(due);
				due.act(due.at);
			}
		} finally {
			this.#isSettling = false;
		}
	}

	#first(now: number): Due | undefined {
		let first: Due | undefined;
		for (const each of this.#due) {
			if (each.at <= now && (!first || each.at < first.at || (each.at === first.at && each.order < first.order))) {
				first = each;
			}
		}

		return first;
	}

	/** Nothing happens any more. */
	close(): void {
		this.#closed.abort();
		this.#due.clear();
	}
}
