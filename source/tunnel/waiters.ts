/** Those who wait for the same thing, each with a signal of its own to give up. */
export class LinkWaiters<T> {
	readonly #waiting = new Set<{resolve: (value: T) => void; reject: (error: Error) => void}>();

	async wait(signal?: AbortSignal): Promise<T> {
		return new Promise((resolve, reject) => {
			const onAbort = () => {
				this.#waiting.delete(entry);
				reject(signal?.reason as Error);
			};

			const entry = {
				resolve(value: T) {
					signal?.removeEventListener('abort', onAbort);
					resolve(value);
				},
				reject(error: Error) {
					signal?.removeEventListener('abort', onAbort);
					reject(error);
				},
			};
			this.#waiting.add(entry);
			signal?.addEventListener('abort', onAbort, {once: true});
		});
	}

	resolve(value: T): void {
		for (const entry of this.#take()) {
			entry.resolve(value);
		}
	}

	reject(error: Error): void {
		for (const entry of this.#take()) {
			entry.reject(error);
		}
	}

	#take() {
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		return waiting;
	}
}
