import {quoted, substituted} from './shell-quotes.js';

/** Stands for what only the shell that runs it knows; no word of a command holds it. */
export const unknown = '\0';

export const hasUnknown = (text: string): boolean => text.includes(unknown);

const here = /(?:\$PWD|\$\{PWD\}|\$\(\s*pwd(?:\s+-[LP])?\s*\)|`\s*pwd\s*`)(?=\/|$)/g;

/** How a word may read once it runs: as it stands, with something for its variables and substitutions, and with `${NAME:-default}` as the default. */
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
