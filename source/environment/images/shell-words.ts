/**
The words of a shell's text, as far as they can be told without running it: quotes and escapes taken off, operators as ends of words. What is in quotes and
holds blanks is taken apart as well, since it may be a script of its own (`bash -c "…"`). More words than there are do no harm: each is only looked for as
the name of a file.
*/
export function shellWords(script: string, depth = 0): string[] {
	const words: string[] = [];
	let word = '';
	const end = () => {
		if (word !== '') {
			words.push(word);
		}

		word = '';
	};

	for (let index = 0; index < script.length; index++) {
		const character = script[index] ?? '';
		if (character === "'" || character === '"' || character === '`') {
			const [inside, close] = quoted(script, index);
			if (/\s/.test(inside) && depth < 3) {
				words.push(...shellWords(inside, depth + 1));
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

/** The text in quotes that begin at `from`, and where they end; one that is not closed goes on to the end. */
function quoted(script: string, from: number): [inside: string, close: number] {
	const mark = script[from] ?? '';
	let inside = '';
	for (let index = from + 1; index < script.length; index++) {
		const character = script[index] ?? '';
		if (character === mark) {
			return [inside, index];
		}

		if (character === '\\' && mark !== "'") {
			index++;
			inside += script[index] ?? '';
		} else {
			inside += character;
		}
	}

	return [inside, script.length];
}

/** What of a word may be the name of a file: itself, and what stands behind an option's name, a `=`, a `:`, an `@` or a comma. */
export function candidates(word: string): string[] {
	const plain = word.replace(/^(?:\$\{?PWD\}?|\$\(pwd\))\//, './');
	const parts = plain.split(/[=,:@]/).filter(Boolean);
	const glued = /^-[A-Za-z](.+)$/.exec(plain)?.[1];
	const withoutExtras = plain.replace(/\[[^\]/]*\]$/, '');
	return [
		...new Set([
			plain,
			withoutExtras,
			...parts,
			...parts.map(part => part.replace(/\[[^\]/]*\]$/, '')),
			...(glued ? [glued] : []),
		]),
	].filter(each => each !== '' && !each.includes('\0') && each.length < 1000);
}
