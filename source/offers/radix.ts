/** Widest digit of one pass: its counts and the places it writes to stay in the processor's nearest memory. */
const mostDigitBits = 14;

/** A key for what has no value: it comes last. All keys are small enough to be plain integers of the machine in every loop. */
export const lastKey = 0x7f_ff_ff_ff;

/** So many rows are moved to their places one by one. */
const fewRows = 32;

type Pairs = {readonly rows: Uint32Array; readonly keys: Uint32Array};

/** Buffers that every sort uses again: to be given so much anew costs as long as to sort it. */
let room = {rows: new Uint32Array(), keys: new Uint32Array(), own: new Uint32Array()};

function roomFor(length: number): typeof room {
	if (room.rows.length < length) {
		room = {rows: new Uint32Array(length), keys: new Uint32Array(length), own: new Uint32Array(length)};
	}

	return {
		rows: room.rows.subarray(0, length),
		keys: room.keys.subarray(0, length),
		own: room.own.subarray(0, length),
	};
}

/** A buffer for so many keys, good until it is asked for again. */
export const roomForKeys = (length: number): Uint32Array => roomFor(length).own;

/** Sorts rows by their values, which are by row; rows of equal values stay in order, and those of none (NaN) come last. */
export function sortByValues(rows: Uint32Array, values: Float64Array, descending = false): void {
	const keys = roomForKeys(rows.length);
	keysOfValues(rows, values, keys);
	if (descending) {
		for (let index = 0; index < keys.length; index++) {
			const key = keys[index] as number;
			keys[index] = key === lastKey ? lastKey : lastKey - 1 - key;
		}
	}

	sortByKeys(rows, keys);
	settleTies(rows, keys, values, descending);
}

/**
Sorts rows and their keys, of 0 to `lastKey`, together by the keys; rows of equal keys stay in order. Both arrays are changed: of the
keys only the order and which of them are equal is the same afterwards.
*/
export function sortByKeys(rows: Uint32Array, keys: Uint32Array): void {
	const {least, end, isSorted} = measure(keys);
	if (isSorted) {
		return;
	}

	for (let index = 0; index < keys.length; index++) {
		const key = keys[index] as number;
		keys[index] = key === lastKey ? end : key - least;
	}

	const bits = 32 - Math.clz32(end);
	const digitBits = Math.ceil(bits / Math.ceil(bits / mostDigitBits));
	const mask = 2 ** digitBits - 1;
	const counts = new Uint32Array(2 ** digitBits);
	let from: Pairs = {rows, keys};
	let to: Pairs = roomFor(rows.length);
	for (let shift = 0; shift < bits; shift += digitBits) {
		if (countDigits(from.keys, shift, mask, counts)) {
			scatter(from, to, shift, mask, counts);
			[from, to] = [to, from];
		}
	}

	if (from.rows !== rows) {
		rows.set(from.rows);
		keys.set(from.keys);
	}
}

/** The least key, and what is above all but `lastKey` once that is subtracted from them. */
export function measure(keys: Uint32Array): {least: number; end: number; isSorted: boolean} {
	let least = lastKey;
	let most = 0;
	let last = 0;
	let falls = 0;
	for (let index = 0; index < keys.length; index++) {
		const key = keys[index] as number;
		falls += Number(key < last);
		last = key;
		least = Math.min(least, key);
		most = Math.max(most, key === lastKey ? 0 : key);
	}

	return {least, end: Math.max(0, most - least) + 1, isSorted: falls === 0};
}

/** Turns `counts` into the first place of each digit; false where all keys have the same one, and nothing is to be done. */
function countDigits(keys: Uint32Array, shift: number, mask: number, counts: Uint32Array): boolean {
	counts.fill(0);
	for (let index = 0; index < keys.length; index++) {
		const digit = ((keys[index] as number) >>> shift) & mask;
		counts[digit] = (counts[digit] as number) + 1;
	}

	let place = 0;
	for (let digit = 0; digit < counts.length; digit++) {
		const count = counts[digit] as number;
		if (count === keys.length) {
			return false;
		}

		counts[digit] = place;
		place += count;
	}

	return place > 0;
}

function scatter(from: Pairs, to: Pairs, shift: number, mask: number, places: Uint32Array): void {
	const {rows, keys} = from;
	const {rows: toRows, keys: toKeys} = to;
	for (let index = 0; index < rows.length; index++) {
		const key = keys[index] as number;
		const digit = (key >>> shift) & mask;
		const place = places[digit] as number;
		places[digit] = place + 1;
		toRows[place] = rows[index] as number;
		toKeys[place] = key;
	}
}

/** Where in a double its upper half is. */
const high = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
const signBit = -0x80_00_00_00;
/** The upper half of infinity. What is above it is no number. */
const infinity = 0x7f_f0_00_00;

/**
The upper halves of the rows' values as keys that sort as the values do; those that share one are nearer than two millionths of each
other. No number has `lastKey`.
*/
export function keysOfValues(rows: Uint32Array, values: Float64Array, keys: Uint32Array): void {
	const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
	for (let index = 0; index < rows.length; index++) {
		const word = words[2 * (rows[index] as number) + high] as number;
		// -0 is 0; what is just below shares its key.
		const upper = word === signBit ? 0 : word;
		keys[index] = (word & ~signBit) > infinity ? lastKey : (upper ^ ((upper >> 31) | signBit)) >>> 1;
	}
}

/** Puts rows in the order of their values that share a key but not a value; `keys` are sorted already. Rows of equal values stay in order. */
export function settleTies(rows: Uint32Array, keys: Uint32Array, values: Float64Array, descending = false): void {
	const sign = descending ? -1 : 1;
	let start = 0;
	let isInOrder = true;
	for (let index = 1; index < rows.length; index++) {
		if (keys[index] !== keys[index - 1]) {
			if (!isInOrder) {
				settle(rows, start, index, values, sign);
				isInOrder = true;
			}

			start = index;
			continue;
		}

		const value = values[rows[index] as number] as number;
		if (Number.isNaN(value)) {
			// So are all that follow.
			break;
		}

		if (sign * value < sign * (values[rows[index - 1] as number] as number)) {
			isInOrder = false;
		}
	}

	if (!isInOrder) {
		settle(rows, start, rows.length, values, sign);
	}
}

function settle(rows: Uint32Array, start: number, end: number, values: Float64Array, sign: number): void {
	if (end - start > fewRows) {
		const value = (row: number): number => sign * (values[row] as number);
		const sorted = Array.from(rows.subarray(start, end)).sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
		rows.set(sorted, start);
		return;
	}

	for (let index = start + 1; index < end; index++) {
		const row = rows[index] as number;
		const value = sign * (values[row] as number);
		let at = index;
		while (at > start && sign * (values[rows[at - 1] as number] as number) > value) {
			rows[at] = rows[at - 1] as number;
			at--;
		}

		rows[at] = row;
	}
}
