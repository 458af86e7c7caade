import {formatPrice} from '../../offers/format.js';
import {formatDuration} from '../../system/format.js';
import {isOver, type RunState} from '../../runs/model/state.js';
import {overdue} from '../../runs/model/overdue.js';
import {noticeLine, orphanAdvice, orphanWords, stateWord} from '../../runs/words/status-words.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {type GridColumn, gridLines} from '../drawing/columns.js';
import {type Moment, passed, ticking, toCome} from '../drawing/static-times.js';
import {type EnvironmentRow, environmentRows} from '../store/environments.js';
import {bodyRows} from '../drawing/frame.js';
import {type AppState, type RowCheck} from '../store/state.js';
import {shortWaitLine} from '../../runs/words/wait-words.js';
import {cut, windowTop, wrap} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {listRow, plural, rule, type View} from '../drawing/lines.js';
import {alive} from './alive.js';
import {clockTime} from '../drawing/clock-time.js';
import {situationRows, stopFailureRows} from './environment/situation.js';
import {keptRows} from './environment/steps.js';

type Column = Omit<GridColumn<EnvironmentRow>, 'text'> & {
	readonly run: (run: RunState) => string;
	readonly orphan: (row: EnvironmentRow & {kind: 'orphan'}) => string;
};

/** `open` names the environments that have a tab; `checks` those of which only the journal speaks. */
const columnsAt = (
	moment: Moment,
	open: ReadonlySet<string>,
	checks: AppState['checks'],
): ReadonlyArray<GridColumn<EnvironmentRow>> =>
	(
		[
			{title: 'NAME', run: ({name}) => name, orphan: ({orphan}) => orphan.instance.run, drop: 0},
			{
				title: 'STATE',
				run: run => `${stateWord(run)}${open.has(run.name) ? ' · open' : ''}${checkWord(checks.get(run.name))}`,
				orphan: () => 'orphan',
				drop: 0,
			},
			{
				title: 'CONFIGURATION',
				run: ({specification: {configurationLabel, profile}}) => `${configurationLabel}${profile ? ` ${profile}` : ''}`,
				orphan: ({orphan}) => orphan.instance.id,
				drop: 3,
				least: 12,
			},
			{
				title: 'BACKEND',
				run: ({offer: {backend, instanceType}}) => `${backend} ${instanceType}`,
				orphan: ({orphan: {backend, instance}}) =>
					[backend, instance.offer?.instanceType, instance.offer?.region].filter(Boolean).join(' '),
				drop: 4,
				least: 12,
			},
			{title: '$/H', run: ({offer}) => formatPrice(offer.price), orphan: () => '?', drop: 5},
			{
				title: moment.focused ? 'AGE' : 'SINCE',
				run: ({intendedAt}) => ageWords(moment, intendedAt),
				orphan: ({orphan}) => ageWords(moment, orphan.instance.launchedAt),
				drop: 2,
			},
			{
				title: 'ENDS ITSELF',
				run: run => (isOver(run) ? 'has ended' : overdue(moment.now, run) ? 'OVERDUE' : endWords(moment, run.deadline, 'never')),
				orphan: ({orphan}) => endWords(moment, orphan.instance.deadline, 'not known'),
				drop: 1,
			},
		] satisfies Column[]
	).map(({run, orphan, ...column}) => ({
		...column,
		text: row => neutraliseLine(row.kind === 'run' ? run(row.run) : orphan(row)),
	}));

const checkWord = (check: RowCheck | undefined): string =>
	check === undefined ? '' : check.kind === 'asking' ? ' · being asked' : ' (as last known)';

const ageWords = ({now, focused}: Moment, from: number): string =>
	focused ? formatDuration((now - from) / 1000) : passed(now, from);

function endWords({now, focused}: Moment, deadline: number | undefined, never: string): string {
	if (deadline === undefined) {
		return never;
	}

	return focused ? (deadline > now ? `in ${formatDuration((deadline - now) / 1000)}` : 'now') : toCome(now, deadline);
}

/** What is there now: running, failed, ended with what it kept, not ended, or known to nobody here; what belongs to the chosen one is told below. */
export function environmentsView(state: AppState): View {
	const {cursor, columns, checks} = state;
	const path = ['environments'];
	const rows = environmentRows(state);
	const notes = noteRows(state);
	if (rows.length === 0) {
		return {path, right: alive(state), body: ['', '  Nothing is running.', ...(notes.length > 0 ? ['', ...notes] : [])]};
	}

	const chosen = rows[cursor.environments];
	const more = chosen ? moreRows(state, chosen) : [];
	const below = [...(more.length > 0 ? ['', rule(columns), ...more] : []), ...(notes.length > 0 ? ['', ...notes] : [])];
	const height = Math.max(1, bodyRows(state) - 1 - below.length);
	const top = windowTop(cursor.environments, rows.length, height, 0);
	// Measured over all of them, so that scrolling moves no column.
	const open = new Set(state.runs.map(({name}) => name));
	const {titles, lines} = gridLines(columnsAt(state, open, checks), rows, columns - 2);
	return {
		path,
		right: alive(state),
		body: [
			paint.strong(cut(`  ${titles}`, columns)),
			...lines.slice(top, top + height).map((line, index) => {
				const isChosen = top + index === cursor.environments;
				const text = listRow(line, isChosen, columns);
				return isChosen ? text : styleOf(rows[top + index])(text);
			}),
			...below,
		],
	};
}

/** Beside their words: what was not ended is red, what asks for a look is marked as a warning. */
function styleOf(row: EnvironmentRow | undefined): (text: string) => string {
	if (row?.kind === 'orphan') {
		return paint.warning;
	}

	const {phase, stopFailure, asking, notice} = row?.run ?? {};
	return phase === 'stopping' && stopFailure
		? paint.error
		: asking || (notice && phase === 'ready')
			? paint.warning
			: text => text;
}

function moreRows(state: AppState, row: EnvironmentRow): string[] {
	const {columns} = state;
	if (row.kind === 'orphan') {
		return [orphanWords(row.orphan), `${orphanAdvice(row.orphan)} x ends it.`].flatMap(line =>
			wrap(line, columns - 2).map(piece => paint.warning(` ${piece}`)),
		);
	}

	const {run} = row;
	const notice = run.phase === 'ready' ? noticeLine(ticking(state), run) : undefined;
	return [
		...checkRows(state, run),
		...keptRows(run, columns),
		...stopFailureRows(run, columns),
		...(notice === undefined ? [] : wrap(notice, columns - 4).map(piece => paint.warning(` ${glyphs.warning} ${piece}`))),
		...situationRows(state, run, 'enter leads to the question'),
	];
}

/** Why the row shows only what its journal says. */
function checkRows({checks, columns}: AppState, {name, offer: {backend}}: RunState): string[] {
	const check = checks.get(name);
	if (!check) {
		return [];
	}

	const line =
		check.kind === 'asking'
			? `As its journal last knew it; ${backend} is being asked how it is.`
			: `As its journal last knew it; it could not be asked: ${check.why}. r asks again.`;
	return wrap(neutraliseLine(line), columns - 4).map((piece, index) =>
		paint.warning(` ${index === 0 ? glyphs.waiting : ' '} ${piece}`),
	);
}

const mostNotes = 4;

/** What the last comparison with the clouds ended, swept, or could not find out. */
function noteRows({reconciled, waits, columns}: AppState): string[] {
	const asked = waits.filter(({isAside}) => isAside);
	const [first] = asked;
	const more = asked.length > 1 ? ` And for ${asked.length - 1} more.` : '';
	const lines = [
		...(first ? wrap(`${shortWaitLine({...first, wayOut: ''}, 60).trimEnd()}${more}`, columns - 2) : []),
		...(reconciled?.notes ?? []).flatMap(note => wrap(neutraliseLine(`${clockTime(reconciled?.at ?? 0)} ${note}`), columns - 2)),
	];
	const shown =
		lines.length > mostNotes
			? [...lines.slice(0, mostNotes - 1), `… and ${plural(lines.length - mostNotes + 1, 'line')} more`]
			: lines;
	return shown.map(line => paint.muted(` ${line}`));
}
