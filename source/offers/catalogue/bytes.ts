/** What cannot be a catalogue's content; the message says where it went wrong. */
export class DamageError extends Error {
	override readonly name = 'DamageError';
}

/** The numbers of a column: one that replaces all of them, or each. Views of the file, never to be written. */
export type Numbers = number | Uint8Array | Uint16Array | Uint32Array | Float64Array;

type Column = Exclude<Numbers, number>;

const kinds = [Uint8Array, Uint16Array, Uint32Array, Float64Array] as const;
/** In the place of a column's width: one number, eight bytes, replaces all. */
const constant = 0;
/** Columns begin at multiples of this, so that they can be read as they lie there. */
const alignment = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', {fatal: true});
const isBigEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

/** Bytes that grow as they are written. */
export class ByteWriter {
	#bytes = new Uint8Array(1024);
	#length = 0;

	/** A view of what was written so far. */
	get bytes(): Uint8Array {
		return this.#bytes.subarray(0, this.#length);
	}

	byte(value: number): void {
		this.#room(1);
		this.#bytes[this.#length++] = value;
	}

	/** A whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first. */
	number(value: number): void {
		if (!Number.isSafeInteger(value) || value < 0) {
			throw new RangeError(`${value} is no whole number from 0`);
		}

		this.#room(8);
		let rest = value;
		while (rest >= 128) {
			this.#bytes[this.#length++] = (rest % 128) + 128;
			rest = Math.floor(rest / 128);
		}

		this.#bytes[this.#length++] = rest;
	}

	text(text: string): void {
		const bytes = encoder.encode(text);
		this.number(bytes.length);
		this.raw(bytes);
	}

	raw(bytes: Uint8Array): void {
		this.#room(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
	}

	/** Zeros up to where a column can begin. */
	align(): void {
		this.raw(new Uint8Array(-this.#length & (alignment - 1)));
	}

	/** Any numbers, in as few bytes each as all of them can do with. How many they are is not written. */
	column(values: readonly number[]): void {
		const [first = 0] = values;
		const isConstant = values.every(value => Object.is(value, first));
		const numbers = isConstant ? new Float64Array([first]) : smallest(values);
		this.byte(isConstant ? constant : numbers.BYTES_PER_ELEMENT);
		this.align();
		this.raw(inFileOrder(new Uint8Array(numbers.buffer), numbers.BYTES_PER_ELEMENT));
	}

	/** Different texts: all as one, which is read at once, and how long each is. */
	texts(texts: readonly string[]): void {
		this.number(texts.length);
		this.text(texts.join(''));
		this.column(texts.map(({length}) => length));
	}

	#room(more: number): void {
		if (this.#length + more > this.#bytes.length) {
			const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
			grown.set(this.bytes);
			this.#bytes = grown;
		}
	}
}

function smallest(values: readonly number[]): Column {
	const isWhole = values.every(value => Number.isInteger(value) && value >= 0 && !Object.is(value, -0));
	const most = values.reduce((max, value) => Math.max(max, value), 0);
	const Kind = isWhole ? kinds.find(({BYTES_PER_ELEMENT: width}) => width < 8 && most < 2 ** (8 * width)) : undefined;
	return Kind ? Kind.from(values) : Float64Array.from(values);
}

/** Numbers of `width` bytes each from this machine's order of bytes into the file's, which is the little-endian one, or back. */
export const inFileOrder = (bytes: Uint8Array, width: number, isTurned = isBigEndian): Uint8Array =>
	isTurned ? bytes.map((_, at) => bytes[at - (at % width) + width - 1 - (at % width)] as number) : bytes;

/** Reads what `ByteWriter` wrote. Whatever the bytes are, a `DamageError` is the worst that comes of them. */
export class ByteReader {
	#at = 0;
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes.byteOffset % alignment === 0 ? bytes : new Uint8Array(bytes);
	}

	get at(): number {
		return this.#at;
	}

	get isAtEnd(): boolean {
		return this.#at === this.#bytes.length;
	}

	byte(): number {
		const value = this.#bytes[this.#at++];
		if (value === undefined) {
			throw new DamageError('it ends too early');
		}

		return value;
	}

	number(): number {
		let value = this.byte();
		if (value < 128) {
			return value;
		}

		value -= 128;
		for (let unit = 128; ; unit *= 128) {
			const part = this.byte();
			value += (part % 128) * unit;
			if (value > Number.MAX_SAFE_INTEGER) {
				throw new DamageError('a number is too large');
			}

			if (part < 128) {
				return value;
			}
		}
	}

	/** A number below `limit`: the place of something in a list of that length. */
	numberBelow(limit: number): number {
		const value = this.number();
		if (value >= limit) {
			throw new DamageError(`${value} of ${limit}`);
		}

		return value;
	}

	text(): string {
		try {
			return decoder.decode(this.raw(this.number()));
		} catch (error) {
			throw error instanceof DamageError ? error : new DamageError('a text is not UTF-8');
		}
	}

	/** A view. */
	raw(length: number): Uint8Array {
		if (length > this.#bytes.length - this.#at) {
			throw new DamageError('it ends too early');
		}

		this.#at += length;
		return this.#bytes.subarray(this.#at - length, this.#at);
	}

	align(): void {
		if (this.raw(-this.#at & (alignment - 1)).some(byte => byte !== 0)) {
			throw new DamageError('something stands where nothing should');
		}
	}

	/** So many numbers of a column. They are not copied, and not looked at. */
	column(count: number): Numbers {
		const width = this.byte();
		this.align();
		if (width === constant) {
			return this.#view(Float64Array, 1)[0] as number;
		}

		const kind = kinds.find(({BYTES_PER_ELEMENT}) => BYTES_PER_ELEMENT === width);
		return kind ? this.#view(kind, count) : fail('a column is of no known kind');
	}

	texts(): string[] {
		const count = this.number();
		const all = this.text();
		// No more than one of them is empty.
		const lengths = count > all.length + 1 ? fail('there are too many texts') : this.column(count);
		const texts: string[] = [];
		let end = 0;
		for (let index = 0; index < count; index++) {
			const length = typeof lengths === 'number' ? lengths : (lengths[index] as number);
			texts.push(all.slice(end, end + length));
			end += length;
		}

		return end === all.length ? texts : fail('texts are not as long as they should be');
	}

	#view(Kind: (typeof kinds)[number], count: number): Column {
		const width = Kind.BYTES_PER_ELEMENT;
		const bytes = inFileOrder(this.raw(count * width), width);
		return new Kind(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
	}
}

const fail = (message: string): never => {
	throw new DamageError(message);
};
