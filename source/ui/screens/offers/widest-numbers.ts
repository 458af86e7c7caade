import type {ColumnId} from '../../../offers/columns.js';
import {formatMemory, priceLength} from '../../../offers/format.js';
import type {OfferTable} from '../../../offers/table.js';
import {bits} from '../../../offers/table/rows.js';

/**
Cells that the widest number of each column of numbers takes, over all these rows. A text that is cut can still be told; a number that is
cut is another number, so that a sample is not enough.
*/
export function widestNumbers({columns, shapes}: OfferTable, rows: Uint32Array): ReadonlyMap<ColumnId, number> {
	const {price, previous, flags, shape} = columns;
	const {gpus, gpuLists} = shapes;
	const seen = new Uint8Array(shapes.size);
	let [widestPrice, widestShare] = [0, 0];
	for (let index = 0; index < rows.length; index++) {
		const row = rows[index] as number;
		const dollars = price[row] as number;
		const own = shape[row] as number;
		const signs = (((flags[row] as number) & bits.estimated) === 0 ? 0 : 1) + (Number.isNaN(previous[row] as number) ? 0 : 1);
		seen[own] = 1;
		widestPrice = Math.max(widestPrice, priceLength(dollars) + signs);
		const count = gpuLists.counts[gpus[own] as number] as number;
		if (count > 0) {
			widestShare = Math.max(widestShare, priceLength(dollars / count));
		}
	}

	const widest = (textOf: (code: number) => string): number => {
		let cells = 0;
		for (let code = 0; code < seen.length; code++) {
			cells = seen[code] === 1 ? Math.max(cells, textOf(code).length) : cells;
		}

		return cells;
	};

	return new Map<ColumnId, number>([
		['price', widestPrice],
		['gpu-price', widestShare],
		['cpu', widest(code => String(shapes.cpu[code]))],
		['memory', widest(code => formatMemory(shapes.memory[code] as number))],
	]);
}
