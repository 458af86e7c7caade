import type {Clock} from '../system/clock.js';
import {aborted} from '../system/promises.js';

/**
What `run` emits, as it comes. Ends when `run` does, with its failure. When nobody listens any more, the signal that `run` was given is
aborted, and what it still does is waited for.
*/
export async function* streamed<T>(
	signal: AbortSignal,
	run: (emit: (item: T) => void, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<T> {
	const leaving = new AbortController();
	const items: T[] = [];
	let over = false;
	let wake: (() => void) | undefined;
	const emit = (item: T) => {
		items.push(item);
		wake?.();
	};

	const running = run(emit, AbortSignal.any([signal, leaving.signal])).finally(() => {
		over = true;
		wake?.();
	});
	// Its failure is met below, after what came before it.
	running.catch(() => undefined);
	try {
		for (;;) {
			yield* items.splice(0);
			// More may have come while the last ones were looked at.
			if (over && items.length === 0) {
				break;
			}

			await new Promise<void>(resolve => {
				wake = resolve;
				if (items.length > 0 || over) {
					resolve();
				}
			});
		}

		await running;
	} finally {
		leaving.abort();
		await running.catch(() => undefined);
	}
}

/** Runs `act` for at most so many milliseconds; then its signal is aborted, and `late` is thrown whether it heeds that or not. */
export async function within<T>(
	clock: Clock,
	milliseconds: number,
	signal: AbortSignal,
	late: () => Error,
	act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	signal.throwIfAborted();
	const ending = new AbortController();
	const inner = AbortSignal.any([signal, ending.signal]);
	const acting = act(inner);
	const limit = clock.sleep(milliseconds, inner).then(() => {
		throw late();
	});
	const left = aborted(inner);
	for (const each of [acting, limit, left]) {
		each.catch(() => undefined);
	}

	try {
		return await Promise.race([acting, limit, left]);
	} finally {
		ending.abort(new Error('over'));
	}
}
