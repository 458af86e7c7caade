// Text that nests deeper than anybody writes is read literally, so that none can exhaust the stack.
const deepest = 20;

/**
The text in quotes that begin at `from`, and where they end; one that is not closed goes on to the end. Escapes are taken off, substitutions stay as they are
written: quotes within them are their own.
*/
export function quoted(script: string, from: number, depth = 0): [inside: string, close: number] {
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
		} else if (mark === '"' && depth < deepest && script.startsWith('$(', index)) {
			const [, close] = substituted(script, index, depth + 1);
			inside += script.slice(index, close + 1);
			index = close;
		} else {
			inside += character;
		}
	}

	return [inside, script.length];
}

/** The same of `$(…)`, with the text inside as it is written. */
export function substituted(script: string, from: number, depth = 0): [inside: string, close: number] {
	let open = 0;
	for (let index = from + 1; index < script.length; index++) {
		const character = script[index] ?? '';
		if (character === '\\') {
			index++;
		} else if (character === "'" || character === '"') {
			[, index] = quoted(script, index, depth);
		} else if (character === '(') {
			open++;
		} else if (character === ')') {
			open--;
			if (open === 0) {
				return [script.slice(from + 2, index), index];
			}
		}
	}

	return [script.slice(from + 2), script.length];
}
