const newline = 10;

/** How many lines end in these bytes. */
export function countLines(bytes: Buffer): number {
	let count = 0;
	for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) {
		count++;
	}

	return count;
}
