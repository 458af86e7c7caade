import type {RunHandle} from '../../runs/model/run-handle.js';
import type {App} from './app.js';
import {isOutdated, matterOf} from './redraw-key.js';

/** Without the focus, milliseconds from one frame to the next, however much there is to tell. */
const pauseUnseen = 1000;

/**
Has the screen drawn as soon as something that matters is another; what else changes is drawn with the next second, or never where nobody
looks.
*/
export function drawWhatMatters(app: App, handle: RunHandle): {readonly look: () => void; readonly stop: () => void} {
	const {clock} = app.options;
	const current = () => matterOf(app.state(), handle, clock.now());
	let drawn = current();
	let endPause: (() => void) | undefined;
	const stop = () => {
		endPause?.();
		endPause = undefined;
	};

	const look = () => {
		const {focused} = app.state();
		const next = current();
		const isNews = isOutdated(drawn, next, focused ? undefined : handle.health());
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
