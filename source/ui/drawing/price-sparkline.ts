import type {PriceHistory} from '../../backends/backend.js';
import {formatPrice} from '../../offers/format.js';
import {glyphs} from './theme.js';

/** One bar for an hour of a day. */
const bars = 24;

/**
The price in force at the end of each of `count` equal parts of the span, so that the last one is the price of now; undefined before the
first price that is known.
*/
export function pricesInForce({from, to, points}: PriceHistory, count: number): Array<number | undefined> {
	return Array.from({length: count}, (_, index) => {
		const end = from + ((to - from) * (index + 1)) / count;
		return points.findLast(({at}) => at <= end)?.price;
	});
}

/** Bars between the lowest and the highest of the values; all at the middle where they are the same, blank where there is none. */
export function rangeLine(values: ReadonlyArray<number | undefined>): string {
	const {spark} = glyphs;
	const known = values.filter(value => value !== undefined);
	const [lowest, highest] = [Math.min(...known), Math.max(...known)];
	const top = spark.length - 1;
	return values
		.map(value => {
			if (value === undefined) {
				return ' ';
			}

			const level = highest > lowest ? Math.round(((value - lowest) / (highest - lowest)) * top) : Math.floor(top / 2);
			return spark[level] ?? '';
		})
		.join('');
}

/** `▁▂▂▃▂▁  $0.41–0.65`: the last 24 hours hour by hour, and all that was asked in them. */
export function spotWords(history: PriceHistory): string {
	const {from, to, points} = history;
	// The last one before the span was in force when it began.
	const before = points.findLastIndex(({at}) => at <= from);
	const within = points.filter(({at}, index) => index >= before && at <= to).map(({price}) => price);
	if (within.length === 0) {
		return 'no price is told';
	}

	const [lowest, highest] = [formatPrice(Math.min(...within)), formatPrice(Math.max(...within))];
	const range = lowest === highest ? `${lowest} all the time` : `${lowest}–${highest.replace(/^\$/, '')}`;
	return `${rangeLine(pricesInForce(history, bars))}  ${range}`;
}
