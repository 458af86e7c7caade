import {fail} from './grammar.js';

/** Splits a line into words as a POSIX shell does, without expanding anything. Throws a `GrammarError` for a quote that never ends. */
export function splitWords(line: string): string[] {
	const words: string[] = [];
	let word: string | undefined;
	const pattern = /\s+|'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\]+)|([^])/gu;
	for (const [all, single, double, escaped, plain, rest] of line.matchAll(pattern)) {
		if (rest !== undefined) {
			return fail('expected a quote that ends, and something after each \\');
		}

		const part = single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
		if (part === undefined) {
			words.push(...(word === undefined ? [] : [word]));
			word = undefined;
		} else if (all !== '') {
			word = (word ?? '') + part;
		}
	}

	return word === undefined ? words : [...words, word];
}
