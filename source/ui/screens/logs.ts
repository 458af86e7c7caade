import type {LogLine} from '../../runs/handle.js';
import {logLines} from '../store/running.js';
import {type RunView, tabs} from '../store/state.js';
import {cut} from '../text.js';
import {paint} from '../theme.js';
import {ends} from '../view.js';

/** The log panes as tabs, and the lines of the one that is open: the newest while they are followed, else from `top`. */
export function logRowsOf(run: RunView, cells: number, height: number): string[] {
	const lines = logLines(run);
	const shown = Math.max(1, height - 1);
	const top = run.top ?? Math.max(0, lines.length - shown);
	const place =
		run.top === undefined
			? 'following'
			: `${Math.min(lines.length, top + 1)}-${Math.min(lines.length, top + shown)} of ${lines.length}`;
	const mark = (tab: string, text: string) => (tab === run.tab ? `[${text}]` : ` ${text} `);
	const numbered = tabs.map((tab, index) => mark(tab, `${index + 1} ${tab}`)).join('');
	const titles = numbered.length + place.length < cells ? numbered : tabs.map(tab => mark(tab, tab)).join('');
	return [ends(titles, place, cells, paint.strong), ...lines.slice(top, top + shown).map(line => logRow(line, run, cells))];
}

function logRow({pane, text}: LogLine, {tab, search}: RunView, cells: number): string {
	const prefix = tab === 'all' ? `${pane.padEnd(6)} ` : '';
	const line = cut(text, cells - prefix.length);
	const index = search === '' ? -1 : line.toLowerCase().indexOf(search.toLowerCase());
	const marked =
		index < 0
			? line
			: `${line.slice(0, index)}${paint.match(paint.warning(line.slice(index, index + search.length)))}${line.slice(index + search.length)}`;
	return `${paint.muted(prefix)}${marked.startsWith('+ ') ? paint.accent(marked) : marked}`;
}

/** What happened to the run last, newest at the bottom. */
export const lastEvents = ({handle}: RunView, cells: number, height: number): string[] =>
	handle
		.logs()
		.lines('events')
		.slice(-height)
		.map(({at, text}) => `${paint.muted(clockTime(at))} ${cut(text, cells - 6)}`);

/** Hours and minutes of the person's own day. */
export function clockTime(at: number): string {
	const date = new Date(at);
	return [date.getHours(), date.getMinutes()].map(part => String(part).padStart(2, '0')).join(':');
}
