import {z} from 'zod';
import {type Json, jsonOf} from './json-schema.js';
import type {Diagnostic} from '../model.js';
import {suggest} from './suggest.js';
import {mostProblems, type YamlFile} from '../yaml/yaml-file.js';

/** Keys that a person may well write here and that belong elsewhere: why, completing "`key` …: ". */
export type Foreign = Readonly<Record<string, string>>;

/** Where some keys are foreign, and whether values may be secret and are not repeated. */
export type CheckOptions = {
	/** Keys that belong elsewhere, `depth` steps down. */
	readonly foreign?: Foreign;
	readonly depth?: number;
	readonly secret?: boolean;
};

/** Lays a schema over a file's value; what does not fit becomes diagnostics at their places. */
export function check(yaml: YamlFile, schema: z.ZodType, {foreign = {}, depth = 0, secret = false}: CheckOptions = {}): void {
	const result = schema.safeParse(yaml.value);
	if (result.success) {
		return;
	}

	const json = jsonOf(schema);
	const problems = result.error.issues.flatMap(issue =>
		problemsOf(issue, yaml.value, json, issue.path.length === depth ? foreign : {}, secret),
	);
	for (const {place, message, ...options} of problems.slice(0, mostProblems)) {
		yaml.diagnostics.push(yaml.at(place, message, options));
	}

	const left = problems[mostProblems];
	if (left) {
		yaml.diagnostics.push(yaml.at(left.place, `${problems.length - mostProblems} more problems from here on`, {key: true}));
	}
}

/** The keys of a map that can be read, whatever is wrong with the others: what they say can still be checked. */
export function readableKeys<T extends z.ZodRawShape>(shape: T, value: unknown): Partial<z.infer<z.ZodObject<T>>> {
	const map = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
	const read = Object.entries(shape).flatMap(([key, schema]) => {
		const result = Object.hasOwn(map, key) ? (schema as z.ZodType).safeParse(map[key]) : undefined;
		return result?.success ? [[key, result.data]] : [];
	});
	return Object.fromEntries(read);
}

type PlacedProblem = {place: PropertyKey[]; message: string; key?: boolean; suggestion?: string};

function problemsOf(issue: z.core.$ZodIssue, value: unknown, json: Json, foreign: Foreign, secret: boolean): PlacedProblem[] {
	const {path: place, message} = issue;
	if (issue.code === 'unrecognized_keys') {
		const names = keysAt(json, place);
		return issue.keys.map((key, index) => unknownKey([...place, key], key, names, index, foreign));
	}

	const last = place.at(-1);
	const found = valueAt(value, place);
	if (typeof last === 'string' && found === undefined) {
		return [{place, message: `the key \`${last}\` is missing; ${message.replace(/, found nothing$/, '')}`}];
	}

	if (!secret && issue.code === 'invalid_value' && typeof found === 'string') {
		return [{place, message: `${message}, found '${found.slice(0, 60)}'`, suggestion: suggest(found, issue.values.map(String))}];
	}

	return [{place, message, key: issue.code === 'custom' && issue.params?.['atKey'] === true}];
}

function unknownKey(place: PropertyKey[], key: string, names: readonly string[], index: number, foreign: Foreign): PlacedProblem {
	const reason = Object.hasOwn(foreign, key) ? foreign[key] : undefined;
	return reason === undefined
		? {
				place,
				message: `unknown key '${key.slice(0, 60)}'; known here: ${names.join(', ')}`,
				key: true,
				suggestion: index < mostProblems ? suggest(key, names) : undefined,
			}
		: {place, message: `\`${key}\` cannot be used here: ${reason}`, key: true};
}

/** The value at a path of a file's value; undefined where nothing does. */
export const valueAt = (value: unknown, place: ReadonlyArray<PropertyKey>): unknown =>
	place.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[step], value);

const ways = (json: Json): Json[] => [json, ...((json['anyOf'] as Json[] | undefined) ?? []).flatMap(ways)];

/** The schemas of what may stand at a place. */
function schemasAt(json: Json, place: ReadonlyArray<PropertyKey>): Json[] {
	let schemas = ways(json);
	for (const step of place) {
		schemas = schemas
			.map(schema => (typeof step === 'number' ? schema['items'] : (schema['properties'] as Record<PropertyKey, Json>)?.[step]))
			.filter((schema): schema is Json => typeof schema === 'object')
			.flatMap(ways);
	}

	return schemas;
}

/** The keys that a map at a place may have; those without effect are not advertised. */
export const keysAt = (json: Json, place: ReadonlyArray<PropertyKey>): string[] => [
	...new Set(
		schemasAt(json, place).flatMap(({properties}) =>
			Object.entries((properties as Record<string, Json> | undefined) ?? {})
				.filter(([, schema]) => schema['deprecated'] !== true)
				.map(([key]) => key),
		),
	),
];

const asksForNothing = (given: unknown): boolean => given === false || (typeof given === 'string' && /^(?:no|off)$/i.test(given));

/** Whether a key may be there without a value; where not, it is an error that is reported already. */
const takesNothing = (json: Json): boolean =>
	ways(json).some(
		({type, anyOf, ...others}) =>
			[type].flat().includes('null') || (type === undefined && anyOf === undefined && !('enum' in others)),
	);

/** What may stand under a key of a map at a place. Only the part of the schema that this takes is worked out: of a file few keys are there. */
function propertiesAt(schema: z.ZodType, place: ReadonlyArray<PropertyKey>, key: string): Json[] {
	const [first = key, ...rest] = place;
	if (schema instanceof z.ZodObject) {
		const inner = own(schema.shape as Record<PropertyKey, z.ZodType>, first);
		return inner === undefined ? [] : place.length === 0 ? [jsonOf(inner)] : propertiesAt(inner, rest, key);
	}

	return schema instanceof z.ZodArray && place.length > 0
		? propertiesAt(schema.element as z.ZodType, rest, key)
		: schemasAt(jsonOf(schema), place)
				.map(({properties = {}}) => own(properties as Record<string, Json>, key))
				.filter(json => json !== undefined);
}

const own = <T>(map: Readonly<Record<PropertyKey, T>>, key: PropertyKey): T | undefined =>
	Object.hasOwn(map, key) ? map[key] : undefined;

/** What is understood and has no effect is said, not silently passed over. `place` leads to a map of the file. */
export function warnUnused({value, diagnostics, at}: YamlFile, schema: z.ZodType, place: ReadonlyArray<PropertyKey> = []): void {
	const map = valueAt(value, place);
	const entries = typeof map === 'object' && map !== null ? Object.entries(map) : [];
	const warning: {key: true; severity: Diagnostic['severity']} = {key: true, severity: 'warning'};
	for (const [key, given] of entries) {
		for (const json of propertiesAt(schema, place, key)) {
			const unused = json['deprecationMessage'];
			if (given === null && takesNothing(json)) {
				diagnostics.push(at([...place, key], `\`${key}\` has no value, and asks for nothing`, warning));
			} else if (given !== null && !asksForNothing(given) && typeof unused === 'string') {
				diagnostics.push(at([...place, key], `\`${key}\` has no effect: ${unused.replace(/^No effect: /, '')}`, warning));
			}
		}
	}
}
