import {z} from 'zod';
import {messageOf} from '../../system/problem.js';
import {describeInput, jsonOf, type Json} from './json-schema.js';

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

/** A field that may be written in several ways, distinguished by the sort of its value. Unlike a union it keeps the complaint of that one way, and its place. */
export const either = <T>(expected: string, ways: Partial<Record<Sort, z.ZodType<T>>>) =>
	describeInput(
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
		}),
		() => ({anyOf: Object.entries(ways).map(([sort, way]) => ({...jsonOf(way), ...sortJson[sort as Sort]}))}),
	);

const sortJson: Readonly<Record<Sort, Json>> = {
	text: {type: 'string'},
	number: {type: 'number'},
	truth: {type: 'boolean'},
	list: {type: 'array'},
	map: {type: 'object'},
	nothing: {type: 'null'},
};

/** Reads a value in a small language of its own; what the reader complains of becomes the message. */
export const reading = <T>(parse: (text: string) => T, value: string | number, context: z.core.$RefinementCtx): T => {
	try {
		return parse(String(value));
	} catch (error) {
		context.addIssue({code: 'custom', message: messageOf(error)});
		return z.NEVER;
	}
};

/** A field in a small language of its own: text or a number, read by `parse`, whose complaint becomes the message. */
export const written = <T>(parse: (text: string) => T, expected: string, examples: readonly string[] = []) =>
	describeInput(
		z.union([z.string(), z.number()], words(expected)).transform((value, context) => reading(parse, value, context)),
		() => ({type: ['string', 'number'], ...(examples.length > 0 ? {examples: [...examples]} : {})}),
	);

/** Text only, read by `parse`. */
export const writtenText = <T>(parse: (text: string) => T, expected: string) =>
	describeInput(
		text(expected).transform((value, context) => reading(parse, value, context)),
		() => ({type: 'string'}),
	);

const truths: Readonly<Record<string, boolean>> = {yes: true, on: true, no: false, off: false};

const anyTruth = '^(?:[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])$';

/** True or false; `yes`, `no`, `on` and `off` are words here and were truth values to older readers of YAML. */
export const truthOr = (expected: string) =>
	describeInput(
		z.unknown().transform((value, context): boolean => {
			const known = typeof value === 'boolean' ? value : typeof value === 'string' ? truths[value.toLowerCase()] : undefined;
			if (known === undefined) {
				context.addIssue({code: 'custom', message: words(expected).error({input: value})});
				return z.NEVER;
			}

			return known;
		}),
		// The words in any letters, of which editors offer the usual ones.
		() => ({anyOf: [{enum: [true, false, 'yes', 'no', 'on', 'off']}, {type: 'string', pattern: anyTruth}]}),
	);

export const truth = truthOr('true or false');

/** One of some words. */
export const oneOf = <const T extends string>(values: readonly T[]) =>
	z.enum(values as readonly [T, ...T[]], {error: `expected one of ${values.join(', ')}`});

/** One word or a list of them, each read by `item`. */
export const oneOrMore = <T>(item: z.ZodType<T>, expected: string) =>
	either<T[]>(expected, {
		text: item.transform(one => [one]),
		list: z.array(item).min(1, `expected ${expected}, found an empty list`),
	});

/** One command or a list of them. */
export const commands = either<string[]>('a list of commands', {
	text: z.string().transform(command => [command]),
	list: z.array(text('a command')),
}).transform(list => list.filter(command => command.trim() !== ''));
