/** What cannot be a catalogue's content; the message says where it went wrong. */
export class DamageError extends Error {
	override readonly name = 'DamageError';
}

/** What the eighth and last byte of a number counts. */
const largestUnit = 128 ** 7;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', {fatal: true});

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

	/** A whole number of either sign. */
	signed(value: number): void {
		this.number(value < 0 ? -2 * value - 1 : 2 * value);
	}

	/** Any number, eight bytes. */
	double(value: number): void {
		this.raw(new Uint8Array(new Float64Array([value]).buffer));
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

	#room(more: number): void {
		if (this.#length + more > this.#bytes.length) {
			const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
			grown.set(this.bytes);
			this.#bytes = grown;
		}
	}
}

/** Reads what `ByteWriter` wrote. Whatever the bytes are, a `DamageError` is the worst that comes of them. */
export class ByteReader {
	#at = 0;
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
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

	/** So many numbers, one after the other: the same as `number` each time, in a loop that is quick from the first time on. */
	numbers(count: number): Float64Array {
		const bytes = this.#bytes;
		if (count > bytes.length - this.#at) {
			throw new DamageError('it ends too early');
		}

		const values = new Float64Array(count);
		let at = this.#at;
		for (let index = 0; index < count; index++) {
			let part = bytes[at++] as number;
			let value = part & 127;
			for (let unit = 128; part > 127 && unit <= largestUnit; unit *= 128) {
				part = bytes[at++] as number;
				value += (part & 127) * unit;
			}

			// Past the end there is no number, and no comparison with it holds.
			if (!(part < 128 && value <= Number.MAX_SAFE_INTEGER)) {
				throw new DamageError('a number is too large, or ends too early');
			}

			values[index] = value;
		}

		this.#at = at;
		return values;
	}

	/** A number below `limit`: the place of something in a list of that length. */
	below(limit: number): number {
		const value = this.number();
		if (value >= limit) {
			throw new DamageError(`${value} of ${limit}`);
		}

		return value;
	}

	signed(): number {
		const value = this.number();
		return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
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
}

/** Texts: how long each is, then all as one, which is read at once. */
export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
	writer.number(texts.length);
	for (const {length} of texts) {
		writer.number(length);
	}

	writer.text(texts.join(''));
}

export function readTexts(reader: ByteReader): string[] {
	const lengths = reader.numbers(reader.number());
	const all = reader.text();
	const texts: string[] = [];
	let end = 0;
	for (const length of lengths) {
		texts.push(all.slice(end, end + length));
		end += length;
	}

	return end === all.length ? texts : fail('texts are not as long as they should be');
}

const fail = (message: string): never => {
	throw new DamageError(message);
};

const mostDecimals = 9;
/** In the place of the decimals: the numbers are written as they are. */
const doubles = 255;

/** Numbers as whole ones with so many decimals, where none loses a bit by that; else as they are. */
export function writeNumbers(writer: ByteWriter, values: readonly number[]): void {
	const decimals = decimalsOf(values);
	writer.byte(decimals ?? doubles);
	for (const value of values) {
		if (decimals === undefined) {
			writer.double(value);
		} else {
			writer.number(Math.round(value * 10 ** decimals));
		}
	}
}

/** So many of the numbers that `writeNumbers` wrote. */
export function readNumbers(reader: ByteReader, count: number): Float64Array {
	const decimals = reader.byte();
	if (decimals === doubles) {
		return new Float64Array(reader.raw(count * 8).slice().buffer);
	}

	if (decimals > mostDecimals) {
		throw new DamageError('a number has too many decimals');
	}

	const values = reader.numbers(count);
	const unit = 10 ** decimals;
	for (let index = 0; index < count; index++) {
		values[index] = (values[index] as number) / unit;
	}

	return values;
}

function decimalsOf(values: readonly number[]): number | undefined {
	let decimals = 0;
	for (const value of values) {
		while (!isWhole(value, decimals)) {
			if (++decimals > mostDecimals) {
				return undefined;
			}
		}
	}

	// More decimals may be too many for another value.
	return values.every(value => isWhole(value, decimals)) ? decimals : undefined;
}

function isWhole(value: number, decimals: number): boolean {
	const whole = Math.round(value * 10 ** decimals);
	return Number.isSafeInteger(whole) && whole >= 0 && !Object.is(value, -0) && whole / 10 ** decimals === value;
}
