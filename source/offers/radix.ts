const digitBits = 11;
const buckets = 1 << digitBits;
const mask = buckets - 1;

/** A key for what has no value: it comes last. */
export const lastKey = 0xff_ff_ff_ff;

/** Sorts rows and their keys together by the keys; rows of equal keys stay in order. Both arrays are changed. */
export function sortByKeys(rows: Uint32Array, keys: Uint32Array): void {
	let from: Pairs = {rows, keys};
	let to: Pairs = {rows: new Uint32Array(rows.length), keys: new Uint32Array(rows.length)};
	const counts = new Uint32Array(buckets);
	for (let shift = 0; shift < 32; shift += digitBits) {
		if (countDigits(from.keys, shift, counts)) {
			scatter(from, to, shift, counts);
			[from, to] = [to, from];
		}
	}

	if (from.rows !== rows) {
		rows.set(from.rows);
		keys.set(from.keys);
	}
}

/** Turns `counts` into the first place of each digit; false where all keys have the same one, and nothing is to be done. */
function countDigits(keys: Uint32Array, shift: number, counts: Uint32Array): boolean {
	counts.fill(0);
	for (let index = 0; index < keys.length; index++) {
		const digit = ((keys[index] as number) >>> shift) & mask;
		counts[digit] = (counts[digit] as number) + 1;
	}

	let place = 0;
	for (let digit = 0; digit < buckets; digit++) {
		const count = counts[digit] as number;
		if (count === keys.length) {
			return false;
		}

		counts[digit] = place;
		place += count;
	}

	return place > 0;
}

type Pairs = {readonly rows: Uint32Array; readonly keys: Uint32Array};

function scatter(from: Pairs, to: Pairs, shift: number, places: Uint32Array): void {
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

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const high = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** The upper half of a number as a key that sorts as the number does; numbers that share it are nearer than a millionth of each other. */
export function keyOfNumber(value: number): number {
	// -0 is 0.
	double[0] = value + 0;
	const word = words[high] as number;
	return (word & 0x80_00_00_00 ? ~word : word | 0x80_00_00_00) >>> 0;
}

/** Puts rows in order that share a key but not a value; `keys` are sorted already. Rows of equal values stay in order. */
export function settleTies(rows: Uint32Array, keys: Uint32Array, compare: (a: number, b: number) => number): void {
	for (let start = 0; start < rows.length;) {
		let end = start + 1;
		let isInOrder = true;
		while (end < rows.length && keys[end] === keys[start]) {
			isInOrder &&= compare(rows[end - 1] as number, rows[end] as number) <= 0;
			end++;
		}

		if (!isInOrder) {
			rows.set(Array.from(rows.subarray(start, end)).sort(compare), start);
		}

		start = end;
	}
}
