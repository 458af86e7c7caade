import type {BackendListing} from '../../../runs/model/listing.js';
import {formatAge} from '../../../system/format.js';
import {shownCount} from '../../store/offers.js';
import {explanationOf} from '../../store/explaining.js';
import {bodyRows} from '../../drawing/frame.js';
import type {AppState} from '../../store/state.js';
import {cut, fit, windowTop} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';
import {ends, rule, type View} from '../../drawing/lines.js';
import {alive} from '../alive.js';
import {belowRows} from './below.js';
import {columnsFor, titleOf} from './grid-columns.js';
import {offerLine} from './grid-rows.js';
import {groupHeader, groupRow} from './groups.js';
import {nothingRows} from './no-offers.js';
import {sign} from '../environment/signs.js';

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
	const {request, listing, shown, cursor, columns, configuration, profile, grid} = state;
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
		const titles = sized.map(({column, cells}) => fit(titleOf(column, grid.sort), cells, column.align));
		return paint.strong(cut(`   ${titles.join('  ')}`, columns));
	}

	function rows(): string[] {
		const lines = shown.groups
			? shown.groups.slice(top, top + height).map((group, index) => groupRow(group, table, columns, top + index === chosen))
			: Array.from(shown.rows.subarray(top, top + height), (row, index) =>
					table ? offerLine(table, sized, state, row, top + index === chosen) : '',
				);
		return Array.from({length: height}, (_, index) => lines[index] ?? (index === 0 ? nothing() : ''));
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
		return asked?.origin === 'default' && /(?:^|\s)(?:spot\b(?!:no?\b)|market:spot\b)/i.test(grid.filter)
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

/** What works or failed comes first; of those that are not set up all there is to say is how many offers they have, and from when. */
function backendWords(state: AppState): string {
	const [known, others] = [false, true].map(isUnset =>
		(state.listing?.backends ?? []).filter(
			({settled, ready, noCredentials}) => (settled && !ready && noCredentials === true) === isUnset,
		),
	) as [BackendListing[], BackendListing[]];
	const dates = others.flatMap(({catalogueDate}) => catalogueDate ?? []);
	const ages = [Math.max(...dates), Math.min(...dates)].map(date => formatAge((state.now - date) / 1000));
	const age = dates.length === 0 ? '' : ` (${[...new Set(ages)].join(' to ')} old)`;
	const unset = others.map(({backend, count}) => `${backend} ${grouped(count)}`).join(', ');
	return [...known.map(each => backendChip(state, each)), ...(unset === '' ? [] : [`not set up${age}: ${unset}`])].join('  ');
}

/** Cells of a reason; all of it is in the list of backends. */
const mostWhy = 40;

function backendChip(state: AppState, {backend, settled, ready, count, live, notes}: BackendListing): string {
	if (!settled) {
		return `${backend} ${sign(state, 'running')} ${grouped(count)}…`;
	}

	return ready
		? `${backend} ${glyphs.done} ${live > 0 ? `${grouped(live)} live` : grouped(count)}`
		: `${backend} ${glyphs.failed} ${cut(notes[0] ?? '', mostWhy)}`;
}
