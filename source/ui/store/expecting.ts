import type {RunHandle} from '../../runs/model/run-handle.js';
import type {App} from './app.js';
import {changeOpen} from './tabs.js';

/** Reads how long steps took before. What is expected of a run stays what it was when it came onto the screen. */
export async function loadStepTimes(app: App, handle: RunHandle): Promise<void> {
	changeOpen(app, handle, {times: await app.core.stepTimes()});
}
