import {type CellContext, type Column, type ColumnId, columns as allColumns} from '../../../offers/columns.js';
import type {Offer} from '../../../offers/offer.js';
import type {SortKey} from '../../../offers/sort.js';
import type {OfferListing} from '../../../runs/model/listing.js';
import type {Request} from '../../../runs/model/choice.js';
import {columnsChosen} from '../../store/offers.js';
import type {AppState} from '../../store/state.js';
import {width} from '../../drawing/cells.js';
import {glyphs} from '../../drawing/theme.js';
import {widestNumbers} from './widest-numbers.js';

/** A column with the cells that it takes. */
export type Sized = {readonly column: Column; readonly cells: number};

/** Cells before the first column, for the cursor and the pin. */
export const indent = 3;
const gap = 2;
/** Columns that matter more than this are rather cut than left out. */
const vital = 2;

/** Cells of the widest text of each column that was met. */
type Widths = {readonly listing: OfferListing; readonly cells: ReadonlyMap<ColumnId, number>};

/** For what is asked for, over all its listings: columns only grow while offers come in, and stand still while a person types. */
const measured = new WeakMap<Request | OfferListing['table'], Widths>();
const sampled = {first: 40, others: 80};

function widthsOf({listing, request, now}: AppState & {readonly listing: OfferListing}): Widths {
	const key = request ?? listing.table;
	const before = measured.get(key);
	if (before?.listing.matches === listing.matches) {
		return before;
	}

	const {table, matches} = listing;
	const {rows} = matches;
	const step = Math.max(1, rows.length / sampled.others);
	const others = Array.from({length: Math.min(sampled.others, rows.length)}, (_, index) => rows[Math.floor(index * step)] ?? 0);
	const offers = [...rows.subarray(0, sampled.first), ...others].map(row => ({
		offer: table.offer(row),
		previousPrice: table.previousPrice(row),
	}));
	const numbers = widestNumbers(table, rows);
	const cells = new Map(
		allColumns.map(column => [
			column.id,
			Math.max(
				before?.cells.get(column.id) ?? 0,
				numbers.get(column.id) ?? 0,
				...offers.map(each => width(cellText(column, each.offer, {now, ...each}))),
			),
		]),
	);
	const widths = {listing, cells};
	measured.set(key, widths);
	return widths;
}

/** What a cell says. A price that is not what it was before the last refresh says so wherever it is shown. */
export function cellText(column: Column, offer: Offer, context: CellContext): string {
	const text = column.format(offer, context);
	const {previousPrice = offer.price} = context;
	return column.id !== 'price' || previousPrice === offer.price
		? text
		: `${previousPrice < offer.price ? glyphs.ascending : glyphs.descending}${text}`;
}

/** The title with how the grid is sorted by it: `$/H ▲`, and `REGION ▼2` where it is the second key. */
export function titleOf({id, title}: Column, sort: readonly SortKey[]): string {
	const index = sort.findIndex(({column}) => column === id);
	const sign = sort[index]?.descending ? glyphs.descending : glyphs.ascending;
	return index < 0 ? title : `${title} ${sign}${index > 0 ? index + 1 : ''}`;
}

type Fitting = {readonly column: Column; readonly drop: number; readonly least: number; readonly natural: number; cells: number};

const total = (fitting: readonly Fitting[]): number => fitting.reduce((sum, {cells}) => sum + cells + gap, 0) - gap;

/** The chosen columns that there is room for: what matters least goes first, then texts are cut, then more goes. */
function fit(chosen: readonly Fitting[], room: number): readonly Fitting[] {
	let fitting = chosen;
	for (;;) {
		const least = fitting.reduce((sum, each) => sum + each.least + gap, 0) - gap;
		const drop = Math.max(0, ...fitting.map(each => each.drop));
		if (drop === 0 || total(fitting) <= room || (drop <= vital && least <= room)) {
			return resize(fitting, room);
		}

		const last = fitting.findLastIndex(each => each.drop === drop);
		fitting = fitting.filter((_, index) => index !== last);
	}
}

/** Takes cells from where there are most to spare, or gives those that are left to where texts are cut most. */
function resize(given: readonly Fitting[], room: number): readonly Fitting[] {
	const fitting = given.map(each => ({...each}));
	const most = (spare: (each: Fitting) => number): Fitting | undefined => {
		const best = fitting.reduce((a, b) => (spare(b) > spare(a) ? b : a));
		return spare(best) > 0 ? best : undefined;
	};

	for (let excess = total(fitting) - room; excess > 0; excess--) {
		const one = most(({cells, least}) => cells - least);
		if (!one) {
			break;
		}

		one.cells--;
	}

	for (let left = room - total(fitting); left > 0; left--) {
		const one = most(({cells, natural}) => natural - cells);
		if (!one) {
			break;
		}

		one.cells++;
	}

	return fitting;
}

let last:
	{readonly widths: Widths; readonly sort: readonly SortKey[]; readonly chosen: string; readonly columns: number} | undefined;
let lastSized: readonly Sized[] = [];

/** The columns of the grid, the same object until something about them changes. */
export function columnsFor(state: AppState): readonly Sized[] {
	const {listing, columns, grid} = state;
	if (!listing) {
		return [];
	}

	const widths = widthsOf({...state, listing});
	const {sort} = grid;
	const ids = columnsChosen(grid);
	const chosen = ids.join(' ');
	if (last?.widths !== widths || last.sort !== sort || last.chosen !== chosen || last.columns !== columns) {
		const shown = allColumns
			.filter(({id, drop}) => drop === 0 || ids.includes(id))
			.map((column): Fitting => {
				const title = width(titleOf(column, sort));
				const natural = Math.max(title, widths.cells.get(column.id) ?? 0);
				const cells = Math.max(title, Math.min(column.limit, natural));
				// What somebody chose beside the usual ones matters to them.
				const drop = grid.columns && !column.usual ? Math.min(column.drop, vital) : column.drop;
				return {column, drop, least: Math.max(title, Math.min(column.least ?? cells, cells)), natural, cells};
			});
		const sized = fit(shown, columns - indent);
		last = {widths, sort, chosen, columns};
		if (!isSame(sized, lastSized)) {
			lastSized = sized;
		}
	}

	return lastSized;
}

const isSame = (a: readonly Sized[], b: readonly Sized[]): boolean =>
	a.length === b.length && a.every(({column, cells}, index) => b[index]?.column === column && b[index].cells === cells);

/** The column at a cell of the line of titles; undefined between columns. */
export function columnAt(state: AppState, cell: number): Column | undefined {
	let from = indent;
	for (const {column, cells} of columnsFor(state)) {
		if (cell >= from && cell < from + cells) {
			return column;
		}

		from += cells + gap;
	}

	return undefined;
}
