import {type Column, type ColumnId, columns as allColumns} from '../../offers/columns.js';
import type {OfferTable} from '../../offers/table.js';
import type {BackendListing} from '../../runs/engine.js';
import {formatAge} from '../../offers/format.js';
import {columnsChosen, type Shown, shownCount} from '../store/offers.js';
import {explanationOf} from '../store/explaining.js';
import {type AppState, bodyRows} from '../store/state.js';
import {cut, fit, width, windowTop} from '../text.js';
import {glyphs, paint} from '../theme.js';
import {ends, rule, type View} from '../view.js';
import {alive} from './alive.js';
import {belowRows} from './below.js';

import {groupHeader, groupRow} from './groups.js';
import {nothingRows} from './nothing.js';
import {sign} from './signs.js';

type Sized = {readonly column: Column; readonly cells: number};

/** Cells that each column takes, measured once for each arrangement of the grid. */
const measured = new WeakMap<Shown, readonly Sized[]>();
const sampled = 300;

function sizes(shown: Shown, table: OfferTable, now: number): readonly Sized[] {
	let sized = measured.get(shown);
	if (!sized) {
		const sample = Array.from(shown.rows.subarray(0, sampled), row => table.offer(row));
		sized = allColumns.map(column => ({
			column,
			cells: Math.min(
				column.limit,
				Math.max(width(column.title) + 2, ...sample.map(offer => width(column.format(offer, {now})))),
			),
		}));
		measured.set(shown, sized);
	}

	return sized;
}

const total = (sized: readonly Sized[]): number => sized.reduce((sum, {cells}) => sum + cells + 2, 0);

/** The columns that were chosen and that there is room for; those that matter least go first. */
export function columnsFor({shown, listing, columns, now, grid}: AppState): readonly Sized[] {
	if (!listing) {
		return [];
	}

	const chosen = new Set<ColumnId>(columnsChosen(grid));
	let fitting = sizes(shown, listing.table, now).filter(({column}) => column.drop === 0 || chosen.has(column.id));
	while (total(fitting) > columns - 3) {
		const drop = Math.max(...fitting.map(({column}) => column.drop));
		if (drop === 0) {
			break;
		}

		const last = fitting.findLastIndex(({column}) => column.drop === drop);
		fitting = fitting.filter((_, index) => index !== last);
	}

	return fitting;
}

/** Lines of the grid above its first offer: the title is not one of them. */
export const linesAbove = 3;

/** Lines below the grid that are always there, so that it does not jump. */
const leastBelow = 3;

/** Rows of offers that are on the screen at once. */
export const gridHeight = (state: AppState): number =>
	Math.max(1, bodyRows(state) - linesAbove - 1 - Math.max(leastBelow, belowRows(state).length));

export const gridTop = (state: AppState): number =>
	windowTop(state.cursor.offers, shownCount(state.shown), gridHeight(state), state.gridTop);

/** The live grid of offers over all backends. */
export function offersView(state: AppState): View {
	const {request, listing, shown, cursor, columns, configuration, profile, grid, now} = state;
	const height = gridHeight(state);
	const chosen = cursor.offers;
	const top = gridTop(state);
	const sized = columnsFor(state);
	const {table} = listing ?? {};
	const explanation = explanationOf(state);
	return {
		path: [configuration?.label ?? '', ...(profile ? [profile.name] : []), 'offers', ...(grid.opened ? [grid.opened] : [])],
		right: alive(state),
		body: [
			ends(` ${request?.requirements.words.join(' · ') || 'anything'}`, countWords(state), columns),
			ends(` ${backendWords(state)}`, filterWords(state) || refreshWords(state), columns, paint.muted),
			shown.groups ? groupHeader(columns) : header(),
			...(explanation ? nothingRows(explanation, state, height) : rows()),
			rule(columns),
			...belowRows(state),
		],
	};

	function header(): string {
		const titles = sized.map(({column, cells}) => {
			const key = grid.sort.findIndex(each => each.column === column.id);
			const mark =
				key < 0 ? '' : ` ${grid.sort[key]?.descending ? glyphs.descending : glyphs.ascending}${key > 0 ? key + 1 : ''}`;
			return fit(`${column.title}${mark}`, cells, column.align);
		});
		return paint.strong(cut(`   ${titles.join('  ')}`, columns));
	}

	function rows(): string[] {
		const lines = shown.groups
			? shown.groups.slice(top, top + height).map((group, index) => groupRow(group, table, columns, top + index === chosen))
			: Array.from(shown.rows.subarray(top, top + height), (row, index) => offerRow(row, top + index === chosen));
		return Array.from({length: height}, (_, index) => lines[index] ?? (index === 0 ? nothing() : ''));
	}

	function offerRow(row: number, isChosen: boolean): string {
		if (!table) {
			return '';
		}

		const offer = table.offer(row);
		const usable = offer.availability === 'available' || offer.availability === 'unknown';
		const mark = grid.pins.includes(offer.id) ? glyphs.pin : usable ? ' ' : glyphs.failed;
		const cells = sized.map(({column, cells: room}) =>
			fit(column.format(offer, {now, previousPrice: table.previousPrice(row)}), room, column.align),
		);
		const text = `${isChosen ? glyphs.cursor : ' '}${mark} ${cells.join('  ')}`;
		return isChosen ? paint.selected(fit(text, columns)) : usable ? cut(text, columns) : paint.muted(cut(text, columns));
	}

	function nothing(): string {
		if (!listing?.complete) {
			return paint.muted(`  ${sign(state, 'running')} asking the backends`);
		}

		return grid.filter === ''
			? paint.warning('  Nothing is left; X brings back what was left out')
			: paint.warning(cut(`  No offer matches the filter; esc clears it${spotHint()}`, columns));
	}

	function spotHint(): string {
		const asked = request?.requirements.asked.find(({key}) => key === 'spotPolicy');
		return asked?.origin === 'default' && /\bspot\b/.test(grid.filter)
			? '. Only on-demand is asked for: o, then spot, changes that'
			: '';
	}
}

function countWords({listing, shown, grid}: AppState): string {
	if (!listing) {
		return '';
	}

	const pins = grid.pins.length > 0 ? `${grid.pins.length} pinned · ` : '';
	const {rows, listed} = listing.matches;
	const inGroups = shown.groups ? `${shown.groups.length} groups · ` : '';
	const counts = [...new Set([shown.rows.length, rows.length, listed])].map(grouped).join(' of ');
	return `${pins}${inGroups}${counts} ${listed === 1 ? 'offer' : 'offers'}`;
}

/** `41,128`. */
const grouped = (count: number): string => count.toLocaleString('en-US');

const filterWords = ({grid, field}: AppState): string =>
	grid.filter === '' || field?.id === 'filter' ? '' : `filter: ${grid.filter}`;

/** At most half of the line: the backends matter more. */
const refreshWords = ({refreshing, columns}: AppState): string => cut(refreshing ?? '', Math.floor(columns / 2));

const backendWords = (state: AppState): string =>
	(state.listing?.backends ?? []).map(each => backendChip(state, each)).join('  ');

function backendChip(
	state: AppState,
	{backend, settled, ready, noCredentials, count, live, notes, catalogueDate}: BackendListing,
): string {
	if (!settled) {
		return `${backend} ${sign(state, 'running')} ${count}…`;
	}

	if (ready) {
		return `${backend} ${glyphs.done} ${live > 0 ? `${live} live` : count}`;
	}

	const age = catalogueDate === undefined ? '' : ` (${formatAge((state.now - catalogueDate) / 1000)})`;
	return noCredentials ? `${backend} ${glyphs.waiting} ${grouped(count)}${age}` : `${backend} ${glyphs.failed} ${notes[0] ?? ''}`;
}
