import type {RunState} from '../../../runs/model/state.js';
import {askingLine, noticeLine, stopFailureLines, unansweredLine, waitingLine} from '../../../runs/words/status-words.js';
import {haltedLine, overdueLine, guardSilentLine} from '../../../runs/words/overdue-words.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {ticking} from '../../drawing/static-times.js';
import type {AppState} from '../../store/state.js';
import {wrap} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';

type Style = (text: string) => string;
type Shown = Pick<AppState, 'now' | 'focused' | 'columns'>;

const block = (sign: string, text: string, columns: number, style: Style): string[] =>
	wrap(neutraliseLine(text), columns - 4).map((line, index) => style(` ${index === 0 ? sign : ' '} ${line}`));

/** The cloud's notice that it takes the instance back; above everything else. Inverse, so that it stands out without colours too. */
export function noticeRows(state: Shown, run: RunState): string[] {
	const {columns} = state;
	const line = noticeLine(ticking(state), run);
	return line === undefined ? [] : block(glyphs.warning, line, columns, text => paint.selected(paint.strong(text)));
}

/** What is waited for, asked, or not known of a run that is on its way to an instance; `how` a question is answered from here. */
export function situationRows(state: Shown, run: RunState, how = 'a answers'): string[] {
	const {columns} = state;
	const asking = askingLine(run);
	const waiting = waitingLine(ticking(state), run);
	const unanswered = unansweredLine(run);
	return [
		...lateRows(state, run),
		...(asking === undefined
			? []
			: block(glyphs.warning, `${asking}. ${how}; nothing is tried before that.`, columns, paint.warning)),
		...(waiting === undefined ? [] : block(glyphs.waiting, waiting, columns, paint.strong)),
		...(unanswered === undefined ? [] : block(glyphs.warning, unanswered, columns, paint.warning)),
	];
}

/** A machine that should have ended itself, or whose guard was never heard of: it is billed, and nothing there ends it. */
export function lateRows({now, focused, columns}: Shown, run: RunState): string[] {
	const late = haltedLine(now, run) ?? overdueLine(now, run, focused) ?? guardSilentLine(now, run);
	return late === undefined ? [] : block(glyphs.warning, late, columns, text => paint.error(paint.strong(text)));
}

/** Steps without which the environment is usable, and what they could not do: before a person opens it. Two lines each. */
export const stepWarningRows = ({steps}: RunState, columns: number): string[] =>
	steps
		.filter(({status, text}) => status === 'warning' && text !== '')
		.flatMap(({id, text}) => block(glyphs.warning, `${id}: ${text}`, columns, paint.warning).slice(0, 2));

/** An end that could not be confirmed: red, with all that a person needs to bring it about. */
export const stopFailureRows = (run: RunState, columns: number): string[] =>
	stopFailureLines(run).flatMap((line, index) =>
		block(index === 0 ? glyphs.failed : ' ', line, columns, index === 0 ? text => paint.error(paint.strong(text)) : paint.error),
	);
