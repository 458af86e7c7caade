import {z} from 'zod';

/** A piece of a JSON Schema. */
export type Json = Record<string, unknown>;

/** What a field takes as it is written in a file, where its schema alone cannot tell: fields that are read by a parser of their own. */
const inputs = z.registry<{readonly json: () => Json}>();

/** Tells how a field that transforms its value is written. */
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

/** The JSON Schema of what may be written for `schema`. */
export function jsonOf(schema: z.ZodType): Json {
	const {$schema: _, ...json} = z.toJSONSchema(schema, {
		io: 'input',
		unrepresentable: 'any',
		override({zodSchema, jsonSchema}) {
			const known = inputs.get(zodSchema as unknown as z.ZodType);
			if (known) {
				Object.assign(jsonSchema, known.json(), described(jsonSchema as Json));
			}

			if ((jsonSchema as Json)['unused'] !== undefined) {
				jsonSchema.deprecated = true;
				(jsonSchema as Json)['deprecationMessage'] = `No effect: ${String((jsonSchema as Json)['unused'])}`;
			}

			for (const key of own) {
				delete (jsonSchema as Json)[key];
			}
		},
	}) as Json;
	return json;
}

/** A field's own description stands over that of its parts. */
const described = ({description, examples}: Json): Json => ({
	...(description === undefined ? {} : {description}),
	...(examples === undefined ? {} : {examples}),
});

/** A whole schema for an editor: `title` names it. */
export const editorSchema = (schema: z.ZodType, title: string): Json => ({
	$schema: 'http://json-schema.org/draft-07/schema#',
	title,
	...jsonOf(schema),
});
