import {chosenRow} from '../../store/offers.js';
import {candidatesOf} from '../../store/filtering.js';
import type {AppState} from '../../store/state.js';
import {cut, width, wrap} from '../../drawing/cells.js';
import {paint} from '../../drawing/theme.js';
import {drawerRows, summaryRows} from './drawer.js';

/** Each frame asks more than once: how high the grid is depends on it. */
const known = new WeakMap<AppState, readonly string[]>();

/** What stands below the grid: what is wrong with the filter, how it can go on, or what is known of the offer under the cursor. */
export function belowRows(state: AppState): readonly string[] {
	const rows = known.get(state) ?? rowsFor(state);
	known.set(state, rows);
	return rows;
}

function rowsFor(state: AppState): string[] {
	const {shown, columns, field, listing, grid} = state;
	const [error] = shown.errors;
	if (field?.id === 'filter' && error) {
		const caret = ' '.repeat(Math.min(columns - 2, 1 + field.label.length + width(field.text.slice(0, error.from))));
		const meant = error.suggestion === undefined ? '' : `; did you mean ${error.suggestion}?`;
		return [paint.error(cut(` ${error.message}${meant}`, columns)), '', paint.error(cut(`${caret}^`, columns))];
	}

	const candidates = candidatesOf(state)?.candidates ?? [];
	if (candidates.length > 0) {
		return wrap(`tab: ${candidates.map(({text, words}) => (words ? `${text} (${words})` : text)).join('  ')}`, columns - 2)
			.slice(0, 3)
			.map(line => paint.muted(` ${line}`));
	}

	const row = chosenRow(state);
	if (row === undefined || !listing) {
		return [];
	}

	const current = {offer: listing.table.offer(row), row};
	return grid.drawer ? drawerRows(state, current) : summaryRows(state, current);
}
