import type {LinkHealth} from '../../../runs/model/run-handle.js';
import type {RunState} from '../../../runs/model/state.js';
import {stateWord} from '../../../runs/words/status-words.js';
import type {AppState, RunView} from '../../store/state.js';
import {isNarrow, logArea, runLayout} from '../../layout.js';
import {beside, blanks, rule, type View} from '../../drawing/lines.js';
import {connectedRows} from './connected.js';
import {logRowsOf} from '../../logs/log-view.js';
import {stepRows} from './steps.js';
import {linkWords} from './connect-links.js';

/** One environment: its steps beside the logs while it starts, its links, ports and health once it is ready. */
export function runView(state: AppState): View {
	const {run} = state;
	if (!run) {
		return {path: ['environment'], right: '', body: []};
	}

	const current = run.state;
	const word = current.phase === 'ready' ? linkWord(run.health) : stateWord(current);
	const {above} = runLayout(state);
	const body =
		current.phase === 'ready'
			? run.showLogs
				? logRowsOf(run, logArea(state))
				: connectedRows(state, run)
			: starting(state, run, current);
	return {
		path: [current.name, word],
		right: current.phase === 'ready' ? linkWords(state, run) : instanceWords(current),
		body: [...above, ...body],
	};
}

const instanceWords = ({offer}: Pick<RunState, 'offer'>): string =>
	`${offer.backend} ${offer.instanceType}${offer.spot ? ' spot' : ''}`;

function linkWord({status, attempt = 1, reconnects}: LinkHealth): string {
	if (status === 'up') {
		return 'connected';
	}

	return status === 'connecting' && attempt === 1 && reconnects === 0 ? 'connecting' : 'link lost';
}

function starting(state: AppState, run: RunView, current: RunState): string[] {
	const {columns} = state;
	const {rows, below, stepCells} = runLayout(state);
	const steps = stepRows(state, current, stepCells || columns, rows);
	if (isNarrow(state)) {
		const body = run.showLogs ? logRowsOf(run, logArea(state)) : steps;
		return [...body, ...blanks(rows - body.length), rule(columns), ...below];
	}

	return [...beside(steps, logRowsOf(run, logArea(state)), stepCells, rows), rule(columns), ...below];
}
