import type {CST} from 'yaml';
import type {Style} from './yaml-text.js';

export type Item = CST.CollectionItem;
export type Collection = CST.BlockMap | CST.BlockSequence | CST.FlowCollection;

const isBlank = ({type}: {type: string}): boolean => type === 'space' || type === 'newline' || type === 'comment';

const lastEnd = (tokens: readonly CST.SourceToken[] | undefined): number | undefined => {
	const last = tokens?.findLast(token => !isBlank(token) && token.type !== 'comma');
	return last && last.offset + last.source.length;
};

/** Where a value's own text ends: before what trails it. */
export function endOf(token: CST.Token): number {
	switch (token.type) {
		case 'block-map':
		case 'block-seq': {
			const last = (token.items as Item[]).findLast(isReal);
			return last ? endOfItem(last) : token.offset;
		}

		case 'flow-collection': {
			return lastEnd(token.end) ?? token.offset + 1;
		}

		case 'block-scalar': {
			return bodyOf(token) + token.source.length;
		}

		default: {
			return token.offset + ('source' in token ? token.source.length : 0);
		}
	}
}

/** Where the lines of a `|` or `>` begin. */
export const bodyOf = (token: CST.BlockScalar): number =>
	token.props.reduce((offset, prop) => offset + ('source' in prop ? prop.source.length : 0), token.offset);

/** Some items hold nothing but the comments or the comma at the end of their collection. */
export const isReal = ({start, key, sep, value}: Item): boolean =>
	Boolean(key ?? value ?? sep) || start.some(({type}) => type === 'seq-item-ind' || type === 'explicit-key-ind');

export const itemsOf = (token: Collection): Item[] => (token.items as Item[]).filter(isReal);

export const endOfItem = (item: Item): number =>
	item.value ? endOf(item.value) : (lastEnd(item.sep) ?? (item.key ? endOf(item.key) : (lastEnd(item.start) ?? 0)));

export const beginOfItem = (item: Item): number =>
	item.start.find(token => !isBlank(token) && token.type !== 'comma')?.offset ??
	item.key?.offset ??
	item.sep?.[0]?.offset ??
	item.value?.offset ??
	0;

/** Behind the colon or the dash and the anchors that follow it: where a value's text may stand. Undefined where there is neither. */
export function behindIndicator(item: Item, indicator: 'map-value-ind' | 'seq-item-ind'): number | undefined {
	const tokens = (indicator === 'map-value-ind' ? item.sep : item.start) ?? [];
	return tokens.some(({type}) => type === indicator) ? lastEnd(tokens) : undefined;
}

export const commaOf = (item: Item | undefined): number | undefined => item?.start.find(({type}) => type === 'comma')?.offset;

export const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;

/** Where the next line begins; the end of the text behind its last. A place where a line begins is its own. */
export function nextLine(text: string, offset: number): number {
	if (offset > 0 && text[offset - 1] === '\n') {
		return offset;
	}

	const end = text.indexOf('\n', offset);
	return end < 0 ? text.length : end + 1;
}

/**
Where the lines that belong to an entry end, whose own text ends at `end`: comments that stand deeper than its `column` are its own,
and with `level` those at its column too that follow without an empty line.
*/
export function ownedEnd(text: string, end: number, column: number, level = false): number {
	let owned = nextLine(text, end);
	let isLevel = level;
	for (let at = owned; at < text.length;) {
		const next = nextLine(text, at + 1);
		const line = text.slice(at, next);
		const depth = line.search(/\S/);
		if (depth < 0) {
			isLevel = false;
		} else if (line[depth] === '#' && (depth > column || (isLevel && depth === column))) {
			owned = next;
		} else {
			break;
		}

		at = next;
	}

	return owned;
}

/** How the file is written, read off its first map in a map and its first list in one. */
export function styleOf(root: CST.Token | undefined | null, text: string): Style {
	let step: number | undefined;
	let flush: boolean | undefined;
	const pending: Array<{token: CST.Token; column: number | undefined}> = root ? [{token: root, column: undefined}] : [];
	while (pending.length > 0 && (step === undefined || flush === undefined)) {
		const {token, column} = pending.pop()!;
		if (token.type !== 'block-map' && token.type !== 'block-seq') {
			continue;
		}

		const deeper = column === undefined ? undefined : token.indent - column;
		if (deeper !== undefined && deeper > 0) {
			step ??= deeper;
		}

		if (deeper !== undefined && token.type === 'block-seq') {
			flush ??= deeper === 0;
		}

		const inner = (token.items as Item[]).flatMap(({value}) =>
			value ? [{token: value, column: token.type === 'block-map' ? token.indent : undefined}] : [],
		);
		pending.push(...inner.reverse());
	}

	return {step: Math.min(step ?? 2, 8), flush: flush ?? false, eol: /\r?\n/.exec(text)?.[0] ?? '\n'};
}
