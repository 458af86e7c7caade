import type {LogArea} from './logs/log-lines.js';
import {isOver, type RunState} from '../runs/model/state.js';
import {attemptRows} from './screens/environment/attempts.js';
import {noticeRows, situationRows, stopFailureRows} from './screens/environment/situation.js';
import {failureRows, keptRows} from './screens/environment/steps.js';
import {summaryRows} from './screens/environment/summary.js';
import {tabRows} from './screens/environment/tabs.js';
import {bodyRows} from './drawing/frame.js';
import type {AppState} from './store/state.js';

/** Below this width steps and logs stand one at a time. */
const leastBeside = 70;

export const isNarrow = ({columns}: AppState): boolean => columns < leastBeside;

/** Whether a run's logs lie over the rest of its screen, and can be closed. */
export const inLogs = (state: AppState): boolean =>
	state.screen === 'run' && (state.run?.showLogs ?? false) && (isNarrow(state) || state.run?.state.phase === 'ready');

/** Of the steps, so many lines stay whatever there is to be said below them. */
const leastSteps = 4;

type RunLayout = {
	readonly above: readonly string[];
	readonly rows: number;
	readonly below: readonly string[];
	readonly stepCells: number;
};

/**
How a run's screen is divided: what stands above all else (the tabs, the cloud's notice), lines for steps and logs, what stands below them (attempts,
a question, a failure or what was kept, time and cost), and the cells of the steps. Only logs are shown of one that is ready.
*/
export function runLayout(state: AppState): RunLayout {
	const {columns} = state;
	const run = state.run?.state;
	const above = run ? [...tabRows(state), ...noticeRows(state, run)] : [];
	const height = bodyRows(state) - above.length;
	if (!run || run.phase === 'ready') {
		return {above, rows: height, below: [], stepCells: 0};
	}

	const below = belowSteps(state, run, height);
	const stepCells = isNarrow(state) ? 0 : Math.min(56, Math.floor(columns * 0.42));
	// Between them and what stands below is a rule.
	return {above, rows: Math.max(2, height - below.length - 1), below, stepCells};
}

function belowSteps(state: AppState, run: RunState, height: number): string[] {
	const {columns} = state;
	const most = Math.max(1, height - 1 - leastSteps);
	const middle = [
		...(run.phase === 'ended' ? keptRows(run, columns) : failureRows(run, columns, Math.floor(height / 2))),
		...situationRows(state, run),
		...stopFailureRows(run, columns),
	];
	const summary = summaryRows(state, run, Math.max(1, most - middle.length));
	// Once there is an instance, how it came about is in the log.
	const isNews = run.instanceId === undefined && (!isOver(run) || run.attempts.length > 1);
	const room = (isOver(run) ? most : Math.max(Math.floor(height / 2), 1)) - middle.length - summary.length;
	return [...(isNews && room > 0 ? attemptRows(state, run, room) : []), ...middle, ...summary].slice(-most);
}

/** Where log lines stand; above them is the line of the panes. */
export function logArea(state: AppState): LogArea {
	const {rows, stepCells} = runLayout(state);
	return {cells: stepCells === 0 ? state.columns : state.columns - stepCells - 3, height: Math.max(1, rows - 1)};
}
