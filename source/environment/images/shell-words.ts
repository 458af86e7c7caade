import {quoted, substituted} from './shell-quotes.js';

const deepest = 6;

/**
The words of a shell's text, as far as they are known without running it: quotes and escapes taken off, operators as ends of words. What is in quotes and
holds blanks is taken apart as well, since it may be a script of its own (`bash -c "…"`), and so is what a substitution runs; in the word itself it stays as
it is written. More words than there are do no harm: each is only looked for as the name of a file.
*/
export function shellWords(script: string, depth = 0): string[] {
	const words: string[] = [];
	let word = '';
	let substitutions: string[] = [];
	const takeApart = (inside: string): string[] => (depth < deepest ? shellWords(inside, depth + 1) : []);
	const end = () => {
		if (word !== '') {
			words.push(word);
		}

		// Behind their word: what follows `cd` is where it goes.
		for (const inside of substitutions) {
			append(words, takeApart(inside));
		}

		[word, substitutions] = ['', []];
	};

	for (let index = 0; index < script.length; index++) {
		const character = script[index] ?? '';
		if (character === '`' || script.startsWith('$(', index)) {
			const [inside, close] = character === '`' ? quoted(script, index) : substituted(script, index);
			substitutions.push(inside);
			word += script.slice(index, close + 1);
			index = close;
		} else if (character === "'" || character === '"') {
			const [inside, close] = quoted(script, index);
			if (/[\s`]|\$\(/.test(inside)) {
				append(words, takeApart(inside));
			}

			word += inside;
			index = close;
		} else if (character === '\\') {
			index++;
			word += script[index] === '\n' ? '' : (script[index] ?? '');
		} else if (character === '#' && word === '') {
			const newline = script.indexOf('\n', index);
			index = newline < 0 ? script.length : newline;
		} else if (/[\s;&|<>()]/.test(character)) {
			end();
		} else {
			word += character;
		}
	}

	end();
	return words;
}

/** A long script has more words than a call may have arguments. */
function append(words: string[], more: readonly string[]): void {
	for (const each of more) {
		words.push(each);
	}
}
