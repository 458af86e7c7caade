import type {RunHandle} from '../../runs/model/run-handle.js';
import type {App} from './app.js';
import {type AppState, openRuns, type RunView} from './state.js';

/** Whether the run is the one whose tab is open. */
export const isCurrent = (app: App, handle: RunHandle): boolean => app.state().run?.handle === handle;

/** Changes how the run on the screen is shown. */
export function changeRun(app: App, change: Partial<RunView>): void {
	const {run} = app.state();
	if (run) {
		changeOpen(app, run.handle, change);
	}
}

/** Changes how an open run is shown, whichever tab is open; nothing when it has none any more. */
export const changeOpen = (app: App, handle: RunHandle, change: Partial<RunView>): void =>
	app.set(changed(app.state(), handle, change));

/** The same for what need not be drawn at once. */
export const changeQuietly = (app: App, handle: RunHandle, change: Partial<RunView>): void =>
	app.setQuietly(changed(app.state(), handle, change));

function changed({run, runs}: AppState, handle: RunHandle, change: Partial<RunView>): Partial<AppState> {
	return run?.handle === handle
		? {run: {...run, ...change}}
		: {runs: runs.map(each => (each.handle === handle ? {...each, ...change} : each))};
}

/** Opens the tab of a run that is there already. */
export function showOpen(app: App, handle: RunHandle): void {
	const runs = openRuns(app.state());
	const run = runs.find(each => each.handle === handle);
	if (run) {
		const isNews = !isCurrent(app, handle) || app.state().screen !== 'run';
		app.set({
			run,
			runs,
			now: app.options.clock.now(),
			screen: 'run',
			back: [],
			trouble: undefined,
			...(isNews ? {message: undefined} : {}),
		});
	}
}

/** Opens the next tab, the one before, or shows the open one anew. */
export function turnRun(app: App, by: 1 | 0 | -1): void {
	const {run, screen} = app.state();
	const runs = openRuns(app.state());
	const at = runs.findIndex(each => each.handle === run?.handle);
	// From another screen, the tab that was open comes first.
	const next = screen === 'run' ? runs[(at + by + runs.length) % runs.length] : run;
	if (next) {
		showOpen(app, next.handle);
	}
}

/** Closes the tab of a run, and no more than that; the one beside it is the open one then. */
export function closeTab(app: App, handle: RunHandle): void {
	const runs = openRuns(app.state());
	const at = runs.findIndex(each => each.handle === handle);
	if (at >= 0) {
		const rest = runs.toSpliced(at, 1);
		app.drop(`run ${handle.name}`);
		app.set({runs: rest, ...(isCurrent(app, handle) ? {run: rest[Math.min(at, rest.length - 1)]} : {})});
	}
}
