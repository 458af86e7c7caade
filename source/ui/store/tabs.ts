import type {RunHandle} from '../../runs/model/run-handle.js';
import type {App} from './app.js';
import {openRuns, type RunView, type TabsState} from './state.js';

/** Whether the run is the one whose tab is open. */
export const isCurrent = (app: App, handle: RunHandle): boolean => isOpen(app, handle) && app.state().run?.name === handle.name;

/** Whether the run has a tab: this very one, and none of the same name that came after it. */
export const isOpen = (app: App, handle: RunHandle): boolean => app.handles.get(handle.name) === handle;

/** The runs of all tabs in their order. */
export const openHandles = (app: App): readonly RunHandle[] => app.state().runs.flatMap(({name}) => app.handles.get(name) ?? []);

/** The run of the open tab, for what is done to it. */
export function currentHandle(app: App): RunHandle | undefined {
	const {run} = app.state();
	return run && app.handles.get(run.name);
}

/** Changes how the run on the screen is shown. */
export function changeRun(app: App, change: Partial<RunView>): void {
	const {run} = app.state();
	if (run) {
		app.set({run: {...run, ...change}});
	}
}

/** Changes how an open run is shown, whichever tab is open; nothing when it has none any more. */
export const changeOpen = (app: App, handle: RunHandle, change: Partial<RunView>): void => app.set(changed(app, handle, change));

/** The same for what need not be drawn at once. */
export const changeQuietly = (app: App, handle: RunHandle, change: Partial<RunView>): void =>
	app.setQuietly(changed(app, handle, change));

function changed(app: App, handle: RunHandle, change: Partial<RunView>): Partial<TabsState> {
	const {run, runs} = app.state();
	if (!isOpen(app, handle)) {
		return {};
	}

	return run?.name === handle.name
		? {run: {...run, ...change}}
		: {runs: runs.map(each => (each.name === handle.name ? {...each, ...change} : each))};
}

/** Opens the tab of a run that is there already. */
export function showOpen(app: App, handle: RunHandle): void {
	const runs = openRuns(app.state());
	const run = isOpen(app, handle) ? runs.find(({name}) => name === handle.name) : undefined;
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
	const at = runs.findIndex(({name}) => name === run?.name);
	// From another screen, the tab that was open comes first.
	const next = screen === 'run' ? runs[(at + by + runs.length) % runs.length] : run;
	const handle = next && app.handles.get(next.name);
	if (handle) {
		showOpen(app, handle);
	}
}

/** Closes the tab of a run, and no more than that; the one beside it is the open one then. */
export function closeTab(app: App, handle: RunHandle): void {
	const runs = openRuns(app.state());
	const at = isOpen(app, handle) ? runs.findIndex(({name}) => name === handle.name) : -1;
	if (at >= 0) {
		const rest = runs.toSpliced(at, 1);
		app.drop(`run ${handle.name}`);
		const wasCurrent = isCurrent(app, handle);
		app.handles.delete(handle.name);
		app.set({runs: rest, ...(wasCurrent ? {run: rest[Math.min(at, rest.length - 1)]} : {})});
	}
}
