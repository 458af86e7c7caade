import type {Operator} from './keys.js';
import {type NumberKey, type Unit, units} from './keys.js';

/** Numbers between two, which belong to it where `…Included`. Sizes are MiB, prices US dollars per hour. */
export type Interval = {readonly min: number; readonly minIncluded: boolean; readonly max: number; readonly maxIncluded: boolean};

export const holds = ({min, minIncluded, max, maxIncluded}: Interval, value: number): boolean =>
	(minIncluded ? value >= min : value > min) && (maxIncluded ? value <= max : value < max);

const sizes: Readonly<Record<string, number>> = {m: 1, g: 1024, t: 1024 * 1024};

const patterns: Readonly<Record<Unit, {readonly pattern: RegExp; readonly example: string}>> = {
	size: {pattern: /^(\d+(?:\.\d*)?|\.\d+)(?:([mgt])(?:i?b)?)?$/i, example: 'a size such as 64, 64GB or 512MB'},
	price: {pattern: /^\$?(\d+(?:\.\d*)?|\.\d+)(?:\/h)?$/i, example: 'a price such as 2 or 0.85'},
	number: {pattern: /^(\d+(?:\.\d*)?|\.\d+)$/, example: 'a number'},
	percent: {pattern: /^(\d+(?:\.\d*)?|\.\d+)%?$/, example: 'a share such as 5 or 10%'},
};

type Written = {
	readonly value: number;
	/** Half of what the last digit that was written is worth. */
	readonly half: number;
};

function readOne(text: string, unit: Unit): Written | undefined {
	const match = patterns[unit].pattern.exec(text);
	if (!match) {
		return undefined;
	}

	const digits = match[1] ?? '';
	const decimals = digits.includes('.') ? digits.length - digits.indexOf('.') - 1 : 0;
	const factor = unit === 'size' ? (sizes[(match[2] ?? 'g').toLowerCase()] ?? 1024) : 1;
	return {value: Number(digits) * factor, half: (factor * 10 ** -decimals) / 2};
}

/**
What a value after an operator means, or what was expected instead. `0.5..2` is from one to the other. Without an order
(`:`, `=`) a price or a size is met as it is shown, to the last digit that was written: `price:0.65` finds 0.6525.
*/
export function readNumber(text: string, operator: Operator, key: NumberKey): Interval | string {
	const unit = units[key];
	const expected = (found: string) => `expected ${patterns[unit].example}, found '${found.slice(0, 40)}'`;
	const ends = text.split('..');
	if (ends.length === 2 && (operator === ':' || operator === '=')) {
		const [low, high] = ends.map(end => (end === '' ? undefined : readOne(end, unit)));
		const wrong = ends.find((end, index) => end !== '' && (index === 0 ? low : high) === undefined);
		if (wrong !== undefined || text === '..') {
			return expected(wrong ?? text);
		}

		const interval = {min: low?.value ?? 0, minIncluded: true, max: high?.value ?? Number.POSITIVE_INFINITY, maxIncluded: true};
		return interval.min > interval.max ? `'${text.slice(0, 40)}' ends before it begins` : interval;
	}

	const one = readOne(text, unit);
	return one === undefined ? expected(text) : around(one, operator, unit);
}

function around({value, half}: Written, operator: Operator, unit: Unit): Interval {
	const [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
	switch (operator) {
		case '<': {
			return {min: least, minIncluded: true, max: value, maxIncluded: false};
		}

		case '<=': {
			return {min: least, minIncluded: true, max: value, maxIncluded: true};
		}

		case '>': {
			return {min: value, minIncluded: false, max: most, maxIncluded: true};
		}

		case '>=': {
			return {min: value, minIncluded: true, max: most, maxIncluded: true};
		}

		case ':':
		case '=': {
			const slack = unit === 'size' || unit === 'price' ? half : 0;
			return {min: value - slack, minIncluded: true, max: value + slack, maxIncluded: slack === 0};
		}
	}
}
