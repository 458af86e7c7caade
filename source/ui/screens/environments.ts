import {formatDuration, formatPrice} from '../../offers/format.js';
import {isOver, type RunState} from '../../runs/state.js';
import {type GridColumn, gridLines} from '../grid.js';
import {type AppState, bodyRows} from '../store/state.js';
import {cut, windowTop} from '../text.js';
import {paint} from '../theme.js';
import {listRow, rule, type View} from '../view.js';
import {alive} from './alive.js';
import {keptRows} from './steps.js';

const columnsAt = (now: number): ReadonlyArray<GridColumn<RunState>> => [
	{title: 'NAME', text: ({name}) => name, drop: 0},
	{title: 'STATE', text: ({phase}) => phase, drop: 0},
	{
		title: 'CONFIGURATION',
		text: ({specification: {configurationLabel, profile}}) => `${configurationLabel}${profile ? ` ${profile}` : ''}`,
		drop: 3,
		least: 12,
	},
	{title: 'BACKEND', text: ({offer: {backend, instanceType}}) => `${backend} ${instanceType}`, drop: 4, least: 12},
	{title: '$/H', text: ({offer}) => formatPrice(offer.price), drop: 5},
	{title: 'AGE', text: ({intendedAt}) => formatDuration((now - intendedAt) / 1000), drop: 2},
	{title: 'ENDS ITSELF', text: run => endWords(run, now), drop: 1},
];

function endWords(run: RunState, now: number): string {
	const {deadline} = run;
	if (isOver(run)) {
		return 'has ended';
	}

	return deadline === undefined ? 'never' : deadline > now ? `in ${formatDuration((deadline - now) / 1000)}` : 'now';
}

/** What is there now: running, failed, or ended with what it kept, which is told below the list. */
export function environmentsView(state: AppState): View {
	const {environments, cursor, columns, now} = state;
	const path = ['environments'];
	if (environments.length === 0) {
		return {path, right: alive(state), body: ['', '  Nothing is running.']};
	}

	const chosen = environments[cursor.environments];
	const kept = chosen?.kept ? ['', rule(columns), ...keptRows(chosen, columns)] : [];
	const height = Math.max(1, bodyRows(state) - 1 - kept.length);
	const top = windowTop(cursor.environments, environments.length, height, 0);
	// Measured over all of them, so that scrolling moves no column.
	const {titles, lines} = gridLines(columnsAt(now), environments, columns - 2);
	return {
		path,
		right: alive(state),
		body: [
			paint.strong(cut(`  ${titles}`, columns)),
			...lines.slice(top, top + height).map((line, index) => listRow(line, top + index === cursor.environments, columns)),
			...kept,
		],
	};
}
