import type {Places} from './places.js';
import {bits, type Rows} from './rows.js';
import type {Shapes} from './shapes.js';

const empty = 0;

/** Finds the one row of an instance type in a place and market: a hash table of row numbers, four bytes a slot. */
export class KeyIndex {
	#slots = new Uint32Array(2048);
	#count = 0;
	readonly #rows: Rows;
	readonly #shapes: Shapes;

	constructor(rows: Rows, shapes: Shapes) {
		this.#rows = rows;
		this.#shapes = shapes;
	}

	/** Undefined where there is none. */
	find(place: number, type: number, spot: boolean): number | undefined {
		const slot = this.#slots[this.#slotOf(place, type, spot)] ?? empty;
		return slot === empty ? undefined : slot - 1;
	}

	/** Enters a row that is not there yet. */
	add(row: number): void {
		if (this.#count * 2 >= this.#slots.length) {
			this.#grow();
		}

		this.#slots[this.#slotOfRow(row)] = row + 1;
		this.#count++;
	}

	#grow(): void {
		const old = this.#slots;
		this.#slots = new Uint32Array(old.length * 2);
		for (const slot of old) {
			if (slot !== empty) {
				this.#slots[this.#slotOfRow(slot - 1)] = slot;
			}
		}
	}

	#slotOfRow(row: number): number {
		const {place, shape, flags} = this.#rows;
		return this.#slotOf(place[row] ?? 0, this.#shapes.type[shape[row] ?? 0] ?? 0, ((flags[row] ?? 0) & bits.spot) !== 0);
	}

	/** The slot that holds the key, or the empty one where it belongs. */
	#slotOf(place: number, type: number, spot: boolean): number {
		const mask = this.#slots.length - 1;
		const {place: places, shape, flags} = this.#rows;
		const types = this.#shapes.type;
		let hash = Math.imul(place + 1, 0x9e_37_79_b1) ^ Math.imul(type * 2 + Number(spot) + 1, 0x85_eb_ca_6b);
		hash ^= hash >>> 15;
		for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
			const row = (this.#slots[slot] ?? empty) - 1;
			if (
				row === empty - 1 ||
				(places[row] === place && types[shape[row] ?? 0] === type && (((flags[row] ?? 0) & bits.spot) !== 0) === spot)
			) {
				return slot;
			}
		}
	}
}

/** Which interruption band a type has in a region, for regions whose prices are not known. */
export class Bands {
	#codes = new Map<number, number>();

	set(place: number, type: number, interruption: number): void {
		this.#codes.set(place * 2 ** 32 + type, interruption);
	}

	/** 0 for none. A band holds for all zones of a region. */
	of(places: Places, place: number, type: number): number {
		const own = this.#codes.get(place * 2 ** 32 + type);
		if (own !== undefined || places.zone[place] === 0) {
			return own ?? 0;
		}

		const region = places.find({...places.at(place), zone: undefined});
		return region === undefined ? 0 : (this.#codes.get(region * 2 ** 32 + type) ?? 0);
	}

	*[Symbol.iterator](): Generator<{place: number; type: number; interruption: number}> {
		for (const [key, interruption] of this.#codes) {
			yield {place: Math.floor(key / 2 ** 32), type: key % 2 ** 32, interruption};
		}
	}
}
