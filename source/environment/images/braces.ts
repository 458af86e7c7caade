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
