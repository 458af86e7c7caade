import {z} from 'zod';

/** A piece of a JSON Schema. */
export type Json = Record<string, unknown>;

/** What a field takes as it is written in a file, where its schema alone does not say: fields that are read by a parser of their own. */
const inputs = z.registry<{readonly json: () => Json}>();

/** Describes how a field that transforms its value is written. */
export function describeInput<T extends z.ZodType>(schema: T, json: () => Json): T {
	inputs.add(schema, {json});
	return schema;
}

/** What a field's description in the schema holds beside the description itself. */
export type FieldFacts = {
	/** What it is for, one sentence; editors show it. */
	readonly description: string;
	/** Why it is understood and yet has no effect, completing "`key` has no effect: …". */
	readonly unused?: string;
	/** How it is written; editors offer these. */
	readonly examples?: readonly unknown[];
};

const own = new Set(['unused']);
/** What is said of a field itself takes precedence over what its parts say. */
const kept = new Set(['description', 'examples', 'unused']);

const known = new WeakMap<z.ZodType, Json>();

/** The JSON Schema of what may be written for `schema`. Worked out once: a file is checked on every save, and that takes a hundred times as long. */
export function jsonOf(schema: z.ZodType): Json {
	const json = known.get(schema) ?? makeJson(schema);
	known.set(schema, json);
	return json;
}

function makeJson(schema: z.ZodType): Json {
	const {$schema: _, ...json} = z.toJSONSchema(schema, {
		io: 'input',
		unrepresentable: 'any',
		override({zodSchema, jsonSchema}) {
			const input = inputs.get(zodSchema as unknown as z.ZodType);
			if (input) {
				const facts = Object.fromEntries(Object.entries(jsonSchema).filter(([key]) => kept.has(key)));
				for (const key of Object.keys(jsonSchema)) {
					delete (jsonSchema as Json)[key];
				}

				Object.assign(jsonSchema, input.json(), facts);
			}

			if ((jsonSchema as Json)['unused'] !== undefined) {
				jsonSchema.deprecated = true;
				(jsonSchema as Json)['deprecationMessage'] = `No effect: ${String((jsonSchema as Json)['unused'])}`;
			}

			if (zodSchema._zod.def.type === 'nullable') {
				hoist(jsonSchema as Json);
			}

			for (const key of own) {
				delete (jsonSchema as Json)[key];
			}
		},
	}) as Json;
	return json;
}

/** Facts of a field that may be null stand with the field, where editors and this program look for them. */
function hoist(json: Json): void {
	const [inner] = json['anyOf'] as [Json];
	for (const key of ['description', 'deprecated', 'deprecationMessage']) {
		if (inner[key] !== undefined) {
			json[key] = inner[key];
			delete inner[key];
		}
	}
}

/** A whole schema for an editor: `title` names it. */
export const editorSchema = (schema: z.ZodType, title: string): Json => ({
	$schema: 'http://json-schema.org/draft-07/schema#',
	title,
	...jsonOf(schema),
});
