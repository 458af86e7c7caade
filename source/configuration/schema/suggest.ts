/** Edits that turn one word into another; swapped neighbours count once. */
function distance(a: string, b: string): number {
	let before: number[] = [];
	let last = Array.from({length: b.length + 1}, (_, index) => index);
	for (let row = 1; row <= a.length; row++) {
		const current = [row];
		for (let column = 1; column <= b.length; column++) {
			const cost = a[row - 1] === b[column - 1] ? 0 : 1;
			let value = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + cost);
			if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
				value = Math.min(value, (before[column - 2] ?? 0) + 1);
			}

			current[column] = value;
		}

		before = last;
		last = current;
	}

	return last[b.length] ?? 0;
}

/** The known word that was probably meant; undefined when none is near. */
export function suggest(word: string, known: readonly string[]): string | undefined {
	const lower = word.toLowerCase().slice(0, 40);
	const [best] = known
		.map(candidate => ({candidate, edits: distance(lower, candidate.toLowerCase())}))
		.filter(({candidate, edits}) => edits <= Math.max(1, Math.floor(candidate.length / 3)))
		.sort((a, b) => a.edits - b.edits);
	return best?.candidate;
}
