import {onKey} from './input.js';
import type {Pointed} from './terminal/mouse-input.js';
import {columnAt} from './screens/offers/grid-columns.js';
import {gridHeight, gridTop, linesAbove} from './screens/offers/offers.js';
import type {App} from './store/app.js';
import {keepGrid, shownCount, sortBy} from './store/offers.js';
import type {AppState} from './store/state.js';

/** Lines that one turn of the wheel moves. */
const stride = 3;

/** What a click, a turn of the wheel, or a change of the focus means now. */
export function onPointed(app: App, event: Pointed): void {
	switch (event.kind) {
		case 'focus': {
			setFocus(app, event.focused);
			break;
		}

		case 'wheel': {
			onWheel(app, event.by);
			break;
		}

		case 'click': {
			if (isOnGrid(app.state())) {
				onGridClick(app, event.column, event.row);
			}

			break;
		}
	}
}

/** Without the focus the screen stands still, and says what stays right meanwhile. */
export function setFocus(app: App, focused: boolean): void {
	if (focused !== app.state().focused) {
		app.set({focused, now: app.options.clock.now()});
	}
}

/** Nothing lies over the grid that a click could be meant for. */
const isOnGrid = ({screen, dialog, field, help}: AppState): boolean =>
	screen === 'offers' && !dialog && !field && help === undefined;

function onWheel(app: App, by: 1 | -1): void {
	const state = app.state();
	if (isOnGrid(state)) {
		scrollGrid(app, by * stride);
		return;
	}

	// Everything else moves as by its keys; a question and the palette line by line.
	const times = state.dialog || state.field ? 1 : stride;
	for (let step = 0; step < times; step++) {
		onKey(app, by > 0 ? 'down' : 'up');
	}
}

/** Moves what is seen of the grid; the cursor is taken along where it would be left behind. */
function scrollGrid(app: App, by: number): void {
	const state = app.state();
	const height = gridHeight(state);
	const count = shownCount(state.shown);
	const top = Math.max(0, Math.min(count - height, gridTop(state) + by));
	const before = state.cursor.offers;
	const moved = top === gridTop(state) ? before + by : Math.max(top, Math.min(top + height - 1, before));
	app.set({gridTop: top});
	app.moveTo(moved, count);
}

function onGridClick(app: App, column: number, row: number): void {
	const state = app.state();
	// The title is above the grid.
	const line = row - 1 - linesAbove;
	if (line === -1) {
		const clicked = state.shown.groups ? undefined : columnAt(state, column);
		if (clicked) {
			sortBy(app, clicked.id);
			keepGrid(app);
		}

		return;
	}

	const top = gridTop(state);
	const index = top + line;
	if (line >= 0 && line < gridHeight(state) && index < shownCount(state.shown)) {
		// What is clicked stays where it is.
		app.set({gridTop: top});
		app.moveTo(index, shownCount(state.shown));
	}
}
