import {isNarrow, runLayout} from '../../layout.js';
import type {AppState, RunView} from '../../store/state.js';
import {wrap} from '../../drawing/cells.js';
import {paint, sparkline} from '../../drawing/theme.js';
import {beside, blanks, rule} from '../../drawing/lines.js';
import {costLines, lifeWords} from './lifetime.js';
import {endsSoon} from '../../drawing/static-times.js';
import {loadRows, loadLine} from './load.js';
import {lastEvents} from '../../logs/log-view.js';
import {portRows, portsHeight} from './ports.js';
import {lateRows, stepWarningRows} from './situation.js';
import {linkRows, wayRows} from './connect-links.js';

/** Below this the body keeps to what is acted on. */
const lowRows = 17;
/** Ports need no more to be read well. */
const widestPorts = 84;

/** One that is ready: how one gets in, its ports, its load and its link, what it costs, who keeps it alive and what ends it. */
export function connectedRows(state: AppState, run: RunView): string[] {
	const {columns} = state;
	const {rows} = runLayout(state);
	const isLow = rows < lowRows;
	const gap = isLow ? [] : [''];
	const warnings = stepWarningRows(run.state, columns).slice(0, isLow ? 1 : undefined);
	const notes = [...lateRows(state, run.state), ...linkRows(state, run), ...warnings];
	const bottom = bottomRows(state, run);
	const top = [...gap, ...notes, ...(notes.length > 0 ? gap : []), ...wayRows(state, run, isLow), ...gap].slice(
		0,
		// What ends it and what it costs stays, whatever else there is to be said.
		Math.max(0, rows - bottom.length - 1),
	);
	const height = Math.max(1, rows - top.length - bottom.length);
	const middle = isNarrow(state) ? stacked(state, run, height) : sideBySide(state, run, height);
	return [...top, ...middle, ...bottom];
}

/** How busy it is now. What was heard before the link was lost, or before the screen stood still, would be shown as if it were so. */
const loadsOf = ({focused}: AppState, {health, loads}: RunView): RunView['loads'] =>
	focused && health.status === 'up' ? loads : [];

const latencyRows = ({focused}: AppState, run: RunView, cells: number): string[] =>
	focused ? [`${paint.muted('latency ')} ${sparkline(run.health.latencies, Math.max(0, Math.min(60, cells - 9)))}`] : [];

function sideBySide(state: AppState, run: RunView, height: number): string[] {
	const {columns} = state;
	const left = Math.min(widestPorts, Math.floor(columns * 0.54));
	const right = columns - left - 3;
	const loads = loadsOf(state, run);
	const graphs = loadRows(loads, right);
	// Half of a low screen stays for what happened last.
	const load = graphs.length > height - 2 ? loadLine(loads, right) : graphs;
	const above = [...latencyRows(state, run, right), ...load];
	return beside(
		portRows(state, run, {cells: left, height}),
		[...above, ...lastEvents(run, right, height - above.length)],
		left,
		height,
	);
}

/** One below the other: ports get the lines that they need, what happened last gets the rest. */
function stacked(state: AppState, run: RunView, height: number): string[] {
	const {columns} = state;
	const load = height > 2 ? loadLine(loadsOf(state, run), columns - 2) : [];
	const ports = portRows(state, run, {cells: columns, height: Math.max(1, Math.min(portsHeight(run), height - load.length))});
	const room = height - ports.length - load.length;
	const latency = latencyRows(state, run, columns - 2);
	const rest = room > 1 ? [...latency, ...lastEvents(run, columns - 2, room - latency.length)] : [];
	const rows = [...ports, ...[...load, ...rest].map(text => ` ${text}`)];
	return [...rows, ...blanks(height - rows.length)];
}

/** On a low screen what is billed beside the instance shares a line. */
const leastRows = 20;

function bottomRows(state: AppState, {state: run, guest}: RunView): string[] {
	const {columns, now, rows} = state;
	const {cost, besides} = costLines(state, run);
	const costs = rows < leastRows && besides.length > 0 ? [besides.join(' · ')] : besides;
	const lines = (text: string): string[] => wrap(text, columns - 2).map(line => ` ${line}`);
	const style = endsSoon(now, run, guest) ? (line: string) => paint.warning(paint.strong(line)) : (line: string) => line;
	return [
		rule(columns),
		...lines(lifeWords(state, run, guest)).map(line => style(line)),
		...[cost, ...costs].flatMap(text => lines(text)),
	];
}
