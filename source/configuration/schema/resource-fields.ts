import {z} from 'zod';
import {either, oneOrMore, reading, text, words, written, writtenText} from './fields.js';
import {fail, parseDuration, parseMemory, shorten} from '../grammar/grammar.js';
import {parseCapability, parseGpu, parseGpuCount, parseGpuName, parseVendor} from '../grammar/gpu-grammar.js';
import {describeInput} from './json-schema.js';
import type {CpuRequest, GpuRequest, Range} from '../model.js';
import {inOrder, isRange, parseArchitecture, parseCpu, parseMemoryRange} from '../grammar/ranges.js';

const rangeOf = (min: number | undefined, max: number | undefined): Range =>
	inOrder({...(min === undefined ? {} : {min}), ...(max === undefined ? {} : {max})}, 'the range');

/** A range as a map of its ends, each read by `end`. */
const rangeMap = (end: z.ZodType<Range>) =>
	z
		.strictObject({min: end.nullish(), max: end.nullish()})
		.transform(({min, max}, context) =>
			reading(
				() =>
					min?.min === undefined && max?.min === undefined ? fail('expected min, max or both') : rangeOf(min?.min, max?.min),
				'',
				context,
			),
		);

/** One end of a range is no range itself. */
const one =
	(parse: (text: string) => Range) =>
	(text: string): Range =>
		isRange(text) ? fail(`expected one end of a range, found '${shorten(text)}'`) : parse(text);

const ranged = (parse: (text: string) => Range, expected: string, examples: readonly string[]) => {
	const way = written(parse, expected, examples);
	return either<Range>(expected, {text: way, number: way, map: rangeMap(written(one(parse), expected, examples.slice(0, 1)))});
};

export const memory = written(parseMemory, 'a size such as 24GB', ['8GB', '512MB']);

export const memoryRange = ranged(parseMemoryRange, 'a size such as 24GB or a range such as 16GB..64GB', ['24GB', '16GB..64GB']);

const diskWritten = written(parseMemoryRange, 'a size such as 100GB', ['100GB', '100GB..']);

/** A disk is a size, or a map that holds it. */
export const disk = either<Range>('a size such as 100GB', {
	text: diskWritten,
	number: diskWritten,
	map: z.strictObject({size: memoryRange}).transform(({size}) => size),
});

const cpuWritten = written(parseCpu, 'a number of cores such as 4, 2..8 or arm:8..', ['4', '2..8', 'arm:8..']);

const cores = (text: string): Range => {
	const {architecture, count} = parseCpu(text);
	return architecture === undefined ? count : fail(`expected a number of cores such as 4 or 2..8, found '${shorten(text)}'`);
};

const cpuEnd = written(one(cores), 'a number of cores such as 4').nullish();

const cpuMap = z
	.strictObject({
		arch: writtenText(parseArchitecture, 'an architecture: x86 or arm').nullish(),
		count: ranged(cores, 'a number of cores such as 4 or 2..8', ['4', '2..8']).nullish(),
		min: cpuEnd,
		max: cpuEnd,
	})
	.transform(({arch, count, min, max}, context): CpuRequest =>
		reading(() => ({...(arch ? {architecture: arch} : {}), count: count ?? rangeOf(min?.min, max?.min)}), '', context),
	);

export const cpu = either<CpuRequest>('a number of cores such as 4, 2..8 or arm:8..', {
	text: cpuWritten,
	number: cpuWritten,
	map: cpuMap,
});

/** `off` without quotes is a word here and `false` to older readers of YAML: both mean off. */
export const duration = describeInput(
	z
		.union([z.string(), z.number(), z.literal(false)], words('a duration such as 6h, 1d or off'))
		.transform((value, context) => (value === false ? ('off' as const) : reading(parseDuration, value, context))),
	() => ({anyOf: [{type: ['string', 'number'], examples: ['6h', '1d', 'off']}, {const: false}]}),
);

const gpuCount = ranged(parseGpuCount, 'a whole number or a range such as 1..4', ['1', '1..4']);

/** One text may hold several names. */
const gpuNames = writtenText(text => text.split(',').map(parseGpuName), 'a GPU name');

const gpuMap = z
	.strictObject({
		vendor: writtenText(parseVendor, 'a vendor such as nvidia').optional(),
		name: oneOrMore(gpuNames, 'a GPU name or a list of them').nullish(),
		count: gpuCount.nullish(),
		memory: memoryRange.nullish(),
		total_memory: memoryRange.nullish(),
		compute_capability: written(parseCapability, 'a compute capability such as 8.6', ['8.6']).nullish(),
	})
	.transform(({vendor, name, count, memory, total_memory: totalMemory, compute_capability: computeCapability}): GpuRequest =>
		said({vendor, names: name?.flat(), count, memory, totalMemory, computeCapability}),
	);

/** Without the parts that nobody said. */
const said = (parts: {[Key in keyof GpuRequest]: GpuRequest[Key] | null}): GpuRequest =>
	Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined && value !== null));

const gpuText = written(parseGpu, 'a GPU', ['24GB', 'A100:2', 'A10G,A100', '24GB..80GB:1..4']);

export const gpu = either<GpuRequest>('a count, a GPU such as A100:2:40GB, or a map of name, count and memory', {
	number: gpuText,
	text: gpuText,
	map: gpuMap,
});

export const names = (expected: string, one: string) => oneOrMore(text(one), expected);
