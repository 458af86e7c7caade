import type {Clock} from '../clock.js';
import type {Random} from '../random.js';
import {HttpError} from './error.js';

export type RetryOptions = {
	/** How many tries there are in all. */
	readonly tries: number;
	/** The first pause is below this, each further one below twice the one before, milliseconds. */
	readonly base: number;
	/** No pause is longer, milliseconds; a server that asks for a longer one is not asked again. */
	readonly longest: number;
};

/** Answers after which the same request may well succeed. */
export const passingStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Milliseconds that a `Retry-After` header asks for, written as seconds or as a date; undefined when it says nothing. */
export function retryAfter(header: string | null, now: number): number | undefined {
	const text = header?.trim() ?? '';
	if (/^\d{1,9}$/.test(text)) {
		return Number(text) * 1000;
	}

	const date = text === '' ? Number.NaN : Date.parse(text);
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Milliseconds before try number `next`, at random below a bound that doubles (full jitter), so that many clients do not come back together. */
export function pause(next: number, {base, longest}: RetryOptions, random: Random, asked: number | undefined): number {
	const bound = Math.max(1, Math.min(longest, base * 2 ** (next - 2)));
	return Math.min(longest, (asked ?? 0) + random.integerBelow(Math.ceil(bound)));
}

/** Whether a request that changes something can be sent again: only where the server cannot have acted on the first one. */
const untouched = (error: HttpError): boolean => error.unsent || error.status === 429;

/**
Runs `attempt` until it succeeds, fails for good, or the tries are used up. `repeatable` says whether the request may reach
the server twice.
*/
export async function withRetries<T>(
	attempt: () => Promise<T>,
	{
		clock,
		random,
		retry,
		repeatable,
		signal,
	}: {clock: Clock; random: Random; retry: RetryOptions; repeatable: boolean; signal?: AbortSignal},
): Promise<T> {
	for (let tries = 1; ; tries++) {
		try {
			return await attempt();
		} catch (error) {
			signal?.throwIfAborted();
			if (!(error instanceof HttpError)) {
				throw error;
			}

			const again = error.passing && tries < retry.tries && (repeatable || untouched(error));
			if (!again || (error.retryAfter ?? 0) > retry.longest) {
				throw error.after(tries);
			}

			await clock.sleep(pause(tries + 1, retry, random, error.retryAfter), signal);
		}
	}
}
