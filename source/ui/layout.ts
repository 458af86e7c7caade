import {failureRows} from './screens/steps.js';
import {type AppState, bodyRows} from './store/state.js';

/** Lines of a run's screen that stay free for steps and logs, and the failure below them; all of them when only logs are shown. */
export function runLayout(state: AppState): {readonly rows: number; readonly failure: readonly string[]} {
	const height = bodyRows(state);
	const run = state.run?.handle.state();
	if (!run || run.phase === 'ready') {
		return {rows: height, failure: []};
	}

	const failure = failureRows(run, state.columns, Math.floor(height / 2));
	// Below them: the rule, the failure, the line of time and cost.
	return {rows: Math.max(2, height - failure.length - 2), failure};
}

/** Log lines that are on the screen at once; above them is the line of the panes. */
export const logHeight = (state: AppState): number => Math.max(1, runLayout(state).rows - 1);
