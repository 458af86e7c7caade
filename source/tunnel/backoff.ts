import type {Random} from '../system/random.js';

export const firstDelay = 500;
export const longestDelay = 30_000;

/** Exponential back-off with full jitter, milliseconds, at most `longest`. */
export const backoffDelay = (attempt: number, random: Random, longest = longestDelay): number =>
	random.integerBelow(Math.min(longest, firstDelay * 2 ** Math.min(attempt, 10)) + 1);
