import type {Coded} from './coded.js';
import {offerId, type OfferFacts} from '../facts.js';
import type {Offer} from '../offer.js';
import {availabilities, bits, type Rows} from './rows.js';
import {completed} from './shapes.js';
import type {Store} from './store.js';
import {appendBlock, type Block, codedAt} from './block.js';

/** Who says so: price lists that anybody can read, or a backend itself with the person's credentials. */
export type Layer = 'catalogue' | 'live';

/** Offers that are put one by one before others may work. */
const blockSlice = 1024;

/** What a listing made of what it was given. */
export type Tally = {
	/** Rows that it said, each once. */
	rows: number;
	/** Left out: nobody knows a price, or the one of a cloud is 0, which means that there is none. */
	unpriced: number;
};

/**
One listing of a backend, in batches. What it says takes effect at once; only `end` removes what it no longer says, so that one
that fails half-way takes nothing away.
*/
export class ListingWriter {
	readonly tally: Tally = {rows: 0, unpriced: 0};
	readonly #store: Store;
	readonly #backend: string;
	readonly #layer: Layer;
	readonly #number: number;
	/** Whether its backend had no rows before: then there is nothing old to look for. */
	#isFirst = false;

	constructor(store: Store, backend: string, layer: Layer) {
		this.#store = store;
		this.#backend = backend;
		this.#layer = layer;
		this.#number = store.nextListing();
	}

	/** Of two facts about one type, place and market the cheaper one is kept. Facts of another backend are refused with an error. */
	addFacts(facts: Iterable<OfferFacts>): void {
		for (const fact of facts) {
			this.#mine(fact.backend);
			if (fact.price > 0 && Number.isFinite(fact.price)) {
				this.put(this.#store.codeFacts(fact));
			} else {
				this.tally.unpriced++;
			}
		}

		this.#store.version++;
	}

	/** Of two offers with one id the later one is kept. A price that is no number leaves the catalogue's. */
	addOffers(offers: Iterable<Offer>): void {
		for (const offer of offers) {
			this.#mine(offer.backend);
			const row = this.put(this.#store.codeOffer(offer));
			if (row !== undefined && offer.id !== offerId(offer)) {
				this.#store.ids.set(row, offer.id);
			}
		}

		this.#store.version++;
	}

	/** The row that holds it now; undefined where it was left out. The caller of this one raises the table's version. */
	put(coded: Coded): number | undefined {
		const {rows, shapes, index} = this.#store;
		const type = shapes.type[coded.shape] ?? 0;
		const found = index.find(coded.place, type, coded.spot);
		if (this.#layer === 'catalogue') {
			return found === undefined
				? this.#append(coded, type, undefined)
				: isLive(rows, found)
					? this.#fill(found, coded)
					: this.#retell(found, coded);
		}

		const twin = this.#cover(coded.place, type, coded.spot);
		return found === undefined ? this.#append(coded, type, twin) : this.#write(found, coded, found);
	}

	/** Many offers at once, none of them twice. The caller need not raise the table's version. */
	*putBlock(block: Block): Generator<void> {
		const {places, populated} = this.#store;
		if (this.#layer === 'catalogue' && !populated.has(places.backends.code(this.#backend))) {
			appendBlock(this.#store, block, this.#number);
			this.#isFirst = true;
			this.tally.rows += block.count;
			this.#store.version++;
			return;
		}

		for (let index = 0; index < block.count; index++) {
			this.put(codedAt(block, index));
			if (index % blockSlice === blockSlice - 1) {
				this.#store.version++;
				yield;
			}
		}

		this.#store.version++;
	}

	/** Ends a listing that is complete: what it did not say is no longer listed, or only by the catalogue. */
	end(): void {
		const {rows, places} = this.#store;
		const backend = places.backends.code(this.#backend);
		const own = this.#layer === 'live' ? bits.live : bits.catalogue;
		const end = this.#isFirst ? 0 : rows.length;
		for (let row = 0; row < end; row++) {
			const flags = rows.flags[row] ?? 0;
			const isOld = (flags & own) !== 0 && (flags & bits.gone) === 0 && rows.listing[row] !== this.#number;
			if (isOld && places.backend[rows.place[row] ?? 0] === backend) {
				this.#drop(row, flags);
			}
		}

		if (this.#layer === 'live') {
			this.#store.uncover(backend, this.#number);
		}

		this.#store.version++;
	}

	#mine(backend: string): void {
		if (backend !== this.#backend) {
			throw new Error(`a listing of ${this.#backend} was given offers of ${backend}`);
		}
	}

	#drop(row: number, flags: number): void {
		const {rows} = this.#store;
		if (this.#layer === 'catalogue') {
			// What the backend itself lists is its own affair.
			rows.flags[row] = flags & bits.live ? flags : flags | bits.gone;
		} else if (flags & bits.catalogue) {
			rows.flags[row] = flags & ~bits.live;
			rows.availability[row] = availabilities.indexOf('unknown');
			rows.extra[row] = 0;
		} else {
			rows.flags[row] = flags | bits.gone;
		}
	}

	/** Live offers of a zone, or of a region where the catalogue says `any`, stand in the place of the catalogue's. The nearest such row. */
	#cover(place: number, type: number, spot: boolean): number | undefined {
		const {rows, places, index} = this.#store;
		let nearest: number | undefined;
		for (const wider of places.regionWide(place)) {
			this.#store.cover(wider, type, spot, this.#number);
			const row = index.find(wider, type, spot);
			if (row !== undefined && !isLive(rows, row)) {
				rows.flags[row] = (rows.flags[row] ?? 0) | bits.replaced;
				nearest ??= row;
			}
		}

		return nearest;
	}

	/** Facts about a row that the catalogue has. */
	#retell(row: number, coded: Coded): number {
		const {rows} = this.#store;
		const isRepeated = rows.listing[row] === this.#number;
		return isRepeated && coded.price >= (rows.price[row] ?? 0) ? row : this.#write(row, coded, row);
	}

	/** Facts about a row that the backend itself reported: only what it left open is taken. */
	#fill(row: number, coded: Coded): number {
		const {rows, shapes} = this.#store;
		rows.flags[row] = (rows.flags[row] ?? 0) | bits.catalogue;
		rows.shape[row] = this.#completed(rows.shape[row] ?? 0, coded.shape);
		if (rows.interruption[row] === 0) {
			rows.interruption[row] = coded.interruption || this.#store.bandOf(coded.place, shapes.type[coded.shape] ?? 0, coded.spot);
		}

		return row;
	}

	#append(coded: Coded, type: number, twin: number | undefined): number | undefined {
		const {rows, places, populated} = this.#store;
		if (Number.isNaN(twin === undefined ? coded.price : this.#priceOf(coded, twin))) {
			this.tally.unpriced++;
			return undefined;
		}

		rows.reserve(1);
		const row = rows.length++;
		rows.place[row] = coded.place;
		rows.shape[row] = coded.shape;
		rows.flags[row] = coded.spot ? bits.spot : 0;
		rows.price[row] = rows.previous[row] = Number.NaN;
		populated.add(places.backend[coded.place] ?? 0);
		this.#write(row, coded, twin);
		if (this.#layer === 'catalogue' && this.#store.isCovered(coded.place, type, coded.spot)) {
			rows.flags[row] |= bits.replaced;
		}

		return row;
	}

	#priceOf(coded: Coded, known: number): number {
		return Number.isNaN(coded.price) ? (this.#store.rows.price[known] ?? Number.NaN) : coded.price;
	}

	/** Writes a row; `known` is the one that reported the same offer before, mostly itself. */
	#write(row: number, coded: Coded, known: number | undefined): number {
		const {rows, shapes} = this.#store;
		const old = known === undefined ? undefined : readPrice(rows, known);
		const isPriced = old === undefined || !Number.isNaN(coded.price);
		const flags = rows.flags[row] ?? 0;
		const estimated = isPriced ? coded.estimated : old.estimated;
		const price = isPriced ? coded.price : old.price;
		if (rows.listing[row] !== this.#number) {
			this.tally.rows++;
			rows.previous[row] = Number.isNaN(coded.previous) ? changed(old, price, estimated) : coded.previous;
		} else if (rows.previous[row] === price) {
			rows.previous[row] = Number.NaN;
		}

		rows.price[row] = price;
		rows.source[row] = isPriced ? coded.source : old.source;
		rows.date[row] = isPriced ? coded.date : old.date;
		rows.shape[row] = known === undefined ? coded.shape : this.#completed(coded.shape, rows.shape[known] ?? 0);
		rows.availability[row] = coded.availability;
		rows.interruption[row] =
			coded.interruption ||
			(known === undefined ? 0 : (rows.interruption[known] ?? 0)) ||
			this.#store.bandOf(coded.place, shapes.type[coded.shape] ?? 0, coded.spot);
		rows.extra[row] = coded.extra;
		rows.listing[row] = this.#number;
		rows.flags[row] =
			(flags & ~(bits.gone | bits.estimated)) |
			(estimated ? bits.estimated : 0) |
			(this.#layer === 'live' ? bits.live : bits.catalogue);
		if (this.#layer === 'live') {
			rows.flags[row] &= ~bits.replaced;
		}

		return row;
	}

	#completed(shape: number, other: number): number {
		const {shapes} = this.#store;
		return shape === other ? shape : shapes.code(completed(shapes.at(shape), shapes.at(other)));
	}
}

type Price = {readonly price: number; readonly estimated: boolean; readonly source: number; readonly date: number};

const isLive = (rows: Rows, row: number): boolean => ((rows.flags[row] ?? 0) & bits.live) !== 0;

const readPrice = (rows: Rows, row: number): Price => ({
	price: rows.price[row] ?? Number.NaN,
	estimated: ((rows.flags[row] ?? 0) & bits.estimated) !== 0,
	source: rows.source[row] ?? 0,
	date: rows.date[row] ?? 0,
});

/** The old price where it is another one. An estimate that gives way to a quoted price is better knowledge, and no change. */
const changed = (old: Price | undefined, price: number, estimated: boolean): number =>
	old === undefined || old.price === price || (old.estimated && !estimated) ? Number.NaN : old.price;
