import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {GrammarError, parseMemory} from '../../source/configuration/grammar/grammar.js';
import type {CpuRequest, Range} from '../../source/configuration/model.js';
import {
	parseCpu,
	parseMemoryRange,
	printCpu,
	printMemory,
	printRange,
	within,
} from '../../source/configuration/grammar/ranges.js';
import {answersOrComplains} from './support.js';

const gb = 1024;

describe('memory ranges', () => {
	it.each<[string, Range]>([
		['24GB', {min: 24 * gb}],
		['24GB..', {min: 24 * gb}],
		['..80GB', {max: 80 * gb}],
		['24GB..80GB', {min: 24 * gb, max: 80 * gb}],
		['24GB..24GB', {min: 24 * gb, max: 24 * gb}],
		['512MB..1.5TB', {min: 512, max: 1536 * gb}],
		['24gb .. 80gb', {min: 24 * gb, max: 80 * gb}],
		['  24GB  ', {min: 24 * gb}],
	])('%j: %j', (text, range) => {
		expect(parseMemoryRange(text)).toEqual(range);
	});

	it.each([
		['', 'a size'],
		['..', "found '..'"],
		['...', 'a size'],
		['24', '24GB or 24MB'],
		['24..80GB', '24GB or 24MB'],
		['24GB..80', '80GB or 80MB'],
		['80GB..24GB', 'ends before it begins'],
		['1GB..2GB..3GB', 'a range such as'],
		['24GB-80GB', 'a size'],
		['24GB...80GB', 'a size'],
		['many', 'a size'],
		['0GB', 'at least 1MB'],
	])('refuses %j: %s', (text, words) => {
		expect(() => parseMemoryRange(text)).toThrow(GrammarError);
		expect(() => parseMemoryRange(text)).toThrow(words);
	});

	it('answers any text with whole MiB in order, or a complaint', () => {
		answersOrComplains(
			parseMemoryRange,
			({min, max}: Range) =>
				[min, max].every(end => end === undefined || (Number.isSafeInteger(end) && end > 0)) &&
				(min !== undefined || max !== undefined) &&
				(min ?? 0) <= (max ?? Number.POSITIVE_INFINITY),
		);
	});
});

describe('cores', () => {
	it.each<[string, CpuRequest]>([
		['4', {count: {min: 4}}],
		['4..', {count: {min: 4}}],
		['2..8', {count: {min: 2, max: 8}}],
		['8..8', {count: {min: 8, max: 8}}],
		['..16', {count: {max: 16}}],
		['0.5', {count: {min: 0.5}}],
		['0..', {count: {min: 0}}],
		['x86:16', {architecture: 'x86_64', count: {min: 16}}],
		['x86:..16', {architecture: 'x86_64', count: {max: 16}}],
		['arm:8..', {architecture: 'arm64', count: {min: 8}}],
		['8..:arm', {architecture: 'arm64', count: {min: 8}}],
		['ARM : 2..8', {architecture: 'arm64', count: {min: 2, max: 8}}],
		['arm', {architecture: 'arm64', count: {}}],
		['amd64:4', {architecture: 'x86_64', count: {min: 4}}],
		['x86_64', {architecture: 'x86_64', count: {}}],
		['aarch64', {architecture: 'arm64', count: {}}],
		[' 4 ', {count: {min: 4}}],
	])('%j: %j', (text, request) => {
		expect(parseCpu(text)).toEqual(request);
	});

	it.each([
		['', 'number of cores'],
		['0', 'above 0'],
		['-1', 'above 0'],
		['two', 'number of cores'],
		['8..2', 'ends before it begins'],
		['..', "found '..'"],
		['1..2..3', 'a range such as'],
		['arm:x86', 'two architectures'],
		['arm:arm', 'two architectures'],
		['2:4', 'two counts'],
		['arm:', 'number of cores'],
		['riscv:4', 'number of cores'],
		['1e3', 'number of cores'],
		['9'.repeat(400), 'number of cores'],
	])('refuses %j: %s', (text, words) => {
		expect(() => parseCpu(text)).toThrow(GrammarError);
		expect(() => parseCpu(text)).toThrow(words);
	});

	it('answers any text with bounds in order, or a complaint', () => {
		answersOrComplains(
			parseCpu,
			({count: {min, max}}: CpuRequest) =>
				[min, max].every(end => end === undefined || (Number.isFinite(end) && end >= 0)) &&
				(min ?? 0) <= (max ?? Number.POSITIVE_INFINITY),
		);
	});
});

describe('printing', () => {
	it.each([
		[512, '512MB'],
		[1024, '1GB'],
		[1536, '1536MB'],
		[24 * gb, '24GB'],
		[gb * gb, '1TB'],
		[1.5 * gb * gb, '1536GB'],
	])('%d MiB: %s', (mebibytes, text) => {
		expect(printMemory(mebibytes)).toBe(text);
	});

	it.each<[Range, string]>([
		[{min: 4}, '4'],
		[{max: 4}, '..4'],
		[{min: 2, max: 8}, '2..8'],
		[{min: 8, max: 8}, '8..8'],
		[{}, '0..'],
	])('%j: %s', (range, text) => {
		expect(printRange(range)).toBe(text);
	});

	const bound = (end: fc.Arbitrary<number>) =>
		fc
			.record({min: fc.option(end, {nil: undefined}), max: fc.option(end, {nil: undefined})})
			.filter(({min, max}) => (min !== undefined || max !== undefined) && (min ?? 0) <= (max ?? Number.POSITIVE_INFINITY))
			.map(range => Object.fromEntries(Object.entries(range).filter(([, value]) => value !== undefined)) as Range);

	const size = fc.oneof(
		fc.integer({min: 1, max: 1_000_000_000}),
		fc.integer({min: 1, max: 4096}).map(number => number * gb),
		fc.integer({min: 1, max: 900}).map(number => number * gb * gb),
	);

	it('what is printed of memory reads back as it was', () => {
		fc.assert(
			fc.property(size, mebibytes => {
				expect(parseMemory(printMemory(mebibytes))).toBe(mebibytes);
			}),
		);
		fc.assert(
			fc.property(bound(size), range => {
				expect(parseMemoryRange(printRange(range, printMemory))).toEqual(range);
			}),
		);
	});

	it('what is printed of cores reads back as it was', () => {
		const cores = fc.oneof(
			fc.integer({min: 1, max: 100_000}),
			fc.integer({min: 1, max: 1000}).map(number => number / 4),
		);
		const request = fc.record({
			architecture: fc.constantFrom(undefined, 'x86_64' as const, 'arm64' as const),
			count: fc.oneof(bound(cores), fc.constant({}), fc.constant({min: 0}), fc.constant({min: 0, max: 4})),
		});
		fc.assert(
			fc.property(request, ({architecture, count}) => {
				const asked: CpuRequest = architecture === undefined ? {count} : {architecture, count};
				const isNothing = architecture === undefined && Object.keys(count).length === 0;
				expect(parseCpu(printCpu(asked))).toEqual(isNothing ? {count: {min: 0}} : asked);
			}),
		);
	});

	it('parse, print, parse: the same for whatever is typed', () => {
		const text = fc
			.tuple(
				fc.constantFrom('', 'arm:', 'x86:', 'aarch64:', 'AMD64: '),
				fc.constantFrom('', '0', '1', '2.5', '16', '96'),
				fc.constantFrom('', '..', ' .. '),
				fc.constantFrom('', '1', '8', '128'),
			)
			.map(parts => parts.join(''));
		fc.assert(
			fc.property(text, typed => {
				let once: CpuRequest;
				try {
					once = parseCpu(typed);
				} catch (error) {
					expect(error).toBeInstanceOf(GrammarError);
					return;
				}

				expect(parseCpu(printCpu(once))).toEqual(once);
			}),
			{numRuns: 500},
		);
	});
});

it.each<[number, Range, boolean]>([
	[4, {}, true],
	[4, {min: 4}, true],
	[4, {max: 4}, true],
	[4, {min: 4, max: 4}, true],
	[3, {min: 4}, false],
	[5, {max: 4}, false],
	[0, {min: 0}, true],
])('%d within %j: %s', (value, range, expected) => {
	expect(within(value, range)).toBe(expected);
});
