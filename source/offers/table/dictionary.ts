import {neutraliseLine} from '../../system/terminal-text.js';

/** Text that nothing has to be taken out of: most is. */
const plain = /^[\u0020-\u007E]*$/;

/** The words of a column, each once. A word's code is its number here, and stays it. */
export class Dictionary {
	/** By code, safe to draw. */
	readonly values: string[] = [];
	#lower: string[] = [];
	#codes = new Map<string, number>();
	#ranks: Uint32Array = new Uint32Array();

	get size(): number {
		return this.values.length;
	}

	/** By code, in lower case, for searching; made when it is first asked for. */
	get lower(): readonly string[] {
		for (let code = this.#lower.length; code < this.values.length; code++) {
			this.#lower.push((this.values[code] ?? '').toLowerCase());
		}

		return this.#lower;
	}

	/** The code of a word, a new one for a new word. */
	code(text: string): number {
		return this.#codes.get(text) ?? this.#add(text);
	}

	/** The codes of many words, in one go. */
	codes(texts: readonly string[]): Uint32Array {
		const codes = new Uint32Array(texts.length);
		// All of them at once; one that is not plain makes each be looked at.
		const isPlain = plain.test(texts.join(''));
		for (let index = 0; index < texts.length; index++) {
			const text = texts[index] as string;
			let code = this.#codes.get(text);
			if (code === undefined && isPlain) {
				code = this.values.length;
				this.values.push(text);
				this.#codes.set(text, code);
			}

			codes[index] = code ?? this.#add(text);
		}

		return codes;
	}

	find(text: string): number | undefined {
		return this.#codes.get(text);
	}

	/** The place of each code when the words are sorted as people count: `g5.2xlarge` before `g5.12xlarge`. */
	ranks(): Uint32Array {
		if (this.#ranks.length !== this.size) {
			const keys = this.lower.map(naturalKey);
			const order = keys.map((_, code) => code).sort((a, b) => compare(keys[a] ?? '', keys[b] ?? '') || a - b);
			this.#ranks = new Uint32Array(this.size);
			order.forEach((code, rank) => {
				this.#ranks[code] = rank;
			});
		}

		return this.#ranks;
	}

	/** Codes whose word is this one, whatever its case. */
	matching(word: string): number[] {
		const wanted = word.toLowerCase();
		return this.lower.flatMap((value, code) => (value === wanted ? [code] : []));
	}

	#add(text: string): number {
		const clean = plain.test(text) ? text : neutraliseLine(text);
		let code = this.#codes.get(clean);
		if (code === undefined) {
			code = this.values.length;
			this.values.push(clean);
			this.#codes.set(clean, code);
		}

		if (clean !== text) {
			this.#codes.set(text, code);
		}

		return code;
	}
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A text that sorts by plain comparison as its numbers count. */
const naturalKey = (text: string): string => text.replace(/\d+/g, digits => digits.padStart(10, '0'));
