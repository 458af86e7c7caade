import type {BackendEntry} from '../../backends/report.js';
import {type GridColumn, gridLines} from '../drawing/columns.js';
import type {BackendsView} from '../store/state.js';
import {bodyRows} from '../drawing/frame.js';
import type {AppState} from '../store/state.js';
import {cut, windowTop, wrap} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {listRow, rule, type View} from '../drawing/lines.js';
import {alive} from './alive.js';

const signs: Readonly<Record<BackendEntry['state'], string>> = {
	ready: glyphs.done,
	failed: glyphs.failed,
	untested: glyphs.waiting,
	'not set up': glyphs.waiting,
	'catalogue only': glyphs.waiting,
};

const endings: Readonly<Record<BackendEntry['deadline'], string>> = {
	provider: 'by the cloud',
	guest: 'by itself',
	none: 'not by itself',
};

const columnsOf = ({beat}: AppState, {complete}: BackendsView): ReadonlyArray<GridColumn<BackendEntry>> => [
	{title: 'BACKEND', text: ({name}) => name, drop: 0},
	{
		title: 'STATE',
		text: ({state}) =>
			state === 'untested' && !complete
				? `${glyphs.running[beat % glyphs.running.length] ?? ''} asking`
				: `${signs[state]} ${state}`,
		drop: 0,
	},
	{title: 'CONFIGURED BY', text: ({origin}) => origin ?? '-', drop: 1, least: 16},
	{title: 'LAUNCHES', text: ({launches}) => (launches ? 'yes' : 'not yet'), drop: 0},
	{title: 'ENDS', text: ({deadline}) => endings[deadline], drop: 2},
];

/** Rows of the list that stay however much is to be said below it. */
const leastRows = 4;

/** The backends, how each is set up and whether it answers; below the list, everything about the one under the cursor. */
export function backendsView(state: AppState): View {
	const {backends, columns, cursor} = state;
	const path = ['backends'];
	if (!backends || backends.entries.length === 0) {
		return {path, right: alive(state), body: ['', paint.muted('  looking at how the backends are set up')]};
	}

	const {entries} = backends;
	const chosen = entries[cursor.backends];
	const room = bodyRows(state) - 1;
	const below = fitting([...(chosen ? details(chosen, columns) : []), ...settings(backends, columns)], room - leastRows);
	const height = Math.max(1, room - below.length);
	const top = windowTop(cursor.backends, entries.length, height, 0);
	// Measured over all of them, so that scrolling moves no column.
	const {titles, lines} = gridLines(columnsOf(state, backends), entries, columns - 2);
	return {
		path,
		right: alive(state),
		body: [
			paint.strong(cut(`  ${titles}`, columns)),
			...lines.slice(top, top + height).map((line, index) => listRow(line, top + index === cursor.backends, columns)),
			...below,
		],
	};
}

function details({name, state, origin, notes, missing, next}: BackendEntry, columns: number): string[] {
	const paragraph = (text: string, style: (line: string) => string = line => line) =>
		wrap(text, columns - 2).map(line => style(` ${line}`));
	return [
		rule(columns),
		...paragraph(`${name}: ${state}${origin === undefined ? '' : `, configured by ${origin}`}`, paint.strong),
		...notes.flatMap(note => paragraph(note, state === 'failed' ? paint.error : undefined)),
		...(missing.length > 0 ? paragraph(`Missing permissions: ${missing.join(', ')}`, paint.warning) : []),
		...(next === undefined ? [] : paragraph(`Next: ${next}`, paint.accent)),
	];
}

const settings = ({problems}: BackendsView, columns: number): string[] =>
	problems.length === 0
		? []
		: [paint.strong(' Settings'), ...problems.flatMap(line => wrap(line, columns - 2).map(piece => paint.warning(` ${piece}`)))];

/** Where even that is too little room, it says where the rest is. */
const fitting = (rows: readonly string[], most: number): readonly string[] =>
	rows.length <= most ? rows : [...rows.slice(0, most - 1), paint.warning(' `dstack-tui backends` tells the rest')];
