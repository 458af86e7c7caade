import type {Places} from './places.js';
import {bits, type Rows} from './rows.js';
import type {Shapes} from './shapes.js';

const empty = 0;

/**
Finds the one row of an instance type in a place and market: a hash table of row numbers, four bytes a slot. Rows are entered when
something is first looked for; of two that are the same offer the dearer one is hidden then.
*/
export class KeyIndex {
	#slots = new Uint32Array(2048);
	#entered = 0;
	readonly #rows: Rows;
	readonly #shapes: Shapes;

	constructor(rows: Rows, shapes: Shapes) {
		this.#rows = rows;
		this.#shapes = shapes;
	}

	/** Undefined where there is none. */
	find(place: number, type: number, spot: boolean): number | undefined {
		this.enter();
		const slot = this.#slots[this.#slotOf(place, type, spot)] ?? empty;
		return slot === empty ? undefined : slot - 1;
	}

	/** Enters at most so many of the rows that are new; false when none are left. */
	enter(most = Number.POSITIVE_INFINITY): boolean {
		const {length} = this.#rows;
		if (this.#entered === length) {
			return false;
		}

		if (length * 2 > this.#slots.length) {
			this.#grow(length);
		}

		const end = Math.min(length, this.#entered + most);
		for (; this.#entered < end; this.#entered++) {
			this.#add(this.#entered);
		}

		return this.#entered < length;
	}

	#add(row: number): void {
		const at = this.#slotOfRow(row);
		const other = (this.#slots[at] ?? empty) - 1;
		if (other === empty - 1) {
			this.#slots[at] = row + 1;
			return;
		}

		const {price, flags} = this.#rows;
		const isCheaper = (price[row] ?? 0) < (price[other] ?? 0);
		const dearer = isCheaper ? other : row;
		flags[dearer] = (flags[dearer] ?? 0) | bits.gone;
		this.#slots[at] = isCheaper ? row + 1 : other + 1;
	}

	#grow(rows: number): void {
		const old = this.#slots;
		this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(rows * 2 + 1)));
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
	/** By place, then by type: codes of bands, 0 for none. */
	#byPlace = new Map<number, Uint16Array>();

	set(place: number, type: number, interruption: number): void {
		let codes = this.#byPlace.get(place);
		if (codes === undefined || codes.length <= type) {
			const grown = new Uint16Array(Math.max(type + 256, Math.ceil((codes?.length ?? 0) * 1.5)));
			grown.set(codes ?? []);
			this.#byPlace.set(place, grown);
			codes = grown;
		}

		codes[type] = interruption;
	}

	/** Whether anything is known of a region. */
	has(place: number): boolean {
		return this.#byPlace.has(place);
	}

	/** 0 for none. A band holds for all zones of a region. */
	of(places: Places, place: number, type: number): number {
		return this.#byPlace.size === 0 ? 0 : (this.#byPlace.get(places.regionOf(place))?.[type] ?? 0);
	}
}
