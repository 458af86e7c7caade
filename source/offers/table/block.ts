import type {Coded} from './coded.js';
import {bits} from './rows.js';
import type {Store} from './store.js';

/** Offers of one backend as columns of codes; the same columns that the table has. */
export type Block = {
	readonly count: number;
	readonly place: Uint32Array;
	readonly shape: Uint32Array;
	/** `bits.spot` and `bits.estimated`. */
	readonly flags: Uint8Array;
	readonly availability: Uint8Array;
	readonly interruption: Uint16Array;
	readonly price: Float64Array;
	readonly previous: Float64Array;
	readonly source: Uint32Array;
	readonly date: Float64Array;
};

export const emptyBlock = (count: number): Block => ({
	count,
	place: new Uint32Array(count),
	shape: new Uint32Array(count),
	flags: new Uint8Array(count),
	availability: new Uint8Array(count),
	interruption: new Uint16Array(count),
	price: new Float64Array(count),
	previous: new Float64Array(count),
	source: new Uint32Array(count),
	date: new Float64Array(count),
});

/** Puts a block of a backend that has no rows yet at the table's end: there is nothing to compare it with. */
export function appendBlock(store: Store, block: Block, listing: number): void {
	const {rows, places, populated} = store;
	rows.reserve(block.count);
	const start = rows.length;
	rows.place.set(block.place, start);
	rows.shape.set(block.shape, start);
	rows.availability.set(block.availability, start);
	rows.interruption.set(block.interruption, start);
	rows.price.set(block.price, start);
	rows.previous.set(block.previous, start);
	rows.source.set(block.source, start);
	rows.date.set(block.date, start);
	rows.extra.fill(0, start, start + block.count);
	rows.listing.fill(listing, start, start + block.count);
	for (let index = 0; index < block.count; index++) {
		rows.flags[start + index] = (block.flags[index] as number) | bits.catalogue;
	}

	rows.length += block.count;
	if (block.count > 0) {
		const backend = places.backend[block.place[0] ?? 0] ?? 0;
		populated.add(backend);
		store.fillBands(start, backend);
	}
}

export const codedAt = (block: Block, index: number): Coded => ({
	place: block.place[index] ?? 0,
	shape: block.shape[index] ?? 0,
	spot: ((block.flags[index] ?? 0) & bits.spot) !== 0,
	estimated: ((block.flags[index] ?? 0) & bits.estimated) !== 0,
	price: block.price[index] ?? Number.NaN,
	previous: block.previous[index] ?? Number.NaN,
	source: block.source[index] ?? 0,
	date: block.date[index] ?? 0,
	availability: block.availability[index] ?? 0,
	interruption: block.interruption[index] ?? 0,
	extra: 0,
});
