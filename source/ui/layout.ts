import type {LogArea} from './log-lines.js';
import {failureRows, keptRows} from './screens/steps.js';
import {summaryRows} from './screens/summary.js';
import {type AppState, bodyRows} from './store/state.js';

/** Below this width steps and logs stand one at a time. */
const leastBeside = 70;

export const isNarrow = ({columns}: AppState): boolean => columns < leastBeside;

/** Whether a run's logs lie over the rest of its screen, and can be closed. */
export const inLogs = (state: AppState): boolean =>
	state.screen === 'run' && (state.run?.showLogs ?? false) && (isNarrow(state) || state.run?.handle.state().phase === 'ready');

/**
How a run's screen is divided: lines for steps and logs, what stands below them (a failure or what was kept, time and cost), and the cells of the
steps. Only logs are shown of one that is ready.
*/
export function runLayout(state: AppState): {
	readonly rows: number;
	readonly below: readonly string[];
	readonly stepCells: number;
} {
	const {columns} = state;
	const height = bodyRows(state);
	const run = state.run?.handle.state();
	if (!run || run.phase === 'ready') {
		return {rows: height, below: [], stepCells: 0};
	}

	const middle = run.phase === 'ended' ? keptRows(run, columns) : failureRows(run, columns, Math.floor(height / 2));
	const below = [...middle, ...summaryRows(state, run)];
	const stepCells = isNarrow(state) ? 0 : Math.min(56, Math.floor(columns * 0.42));
	// Between them and what stands below is a rule.
	return {rows: Math.max(2, height - below.length - 1), below, stepCells};
}

/** Where log lines stand; above them is the line of the panes. */
export function logArea(state: AppState): LogArea {
	const {rows, stepCells} = runLayout(state);
	return {cells: stepCells === 0 ? state.columns : state.columns - stepCells - 3, height: Math.max(1, rows - 1)};
}
