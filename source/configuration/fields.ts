import {z} from 'zod';
import {messageOf} from '../system/problem.js';
import {isVariableName, parseDuration, parseGpu, parseMemory, parsePort, parseVariable} from './grammar.js';
import type {GpuRequest, PortMapping} from './model.js';

const kind = (value: unknown): string =>
	value === null || value === undefined
		? 'nothing'
		: Array.isArray(value)
			? 'a list'
			: typeof value === 'object'
				? 'a map'
				: `the ${typeof value} ${String(value).slice(0, 40)}`;

/** A field that must be of one sort, said in words. */
export const words = (expected: string) => ({
	error: (issue: {input?: unknown}) => `expected ${expected}, found ${kind(issue.input)}`,
});

export const text = (expected = 'text') => z.string(words(expected));

type Sort = 'text' | 'number' | 'truth' | 'list' | 'map' | 'nothing';

const sortOf = (value: unknown): Sort =>
	typeof value === 'string'
		? 'text'
		: typeof value === 'number'
			? 'number'
			: typeof value === 'boolean'
				? 'truth'
				: Array.isArray(value)
					? 'list'
					: typeof value === 'object' && value !== null
						? 'map'
						: 'nothing';

/** A field that may be written in several ways, told apart by the sort of its value. Unlike a union it keeps the complaint of that one way, and its place. */
export const either = <T>(expected: string, ways: Partial<Record<Sort, z.ZodType<T>>>) =>
	z.unknown().transform((value, context): T => {
		const way = ways[sortOf(value)];
		if (!way) {
			context.addIssue({code: 'custom', message: words(expected).error({input: value})});
			return z.NEVER;
		}

		const result = way.safeParse(value);
		if (result.success) {
			return result.data;
		}

		for (const issue of result.error.issues) {
			context.addIssue(issue as z.core.$ZodRawIssue);
		}

		return z.NEVER;
	});

const reading = <T>(parse: (text: string) => T, value: string | number, context: z.core.$RefinementCtx): T => {
	try {
		return parse(String(value));
	} catch (error) {
		context.addIssue({code: 'custom', message: messageOf(error)});
		return z.NEVER;
	}
};

/** A field in a small language of its own: text or a number, read by `parse`, whose complaint becomes the message. */
export const written = <T>(parse: (text: string) => T, expected: string) =>
	z.union([z.string(), z.number()], words(expected)).transform((value, context) => reading(parse, value, context));

/** One command or a list of them. */
export const commands = either<string[]>('a list of commands', {
	text: z.string().transform(command => [command]),
	list: z.array(text('a command')),
}).transform(list => list.filter(command => command.trim() !== ''));

export const memory = written(parseMemory, 'a size such as 24GB');

/** `off` without quotes is a word here and `false` to older readers of YAML: both mean off. */
export const duration = z
	.union([z.string(), z.number(), z.literal(false)], words('a duration such as 6h, 1d or off'))
	.transform((value, context) => (value === false ? ('off' as const) : reading(parseDuration, value, context)));

type Variables = Record<string, string>;

const variableMap = z.unknown().transform((value, context): Variables => {
	const entries = Object.entries(value as object);
	for (const [name, each] of entries) {
		if (!isVariableName(name)) {
			context.addIssue({
				code: 'custom',
				path: [name],
				params: {atKey: true},
				message: 'a variable has a name of letters, digits and _',
			});
		} else if (!['string', 'number', 'boolean'].includes(typeof each)) {
			context.addIssue({
				code: 'custom',
				path: [name],
				message: `expected a value, found ${kind(each)}; write "" for an empty one`,
			});
		}
	}

	return Object.fromEntries(entries.map(([name, each]) => [name, String(each)]));
});

const variableList = z.array(text('NAME=value')).transform((lines, context): Variables =>
	Object.fromEntries(
		lines.flatMap((line, index) => {
			try {
				return [parseVariable(line)];
			} catch (error) {
				context.addIssue({code: 'custom', path: [index], message: messageOf(error)});
				return [];
			}
		}),
	),
);

/** A list of `NAME=value`, or a map of names to values. */
export const variables = either<Variables>('a map of names to values, or a list of NAME=value', {
	map: variableMap,
	list: variableList,
});

const portNumber = z
	.int(words('a port'))
	.min(1, 'expected a port from 1 to 65535')
	.max(65_535, 'expected a port from 1 to 65535');

const portMap = z
	.strictObject({local_port: portNumber.nullish(), container_port: portNumber})
	.transform(({local_port: local, container_port: remote}): PortMapping => ({local: local ?? undefined, remote}));

const portText = written(parsePort, 'a port');

const port = either<PortMapping>('a port such as 8000 or 3333:8000', {text: portText, number: portText, map: portMap});

export const ports = z.array(port, words('a list of ports'));

const gpuMap = z
	.strictObject({
		vendor: text().optional(),
		name: either<string[]>('a GPU name or a list of them', {
			text: z.string().transform(name => [name]),
			list: z.array(text('a GPU name')),
		}).optional(),
		count: z.int(words('a whole number')).min(1, 'expected at least 1').optional(),
		memory: memory.optional(),
	})
	.transform(({vendor, name, count, memory: each}): GpuRequest => ({vendor, names: name ?? [], count: count ?? 1, memory: each}));

const gpuText = written(parseGpu, 'a GPU');

/** No GPU at all (`0`) is the same as none asked for. */
export const gpu = either<GpuRequest>('a count, a GPU such as A100:2:40GB, or a map of name, count and memory', {
	number: gpuText,
	text: gpuText,
	map: gpuMap,
}).transform(request => (request.count === 0 ? undefined : request));
