/** Where all time comes from, so that tests can turn it. Milliseconds. */
export type Clock = {
	/** Since the epoch: what a person is shown, and what other programs are given. It may jump at any time, by any amount, either way. */
	now(): number;
	/** Since some moment before: only ever goes on, at the pace of time, as timers do. What is waited for in one program is measured by it. */
	elapsed(): number;
	/** Resolves after `milliseconds`; rejects with the signal's reason when it is aborted first. */
	sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
	/** Calls `tick` every `milliseconds` until the returned function is called. Never keeps the process alive by itself. */
	every(milliseconds: number, tick: () => void): () => void;
};

export const systemClock: Clock = {
	now: () => Date.now(),
	elapsed: () => performance.now(),
	async sleep(milliseconds, signal) {
		signal?.throwIfAborted();
		return new Promise((resolve, reject) => {
			const onAbort = () => {
				clearTimeout(timer);
				reject(signal?.reason as Error);
			};

			const timer = setTimeout(() => {
				signal?.removeEventListener('abort', onAbort);
				resolve();
			}, milliseconds);
			signal?.addEventListener('abort', onAbort, {once: true});
		});
	},
	every(milliseconds, tick) {
		const timer = setInterval(tick, milliseconds);
		timer.unref();
		return () => {
			clearInterval(timer);
		};
	},
};
