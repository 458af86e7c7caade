import type {Requirements} from '../../configuration/model.js';

/** What ends an instance that costs money where nobody said when, seconds: nothing is ever forgotten. */
const defaultDuration = 6 * 3600;

/** Seconds from launch to the deadline; undefined for none. Where nothing is billed, none is the default. `price` in US dollars per hour. */
export function durationOf({maxDuration}: Requirements, price: number): number | undefined {
	if (maxDuration === 'off') {
		return undefined;
	}

	return maxDuration ?? (price > 0 ? defaultDuration : undefined);
}
