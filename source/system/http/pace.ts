import type {Clock} from '../clock.js';

/** Keeps requests of one lane, usually one host, apart from each other. */
export class Pacer {
	readonly #clock: Clock;
	/** When the next request of each lane may start. */
	readonly #free = new Map<string, number>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Resolves when it is this request's turn; the next one of the lane comes at least `every` milliseconds later. */
	async turn(lane: string, every: number, signal?: AbortSignal): Promise<void> {
		const now = this.#clock.elapsed();
		const at = Math.max(now, this.#free.get(lane) ?? now);
		this.#free.set(lane, at + every);
		if (at > now) {
			await this.#clock.sleep(at - now, signal);
		}
	}

	/** Nothing of this lane starts within the next `milliseconds`: its server asked for that. */
	hold(lane: string, milliseconds: number): void {
		this.#free.set(lane, Math.max(this.#free.get(lane) ?? 0, this.#clock.elapsed() + milliseconds));
	}
}
