import type {RunHandle} from '../../runs/model/run-handle.js';
import type {App} from './app.js';
import {isOutdated, type Shown, shownOf} from './redraw-key.js';
import {openRuns} from './state.js';
import {isCurrent, isOpen} from './tabs.js';

/** Without the focus, milliseconds from one frame to the next, however much there is to tell. */
const pauseUnseen = 1000;

/**
Has the screen drawn as soon as there is news of a run; what else changes is drawn with the next second, or never where nobody looks. `look`
is to be called whenever something of it may have changed.
*/
export function drawNews(app: App, handle: RunHandle): {readonly look: () => void; readonly stop: () => void} {
	const {clock} = app.options;
	const current = (): Shown | undefined => {
		app.lookAtRuns();
		const run = isOpen(app, handle) ? openRuns(app.state()).find(({name}) => name === handle.name) : undefined;
		return run && shownOf(run, isCurrent(app, handle) && app.state().screen === 'run', clock.now());
	};

	let drawn = current();
	let endPause: (() => void) | undefined;
	const stop = () => {
		endPause?.();
		endPause = undefined;
	};

	const look = () => {
		const {focused} = app.state();
		const next = current();
		const isNews = next !== undefined && (drawn === undefined || isOutdated(drawn, next, focused));
		if (!isNews || (endPause && !focused)) {
			return;
		}

		drawn = next;
		app.draw();
		stop();
		if (!focused) {
			endPause = clock.every(pauseUnseen, () => {
				stop();
				look();
			});
		}
	};

	return {look, stop};
}
