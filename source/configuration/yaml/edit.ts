import {isDeepStrictEqual} from 'node:util';
import {type Document, isMap, isSeq} from 'yaml';
import {insertBetween, removeBetween} from './yaml-flow.js';
import {EditError, isEmpty, locate, parseForEdit, type Path, refuseAnchors, showPath, type Slot} from './yaml-slots.js';
import {asEntry, flowEntry, insertLines, isFlow, removeLines, replaceValue, type Splice, splice} from './yaml-splices.js';
import {isList, isMapping, type Plain} from './yaml-text.js';
import {type Collection, styleOf} from './yaml-tokens.js';

export {EditError} from './yaml-slots.js';
export {writeEdited} from './edit-file.js';

const deepest = 50;
const mostAliases = 50;

/**
The text with `value` at `path`, and every comment and all formatting around it as they were. What is missing on the way is made;
of a map or list that takes the place of another, what is the same is left alone. The result was read back: it means what was
asked for, and everything else means what it did. Throws an `EditError` for what cannot be done so: broken YAML, several
documents, a way that leads over an alias or a merge key, a value that no file can hold.
*/
export function setIn(text: string, path: Path, value: unknown): string {
	const wanted = toPlain(value, path);
	return checked(
		text,
		before => put(before, path, wanted),
		inner => withValue(inner, path, wanted),
	);
}

/** The text without what is at `path`; what is not there needs no edit. The last entry of a map or list leaves an empty one. Throws like `setIn`. */
export function removeIn(text: string, path: Path): string {
	return checked(
		text,
		before => take(before, path),
		inner => withoutValue(inner, path),
	);
}

/** The text with one more entry in the list at `path`, which is made where there is none, as is the document of an empty text. Throws like `setIn`. */
export function appendTo(text: string, path: Path, value: unknown): string {
	const {mark, body} = unmarked(text);
	const document = parseForEdit(body);
	const {chain, rest} = locate(document, body, path);
	const {node} = chain.at(-1)!;
	if (rest.length > 0 || isNull(valueOf(document, chain.at(-1)!))) {
		return setIn(text, path, [value]);
	}

	if (!isSeq(node)) {
		throw new EditError(`${showPath(path)} is no list`);
	}

	return mark + setIn(body, [...path, node.items.length], value);
}

const isNull = (value: unknown): boolean => value === null || value === undefined;

const unmarked = (text: string): {mark: string; body: string} =>
	text.startsWith('\uFEFF') ? {mark: '\uFEFF', body: text.slice(1)} : {mark: '', body: text};

/** Edits, reads back, and throws rather than give out a text that means anything else. */
function checked(text: string, edit: (text: string) => string, expect: (value: unknown) => unknown): string {
	const {mark, body} = unmarked(text);
	const edited = edit(body);
	if (edited === body) {
		return text;
	}

	const result = withLastLineEnd(body, edited);
	// Some readers follow merge keys and some take them as keys.
	for (const merge of [false, true]) {
		if (!isDeepStrictEqual(read(result, merge), expect(read(body, merge)))) {
			throw new EditError('this place is written in a way that cannot be edited here');
		}
	}

	return mark + result;
}

const read = (text: string, merge: boolean): unknown => {
	const document = parseForEdit(text, merge);
	return toValue(() => document.toJS({maxAliasCount: mostAliases}));
};

const valueOf = (document: Document.Parsed, {node}: Slot): Plain =>
	node ? toValue(() => node.toJS(document, {maxAliasCount: mostAliases}) as Plain) : null;

function toValue<T>(value: () => T): T {
	try {
		return value();
	} catch {
		throw new EditError('this file is nested too deeply, or its anchors are not there or multiply into too much');
	}
}

/** A file without a line end at its end stays one, and one with it too. */
function withLastLineEnd(before: string, after: string): string {
	const has = after.endsWith('\n');
	if (before !== '' && !before.endsWith('\n')) {
		return has ? after.replace(/(?:\r?\n)+$/, '') : after;
	}

	return has || after === '' ? after : `${after}${/\r?\n/.exec(before)?.[0] ?? '\n'}`;
}

/** What a file can hold of a value; keys without a value are left out. */
function toPlain(value: unknown, path: Path, depth = 0): Plain {
	if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
		return value;
	}

	if (depth < deepest && Array.isArray(value)) {
		return value.map((each, index) => toPlain(each, [...path, index], depth + 1));
	}

	if (
		depth < deepest &&
		typeof value === 'object' &&
		[Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
	) {
		return Object.fromEntries(
			Object.entries(value)
				.filter(([, each]) => each !== undefined)
				.map(([key, each]) => [key, toPlain(each, [...path, key], depth + 1)]),
		);
	}

	throw new EditError(
		`${showPath(path)}: a file cannot hold ${depth < deepest ? `this ${typeof value}` : 'what is nested so deeply'}`,
	);
}

function put(text: string, path: Path, value: Plain): string {
	const document = parseForEdit(text);
	const {chain, rest} = locate(document, text, path);
	const slot = chain.at(-1)!;
	const style = styleOf(document.contents?.srcToken, text);
	const [step, ...deeper] = rest;
	if (step === undefined) {
		const old = valueOf(document, slot);
		if (slot.token && isDeepStrictEqual(old, value)) {
			return text;
		}

		if (slot.kind === 'root' && !isList(value) && !isMapping(value)) {
			throw new EditError('a file cannot be a single value');
		}

		if (isMap(slot.node) && isMapping(value) && Object.keys(value).length > 0 && !isEmpty(slot)) {
			return mergeMap(text, path, old as {readonly [key: string]: Plain}, value);
		}

		if (isSeq(slot.node) && isList(value) && value.length > 0 && !isEmpty(slot)) {
			return mergeList(text, path, old as readonly Plain[], value);
		}

		refuseAnchors(document, slot, showPath(path));
		return splice(text, replaceValue(text, slot, value, style));
	}

	const made = deeper.reduceRight<Plain>((inner, each) => entryOf(each, 0, inner, path), value);
	if (isEmpty(slot) && !slot.flow) {
		return splice(text, replaceValue(text, slot, entryOf(step, 0, made, path), style));
	}

	const token = slot.token as Collection | undefined;
	const count = isSeq(slot.node) || isMap(slot.node) ? slot.node.items.length : 0;
	const entry = entryOf(isMap(slot.node) ? String(step) : step, count, made, path);
	const key = isList(entry) ? 0 : String(step);
	return splice(
		text,
		token === undefined || !('items' in token)
			? replaceValue(text, slot, entry, style)
			: isFlow(token)
				? insertBetween(text, token, count, flowEntry(key, made), style)
				: insertLines(text, slot, count, entry, style),
	);
}

/** A map or list with one entry. A list grows only at its end. */
function entryOf(step: string | number, count: number, value: Plain, path: Path): Plain {
	if (typeof step === 'number' && step !== count) {
		throw new EditError(`${showPath(path)}: a list of ${count} has no place ${step}`);
	}

	return asEntry(step, value);
}

function mergeMap(
	text: string,
	path: Path,
	old: {readonly [key: string]: Plain},
	value: {readonly [key: string]: Plain},
): string {
	const changed = Object.entries(value).reduce((result, [key, each]) => put(result, [...path, key], each), text);
	return Object.keys(old)
		.filter(key => !Object.hasOwn(value, key))
		.reduce((result, key) => take(result, [...path, key]), changed);
}

/** What is the same at both ends stays; between, entry for entry. */
function mergeList(text: string, path: Path, old: readonly Plain[], value: readonly Plain[]): string {
	const shorter = Math.min(old.length, value.length);
	let head = 0;
	while (head < shorter && isDeepStrictEqual(old[head], value[head])) {
		head++;
	}

	let tail = 0;
	while (tail < shorter - head && isDeepStrictEqual(old.at(-1 - tail), value.at(-1 - tail))) {
		tail++;
	}

	let result = text;
	const [oldEnd, newEnd] = [old.length - tail, value.length - tail];
	for (let index = head; index < Math.min(oldEnd, newEnd); index++) {
		result = put(result, [...path, index], value[index]!);
	}

	for (let index = oldEnd - 1; index >= newEnd; index--) {
		result = take(result, [...path, index]);
	}

	for (let index = oldEnd; index < newEnd; index++) {
		result = insertAt(result, path, index, value[index]!);
	}

	return result;
}

function insertAt(text: string, path: Path, index: number, value: Plain): string {
	const document = parseForEdit(text);
	// One step into it, so that the list itself is looked at too.
	const slot = locate(document, text, [...path, index]).chain[path.length]!;
	const style = styleOf(document.contents?.srcToken, text);
	const token = slot.token as Collection;
	return splice(
		text,
		isFlow(token)
			? insertBetween(text, token, index, flowEntry(0, value), style)
			: insertLines(text, slot, index, [value], style),
	);
}

function take(text: string, path: Path): string {
	if (path.length === 0) {
		throw new EditError('a file cannot be taken out of itself');
	}

	const document = parseForEdit(text);
	const {chain, rest} = locate(document, text, path);
	if (rest.length > 0) {
		return text;
	}

	const slot = chain.at(-1)!;
	const parent = chain.at(-2)!;
	refuseAnchors(document, slot, showPath(path));
	const token = parent.token as Collection;
	const splices: Splice[] = isFlow(token)
		? removeBetween(text, token, slot.index)
		: removeLines(text, parent, slot.index, styleOf(document.contents?.srcToken, text));
	return splice(text, splices);
}

function withValue(inner: unknown, path: Path, value: Plain): unknown {
	const [step, ...rest] = path;
	if (step === undefined) {
		return value;
	}

	const below = (known: unknown) => withValue(known, rest, value);
	if (Array.isArray(inner) || (isNull(inner) && typeof step === 'number')) {
		const list: unknown[] = Array.isArray(inner) ? inner : [];
		return Object.assign([...list], {[step]: below(list[step as number])});
	}

	const map = (inner ?? {}) as Record<string, unknown>;
	const key = String(step);
	return Object.fromEntries([...Object.entries(map), [key, below(Object.hasOwn(map, key) ? map[key] : undefined)]]);
}

function withoutValue(inner: unknown, path: Path): unknown {
	const [step, ...rest] = path;
	if (step === undefined || typeof inner !== 'object' || inner === null) {
		return inner;
	}

	if (Array.isArray(inner)) {
		return rest.length === 0
			? inner.toSpliced(step as number, 1)
			: inner.map((each: unknown, index) => (index === step ? withoutValue(each, rest) : each));
	}

	return Object.fromEntries(
		Object.entries(inner).flatMap(([key, each]: [string, unknown]) =>
			key !== String(step) ? [[key, each]] : rest.length === 0 ? [] : [[key, withoutValue(each, rest)]],
		),
	);
}
