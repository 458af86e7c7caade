import type {RunHandle} from '../../runs/model/run-handle.js';
import type {App} from './app.js';
import {openRuns} from './state.js';
import {changeQuietly, isCurrent} from './tabs.js';

/** Samples that are kept of each run. */
const most = 60;

/** Whether graphs of this run are on the screen, and somebody may look at them. */
function isSeen(app: App, handle: RunHandle): boolean {
	const {screen, run, focused, help} = app.state();
	return (
		screen === 'run' &&
		focused &&
		help === undefined &&
		isCurrent(app, handle) &&
		run?.showLogs === false &&
		run.state.phase === 'ready'
	);
}

/** Lets the environment be asked how busy it is for as long as the screen shows it, and never else. Returns the way to stop. */
export function watchLoads(app: App, handle: RunHandle): () => void {
	let stop: (() => void) | undefined;
	const look = () => {
		const seen = isSeen(app, handle);
		if (seen && !stop) {
			stop = handle.watchLoad(load => {
				const loads = openRuns(app.state()).find(({name}) => name === handle.name)?.loads ?? [];
				changeQuietly(app, handle, {loads: load ? [...loads, load].slice(-most) : []});
			});
		} else if (!seen && stop) {
			stop();
			stop = undefined;
		}
	};

	const stopLooking = app.subscribe(look);
	look();
	return () => {
		stopLooking();
		stop?.();
		stop = undefined;
	};
}
