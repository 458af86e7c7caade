import {expandBraces} from './braces.js';
import {hasUnknown, readings, unknown} from './shell-variables.js';

/** A name, or a pattern of the shell, that a word may have for files. */
export type Candidate = {
	readonly name: string;
	/** It holds what only the shell that runs it knows, as a `*`. */
	readonly guessed: boolean;
};

const longest = 1000;

/** What of a word may be the name of files: itself, and what stands behind an option's name, a `=`, a `:`, an `@` or a comma. */
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
