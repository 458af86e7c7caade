/** Bounds the pages of an answer that never ends. */
const mostPages = 100;

/** All items of an answer that comes in pages. */
export async function pages<T>(
	ask: (token: string | undefined) => Promise<{items: readonly T[] | undefined; next?: string}>,
): Promise<T[]> {
	const all: T[] = [];
	let token: string | undefined;
	for (let page = 0; page < mostPages; page++) {
		const {items, next} = await ask(token);
		for (const item of items ?? []) {
			all.push(item);
		}

		if (!next || next === token) {
			break;
		}

		token = next;
	}

	return all;
}
