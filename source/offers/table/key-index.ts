import type {Locations} from './locations.js';
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

		const start = this.#entered;
		this.#entered = Math.min(length, start + most);
		enterRows(this.#slots, this.#rows, this.#shapes.type, start, this.#entered);
		return this.#entered < length;
	}

	#grow(rows: number): void {
		const old = this.#slots;
		this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(rows * 2 + 1)));
		for (const slot of this.#entered === 0 ? [] : old) {
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
		for (let slot = hashOf(place, type, Number(spot)) & mask; ; slot = (slot + 1) & mask) {
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

function hashOf(place: number, type: number, spot: number): number {
	const hash = Math.imul(place + 1, 0x9e_37_79_b1) ^ Math.imul(type * 2 + spot + 1, 0x85_eb_ca_6b);
	return hash ^ (hash >>> 15);
}

/** Enters rows from `start` to before `end`. One loop and no calls: it is over before a compiler has looked at those. */
function enterRows(
	slots: Uint32Array,
	{place, shape, flags, price}: Rows,
	types: readonly number[],
	start: number,
	end: number,
): void {
	const mask = slots.length - 1;
	for (let row = start; row < end; row++) {
		const [at, type, spot] = [place[row] as number, types[shape[row] as number] as number, (flags[row] as number) & bits.spot];
		let slot = hashOf(at, type, spot) & mask;
		let other = (slots[slot] as number) - 1;
		while (
			other !== empty - 1 &&
			(place[other] !== at || types[shape[other] as number] !== type || ((flags[other] as number) & bits.spot) !== spot)
		) {
			slot = (slot + 1) & mask;
			other = (slots[slot] as number) - 1;
		}

		const isCheaper = other === empty - 1 || (price[row] as number) < (price[other] as number);
		if (other !== empty - 1) {
			const dearer = isCheaper ? other : row;
			flags[dearer] = (flags[dearer] as number) | bits.gone;
		}

		if (isCheaper) {
			slots[slot] = row + 1;
		}
	}
}

/** The bands of a region's types: `codes` has one for each of `types`, and says which of `bands` it is. */
export type RegionBands = {readonly types: Uint32Array; readonly bands: Uint16Array; readonly codes: Uint8Array};

/** Which interruption band a type has in a region, for regions whose prices are not known. */
export class Bands {
	/** By place, then by type: codes of bands, 0 for none. */
	#byPlace = new Map<number, Uint16Array>();
	/** By place: regions that nobody asked for yet. */
	#later = new Map<number, RegionBands>();

	set(place: number, type: number, interruption: number): void {
		const codes = this.#room(place, type);
		codes[type] = interruption;
	}

	/** All that is known of a region, which is worked in when somebody first looks there. */
	setAll(place: number, bands: RegionBands): void {
		this.#settle(place);
		this.#later.set(place, bands);
	}

	/** Whether anything is known of a region. */
	has(place: number): boolean {
		return this.#byPlace.has(place) || this.#later.has(place);
	}

	/** 0 for none. A band holds for all zones of a region. */
	of(places: Locations, place: number, type: number): number {
		if (this.#byPlace.size === 0 && this.#later.size === 0) {
			return 0;
		}

		const region = places.regionOf(place);
		this.#settle(region);
		return this.#byPlace.get(region)?.[type] ?? 0;
	}

	#settle(place: number): void {
		const later = this.#later.get(place);
		if (later) {
			this.#later.delete(place);
			const {types, bands, codes} = later;
			const known = this.#room(
				place,
				types.reduce((most, type) => Math.max(most, type), 0),
			);
			for (const [index, type] of types.entries()) {
				const band = bands[codes[index] ?? 0] ?? 0;
				if (band !== 0) {
					known[type] = band;
				}
			}
		}
	}

	#room(place: number, type: number): Uint16Array {
		this.#settle(place);
		let codes = this.#byPlace.get(place);
		if (codes === undefined || codes.length <= type) {
			const grown = new Uint16Array(Math.max(type + 256, Math.ceil((codes?.length ?? 0) * 1.5)));
			grown.set(codes ?? []);
			this.#byPlace.set(place, grown);
			codes = grown;
		}

		return codes;
	}
}
