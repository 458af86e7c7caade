const notifyInterval = 100;

/** Listeners that are called, at most ten times a second, that something changed. */
export class ThrottledListeners {
	readonly #listeners = new Set<() => void>();
	#notifying: NodeJS.Timeout | undefined;

	/** Returns the way to unsubscribe. */
	add(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	tell(): void {
		if (this.#notifying) {
			return;
		}

		this.#notifying = setTimeout(() => {
			this.#notifying = undefined;
			for (const listener of this.#listeners) {
				listener();
			}
		}, notifyInterval);
	}
}
