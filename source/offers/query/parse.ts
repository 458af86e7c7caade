import type {Operator} from './keys.js';
import {type FlagWord, isFlagWord, isNumberKey, type Key, keyNamed, similarKey, type NumberKey, type TextKey} from './keys.js';
import {type Interval, readNumber} from './numbers.js';

type Span = {
	/** Offsets into the text: the first character of the term, and the one after its last. */
	readonly from: number;
	readonly to: number;
	readonly negated: boolean;
};

export type Term = Span &
	(
		| {readonly kind: 'word'; readonly word: string}
		| {readonly kind: 'flag'; readonly flag: FlagWord}
		/** Any of the values; `exact` for the whole text, else a part of it or, with `*`, a pattern. */
		| {readonly kind: 'text'; readonly key: TextKey; readonly values: readonly string[]; readonly exact: boolean}
		/** Any of the intervals. */
		| {readonly kind: 'number'; readonly key: NumberKey; readonly intervals: readonly Interval[]}
	);

export type FilterError = {
	/** Offset into the text where the caret belongs, and the end of what is wrong. */
	readonly from: number;
	readonly to: number;
	/** What is wrong and what was expected; one sentence without a full stop. */
	readonly message: string;
	/** What was probably meant. */
	readonly suggestion?: string;
};

/** A filter as it was typed. A term with an error filters nothing, so that the grid stays as it is while somebody types. */
export type ParsedFilter = {readonly text: string; readonly terms: readonly Term[]; readonly errors: readonly FilterError[]};

/** A piece of the text between blanks, which quotes may hold. Offsets into the text. */
export type Piece = {
	readonly from: number;
	readonly to: number;
	readonly negated: boolean;
	/** The key's name and operator where there is one. */
	readonly name: string | undefined;
	readonly operator: Operator | undefined;
	readonly operatorFrom: number;
	/** Where the value begins, and what it is, its quotes taken off. */
	readonly valueFrom: number;
	readonly value: string;
	readonly quoted: boolean;
	/** A quote that was never closed. */
	readonly open: boolean;
};

const blank = /\s/;

/** Reads `gpu:a100 price<2 spot region:us-* mem>=64 -backend:azure "two words"`. Never throws. */
export function parseFilter(text: string): ParsedFilter {
	const terms: Term[] = [];
	const errors: FilterError[] = [];
	for (const piece of pieces(text)) {
		const read = readPiece(piece);
		if (read && 'message' in read) {
			errors.push(read);
		} else if (read) {
			terms.push(read);
		}
	}

	return {text, terms, errors};
}

/** The pieces of a filter, in order. */
export function* pieces(text: string): Generator<Piece> {
	for (let at = 0; at < text.length;) {
		if (blank.test(text[at] ?? '')) {
			at++;
		} else {
			const piece = pieceAt(text, at);
			yield piece;
			at = piece.to;
		}
	}
}

function pieceAt(text: string, from: number): Piece {
	const negated = /^[-!]\S/.test(text.slice(from, from + 2));
	const start = from + Number(negated);
	// An operator may have blanks around it where it cannot be anything else: `price < 2`.
	const keyed = /^([^\s:=<>"]*)(?:(:|=)|\s*(<=|>=|<|>)[^\S\n]*)/.exec(text.slice(start));
	const operator = (keyed?.[2] ?? keyed?.[3]) as Operator | undefined;
	const valueFrom = start + (keyed?.[0].length ?? 0);
	const value = valueAt(text, valueFrom);
	return {
		from,
		to: Math.max(value.to, start),
		negated,
		name: keyed?.[1],
		operator,
		operatorFrom: start + (keyed?.[1]?.length ?? 0),
		valueFrom,
		value: value.text,
		quoted: value.quoted,
		open: value.open,
	};
}

function valueAt(text: string, from: number): {text: string; to: number; quoted: boolean; open: boolean} {
	if (text[from] === '"') {
		const end = text.indexOf('"', from + 1);
		return {
			text: text.slice(from + 1, end < 0 ? undefined : end),
			to: end < 0 ? text.length : end + 1,
			quoted: true,
			open: end < 0,
		};
	}

	let to = from;
	while (to < text.length && !blank.test(text[to] ?? '')) {
		to++;
	}

	return {text: text.slice(from, to), to, quoted: false, open: false};
}

/** Undefined for what says nothing yet. */
function readPiece(piece: Piece): Term | FilterError | undefined {
	const {from, to, negated, name, operator, value, quoted} = piece;
	const place = {from, to, negated};
	if (operator === undefined || name === undefined) {
		const word = value.toLowerCase();
		if (word === '' || (!quoted && /^[-!]$/.test(word))) {
			return undefined;
		}

		return !quoted && isFlagWord(word) ? {...place, kind: 'flag', flag: word} : {...place, kind: 'word', word};
	}

	if (name === '') {
		return {from: piece.operatorFrom, to, message: `expected a key before ${operator}, as in gpu:a100 or price<2`};
	}

	const key = keyNamed(name);
	return key === undefined ? unknownKey(piece, name) : readKeyed(piece, place, key);
}

function unknownKey({from, negated, operatorFrom}: Piece, name: string): FilterError {
	const near = similarKey(name);
	return {
		from: from + Number(negated),
		to: operatorFrom,
		message: `there is no key '${name.slice(0, 40)}'${near === undefined ? '; put quotes around words that hold such a sign' : ''}`,
		...(near === undefined ? {} : {suggestion: near}),
	};
}

function readKeyed(piece: Piece, place: Span, key: Key): Term | FilterError | undefined {
	const {operator = ':', value, quoted, valueFrom, operatorFrom, name} = piece;
	const values = quoted ? [value] : value.split(',').filter(each => each !== '');
	if (isNumberKey(key)) {
		if (values.length === 0) {
			return operator === ':' || operator === '='
				? undefined
				: {from: valueFrom, to: valueFrom, message: `expected a number after ${name}${operator}`};
		}

		return readNumbers(piece, place, key, values);
	}

	if (operator !== ':' && operator !== '=') {
		return {from: operatorFrom, to: valueFrom, message: `${name} has no order; expected ${name}: or ${name}=`};
	}

	const wrong = key === 'spot' ? values.find(each => marketOf(each) === undefined) : undefined;
	if (wrong !== undefined && isWhole(wrong)) {
		return {from: valueFrom, to: place.to, message: `expected yes or no, found '${wrong.slice(0, 40)}'`};
	}

	return values.length === 0
		? undefined
		: {...place, kind: 'text', key, values: values.map(each => each.toLowerCase()), exact: operator === '='};
}

/** Whether somebody has typed enough of a market to be shown that it is none. */
const isWhole = (word: string): boolean => !marketWords.some(each => each.startsWith(word.toLowerCase()));

const yes = ['yes', 'true', 'spot', '1'];
const no = ['no', 'false', 'ondemand', 'on-demand', '0'];
const marketWords = [...yes, ...no];

/** `yes` is spot, `no` is on-demand; undefined for neither. */
export function marketOf(word: string): boolean | undefined {
	const lower = word.toLowerCase();
	return yes.includes(lower) ? true : no.includes(lower) ? false : undefined;
}

function readNumbers(piece: Piece, place: Span, key: NumberKey, values: readonly string[]): Term | FilterError {
	const {operator = ':', valueFrom, value} = piece;
	const intervals: Interval[] = [];
	let at = valueFrom;
	for (const each of values) {
		const from = at + value.slice(at - valueFrom).indexOf(each);
		const interval = readNumber(each, operator, key);
		if (typeof interval === 'string') {
			return {from, to: from + each.length, message: interval};
		}

		intervals.push(interval);
		at = from + each.length;
	}

	return {...place, kind: 'number', key, intervals};
}
