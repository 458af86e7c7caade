import type {CST} from 'yaml';
import type {Splice} from './yaml-splices.js';
import type {Style} from './yaml-text.js';
import {beginOfItem, commaOf, endOf, endOfItem, type Item, itemsOf, lineStart, nextLine} from './yaml-tokens.js';

const indentAt = (text: string, offset: number): string => /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))![0];

/** The comma behind the last entry, where there is one. */
const trailingComma = (token: CST.FlowCollection): number | undefined => {
	const last = (token.items as Item[]).at(-1);
	return last && itemsOf(token).at(-1) !== last ? commaOf(last) : undefined;
};

/** A new entry at `index` of a map or list between brackets; over lines when they are, with the comma where they put it. */
export function insertBetween(text: string, token: CST.FlowCollection, index: number, entry: string, style: Style): Splice[] {
	const items = itemsOf(token);
	const close = endOf(token) - 1;
	const open = token.offset + 1;
	const next = items[index];
	if (next) {
		const at = beginOfItem(next);
		const isFirstInLine = text.slice(lineStart(text, at), at).trim() === '';
		return [{start: at, end: at, text: isFirstInLine ? `${entry},${style.eol}${indentAt(text, at)}` : `${entry}, `}];
	}

	const last = items.at(-1);
	if (!last) {
		const inner = text.slice(open, close);
		if (!inner.includes('\n')) {
			return [{start: open, end: close, text: `${inner === '' ? '' : ' '}${entry}${inner === '' ? '' : ' '}`}];
		}

		const at = lineStart(text, close);
		return [{start: at, end: at, text: `${indentAt(text, close)}${' '.repeat(style.step)}${entry}${style.eol}`}];
	}

	const end = endOfItem(last);
	const comma = trailingComma(token);
	const isOverLines = text.slice(comma ?? end, close).includes('\n');
	if (!isOverLines) {
		return [{start: end, end, text: `, ${entry}`}];
	}

	const at = nextLine(text, (comma ?? end) + 1);
	return [
		...(comma === undefined ? [{start: end, end, text: ','}] : []),
		{start: at, end: at, text: `${indentAt(text, beginOfItem(last))}${entry}${comma === undefined ? '' : ','}${style.eol}`},
	];
}

/** Takes an entry out, with one of the commas around it, and with its line when it was alone there. */
export function removeBetween(text: string, token: CST.FlowCollection, index: number): Splice[] {
	const items = itemsOf(token);
	const item = items[index]!;
	const start = beginOfItem(item);
	const end = endOfItem(item);
	const close = endOf(token) - 1;
	const next = items[index + 1];
	const before = index === 0 ? undefined : commaOf(item);
	const behind = next ? commaOf(next) : trailingComma(token);
	const stop = behind === undefined ? end : behind + 1;
	const isFirst = text.slice(lineStart(text, start), start).trim() === '';
	const isAlone = isFirst && /^[ \t]*(?:#.*)?\r?$/.test(text.slice(stop, nextLine(text, stop + 1)).replace(/\n$/, ''));
	if (isAlone && nextLine(text, stop + 1) <= close) {
		const lines = {start: lineStart(text, start), end: nextLine(text, stop + 1), text: ''};
		// Without a comma behind it, the one before would be the last.
		return before !== undefined && behind === undefined ? [{start: before, end: before + 1, text: ''}, lines] : [lines];
	}

	if (next) {
		const begin = beginOfItem(next);
		if (!/[\n#]/.test(text.slice(stop, begin))) {
			return [{start, end: begin, text: ''}];
		}

		return before === undefined || text.slice(before + 1, start).includes('\n')
			? [{start, end: stop, text: ''}]
			: [{start: before + 1, end: stop, text: ''}];
	}

	if (before !== undefined) {
		return /[\n#]/.test(text.slice(before, start))
			? [
					{start: before, end: before + 1, text: ''},
					{start, end: stop, text: ''},
				]
			: [{start: before, end, text: ''}];
	}

	const inner = text.slice(token.offset + 1, start) + text.slice(stop, close);
	return inner.trim() === '' && !inner.includes('\n')
		? [{start: token.offset + 1, end: close, text: ''}]
		: [{start, end: stop, text: ''}];
}
