import {fail, parseMemory, shorten} from './grammar.js';
import type {CpuRequest, Range} from '../model.js';

/** `8`, `2..8`, `4..`, `..16`, each end read by `read`. One value alone means at least that, as it did when there were no ranges. */
export function parseRange(text: string, read: (end: string) => number): Range {
	const ends = text.trim().split('..');
	if (ends.length > 2) {
		return fail(`expected a range such as 2..8, found '${shorten(text.trim())}'`);
	}

	const [first = '', last] = ends.map(end => end.trim());
	if (last === undefined) {
		return {min: read(first)};
	}

	if (first === '' && last === '') {
		return fail("expected a range such as 2..8, found '..'");
	}

	const range = {...(first === '' ? {} : {min: read(first)}), ...(last === '' ? {} : {max: read(last)})};
	return inOrder(range, text);
}

/** The range itself, unless its ends are the wrong way round. */
export function inOrder(range: Range, text: string): Range {
	return range.min !== undefined && range.max !== undefined && range.min > range.max
		? fail(`'${shorten(text.trim())}' ends before it begins`)
		: range;
}

export const isRange = (text: string): boolean => text.includes('..');

/** The way back from a range to what is written; `show` writes one end. */
export function printRange({min, max}: Range, show: (end: number) => string = String): string {
	if (max === undefined) {
		// Nothing at least is any number, and `0` alone may mean none.
		return min === undefined || min === 0 ? '0..' : show(min);
	}

	return `${min === undefined ? '' : show(min)}..${show(max)}`;
}

/** `24GB`, `16GB..64GB`, `..64GB` → MiB. */
export const parseMemoryRange = (text: string): Range => parseRange(text, parseMemory);

export const parseCount = (text: string): number =>
	/^\d{1,6}$/.test(text) ? Number(text) : fail(`expected a whole number, found '${shorten(text)}'`);

const architectures: Readonly<Record<string, NonNullable<CpuRequest['architecture']>>> = {
	x86: 'x86_64',
	x86_64: 'x86_64',
	amd64: 'x86_64',
	arm: 'arm64',
	arm64: 'arm64',
	aarch64: 'arm64',
};

export const parseArchitecture = (text: string): NonNullable<CpuRequest['architecture']> =>
	architectures[text.trim().toLowerCase()] ?? fail(`expected an architecture, x86 or arm, found '${shorten(text.trim())}'`);

/** `4`, `2..8`, `0.5`, `arm:8..`, `x86:..16`, `arm` alone. */
export function parseCpu(text: string): CpuRequest {
	const parts = text
		.trim()
		.split(':')
		.map(part => part.trim());
	let architecture: CpuRequest['architecture'];
	let count: Range | undefined;
	for (const part of parts) {
		const known = architectures[part.toLowerCase()];
		if (known !== undefined) {
			architecture = architecture === undefined ? known : fail(`two architectures in '${shorten(text.trim())}'`);
		} else if (count === undefined) {
			count = parseRange(part, isRange(part) ? parseRangeCores : parseCores);
		} else {
			fail(`two counts in '${shorten(text.trim())}'`);
		}
	}

	return {...(architecture === undefined ? {} : {architecture}), count: count ?? {}};
}

const mostCores = 100_000;

function parseCores(text: string): number {
	const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
	return value > 0 && value <= mostCores
		? value
		: fail(`expected a number of cores above 0, as in 4, 2..8 or arm:8.., found '${shorten(text)}'`);
}

/** `0..` is any number of cores. */
const parseRangeCores = (text: string): number => (text === '0' ? 0 : parseCores(text));

export const printCpu = ({architecture, count}: CpuRequest): string =>
	[
		architecture === 'arm64' ? 'arm' : architecture === 'x86_64' ? 'x86' : undefined,
		isBound(count) ? printRange(count) : undefined,
	]
		.filter(Boolean)
		.join(':') || '0..';

export const isBound = ({min, max}: Range): boolean => min !== undefined || max !== undefined;

/** MiB in the largest unit that writes it whole: `24GB`, `1536MB`. */
export const printMemory = (mebibytes: number): string => {
	const unit = (['TB', 'GB'] as const).find((_, index) => mebibytes % 1024 ** (2 - index) === 0);
	return unit === 'TB' ? `${mebibytes / 1024 ** 2}TB` : unit === 'GB' ? `${mebibytes / 1024}GB` : `${mebibytes}MB`;
};

/** Whether a value lies in the range. */
export const within = (value: number, {min, max}: Range): boolean =>
	(min === undefined || value >= min) && (max === undefined || value <= max);
