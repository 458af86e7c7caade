import type {Range, Requirements} from '../configuration/model.js';
import {within} from '../configuration/grammar/ranges.js';
import {mayBeIn} from './facts.js';
import {fitsGpu} from './matching.js';
import {keysOfValues, measure, roomForKeys, settleTies, sortByKeys} from './radix.js';
import type {OfferTable} from './table.js';
import {availabilities, bits} from './table/rows.js';
import {architectures} from './table/shapes.js';

/** Which rows meet requirements. */
export type Matches = {
	/** In the plan's order: what can be tried first; of that and of the rest spot before on-demand, each by price, equal ones as they came. */
	readonly rows: Uint32Array;
	/** How many of them, from the first, can be tried: they are available, or nobody said that they are not. */
	readonly triable: number;
	/** How many rows are listed in all. */
	readonly listed: number;
};

const unknown = availabilities.indexOf('unknown');

/** Of a key, what is left for the price beside the way: whether a row can be tried, and is a spot offer. */
const mostPriceBits = 28;

/** What a shape is good for, as bits: a price above nothing, no price. */
const [priced, free] = [1, 2];

/** All rows that meet the requirements. The same as `mismatch` of each offer, worked out once for each shape and place. */
export function matchRows(table: OfferTable, requirements: Requirements): Matches {
	const listed = table.listed();
	const rows = fitting(table, requirements, listed);
	return {...planOrder(table, rows), listed: listed.length};
}

/** The rows of `from` that meet the requirements, in the order given. */
export function fitting(table: OfferTable, requirements: Requirements, from: Uint32Array): Uint32Array {
	const {place, shape, price} = table.columns;
	const places = fittingPlaces(table, requirements);
	const shapes = fittingShapes(table, requirements);
	const {spotPolicy, maxPrice = Number.POSITIVE_INFINITY} = requirements;
	const {flags} = table.columns;
	const rows = new Uint32Array(from.length);
	let count = 0;
	for (let index = 0; index < from.length; index++) {
		const row = from[index] as number;
		const cost = price[row] as number;
		if (
			places[place[row] as number] === 1 &&
			((shapes[shape[row] as number] as number) & (cost > 0 ? priced : free)) !== 0 &&
			cost <= maxPrice &&
			// Where nothing is billed there is no spot market to ask for.
			(spotPolicy === 'auto' ||
				(((flags[row] as number) & bits.spot) !== 0) === (spotPolicy === 'spot') ||
				(spotPolicy === 'spot' && cost === 0))
		) {
			rows[count++] = row;
		}
	}

	return rows.subarray(0, count);
}

/** Rows in the plan's order, whether they meet requirements or not. */
export function planOrder(table: OfferTable, rows: Uint32Array): Pick<Matches, 'rows' | 'triable'> {
	const {price, flags, place, availability} = table.columns;
	const {backend} = table.places;
	const locked = table.locked();
	const sorted = rows.slice();
	const keys = roomForKeys(sorted.length);
	keysOfValues(sorted, price, keys);
	// The spot policy's order comes before the price. Where both do not fit, prices that are nearer to each other share a key.
	const {least, end} = measure(keys);
	const width = 32 - Math.clz32(end);
	const narrowed = Math.max(0, width - mostPriceBits);
	const unit = 2 ** (width - narrowed);
	const ways = [0, 0, 0, 0];
	for (let index = 0; index < sorted.length; index++) {
		const row = sorted[index] as number;
		const flag = flags[row] as number;
		// `canBeTried`, without a call for each of half a million rows.
		const isTriable =
			(availability[row] as number) <= unknown &&
			((flag & bits.live) !== 0 || locked[backend[place[row] as number] as number] === 0);
		const way = (isTriable ? 0 : 2) + ((flag & bits.spot) ^ bits.spot);
		keys[index] = (((keys[index] as number) - least) >>> narrowed) + way * unit;
		ways[way] = (ways[way] as number) + 1;
	}

	sortByKeys(sorted, keys);
	settleTies(sorted, keys, price);
	return {rows: sorted, triable: (ways[0] ?? 0) + (ways[1] ?? 0)};
}

/** Whether a launch may be tried: the offer is available, or nobody said that it is not. */
export const canBeTried = (table: OfferTable, row: number): boolean => table.availability(row) <= unknown;

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function fittingPlaces({places}: OfferTable, {backends, regions, availabilityZones}: Requirements): Uint8Array {
	return Uint8Array.from({length: places.size}, (_, code) => {
		const {backend, region, zone} = places.at(code);
		return Number(
			(backends === undefined || backends.includes(backend)) &&
				(regions === undefined || regions.some(each => mayBeIn(each, {backend, region}))) &&
				(availabilityZones === undefined || zone === undefined || availabilityZones.some(each => same(each, zone))),
		);
	});
}

function fittingShapes({shapes}: OfferTable, requirements: Requirements): Uint8Array {
	const {instanceTypes, cpu, memory, disk, gpu, assumed} = requirements;
	const cards = Uint8Array.from(shapes.gpuLists.values, list =>
		Number(gpu === undefined || list.some(each => fitsGpu(each, gpu))),
	);
	const types =
		instanceTypes && Uint8Array.from(shapes.types.lower, type => Number(instanceTypes.some(each => same(each, type))));
	const result = new Uint8Array(shapes.size);
	for (let code = 0; code < result.length; code++) {
		const kind = architectures[shapes.architecture[code] ?? 0];
		const size = shapes.disk[code] ?? Number.NaN;
		const isRight =
			cards[shapes.gpus[code] ?? 0] === 1 &&
			(types === undefined || types[shapes.type[code] ?? 0] === 1) &&
			(cpu.architecture === undefined || kind === 'unknown' || kind === cpu.architecture) &&
			(disk === undefined || Number.isNaN(size) || within(size, disk));
		const bound = (what: 'cpu' | 'memory', value: number, range: Range): number =>
			within(value, range) ? priced | free : assumed.has(what) ? free : 0;
		result[code] = isRight
			? bound('cpu', shapes.cpu[code] ?? 0, cpu.count) & bound('memory', shapes.memory[code] ?? 0, memory)
			: 0;
	}

	return result;
}
