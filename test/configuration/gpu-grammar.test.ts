import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {GrammarError} from '../../source/configuration/grammar/grammar.js';
import {
	gpuVendors,
	parseCapability,
	parseGpu,
	parseVendor,
	printGpu,
	wantsGpu,
} from '../../source/configuration/grammar/gpu-grammar.js';
import type {GpuRequest, Range} from '../../source/configuration/model.js';
import {answersOrComplains} from './support.js';

const gb = 1024;

describe('GPUs', () => {
	it.each<[string, GpuRequest]>([
		['A10', {names: ['A10']}],
		['A100:8', {names: ['A100'], count: {min: 8}}],
		['8:A100', {names: ['A100'], count: {min: 8}}],
		['24GB', {memory: {min: 24 * gb}}],
		['24gb', {memory: {min: 24 * gb}}],
		['24GB..', {memory: {min: 24 * gb}}],
		['..80GB', {memory: {max: 80 * gb}}],
		['A100:2:40GB', {names: ['A100'], count: {min: 2}, memory: {min: 40 * gb}}],
		['A100:40GB:2', {names: ['A100'], count: {min: 2}, memory: {min: 40 * gb}}],
		['40gb:2:A100', {names: ['A100'], count: {min: 2}, memory: {min: 40 * gb}}],
		['24GB..80GB:1..4', {memory: {min: 24 * gb, max: 80 * gb}, count: {min: 1, max: 4}}],
		['40GB..80GB:4', {memory: {min: 40 * gb, max: 80 * gb}, count: {min: 4}}],
		['A100:2..2', {names: ['A100'], count: {min: 2, max: 2}}],
		['A100:..4', {names: ['A100'], count: {max: 4}}],
		['2', {count: {min: 2}}],
		['2..', {count: {min: 2}}],
		['nvidia', {vendor: 'nvidia'}],
		['nvidia:A100', {vendor: 'nvidia', names: ['A100']}],
		['nvidia:24GB..80GB:1..4', {vendor: 'nvidia', memory: {min: 24 * gb, max: 80 * gb}, count: {min: 1, max: 4}}],
		['AMD:2', {vendor: 'amd', count: {min: 2}}],
		['tpu:v2-8', {vendor: 'google', names: ['v2-8']}],
		['v5litepod-8', {names: ['v5litepod-8']}],
		['tt:n150', {vendor: 'tenstorrent', names: ['n150']}],
		['tenstorrent', {vendor: 'tenstorrent'}],
		['intel:Gaudi2:8', {vendor: 'intel', names: ['Gaudi2'], count: {min: 8}}],
		['A10G,A100', {names: ['A10G', 'A100']}],
		['A10G, A100:2', {names: ['A10G', 'A100'], count: {min: 2}}],
		[' A10 : 2 ', {names: ['A10'], count: {min: 2}}],
		['H', {names: ['H']}],
		['RTX 4090', {names: ['RTX 4090']}],
		['0', {count: {min: 0}}],
		['0..', {count: {min: 0}}],
		['0..4', {count: {min: 0, max: 4}}],
	])('%j', (text, request) => {
		expect(parseGpu(text)).toEqual(request);
		// A key that nobody said is not there, so that it overrides nothing.
		expect(Object.values(parseGpu(text))).not.toContain(undefined);
	});

	it.each([
		['', 'expected a GPU'],
		['A100:', 'expected a GPU'],
		[':', 'expected a GPU'],
		['A100,', 'expected a GPU'],
		['A100,,H100', 'expected a GPU'],
		['..', 'expected a GPU'],
		['2:4', 'two counts'],
		['24GB:40GB', 'two sizes'],
		['A100:A10', 'two names'],
		['nvidia:amd', 'two vendors'],
		['-1', 'expected a GPU'],
		['1.5', 'expected a GPU'],
		['A100;2', 'expected a GPU'],
		['A100:0', 'no GPU'],
		['0:24GB', 'no GPU'],
		['24GB..80GB:0', 'no GPU'],
		['80GB..24GB', 'ends before it begins'],
		['4..1', 'ends before it begins'],
		['0GB', 'at least 1MB'],
		['24GB..80', 'expected'],
		['1001', 'at most 1000'],
		['9'.repeat(400), 'whole number'],
	])('refuses %j: %s', (text, words) => {
		expect(() => parseGpu(text)).toThrow(GrammarError);
		expect(() => parseGpu(text)).toThrow(words);
	});

	it.each([
		['0', false],
		['0..', false],
		['0..4', false],
		['1', true],
		['..4', true],
		['A100', true],
		['24GB', true],
	])('%j asks for a GPU: %s', (text, wanted) => {
		expect(wantsGpu(parseGpu(text))).toBe(wanted);
	});

	const range = (end: fc.Arbitrary<number>): fc.Arbitrary<Range> =>
		fc.oneof(
			end.map(min => ({min})),
			end.map(max => ({max})),
			fc.tuple(end, end).map(([a, b]) => ({min: Math.min(a, b), max: Math.max(a, b)})),
		);
	const anyRequest: fc.Arbitrary<GpuRequest> = fc.record(
		{
			vendor: fc.constantFrom(...gpuVendors),
			names: fc.uniqueArray(fc.constantFrom('A10', 'A10G', 'A100', 'L40S', 'H100', 'RTX4090', 'v2-8', 'RTX 4090', 'n150'), {
				minLength: 1,
				maxLength: 3,
			}),
			count: range(fc.integer({min: 1, max: 1000})),
			memory: range(
				fc.oneof(
					fc.integer({min: 1, max: 500_000}),
					fc.integer({min: 1, max: 1000}).map(size => size * gb),
				),
			),
		},
		{requiredKeys: []},
	);

	it('what is printed reads back as it was', () => {
		fc.assert(
			fc.property(anyRequest, request => {
				expect(parseGpu(printGpu(request))).toEqual(Object.keys(request).length === 0 ? {count: {min: 1}} : request);
			}),
			{numRuns: 1000},
		);
	});

	it('takes name, count, size and vendor in any order', () => {
		fc.assert(
			fc.property(anyRequest, fc.array(fc.nat(), {minLength: 4, maxLength: 4}), (request, keys) => {
				fc.pre(Object.keys(request).length > 0);
				const shuffled = printGpu(request)
					.split(':')
					.map((part, index) => ({part, key: keys[index] ?? 0}))
					.sort((a, b) => a.key - b.key)
					.map(({part}) => part);
				expect(parseGpu(shuffled.join(':'))).toEqual(request);
			}),
		);
	});

	it('parse, print, parse: the same for whatever is typed', () => {
		const part = fc.constantFrom(
			'A100',
			'A10G,L4',
			'nvidia',
			'tpu',
			'2',
			'0',
			'0..',
			'1..4',
			'..8',
			'24GB',
			'24GB..80GB',
			'..1TB',
			'1.5GB',
			'',
			' h100 ',
		);
		fc.assert(
			fc.property(fc.array(part, {minLength: 1, maxLength: 4}), parts => {
				let once: GpuRequest;
				try {
					once = parseGpu(parts.join(':'));
				} catch (error) {
					expect(error).toBeInstanceOf(GrammarError);
					return;
				}

				expect(parseGpu(printGpu(once))).toEqual(once);
			}),
			{numRuns: 1000},
		);
	});

	it('answers any text with a request or a complaint', () => {
		answersOrComplains(parseGpu, ({names, count, memory, ...rest}: GpuRequest) => {
			const ends = [count?.min, count?.max, memory?.min, memory?.max].filter(end => end !== undefined);
			return (
				Object.keys(rest).every(key => key === 'vendor') &&
				ends.every(end => Number.isSafeInteger(end) && end >= 0) &&
				(names ?? ['x']).every(name => name.trim() !== '')
			);
		});
	});
});

describe('vendors and compute capabilities', () => {
	it.each([
		['NVIDIA', 'nvidia'],
		['tt', 'tenstorrent'],
		['tpu', 'google'],
		[' amd ', 'amd'],
	])('%j is %s', (text, vendor) => {
		expect(parseVendor(text)).toBe(vendor);
	});

	it('another vendor is refused with those that there are', () => {
		expect(() => parseVendor('matrox')).toThrow('nvidia, amd, intel, google, tenstorrent');
	});

	it.each<[string, Range]>([
		['8.6', {min: 8.6}],
		['8', {min: 8}],
		['7.5..8.9', {min: 7.5, max: 8.9}],
		['12.0', {min: 12}],
	])('capability %s', (text, range) => {
		expect(parseCapability(text)).toEqual(range);
	});

	it.each(['', 'sm_86', '8.65', '-8', '9.0..8.0'])('capability %j is refused', text => {
		expect(() => parseCapability(text)).toThrow(GrammarError);
	});
});
