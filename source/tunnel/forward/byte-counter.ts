/** Over which a rate is smoothed, milliseconds. */
const smoothing = 3000;

/** What a port carries: bytes each way, a smoothed rate, and how many connections are open. */
export class ByteCounter {
	/** Connections that are open now. */
	open = 0;
	/** Bytes that came out of the environment. */
	received = 0;
	/** Bytes that went into the environment. */
	sent = 0;
	#rate = 0;
	#at = performance.now();

	/** Bytes per second, both ways, smoothed over about three seconds. */
	get rate(): number {
		const rate = this.#decayed(performance.now());
		return rate < 1 ? 0 : rate;
	}

	receive(bytes: number): void {
		this.received += bytes;
		this.#count(bytes);
	}

	send(bytes: number): void {
		this.sent += bytes;
		this.#count(bytes);
	}

	#count(bytes: number): void {
		const now = performance.now();
		this.#rate = this.#decayed(now) + (bytes * 1000) / smoothing;
		this.#at = now;
	}

	#decayed(now: number): number {
		return this.#rate * Math.exp((this.#at - now) / smoothing);
	}
}
