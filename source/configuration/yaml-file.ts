import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument} from 'yaml';
import type {z} from 'zod';
import {messageOf, Problem} from '../system/problem.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {Diagnostic} from './model.js';
import {suggest} from './suggest.js';

const mostBytes = 1024 * 1024;

/** A YAML file that was read, with the way from a place in its value to a line and column. */
export type YamlFile = {
	readonly file: string;
	readonly text: string;
	readonly document: Document.Parsed | undefined;
	/** The plain value; undefined where the file could not be read as YAML. */
	readonly value: unknown;
	readonly diagnostics: Diagnostic[];
	/** A diagnostic at the value (or, with `key`, at the key) that `place` leads to. */
	at(
		place: ReadonlyArray<PropertyKey>,
		message: string,
		options?: {key?: boolean; severity?: Diagnostic['severity']; suggestion?: string},
	): Diagnostic;
};

/** Reads and parses one file. What is wrong with its text becomes diagnostics; a file that cannot be read is a `configuration` problem. */
export async function readYaml(absolute: string, file: string): Promise<YamlFile> {
	const text = await readText(absolute, file);
	const counter = new LineCounter();
	const lines = text.split('\n');

	const diagnose = (
		offset: number,
		message: string,
		severity: Diagnostic['severity'] = 'error',
		suggestion?: string,
	): Diagnostic => {
		const {line, col} = counter.linePos(Math.min(offset, text.length));
		const source = neutraliseLine((lines[line - 1] ?? '').replace(/\r$/, '')).slice(0, 200);
		return {
			severity,
			file,
			line: Math.max(1, line),
			column: Math.max(1, col),
			message: neutraliseLine(message),
			source,
			suggestion,
		};
	};

	const document = parseDocument(text, {lineCounter: counter, prettyErrors: false, uniqueKeys: true, strict: true});
	const diagnostics = [
		...document.errors.map(error => diagnose(error.pos[0], yamlWords(error.code, error.message))),
		...document.warnings.map(warning => diagnose(warning.pos[0], warning.message, 'warning')),
	];
	let value: unknown;
	if (document.errors.length === 0) {
		try {
			// A small file can name itself into terabytes; the library counts, and stops.
			value = document.toJS({maxAliasCount: 50});
		} catch (error) {
			diagnostics.push(diagnose(0, messageOf(error)));
		}
	}

	return {
		file,
		text,
		document,
		value,
		diagnostics,
		at: (place, message, {key = false, severity, suggestion} = {}) =>
			diagnose(offsetOf(document, place, key), message, severity, suggestion),
	};
}

async function readText(absolute: string, file: string): Promise<string> {
	try {
		const {size} = await stat(absolute);
		if (size > mostBytes) {
			throw new Problem('configuration', `${file} is too big for a configuration: ${size} bytes`);
		}

		return await readFile(absolute, 'utf8');
	} catch (error) {
		if (error instanceof Problem) {
			throw error;
		}

		const {code} = error as NodeJS.ErrnoException;
		const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'you may not read it' : messageOf(error);
		throw new Problem('configuration', `${file}: ${reason}`, {cause: error});
	}
}

function yamlWords(code: string, message: string): string {
	switch (code) {
		case 'DUPLICATE_KEY': {
			return 'this key is there twice';
		}

		case 'TAB_AS_INDENT': {
			return 'a tab cannot indent YAML; use spaces';
		}

		default: {
			return `this is no YAML: ${message}`;
		}
	}
}

function offsetOf(document: Document.Parsed, place: ReadonlyArray<PropertyKey>, key: boolean): number {
	let node: unknown = document.contents;
	let offset = startOf(node) ?? 0;
	for (const [index, step] of place.entries()) {
		const last = index === place.length - 1;
		if (isMap(node)) {
			const pair = node.items.find(item => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
			if (!pair) {
				return offset;
			}

			offset = (last && !key ? startOf(pair.value) : undefined) ?? startOf(pair.key) ?? offset;
			node = pair.value;
		} else {
			node =
				isNode(node) && 'get' in node
					? (node as unknown as {get(key: unknown, keep: boolean): unknown}).get(step, true)
					: undefined;
			offset = startOf(node) ?? offset;
		}
	}

	return offset;
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? (node as Node).range?.[0] : undefined);

/** Lays a schema over a file's value; what does not fit becomes diagnostics at their places. */
export function check<T>(
	yaml: YamlFile,
	schema: z.ZodType<T>,
	known: (place: ReadonlyArray<PropertyKey>) => readonly string[],
): T | undefined {
	const result = schema.safeParse(yaml.value);
	if (result.success) {
		return result.data;
	}

	for (const issue of result.error.issues) {
		if (issue.code === 'unrecognized_keys') {
			for (const key of issue.keys) {
				const names = known(issue.path);
				const suggestion = suggest(key, names);
				const message = `unknown key '${key.slice(0, 60)}'; known here: ${names.join(', ')}`;
				yaml.diagnostics.push(yaml.at([...issue.path, key], message, {key: true, suggestion}));
			}
		} else {
			yaml.diagnostics.push(yaml.at(issue.path, issue.message));
		}
	}

	return undefined;
}

/** A path as it is shown: relative to the folder that is looked at where it lies below it. */
export function shownPath(absolute: string, folder: string): string {
	const relative = path.relative(folder, absolute);
	return neutraliseLine(relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? absolute : relative);
}
