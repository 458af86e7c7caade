import type {Clock} from '../../source/system/clock.js';

type Timer = {readonly every: number | undefined; next: number; readonly tick: () => void};

/** A clock turned by hand: nothing happens until `pass`. */
export class TurnedClock implements Clock {
	time = Date.UTC(2026, 0, 2, 3, 4, 5);
	readonly #timers = new Set<Timer>();

	/** Timers that are set now. */
	get timers(): number {
		return this.#timers.size;
	}

	now(): number {
		return this.time;
	}

	async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
		signal?.throwIfAborted();
		return new Promise((resolve, reject) => {
			const onAbort = () => {
				this.#timers.delete(timer);
				reject(signal?.reason as Error);
			};

			const timer: Timer = {
				every: undefined,
				next: this.time + milliseconds,
				tick() {
					signal?.removeEventListener('abort', onAbort);
					resolve();
				},
			};
			this.#timers.add(timer);
			signal?.addEventListener('abort', onAbort, {once: true});
		});
	}

	every(milliseconds: number, tick: () => void): () => void {
		const timer: Timer = {every: milliseconds, next: this.time + milliseconds, tick};
		this.#timers.add(timer);
		return () => {
			this.#timers.delete(timer);
		};
	}

	/** Lets time pass, and everything that was due in it happen. */
	pass(milliseconds: number): void {
		const end = this.time + milliseconds;
		for (;;) {
			let due: Timer | undefined;
			for (const timer of this.#timers) {
				if (timer.next <= end && (!due || timer.next < due.next)) {
					due = timer;
				}
			}

			if (!due) {
				break;
			}

			this.time = Math.max(this.time, due.next);
			if (due.every === undefined) {
				this.#timers.delete(due);
			} else {
				due.next += due.every;
			}

			due.tick();
		}

		this.time = end;
	}

	/** The machine sleeps: the wall clock goes on, and timers stand still. */
	sleepThrough(milliseconds: number): void {
		this.time += milliseconds;
		for (const timer of this.#timers) {
			timer.next += milliseconds;
		}
	}
}
