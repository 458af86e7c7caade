import type {NormalizedSchema} from '@smithy/core/schema';
import {Ec2Error} from './errors.js';
import type {Operation} from './model.js';

type Tree = Map<string, Tree | string>;

/** An answer's values: those of the SDK's output shapes. */
export type Value =
	string | number | boolean | Date | Uint8Array | readonly Value[] | {readonly [name: string]: Value | undefined};

/** Reads the parameters of a call into the action's input. Throws `UnknownParameter` and `InvalidParameterValue` as EC2 does. */
export function readInput(parameters: URLSearchParams, {input}: Operation): unknown {
	const tree: Tree = new Map();
	for (const [key, value] of parameters) {
		if (key !== 'Action' && key !== 'Version') {
			plant(tree, key, value);
		}
	}

	return readShape(input, tree, '');
}

function plant(tree: Tree, key: string, value: string): void {
	const parts = key.split('.');
	let place = tree;
	for (const part of parts.slice(0, -1)) {
		const next = place.get(part) ?? new Map<string, Tree | string>();
		if (typeof next === 'string') {
			throw new Ec2Error('InvalidParameterCombination', `The parameter ${key} cannot be both a value and a structure.`);
		}

		place.set(part, next);
		place = next;
	}

	place.set(parts.at(-1) ?? '', value);
}

/** Where a member stands in a request: EC2's own name, else its name with a capital. */
function requestName(name: string, schema: NormalizedSchema): string {
	const {ec2QueryName, xmlName} = schema.getMergedTraits() as {ec2QueryName?: string; xmlName?: string};
	const key = xmlName ?? name;
	return ec2QueryName ?? key.charAt(0).toUpperCase() + key.slice(1);
}

function readShape(schema: NormalizedSchema, found: Tree | string, path: string): unknown {
	if (typeof found === 'string') {
		return readScalar(schema, found, path);
	}

	if (schema.isListSchema()) {
		const each = schema.getValueSchema();
		return [...found]
			.sort(([a], [b]) => Number(a) - Number(b))
			.map(([index, value]) => {
				if (!/^[1-9]\d*$/.test(index)) {
					throw unknownParameter(`${path}.${index}`);
				}

				return readShape(each, value, `${path}.${index}`);
			});
	}

	if (!schema.isStructSchema()) {
		throw unknownParameter(`${path}.${[...found.keys()][0] ?? ''}`);
	}

	const members = new Map([...schema.structIterator()].map(([name, member]) => [requestName(name, member), {name, member}]));
	const result: Record<string, unknown> = {};
	for (const [key, value] of found) {
		const place = path === '' ? key : `${path}.${key}`;
		const known = members.get(key);
		if (!known) {
			throw unknownParameter(place);
		}

		result[known.name] = readShape(known.member, value, place);
	}

	return result;
}

const unknownParameter = (path: string): Ec2Error => new Ec2Error('UnknownParameter', `The parameter ${path} is not recognized`);

function readScalar(schema: NormalizedSchema, text: string, path: string): unknown {
	if (schema.isBooleanSchema()) {
		if (text !== 'true' && text !== 'false') {
			throw new Ec2Error('InvalidParameterValue', `Invalid value '${text}' for ${path}: must be true or false.`);
		}

		return text === 'true';
	}

	if (schema.isNumericSchema()) {
		if (!/^-?\d+(\.\d+)?$/.test(text)) {
			throw new Ec2Error('InvalidParameterValue', `Invalid value '${text}' for ${path}. Must be a number.`);
		}

		return Number(text);
	}

	if (schema.isTimestampSchema()) {
		return new Date(text);
	}

	if (schema.isBlobSchema()) {
		return new Uint8Array(Buffer.from(text, 'base64'));
	}

	if (schema.isListSchema() || schema.isStructSchema()) {
		throw new Ec2Error('InvalidParameterCombination', `The parameter ${path} has members.`);
	}

	return text;
}

const escape = (text: string): string =>
	text.replace(/[&<>"]/g, each => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'})[each] as string);

const namespace = 'http://ec2.amazonaws.com/doc/2016-11-15/';
const head = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The XML of an action's answer. Throws where the answer holds what the action's description does not know. */
export function writeOutput({name, output}: Operation, value: Value, requestId: string): string {
	const inner = output.isStructSchema()
		? writeMembers(output, value as {readonly [name: string]: Value})
		: '<return>true</return>';
	return `${head}<${name}Response xmlns="${namespace}"><requestId>${requestId}</requestId>${inner}</${name}Response>`;
}

function writeMembers(schema: NormalizedSchema, value: {readonly [name: string]: Value | undefined}): string {
	const members = new Map(schema.structIterator());
	let text = '';
	for (const [name, each] of Object.entries(value)) {
		const member = members.get(name);
		if (!member) {
			throw new Error(`the stand-in answers ${name}, which ${schema.getName(true) ?? 'this shape'} does not have`);
		}

		if (each !== undefined) {
			const {xmlName} = member.getMemberTraits() as {xmlName?: string};
			text += writeElement(xmlName ?? name, member, each);
		}
	}

	return text;
}

function writeElement(tag: string, schema: NormalizedSchema, value: Value): string {
	const inner = writeValue(schema, value);
	return inner === '' ? `<${tag}/>` : `<${tag}>${inner}</${tag}>`;
}

function writeValue(schema: NormalizedSchema, value: Value): string {
	if (schema.isListSchema()) {
		const each = schema.getValueSchema();
		const {xmlName = 'item'} = each.getMergedTraits() as {xmlName?: string};
		return (value as readonly Value[]).map(one => writeElement(xmlName, each, one)).join('');
	}

	if (schema.isStructSchema()) {
		return writeMembers(schema, value as {readonly [name: string]: Value});
	}

	if (value instanceof Date) {
		return value.toISOString();
	}

	return escape(value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value));
}

/** The XML of a failed call. */
export const writeError = ({code, message}: Ec2Error, requestId: string): string =>
	`${head}<Response><Errors><Error><Code>${escape(code)}</Code><Message>${escape(message)}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`;
