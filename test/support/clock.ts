import type {Clock} from '../../source/system/clock.js';

type Timer = {readonly every: number | undefined; next: number; readonly tick: () => void};

/** A clock turned by hand: nothing happens until `pass`. */
export class TurnedClock implements Clock {
	time = Date.UTC(2026, 0, 2, 3, 4, 5);
	#elapsed = 0;
	readonly #timers = new Set<Timer>();

	/** Timers that are set now. */
	get timers(): number {
		return this.#timers.size;
	}

	now(): number {
		return this.time;
	}

	elapsed(): number {
		return this.#elapsed;
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
				next: this.#elapsed + milliseconds,
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
		const timer: Timer = {every: milliseconds, next: this.#elapsed + milliseconds, tick};
		this.#timers.add(timer);
		return () => {
			this.#timers.delete(timer);
		};
	}

	/** Lets time pass, and everything that was due in it happen. */
	pass(milliseconds: number): void {
		const end = this.#elapsed + milliseconds;
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

			this.#goOnTo(Math.max(this.#elapsed, due.next));
			if (due.every === undefined) {
				this.#timers.delete(due);
			} else {
				due.next += due.every;
			}

			due.tick();
		}

		this.#goOnTo(Math.max(this.#elapsed, end));
	}

	/** The machine sleeps: the wall clock goes on, and timers stand still. */
	sleepThrough(milliseconds: number): void {
		this.jump(milliseconds);
	}

	/** The wall clock is set, ahead or back: no time passes. */
	jump(milliseconds: number): void {
		this.time += milliseconds;
	}

	#goOnTo(elapsed: number): void {
		this.time += elapsed - this.#elapsed;
		this.#elapsed = elapsed;
	}
}
