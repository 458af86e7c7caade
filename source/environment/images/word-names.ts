import {quoted, substituted} from './shell-quotes.js';

/** A name, or a pattern of the shell, that a word may have for files. */
export type Candidate = {
	readonly name: string;
	/** It holds what only the shell that runs it knows, as a `*`. */
	readonly guessed: boolean;
};

const longest = 1000;

/** What of a word may be the name of files: itself, and what follows an option's name, a `=`, a `:`, an `@` or a comma. */
export function candidates(word: string): Candidate[] {
	if (word.includes(unknown)) {
		return [];
	}

	const found = new Map<string, boolean>();
	for (const text of readings(word)) {
		// Taken apart whole and expanded: braces may be a name's own.
		for (const each of text.length < longest ? [text, ...expandBraces(text)] : [text]) {
			for (const name of namesIn(each)) {
				const guessed = hasUnknown(name);
				const pattern = guessed ? asPattern(name) : name;
				if (pattern !== undefined && pattern !== '' && pattern.length < longest) {
					found.set(pattern, (found.get(pattern) ?? true) && guessed);
				}
			}
		}
	}

	return [...found].map(([name, guessed]) => ({name, guessed}));
}

function namesIn(text: string): string[] {
	// `file://` before a relative name is no part of it.
	const parts = text
		.split(/[=,:@]/)
		.filter(Boolean)
		.map(part => part.replace(/^\/\/(?=\.\/)/, ''));
	const glued = /^-[A-Za-z](.+)$/s.exec(text)?.[1];
	return [...[text, ...parts].flatMap(each => [each, each.replace(/\[[^\]/]*\]$/, '')]), ...(glued ? [glued] : [])];
}

/**
With a `*` for each part that is not known; a folder that is not known at all is any, at any depth: `$ROOT/x` may be the code's own. Undefined where nothing
of the name is known: it would fit everything.
*/
function asPattern(name: string): string | undefined {
	const parts = name.split('/').map((part, index, {length}) => {
		const isAny = part !== '' && part.replaceAll(unknown, '') === '';
		return isAny && index < length - 1 ? '**' : part.replace(new RegExp(`${unknown}+`, 'g'), '*');
	});
	const pattern = parts.join('/').replace(/\*\*(?:\/\.\.(?=\/))+/g, '**');
	return /[\p{L}\p{N}]/u.test(pattern.replace(/^\/workflow(?=\/)/, '')) ? pattern : undefined;
}

const group = /(?<!\$)\{([^{}]*,[^{}]*|-?\d+\.\.-?\d+(?:\.\.-?\d+)?|[A-Za-z]\.\.[A-Za-z])\}/;
const most = 256;

/** A word's braces expanded as a shell does: `{a,b}`, `{1..3}`, also within each other. More words than are of use are one with a `*`. */
export function expandBraces(word: string): string[] {
	const [words, done]: [string[], Set<string>] = [[word], new Set()];
	for (const each of words) {
		const found = group.exec(each);
		if (!found) {
			done.add(each);
			continue;
		}

		const [before, after] = [each.slice(0, found.index), each.slice(found.index + found[0].length)];
		for (const choice of choices(found[1] ?? '')) {
			words.push(before + choice + after);
		}

		if (words.length > 2 * most) {
			return [withStars(word)];
		}
	}

	return [...done];
}

const withStars = (word: string): string => (group.test(word) ? withStars(word.replace(group, '*')) : word);

function choices(inside: string): string[] {
	if (inside.includes(',')) {
		return inside.split(',');
	}

	const [from = '', to = '', by = '1'] = inside.split('..');
	const isNumber = /\d/.test(from);
	const [first, last] = isNumber ? [Number(from), Number(to)] : [from.charCodeAt(0), to.charCodeAt(0)];
	const step = Math.max(1, Math.abs(Number(by)));
	if (Math.abs(last - first) / step > most) {
		return ['*'];
	}

	const width = /^-?0\d|\.\.-?0\d/.test(inside) ? Math.max(from.length, to.length) : 0;
	return Array.from({length: Math.floor(Math.abs(last - first) / step) + 1}, (_, index) => {
		const value = first + index * step * (last < first ? -1 : 1);
		return isNumber ? padded(value, width) : String.fromCharCode(value);
	});
}

const padded = (value: number, width: number): string =>
	value < 0 ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0');

/** Represents what only the shell that runs it knows; no word of a command holds it. */
export const unknown = '\0';

export const hasUnknown = (text: string): boolean => text.includes(unknown);

const here = /(?:\$PWD|\$\{PWD\}|\$\(\s*pwd(?:\s+-[LP])?\s*\)|`\s*pwd\s*`)(?=\/|$)/g;

/** How a word may read once it runs: unchanged, with something for its variables and substitutions, and with `${NAME:-default}` as the default. */
export function readings(word: string): string[] {
	const plain = word.replace(here, '.');
	return [...new Set([plain, replaceVariables(plain, false), replaceVariables(plain, true)])];
}

const variable = /\$(?:\{((?:[^{}]|\{[^{}]*\})*)\}|[A-Za-z_]\w*|[\d@*#?$!-])/y;
const withDefault = /^\w+:?[-=](.*)$/s;

function replaceVariables(text: string, byDefault: boolean): string {
	let result = '';
	for (let index = 0; index < text.length; index++) {
		variable.lastIndex = index;
		if (text.startsWith('$(', index)) {
			result += unknown;
			[, index] = substituted(text, index);
		} else if (text[index] === '`') {
			result += unknown;
			[, index] = quoted(text, index);
		} else {
			const found = variable.exec(text);
			const instead = byDefault ? withDefault.exec(found?.[1] ?? '')?.[1] : undefined;
			result += found ? (instead === undefined ? unknown : replaceVariables(instead, true)) : (text[index] ?? '');
			index += (found?.[0].length ?? 1) - 1;
		}
	}

	return result;
}
