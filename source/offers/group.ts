import {formatMemory} from './format.js';
import {canBeTried} from './match.js';
import type {OfferTable} from './table.js';

export const groupings = ['gpu', 'backend', 'region'] as const;
export type GroupBy = (typeof groupings)[number];

/** Rows that share a GPU model, a backend or a region of one. */
export type Group = {
	/** The same for the same group on every listing: a cursor may keep it. */
	readonly key: string;
	/** As it is shown: `A100 80GB`, `aws`, `aws us-east-1`, `no GPU`. */
	readonly title: string;
	/** Its rows, in the order given. */
	readonly rows: Uint32Array;
	/** The cheapest row that can be tried; where none can, the cheapest of all. */
	readonly cheapest: number;
	/** US dollars per hour for one GPU, the least of the group; undefined where there are none. */
	readonly gpuPrice: number | undefined;
};

/** Groups in the order of their cheapest rows. Rows with GPUs of several kinds are in the group of the first. */
export function groupRows(table: OfferTable, rows: Uint32Array, by: GroupBy): Group[] {
	const {codes, titles} = groupCodes(table, by);
	const key = by === 'gpu' ? table.columns.shape : table.columns.place;
	const counts = new Uint32Array(titles.length + 1);
	for (let index = 0; index < rows.length; index++) {
		const group = codes[key[rows[index] as number] as number] as number;
		counts[group + 1] = (counts[group + 1] as number) + 1;
	}

	for (let group = 0; group < titles.length; group++) {
		counts[group + 1] = (counts[group + 1] as number) + (counts[group] as number);
	}

	const next = counts.slice();
	const sorted = new Uint32Array(rows.length);
	for (let index = 0; index < rows.length; index++) {
		const row = rows[index] as number;
		const group = codes[key[row] as number] as number;
		const at = next[group] as number;
		sorted[at] = row;
		next[group] = at + 1;
	}

	const {price} = table.columns;
	const rank = (row: number): number => price[row] as number;
	return titles
		.map((title, group) => ({title, own: sorted.subarray(counts[group], counts[group + 1])}))
		.filter(({own}) => own.length > 0)
		.map(({title, own}) => ({key: `${by}:${title}`, title, rows: own, ...cheapestOf(table, own)}))
		.sort(
			(a, b) =>
				Number(!canBeTried(table, a.cheapest)) - Number(!canBeTried(table, b.cheapest)) || rank(a.cheapest) - rank(b.cheapest),
		);
}

function cheapestOf(table: OfferTable, rows: Uint32Array): Pick<Group, 'cheapest' | 'gpuPrice'> {
	const {columns, shapes} = table;
	const {price, shape} = columns;
	let best = -1;
	let isBestTriable = false;
	let gpuPrice: number | undefined;
	for (let index = 0; index < rows.length; index++) {
		const row = rows[index] as number;
		const cost = price[row] as number;
		if (best < 0 || !isBestTriable || cost < (price[best] as number)) {
			const isTriable = canBeTried(table, row);
			if (best < 0 || (isTriable && !isBestTriable) || (isTriable === isBestTriable && cost < (price[best] as number))) {
				best = row;
				isBestTriable = isTriable;
			}
		}

		const count = shapes.gpuCount(shape[row] as number);
		if (count > 0 && cost / count < (gpuPrice ?? Number.POSITIVE_INFINITY)) {
			gpuPrice = cost / count;
		}
	}

	return {cheapest: best, gpuPrice};
}

/** The group of each shape or place, and the titles of the groups. */
function groupCodes({places, shapes}: OfferTable, by: GroupBy): {codes: Uint32Array; titles: string[]} {
	const titles = new Map<string, number>();
	const codeOf = (title: string): number => {
		const code = titles.get(title) ?? titles.size;
		titles.set(title, code);
		return code;
	};

	if (by === 'gpu') {
		const lists = shapes.gpuLists.values.map(([gpu]) =>
			codeOf(gpu === undefined ? 'no GPU' : `${gpu.name}${gpu.memory > 0 ? ` ${formatMemory(gpu.memory)}` : ''}`),
		);
		return {codes: Uint32Array.from(shapes.gpus, list => lists[list] ?? 0), titles: [...titles.keys()]};
	}

	const codes = Uint32Array.from({length: places.size}, (_, code) => {
		const {backend, region} = places.at(code);
		return codeOf(by === 'backend' ? backend : `${backend} ${region}`);
	});
	return {codes, titles: [...titles.keys()]};
}
