import type {OfferTable} from '../../../offers/table.js';
import type {AppState} from '../../store/state.js';
import {cut, cutMiddle, fit} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';
import {cellText, type Sized} from './grid-columns.js';

type Layout = {
	readonly table: OfferTable;
	readonly sized: readonly Sized[];
	readonly columns: number;
	readonly pins: readonly string[];
	readonly now: number;
};

/** Lines of the layout that was drawn last: a cursor that moves changes two of them. */
let kept: (Layout & {readonly version: number; readonly lines: Map<number, string>}) | undefined;
const mostKept = 1000;

function linesOf(layout: Layout): Map<number, string> {
	const {table, sized, columns, pins, now} = layout;
	if (
		kept?.table !== table ||
		kept.version !== table.version ||
		kept.sized !== sized ||
		kept.columns !== columns ||
		kept.pins !== pins ||
		kept.now !== now ||
		kept.lines.size >= mostKept
	) {
		kept = {...layout, version: table.version, lines: new Map()};
	}

	return kept.lines;
}

/** A row of the grid as a line of the screen, `columns` cells wide at most. */
export function offerLine(
	table: OfferTable,
	sized: readonly Sized[],
	{columns, grid, now}: AppState,
	row: number,
	isChosen: boolean,
): string {
	const lines = linesOf({table, sized, columns, pins: grid.pins, now});
	const key = row * 2 + Number(isChosen);
	let line = lines.get(key);
	if (line === undefined) {
		line = draw(table, sized, {columns, pins: grid.pins, now}, row, isChosen);
		lines.set(key, line);
	}

	return line;
}

function draw(
	table: OfferTable,
	sized: readonly Sized[],
	{columns, pins, now}: Pick<Layout, 'columns' | 'pins' | 'now'>,
	row: number,
	isChosen: boolean,
): string {
	const offer = table.offer(row);
	const usable = offer.availability === 'available' || offer.availability === 'unknown';
	const mark = pins.includes(offer.id) ? glyphs.pin : usable ? ' ' : glyphs.failed;
	const context = {now, previousPrice: table.previousPrice(row)};
	const cells = sized.map(({column, cells: room}) => {
		const text = cellText(column, offer, context);
		return fit(column.ends ? cutMiddle(text, room) : text, room, column.align);
	});
	const text = `${isChosen ? glyphs.cursor : ' '}${mark} ${cells.join('  ')}`;
	return isChosen ? paint.selected(fit(text, columns)) : usable ? cut(text, columns) : paint.muted(cut(text, columns));
}
