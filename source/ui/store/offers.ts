import {type Grid, nothingShown, type Shown} from './grid-state.js';
import {type ColumnId, columns} from '../../offers/columns.js';
import type {Offer} from '../../offers/offer.js';
import {groupings, groupRows} from '../../offers/group.js';
import {OfferFilter} from '../../offers/query/filter.js';
import {sortRows} from '../../offers/sort.js';
import type {OfferTable} from '../../offers/table.js';
import type {OfferListing} from '../../runs/model/listing.js';
import type {App} from './app.js';
import type {AppState} from './state.js';

export const mostPins = 5;

/** One for each table: it remembers what the text before left. */
const filters = new WeakMap<OfferTable, OfferFilter>();

function filterOf(table: OfferTable): OfferFilter {
	const known = filters.get(table) ?? new OfferFilter(table);
	filters.set(table, known);
	return known;
}

/** The rows that the grid shows: filtered, without what was excluded, sorted, grouped. */
export function arrange(listing: OfferListing | undefined, grid: Grid): Shown {
	if (!listing) {
		return nothingShown;
	}

	const {table, matches} = listing;
	const {rows: filtered, errors} = filterOf(table).apply(grid.filter, matches.rows);
	const excluded = new Set(grid.excluded.map(id => table.rowOf(id)));
	const left = excluded.size === 0 ? filtered : filtered.filter(row => !excluded.has(row));
	const rows = grid.sort.length === 0 ? left : sortRows(table, left, grid.sort);
	const groups = grid.group && groupRows(table, rows, grid.group);
	const opened = groups?.find(({key}) => key === grid.opened);
	return opened ? {rows: opened.rows, groups: undefined, errors} : {rows, groups, errors};
}

export const shownCount = ({rows, groups}: Shown): number => groups?.length ?? rows.length;

/** The row under the cursor: of a group its cheapest. */
export function chosenRow({shown, cursor}: AppState): number | undefined {
	return shown.groups ? shown.groups[cursor.offers]?.cheapest : shown.rows[cursor.offers];
}

export function chosenOffer(state: AppState): Offer | undefined {
	const row = chosenRow(state);
	return row === undefined ? undefined : state.listing?.table.offer(row);
}

/** Takes a listing in, the cursor staying on its offer. */
export function takeListing(app: App, listing: OfferListing | undefined): void {
	const state = app.state();
	// Until it is moved, the cursor is on the first, whichever that becomes.
	place(app, {listing, shown: arrange(listing, state.grid)}, state.cursor.offers === 0 ? undefined : chosenRow(state));
}

/** Rearranges the grid; `from` is the row that the cursor stays on, undefined for the first. */
export function changeGrid(app: App, change: Partial<Grid>, from?: number): void {
	const {listing, grid: before} = app.state();
	const grid = {...before, ...change};
	place(app, {grid, shown: arrange(listing, grid), message: undefined}, from);
}

function place(app: App, change: Partial<AppState> & {readonly shown: Shown}, row: number | undefined): void {
	const {rows, groups} = change.shown;
	const index = row === undefined ? 0 : groups ? groups.findIndex(group => group.cheapest === row) : rows.indexOf(row);
	app.set({...change, cursor: {...app.state().cursor, offers: Math.max(0, index)}});
}

/** The next column to sort by, of those that are on the screen; the plan's own order comes after the last. */
export function nextSort(app: App, shownColumns: readonly ColumnId[]): void {
	const {sort} = app.state().grid;
	const index = sort[0] === undefined ? -1 : shownColumns.indexOf(sort[0].column as ColumnId);
	sortBy(app, shownColumns[index + 1]);
}

/** Sorts by a column, what was sorted by before coming second; the same column again turns the order round. */
export function sortBy(app: App, column: ColumnId | undefined): void {
	const {sort} = app.state().grid;
	const [first] = sort;
	const keys =
		column === undefined
			? []
			: first?.column === column
				? [{column, descending: !first.descending}, ...sort.slice(1)]
				: [{column, descending: false}, ...sort.filter(each => each.column !== column)].slice(0, 2);
	changeGrid(app, {sort: keys}, chosenRow(app.state()));
}

export function nextGrouping(app: App): void {
	const {group} = app.state().grid;
	const next = groupings[group === undefined ? 0 : groupings.indexOf(group) + 1];
	changeGrid(app, {group: next, opened: undefined});
	app.say(next === undefined ? 'Not grouped' : `Grouped by ${next}: the cheapest of each; enter opens one`);
}

/** Pins the offer under the cursor, or takes the pin away. */
export function togglePin(app: App): void {
	const offer = chosenOffer(app.state());
	const {pins} = app.state().grid;
	if (!offer) {
		return;
	}

	if (pins.includes(offer.id)) {
		changeGrid(app, {pins: pins.filter(id => id !== offer.id)}, chosenRow(app.state()));
	} else if (pins.length >= mostPins) {
		app.say(`${mostPins} offers are pinned; space takes a pin away`, 'error');
	} else {
		changeGrid(app, {pins: [...pins, offer.id]}, chosenRow(app.state()));
	}
}

/** Leaves the offer under the cursor out, until `X` brings all of them back. */
export function exclude(app: App): void {
	const offer = chosenOffer(app.state());
	if (offer) {
		const {cursor, grid, shown} = app.state();
		changeGrid(app, {excluded: [...grid.excluded, offer.id]}, shown.rows[cursor.offers + 1] ?? shown.rows[cursor.offers - 1]);
		app.say(`${offer.instanceType} is left out; X brings back what was`);
	}
}

/** The offers that are pinned and still listed, in the order in which they were pinned. */
export function pinnedOffers({listing, grid}: AppState): Offer[] {
	return grid.pins.flatMap(id => {
		const row = listing?.table.rowOf(id);
		return listing && row !== undefined && listing.table.isListed(row) ? [listing.table.offer(row)] : [];
	});
}

/** Asks which columns are to be shown; each answer asks again, until it is enough. */
export function chooseColumns(app: App, index = 0): void {
	const chosen = columnsChosen(app.state().grid);
	app.ask(
		{
			title: 'Which columns?',
			lines: ['Those that there is no room for go by themselves.'],
			options: [
				{label: 'Enough', value: 'done'},
				{label: 'The usual ones', value: 'usual'},
				...columns
					.filter(({drop}) => drop > 0)
					.map(({id, title, words}) => ({label: `${chosen.includes(id) ? '[x]' : '[ ]'} ${title}: ${words}`, value: id})),
			],
			index,
		},
		value => {
			if (value === 'usual') {
				changeGrid(app, {columns: undefined}, chosenRow(app.state()));
				keepGrid(app);
			} else if (value !== undefined && value !== 'done') {
				const id = value as ColumnId;
				const next = chosen.includes(id) ? chosen.filter(each => each !== id) : [...chosen, id];
				changeGrid(app, {columns: next}, chosenRow(app.state()));
				keepGrid(app);
				// The cursor stays: the next column is near.
				chooseColumns(app, 2 + columns.filter(({drop}) => drop > 0).findIndex(column => column.id === id));
			}
		},
	);
}

export const columnsChosen = ({columns: chosen}: Grid): readonly ColumnId[] =>
	chosen ?? columns.filter(({usual}) => usual).map(({id}) => id);

const mostHistory = 50;

/** Keeps the text for the next time. */
export function rememberFilter(app: App, text: string): void {
	const {history} = app.state().grid;
	if (text.trim() !== '') {
		app.set({grid: {...app.state().grid, history: [...history.filter(each => each !== text), text].slice(-mostHistory)}});
	}

	keepGrid(app);
}

/** Nobody's key waits for the disk, and keys come in runs: milliseconds. */
const keptAfter = 300;
const waiting = new WeakSet<App>();

/** What a person chose of the grid is there again the next time; written down a moment later, and at the latest when the app ends. */
export function keepGrid(app: App): void {
	if (waiting.has(app)) {
		return;
	}

	waiting.add(app);
	const resting = new AbortController();
	app.keep('grid', () => {
		resting.abort();
		waiting.delete(app);
		const {sort, group, columns: chosen, history} = app.state().grid;
		app.core.preferences.rememberGrid({sort, group, columns: chosen, history});
	});
	// The sleep fails only by the app's end.
	app.options.clock.sleep(keptAfter, resting.signal).then(
		() => app.drop('grid'),
		() => undefined,
	);
}
