import {formatGpus} from '../format.js';
import {bandBound} from '../sort.js';
import type {OfferTable} from '../table.js';
import {availabilities, bits} from '../table/rows.js';
import {architectures} from '../table/shapes.js';
import type {FlagWord, NumberKey, TextKey} from './keys.js';
import {holds, type Interval} from './numbers.js';
import {marketOf, type Term} from './parse.js';

/** A test of rows. Those over places and shapes are prepared: one byte for each code. */
export type Test =
	| {readonly over: 'place' | 'shape' | 'interruption'; readonly hits: Uint8Array}
	/** Hit where the place, the shape or the market is; `market` is the bit of `spot` that hits. */
	| {readonly over: 'any'; readonly places: Uint8Array; readonly shapes: Uint8Array; readonly market: number}
	| {readonly over: 'row'; readonly test: (row: number) => boolean};

/** Prepares a term for a table as it is now; its negation is left to the caller. */
export function prepare(table: OfferTable, term: Term): Test {
	switch (term.kind) {
		case 'word': {
			return wordTest(table, term.word);
		}

		case 'flag': {
			return {over: 'row', test: flagTest(table, term.flag)};
		}

		case 'text': {
			return textTest(table, term.key, term.values, term.exact);
		}

		case 'number': {
			return numberTest(table, term.key, term.intervals);
		}
	}
}

/** Tests a lower-case text: a part of it, or with `*` all of it against the pattern. */
export function textMatcher(word: string, exact = false): (text: string) => boolean {
	if (!word.includes('*')) {
		return exact ? text => text === word : text => text.includes(word);
	}

	const parts = word.split('*');
	const [first = '', last = ''] = [parts[0], parts.at(-1)];
	const middle = parts.slice(1, -1);
	return text => {
		if (!text.startsWith(first)) {
			return false;
		}

		// The first place for each piece leaves the most text for those after it: no way back is ever needed.
		let at = first.length;
		for (const part of middle) {
			const found = text.indexOf(part, at);
			if (found < 0) {
				return false;
			}

			at = found + part.length;
		}

		return text.length - last.length >= at && text.endsWith(last);
	};
}

function hitsOf<T>(values: readonly T[], test: (value: T) => boolean): Uint8Array {
	const hits = new Uint8Array(values.length);
	for (let code = 0; code < hits.length; code++) {
		hits[code] = Number(test(values[code] as T));
	}

	return hits;
}

const byCode = (codes: readonly number[], hits: Uint8Array): Uint8Array => hitsOf(codes, code => hits[code] === 1);

const either = (first: Uint8Array, second: Uint8Array): Uint8Array => first.map((hit, index) => hit | (second[index] ?? 0));

const leastOfMarket = 3;
const noMarket = 255;

/**
The market that a plain word may be on its way to; undefined for none. Somebody who types `spot` must not see the grid empty itself
before the last letter.
*/
export const marketBegun = (word: string): 'spot' | 'on-demand' | undefined =>
	word.length < leastOfMarket
		? undefined
		: 'spot'.startsWith(word)
			? 'spot'
			: 'on-demand'.startsWith(word) || 'ondemand'.startsWith(word)
				? 'on-demand'
				: undefined;

function wordTest({places, shapes}: OfferTable, word: string): Test {
	const test = textMatcher(word);
	const zones = hitsOf(places.zones.lower, text => text !== '' && test(text));
	const names = either(
		byCode(places.backend, hitsOf(places.backends.lower, test)),
		byCode(places.region, hitsOf(places.regions.lower, test)),
	);
	const cards = byCode(
		shapes.gpuLists.textCodes,
		hitsOf(shapes.gpuLists.texts.lower, text => text !== '' && test(text)),
	);
	const hardware = either(byCode(shapes.type, hitsOf(shapes.types.lower, test)), byCode(shapes.gpus, cards));
	const sizes = byCode(shapes.memoryText, hitsOf(shapes.memoryTexts.lower, test));
	const market = marketBegun(word);
	return {
		over: 'any',
		places: either(names, byCode(places.zone, zones)),
		shapes: either(hardware, sizes),
		market: market === 'spot' ? bits.spot : market === 'on-demand' ? 0 : noMarket,
	};
}

function textTest(table: OfferTable, key: TextKey, values: readonly string[], exact: boolean): Test {
	const {places, shapes, sources} = table;
	const tests = values.map(value => textMatcher(value, exact));
	const test = (text: string) => tests.some(each => each(text));
	switch (key) {
		case 'backend': {
			return {over: 'place', hits: byCode(places.backend, hitsOf(places.backends.lower, test))};
		}

		case 'region': {
			return {over: 'place', hits: byCode(places.region, hitsOf(places.regions.lower, test))};
		}

		case 'zone': {
			return {
				over: 'place',
				hits: byCode(
					places.zone,
					hitsOf(places.zones.lower, text => text !== '' && test(text)),
				),
			};
		}

		case 'instance': {
			return {over: 'shape', hits: byCode(shapes.type, hitsOf(shapes.types.lower, test))};
		}

		case 'gpu': {
			const isPattern = exact || values.some(value => value.includes('*'));
			const hits = hitsOf(shapes.gpuLists.values, gpus =>
				gpus.some(gpu => test(gpu.name.toLowerCase()) || (!isPattern && test(formatGpus([gpu]).toLowerCase()))),
			);
			return {over: 'shape', hits: byCode(shapes.gpus, hits)};
		}

		case 'vendor': {
			const hits = hitsOf(shapes.gpuLists.values, gpus => gpus.some(({vendor}) => test(vendor.toLowerCase())));
			return {over: 'shape', hits: byCode(shapes.gpus, hits)};
		}

		case 'arch': {
			const known = hitsOf(architectures, test);
			return {over: 'shape', hits: byCode(shapes.architecture, known)};
		}

		case 'spot': {
			const markets = new Set(values.map(marketOf));
			// What is no market yet (`spot:y`) filters nothing.
			return {over: 'row', test: row => markets.has(undefined) || markets.has(table.isSpot(row))};
		}

		case 'availability': {
			// `available` is not `unavailable`: from its beginning.
			const starts = values.map(value => textMatcher(exact || value.includes('*') ? value : `${value}*`, true));
			const hits = availabilities.map(name => starts.some(each => each(name) || each(name.replace(' ', '-'))));
			return {over: 'row', test: row => hits[table.availability(row)] === true};
		}

		case 'source': {
			const hits = hitsOf(sources.lower, test);
			const {source} = table.columns;
			return {over: 'row', test: row => hits[source[row] as number] === 1};
		}
	}
}

function numberTest(table: OfferTable, key: NumberKey, intervals: readonly Interval[]): Test {
	const {shapes, columns} = table;
	const {price, shape} = columns;
	const {gpuLists, gpus} = shapes;
	const test = (value: number) => intervals.some(interval => holds(interval, value));
	const overShapes = (values: readonly number[]): Test => ({over: 'shape', hits: hitsOf(values, test)});
	const overGpus = (hits: Uint8Array): Test => ({over: 'shape', hits: byCode(gpus, hits)});
	switch (key) {
		case 'cpu':
		case 'memory':
		case 'disk': {
			return overShapes(shapes[key]);
		}

		case 'gpus': {
			return overGpus(hitsOf(gpuLists.counts, test));
		}

		case 'vram': {
			return overGpus(hitsOf(gpuLists.values, list => list.some(({memory}) => test(memory))));
		}

		case 'price': {
			return {over: 'row', test: row => test(price[row] as number)};
		}

		case 'gpu-price': {
			const {counts} = gpuLists;
			return {
				over: 'row',
				test(row) {
					const count = counts[gpus[shape[row] as number] as number] as number;
					return count > 0 && test((price[row] as number) / count);
				},
			};
		}

		case 'interruption': {
			return {over: 'interruption', hits: hitsOf(table.interruptions.values, band => test(bandBound(band)))};
		}
	}
}

function flagTest(table: OfferTable, flag: FlagWord): (row: number) => boolean {
	const {flags, previous} = table.columns;
	const has = (bit: number) => (row: number) => ((flags[row] as number) & bit) !== 0;
	switch (flag) {
		case 'spot': {
			return has(bits.spot);
		}

		case 'ondemand':
		case 'on-demand': {
			return row => ((flags[row] as number) & bits.spot) === 0;
		}

		case 'available': {
			return row => table.availability(row) === availabilities.indexOf('available');
		}

		case 'estimated': {
			return has(bits.estimated);
		}

		case 'live': {
			return has(bits.live);
		}

		case 'changed': {
			return row => !Number.isNaN(previous[row] as number);
		}
	}
}
