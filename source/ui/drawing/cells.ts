import stringWidth from 'string-width';
import {isPlain, plainWidth} from './plain-width.js';

const segmenter = new Intl.Segmenter();

/** Cells that a text takes, without its escape sequences. */
export const width = (text: string): number => plainWidth(text) ?? stringWidth(text);

/** Cuts plain text to at most `cells`, with `…` where something is missing. */
export function cut(text: string, cells: number): string {
	if (cells <= 0) {
		return '';
	}

	if (width(text) <= cells) {
		return text;
	}

	if (isPlain(text)) {
		return `${text.slice(0, cells - 1)}…`;
	}

	let result = '';
	let used = 0;
	for (const {segment} of segmenter.segment(text)) {
		const next = stringWidth(segment);
		if (used + next > cells - 1) {
			break;
		}

		result += segment;
		used += next;
	}

	return `${result}…`;
}

/** Cuts plain text to at most `cells` in its middle, so that both ends can be read. */
export function cutMiddle(text: string, cells: number): string {
	if (width(text) <= cells || cells < 4) {
		return cut(text, cells);
	}

	const segments = [...segmenter.segment(text)].map(({segment}) => segment);
	const head = cut(text, Math.ceil((cells + 1) / 2));
	let tail = '';
	for (let segment = segments.pop(); segment !== undefined && width(head + segment + tail) <= cells; segment = segments.pop()) {
		tail = segment + tail;
	}

	return head + tail;
}

/** Plain text as exactly `cells` cells. */
export function fit(text: string, cells: number, align: 'left' | 'right' = 'left'): string {
	const shown = cut(text, cells);
	const space = ' '.repeat(Math.max(0, cells - width(shown)));
	return align === 'left' ? shown + space : space + shown;
}

/** Pads text that holds escape sequences to `cells`; it must fit already. */
export const pad = (styled: string, cells: number): string => styled + ' '.repeat(Math.max(0, cells - width(styled)));

/** Breaks plain text into lines of at most `cells`, at blanks where there are some; each is indented as the text is. */
export function wrap(text: string, cells: number): string[] {
	const indent = (/^ +/.exec(text)?.[0] ?? '').slice(0, Math.max(0, cells - 10));
	return wrapWords(text.trimStart(), cells - indent.length).map(line => indent + line);
}

function wrapWords(text: string, cells: number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(' ')) {
		let rest = word;
		if (line !== '' && width(line) + 1 + width(rest) <= cells) {
			line += ` ${rest}`;
			continue;
		}

		if (line !== '') {
			lines.push(line);
		}

		while (width(rest) > cells) {
			const piece = [...segmenter.segment(rest)].map(({segment}) => segment);
			let taken = '';
			while (piece.length > 0 && width(taken + piece[0]) <= cells) {
				taken += piece.shift();
			}

			lines.push(taken);
			rest = piece.join('');
		}

		line = rest;
	}

	return [...lines, line];
}

/** Breaks plain text into pieces of at most `cells`, wherever that is: nothing in it changes. Never empty. */
export function chop(text: string, cells: number): string[] {
	const room = Math.max(1, cells);
	if (width(text) <= room) {
		return [text];
	}

	const pieces: string[] = [];
	let piece = '';
	let used = 0;
	for (const {segment} of segmenter.segment(text)) {
		const next = stringWidth(segment);
		if (used + next > room && piece !== '') {
			pieces.push(piece);
			piece = '';
			used = 0;
		}

		piece += segment;
		used += next;
	}

	return [...pieces, piece];
}

/** The window of `height` rows that shows `cursor` of `count`, moved as little as possible from `top`. */
export function windowTop(cursor: number, count: number, height: number, top: number): number {
	const highest = Math.max(0, count - height);
	if (cursor < top) {
		return Math.max(0, cursor);
	}

	return Math.min(highest, cursor >= top + height ? cursor - height + 1 : top);
}

const escapes = /\u001B(?:\[[\d;]*m|\]8;[^\u0007]*\u0007)/y;

/** Puts codes that take no cells into styled text, each before the UTF-16 unit of its plain text at which it is to stand; in order. */
export function insert(styled: string, inserts: ReadonlyArray<{readonly at: number; readonly code: string}>): string {
	let result = '';
	let index = 0;
	let plain = 0;
	for (const {at, code} of inserts) {
		while (index < styled.length && plain < at) {
			escapes.lastIndex = index;
			const escape = escapes.exec(styled)?.[0];
			result += escape ?? styled[index];
			index += escape?.length ?? 1;
			plain += escape === undefined ? 1 : 0;
		}

		result += code;
	}

	return result + styled.slice(index);
}
