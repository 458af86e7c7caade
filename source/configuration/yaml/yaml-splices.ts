import type {CST} from 'yaml';
import {EditError, isEmpty, type Slot} from './yaml-slots.js';
import {blockLines, inlineText, isList, isMapping, keyText, type Plain, type Quote, type Style, written} from './yaml-text.js';
import {beginOfItem, bodyOf, type Collection, endOf, endOfItem, itemsOf, lineStart, nextLine, ownedEnd} from './yaml-tokens.js';

/** A piece of a text that gives way to another. */
export type Splice = {readonly start: number; readonly end: number; readonly text: string};

export function splice(text: string, splices: readonly Splice[]): string {
	let result = '';
	let at = 0;
	for (const {start, end, text: replacement} of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
		if (start < at) {
			throw new EditError('the places to edit overlap');
		}

		result += text.slice(at, start) + replacement;
		at = end;
	}

	return result + text.slice(at);
}

const quoteOf = (token: CST.Token | undefined): Quote =>
	token?.type === 'double-quoted-scalar' ? '"' : token?.type === 'single-quoted-scalar' ? "'" : undefined;

const isBlock = (token: CST.Token | undefined): token is CST.BlockMap | CST.BlockSequence =>
	token?.type === 'block-map' || token?.type === 'block-seq';

/** Whole lines, put where a line begins or the text ends. */
export function linesAt(text: string, at: number, lines: readonly string[], {eol}: Style): string {
	if (lines.length === 0) {
		return '';
	}

	const joined = lines.join(eol);
	return at > 0 && text[at - 1] !== '\n' ? eol + joined : joined + eol;
}

/** Whether nothing but blanks follow in the line. */
const isLastInLine = (text: string, at: number): boolean => /^[ \t]*(?:\r?\n|$)/.test(text.slice(at, nextLine(text, at + 1)));

const isFull = (value: Plain): boolean =>
	isList(value) ? value.length > 0 : isMapping(value) ? Object.keys(value).length > 0 : false;

/** Puts a value into its place, whatever is there. */
export function replaceValue(text: string, slot: Slot, value: Plain, fileStyle: Style): Splice[] {
	// Dashes below a dash would be its neighbours.
	const style = slot.kind === 'list' ? {...fileStyle, flush: false} : fileStyle;
	if (slot.node && 'tag' in slot.node && slot.node.tag !== undefined && /(?:^|\s)!\S*\s*$/.test(text.slice(0, startOf(slot)))) {
		throw new EditError('the value there has a tag');
	}

	if (slot.kind === 'root') {
		return replaceRoot(text, slot, value, style);
	}

	if (slot.flow) {
		return replaceInline(text, slot, inlineText(value, {flow: true, quote: quoteOf(slot.token)}));
	}

	const {token} = slot;
	if (isBlock(token) && lineStart(text, token.offset) === lineStart(text, slot.after)) {
		return replaceCompact(text, slot, value, style);
	}

	// Between brackets stays between brackets, while there is something.
	if (token?.type === 'flow-collection' && !isEmpty(slot) && isFull(value)) {
		return replaceInline(text, slot, inlineText(value));
	}

	const start = startOf(slot) + (token ? 0 : 1);
	if (
		slot.kind === 'list' &&
		isFull(value) &&
		text[slot.after - 1] === '-' &&
		!isBlock(token) &&
		token?.type !== 'block-scalar' &&
		isLastInLine(text, token ? endOf(token) : slot.after)
	) {
		return replaceInline(text, slot, compactText(value, start - lineStart(text, slot.after), style));
	}

	return replaceLines(text, slot, value, style);
}

const startOf = (slot: Slot): number => slot.token?.offset ?? slot.after;

function replaceRoot(text: string, slot: Slot, value: Plain, style: Style): Splice[] {
	const lines = blockLines(value, 0, style);
	if (!slot.token) {
		const at = text.length;
		return [{start: at, end: at, text: linesAt(text, at, lines, style)}];
	}

	return [{start: slot.token.offset, end: endOf(slot.token), text: lines.join(style.eol)}];
}

function replaceInline(text: string, slot: Slot, replacement: string): Splice[] {
	const {token, after, colon, kind} = slot;
	if (token) {
		const start = token.offset;
		return [{start, end: endOf(token), text: /[\s[{,]/.test(text[start - 1] ?? ' ') ? replacement : ` ${replacement}`}];
	}

	return [{start: after, end: after, text: `${kind === 'map' && !colon ? ':' : ''} ${replacement}`}];
}

/** The lines of a collection whose first follows a dash already. */
const compactText = (value: Plain, column: number, style: Style): string =>
	blockLines(value, column, style).join(style.eol).trimStart();

/** A map or list that begins in the line of its own dash. */
function replaceCompact(text: string, slot: Slot, value: Plain, style: Style): Splice[] {
	const token = slot.token as CST.BlockMap | CST.BlockSequence;
	const own = endOf(token);
	const isOneLine = nextLine(text, token.offset + 1) === nextLine(text, own);
	const end = isOneLine && !isFull(value) ? own : withoutEol(text, ownedEnd(text, own, slot.column));
	const replacement = isFull(value)
		? compactText(value, token.indent, style)
		: written(value, slot.column, style, {literal: false}).head;
	return [{start: token.offset, end, text: replacement}];
}

export const withoutEol = (text: string, end: number): number =>
	text[end - 1] !== '\n' ? end : text[end - 2] === '\r' ? end - 2 : end - 1;

/** A value behind its key or dash, or in the lines below. What trails in the line of the key stays. */
function replaceLines(text: string, slot: Slot, value: Plain, style: Style): Splice[] {
	const {token, after, column} = slot;
	const below = isBlock(token)
		? slot.after
		: token?.type === 'block-scalar'
			? bodyOf(token)
			: endOf(token ?? ({offset: after} as CST.Token));
	const line = nextLine(text, below);
	const owned = ownedEnd(text, below, column);
	const isAlone = isBlock(token) || owned === line;
	const {head, lines} = written(value, column, style, {
		// Comments below would become part of the text, and the end of the file its last line.
		literal: isAlone && (text.endsWith('\n') || text === ''),
		quote: quoteOf(token),
	});
	const headEnd = token === undefined || isBlock(token) ? after : token.type === 'block-scalar' ? headerEnd(token) : endOf(token);
	const isKept = token !== undefined && !isBlock(token) && head !== '';
	const first: Splice = {
		start: isKept ? token.offset : after,
		end: headEnd,
		text: head === '' || isKept ? head : ` ${head}`,
	};
	if (isBlock(token)) {
		return [first, {start: line, end: ownedEnd(text, endOf(token), column), text: linesAt(text, line, lines, style)}];
	}

	if (token?.type === 'block-scalar') {
		return [first, {start: line, end: Math.max(line, endOf(token)), text: linesAt(text, line, lines, style)}];
	}

	const at = lines.length > 0 && head === '' ? owned : line;
	return [first, {start: at, end: at, text: linesAt(text, at, lines, style)}];
}

const headerEnd = (token: CST.BlockScalar): number => {
	const header = token.props.find(({type}) => type === 'block-scalar-header') as CST.SourceToken;
	return header.offset + header.source.length;
};

/** A new entry of a map or list over lines, behind the one at `index - 1`. */
export function insertLines(text: string, slot: Slot, index: number, value: Plain, style: Style): Splice[] {
	const token = slot.token as CST.BlockMap | CST.BlockSequence;
	const items = itemsOf(token);
	const before = items[index - 1];
	const lines = blockLines(value, token.indent, style);
	if (!before) {
		const at = beginOfItem(items[0]!);
		return [{start: at, end: at, text: `${lines.join(style.eol).trimStart()}${style.eol}${' '.repeat(token.indent)}`}];
	}

	const isLast = index === items.length;
	const at = ownedEnd(text, endOfItem(before), token.indent, isLast && token.indent > slot.column);
	const spaced = isLast && token.type === 'block-seq' && isSpaced(text, items.at(-2), before);
	return [{start: at, end: at, text: linesAt(text, at, spaced ? ['', ...lines] : lines, style)}];
}

/** Whether the two last entries of a list have an empty line between them: then the next gets one too. */
const isSpaced = (
	text: string,
	one: Parameters<typeof endOfItem>[0] | undefined,
	other: Parameters<typeof endOfItem>[0],
): boolean => one !== undefined && /\n[ \t]*\r?\n/.test(text.slice(endOfItem(one), beginOfItem(other)));

/** A value as an entry of a map or a list: what the writers above take. */
export const asEntry = (key: string | number, value: Plain): Plain => (typeof key === 'number' ? [value] : {[key]: value});

export const flowEntry = (key: string | number, value: Plain): string =>
	typeof key === 'number' ? inlineText(value, {flow: true}) : `${keyText(key, true)}: ${inlineText(value, {flow: true})}`;

/** Takes an entry out of a map or list over lines. The last one leaves an empty map or list. */
export function removeLines(text: string, slot: Slot, index: number, style: Style): Splice[] {
	const token = slot.token as CST.BlockMap | CST.BlockSequence;
	const items = itemsOf(token);
	const item = items[index]!;
	const begin = beginOfItem(item);
	const end = endOfItem(item);
	const empty = token.type === 'block-map' ? '{}' : '[]';
	const isOnly = items.length === 1;
	const start = lineStart(text, begin);
	const owned = ownedEnd(text, end, token.indent);
	if (text.slice(start, begin).trim() === '') {
		const isRoot = slot.kind === 'root';
		const gone: Splice = {start, end: owned, text: isOnly && isRoot ? linesAt(text, start, [empty], style) : ''};
		return isOnly && !isRoot ? [{start: slot.after, end: slot.after, text: ` ${empty}`}, gone] : [gone];
	}

	if (isOnly) {
		const isOneLine = nextLine(text, begin + 1) === nextLine(text, end);
		return [{start: begin, end: isOneLine ? end : withoutEol(text, owned), text: empty}];
	}

	const next = beginOfItem(items[index + 1]!);
	const between = text.slice(end, next);
	return [{start: begin, end: between.trim() === '' ? next : end + between.search(/[^ \t]/), text: ''}];
}

/** Whether a collection is written in brackets. */
export const isFlow = (token: Collection): token is CST.FlowCollection => token.type === 'flow-collection';
