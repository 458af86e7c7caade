import {cut, fit, pad, width} from './cells.js';
import {glyphs, paint} from './theme.js';

/** What a screen shows: a path for the title line, what is right of it, and the lines of the body, styled and cut to the width. */
export type View = {
	readonly path: readonly string[];
	readonly right: string;
	readonly body: readonly string[];
};

/** Cells that the text at the right end of a line gets at most. */
export const rightRoom = (cells: number): number => Math.max(0, Math.floor(cells * 0.6));

/** Two texts at the two ends of a line; the left one gives way. */
export function ends(left: string, right: string, cells: number, style: (text: string) => string = text => text): string {
	if (right === '') {
		return style(cut(left, cells));
	}

	const shown = cut(right, rightRoom(cells));
	return `${style(fit(left, Math.max(0, cells - width(shown) - 1)))} ${shown}`;
}

/** Two columns of lines beside each other, `height` lines high. */
export function beside(left: readonly string[], right: readonly string[], leftCells: number, height: number): string[] {
	const bar = paint.muted(glyphs.bar);
	return Array.from({length: height}, (_, index) => `${pad(left[index] ?? '', leftCells)} ${bar} ${right[index] ?? ''}`);
}

export const rule = (cells: number): string => paint.muted(glyphs.rule.repeat(cells));

/** A line of a list: the sign of the cursor, then the text; the chosen line is inverse as well. */
export const listRow = (text: string, chosen: boolean, cells: number): string => {
	const line = fit(`${chosen ? glyphs.cursor : ' '} ${text}`, cells);
	return chosen ? paint.selected(line) : line;
};

export const blanks = (count: number): string[] => Array.from({length: Math.max(0, count)}, () => '');

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
