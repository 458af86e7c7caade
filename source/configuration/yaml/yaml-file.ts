import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {type Document, isAlias, isMap, isNode, isScalar, LineCounter, parseDocument} from 'yaml';
import {messageOf, Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Diagnostic} from '../model.js';
import {refusals, startOf, tooDeep} from './refusals.js';

// Bounds on the work that a file can make: one that breaks them was not written by a person.
const mostBytes = 64 * 1024;
/** Each costs the library some kilobytes. */
const mostBrackets = 5000;
/** Problems of one kind that are reported of one file. */
export const mostProblems = 50;
const mostMessage = 400;
const mostSource = 200;

/** In the order of the file. */
export const byPlace = (a: Diagnostic, b: Diagnostic): number => a.line - b.line || a.column - b.column;

/** A YAML file that was read, with the way from a place in its value to a line and column. */
export type YamlFile = {
	readonly file: string;
	readonly text: string;
	readonly document: Document.Parsed | undefined;
	/** The plain value; undefined where the file could not be read as YAML. */
	readonly value: unknown;
	readonly diagnostics: Diagnostic[];
	/** A diagnostic at an offset into the text. */
	diagnose(offset: number, message: string, severity?: Diagnostic['severity'], suggestion?: string): Diagnostic;
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
	const hasTooManyBrackets = text.split(/[[{]/, mostBrackets + 2).length > mostBrackets + 1;
	const counter = new LineCounter();
	const lines = text.split('\n');
	// What is missing at the end is missing in the last line, not in the empty ones after it.
	const end = text.trimEnd().length;

	const diagnose = (
		offset: number,
		message: string,
		severity: Diagnostic['severity'] = 'error',
		suggestion?: string,
	): Diagnostic => {
		const {line, col} = counter.linePos(Math.min(offset, end));
		const source = drawable((lines[line - 1] ?? '').replace(/\r$/, '').slice(0, mostSource));
		return {
			severity,
			file,
			line: Math.max(1, line),
			column: Math.max(1, col),
			message: neutraliseLine(message).slice(0, mostMessage).toWellFormed(),
			source,
			suggestion,
		};
	};

	// Keys that are there twice are looked for below: the library compares each with each.
	const parse = (read: string) =>
		parseDocument(read, {
			lineCounter: counter,
			prettyErrors: false,
			uniqueKeys: false,
			// Other readers of these files know it, and people use it.
			merge: true,
			strict: true,
			logLevel: 'error',
		});
	const parsed = hasTooManyBrackets ? undefined : withinStack(() => parse(text));
	const document = parsed ?? parse('');
	const exhausted = document.errors.find(({code}) => code === 'RESOURCE_EXHAUSTION');
	const diagnostics = [
		...(exhausted ? [exhausted] : document.errors)
			.slice(0, mostProblems)
			.map(error => diagnose(error.pos[0], yamlWords(error.code, error.message))),
		...document.warnings
			.slice(0, mostProblems)
			.map(warning => diagnose(warning.pos[0], yamlWords(warning.code, warning.message), 'warning')),
	];
	let value: unknown;
	if (!parsed) {
		const tooMany = `there are more than ${mostBrackets} brackets in this file; nobody wrote them`;
		diagnostics.push(diagnose(0, hasTooManyBrackets ? tooMany : tooDeep));
	} else if (document.errors.length === 0) {
		const refused = refusals(document).slice(0, mostProblems);
		diagnostics.push(...refused.map(({offset, message}) => diagnose(offset, message)));
		if (refused.length === 0) {
			try {
				// A small file can name itself into terabytes; the library counts, and stops.
				value = document.toJS({maxAliasCount: 50});
			} catch {
				diagnostics.push(diagnose(0, 'this file is nested too deeply, or its anchors multiply into too much'));
			}
		}
	}

	return {
		file,
		text,
		document,
		value,
		diagnostics,
		diagnose,
		at: (place, message, {key = false, severity, suggestion} = {}) =>
			diagnose(offsetOf(document, place, key), message, severity, suggestion),
	};
}

/** What `act` makes; undefined where it goes deeper than there is stack for, as the library's reader of keys does. */
function withinStack<T>(act: () => T): T | undefined {
	try {
		return act();
	} catch (error) {
		if (error instanceof RangeError) {
			return undefined;
		}

		throw error;
	}
}

async function readText(absolute: string, file: string): Promise<string> {
	try {
		const found = await stat(absolute);
		if (!found.isFile()) {
			throw new Problem('configuration', `${file}: this is ${found.isDirectory() ? 'a folder' : 'no file'}`);
		}

		if (found.size > mostBytes) {
			throw new Problem('configuration', `${file} is too big for a configuration: ${found.size} bytes, at most ${mostBytes}`);
		}

		return decode(await readFile(absolute));
	} catch (error) {
		if (error instanceof Problem) {
			throw error;
		}

		const {code} = error as NodeJS.ErrnoException;
		const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'you may not read it' : messageOf(error);
		throw new Problem('configuration', `${file}: ${reason}`, {cause: error});
	}
}

/** UTF-8, or what a Windows shell writes; without the mark that says which. */
const decode = (bytes: Buffer): string =>
	new TextDecoder(
		bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8',
	).decode(bytes);

/** A line safe to draw with every character where it was, so that columns still lead to their places. */
const drawable = (line: string): string =>
	Array.from(line.toWellFormed(), character =>
		neutraliseLine(character) === character ? character : ' '.repeat(character.length),
	).join('');

function yamlWords(code: string, message: string): string {
	switch (code) {
		case 'MULTIPLE_DOCS': {
			return 'a second document begins here; a configuration is only one';
		}

		case 'RESOURCE_EXHAUSTION': {
			return tooDeep;
		}

		case 'TAB_AS_INDENT': {
			return 'a tab cannot indent YAML; use spaces';
		}

		case 'TAG_RESOLVE_FAILED': {
			return message.replace(/^Unresolved tag: /, 'nothing is made of a tag here: ');
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
			// A key that is no scalar is known to the value by a text that only the library can write: the first such must do.
			const pair =
				node.items.find(item => isScalar(item.key) && String(item.key.value ?? '') === String(step)) ??
				node.items.find(item => !isScalar(item.key) || String(item.key.source) === '<<');
			if (!pair) {
				return offset;
			}

			offset = (last && !key ? startOf(pair.value) : undefined) ?? startOf(pair.key) ?? offset;
			node = pair.value;
		} else {
			node =
				isNode(node) && !isAlias(node) && 'get' in node
					? (node as unknown as {get(key: unknown, keep: boolean): unknown}).get(step, true)
					: undefined;
			offset = startOf(node) ?? offset;
		}
	}

	return offset;
}

/** A path as it is shown: relative to the folder that is looked at where it lies below it. */
export function shownPath(absolute: string, folder: string): string {
	const relative = path.relative(folder, absolute);
	return neutraliseLine(relative === '' || /^\.\.(?:[\\/]|$)/.test(relative) || path.isAbsolute(relative) ? absolute : relative);
}
