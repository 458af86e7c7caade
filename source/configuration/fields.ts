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

/** A field in a small language of its own: text or a number, read by `parse`, whose complaint becomes the message. */
export const written = <T>(parse: (text: string) => T, expected: string) =>
	z.union([z.string(), z.number()], words(expected)).transform((value, context) => {
		try {
			return parse(String(value));
		} catch (error) {
			context.addIssue({code: 'custom', message: messageOf(error)});
			return z.NEVER;
		}
	});

/** One command or a list of them. */
export const commands = z
	.union([z.string().transform(command => [command]), z.array(text('a command'))], words('a list of commands'))
	.transform(list => list.filter(command => command.trim() !== ''));

export const memory = written(parseMemory, 'a size such as 24GB');

export const duration = z.union([
	z.literal(false).transform((): 'off' => 'off'),
	written(parseDuration, 'a duration such as 6h, 1d or off'),
]);

/** Text or a list of `NAME=value`, or a map of names to values. */
export const variables = z
	.union(
		[z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), z.array(z.string())],
		words('a map of names to values, or a list of NAME=value'),
	)
	.transform((value, context): Record<string, string> => {
		if (!Array.isArray(value)) {
			const wrong = Object.keys(value).find(name => !isVariableName(name));
			if (wrong !== undefined) {
				context.addIssue({code: 'custom', path: [wrong], message: 'a variable has a name of letters, digits and _'});
				return z.NEVER;
			}

			return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, String(each)]));
		}

		const result: Record<string, string> = {};
		for (const [index, line] of value.entries()) {
			try {
				const [name, each] = parseVariable(line);
				result[name] = each;
			} catch (error) {
				context.addIssue({code: 'custom', path: [index], message: messageOf(error)});
			}
		}

		return result;
	});

const portNumber = z
	.int(words('a port'))
	.min(1, 'expected a port from 1 to 65535')
	.max(65_535, 'expected a port from 1 to 65535');

const portMap = z
	.strictObject({local_port: portNumber.nullish(), container_port: portNumber})
	.transform(({local_port: local, container_port: remote}): PortMapping => ({local: local ?? undefined, remote}));

const port = z.union(
	[portMap, written(parsePort, 'a port such as 8000 or 3333:8000')],
	words('a port such as 8000 or 3333:8000'),
);

export const ports = z.array(port, words('a list of ports'));

const gpuMap = z
	.strictObject({
		vendor: text().optional(),
		name: z.union([z.string().transform(name => [name]), z.array(text())], words('a GPU name or a list of them')).optional(),
		count: z.int(words('a whole number')).min(1).optional(),
		memory: memory.optional(),
	})
	.transform(({vendor, name, count, memory: each}): GpuRequest => ({vendor, names: name ?? [], count: count ?? 1, memory: each}));

const gpuText = z.string().transform((value, context): GpuRequest => {
	try {
		return parseGpu(value);
	} catch (error) {
		context.addIssue({code: 'custom', message: messageOf(error)});
		return z.NEVER;
	}
});

const gpuCount = z
	.int()
	.min(0)
	.transform((count): GpuRequest | undefined => (count === 0 ? undefined : {names: [], count, memory: undefined}));

export const gpu = z.union(
	[gpuCount, gpuText, gpuMap],
	words('a count, a GPU such as A100:2:40GB, or a map of name, count and memory'),
);
