import {clockTime} from '../drawing/clock-time.js';
import {lastLinesOf, type LogLine} from '../../runs/model/log-snapshot.js';
import {isOver} from '../../runs/model/state.js';
import {lastTop, type LogArea, logLines, type LogView, piecesOf, prefixOf, tabs} from './log-lines.js';
import {findUrls, type FoundUrl, linkPiece, type PortMap, portMapOf} from './log-urls.js';
import {cut, width} from '../drawing/cells.js';
import {paint} from '../drawing/theme.js';
import {ends} from '../drawing/lines.js';

/** The log panes as tabs, and the lines of the one that is open: the newest while they are followed, else from `top`. */
export function logRowsOf(run: LogView, {cells, height}: LogArea): string[] {
	const lines = logLines(run);
	const highest = lastTop(lines, run, {cells, height});
	const top = run.top ?? highest;
	const map = portMapOf(run.health, run.state.sharesNetwork);
	const rows: string[] = [];
	let below = top;
	for (; below < lines.length && rows.length < height; below++) {
		rows.push(...logRows(lines[below] as LogLine, run, {cells, map}, below === run.found));
	}

	const place = run.top === undefined ? 'following' : `${Math.min(lines.length, top + 1)}-${below} of ${lines.length}`;
	const mark = (tab: string, text: string) => (tab === run.tab ? `[${text}]` : ` ${text} `);
	const numbered = tabs.map((tab, index) => mark(tab, `${index + 1} ${tab}`)).join('');
	const titles = numbered.length + place.length < cells ? numbered : tabs.map(tab => mark(tab, tab)).join('');
	const shown = rows.length === 0 ? [paint.muted(cut(emptyWords(run), cells))] : rows;
	// A line that goes on below fills the area from its end while the newest are followed.
	return [ends(titles, place, cells, paint.strong), ...(run.top === undefined ? shown.slice(-height) : shown.slice(0, height))];
}

const emptyWords = ({state}: LogView): string => (isOver(state) ? 'nothing was written' : 'nothing yet');

function logRows(line: LogLine, run: LogView, area: {readonly cells: number; readonly map: PortMap}, isFound: boolean): string[] {
	const {cells, map} = area;
	const prefix = prefixOf(line, run);
	const isCommand = line.text.startsWith('+ ');
	const found = findUrls(line.text, map);
	let from = 0;
	const rows = piecesOf(line, run, cells).map((piece, index) => {
		const isCut = piece.length < line.text.length && !line.text.startsWith(piece, from);
		const length = isCut ? piece.length - 1 : piece.length;
		const marked = linkPiece(highlight(piece, run.search, isFound), found, from, length);
		from += length;
		const first = index === 0 ? prefix : ' '.repeat(prefix.length);
		return `${paint.muted(first)}${isCommand ? paint.accent(marked) : marked}`;
	});
	const note = noteOf(found);
	const last = rows.at(-1) ?? '';
	// Only where it takes no room from the line itself.
	return note !== '' && width(last) + note.length <= cells ? [...rows.slice(0, -1), last + paint.muted(note)] : rows;
}

/** Where a URL leads that shows another port than the one here. */
function noteOf(found: readonly FoundUrl[]): string {
	const moved = found.find(({remote, local}) => local !== undefined && local !== remote);
	return moved ? ` (→ localhost:${moved.local})` : '';
}

/** Every place that holds the search is marked; those of the line that it is at are inverse. */
function highlight(text: string, search: string, isFound: boolean): string {
	if (search === '') {
		return text;
	}

	const style = isFound ? paint.selected : (found: string) => paint.match(paint.warning(found));
	const [lower, wanted] = [text.toLowerCase(), search.toLowerCase()];
	let result = '';
	let from = 0;
	for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
		result += text.slice(from, at) + style(text.slice(at, at + search.length));
		from = at + search.length;
	}

	return result + text.slice(from);
}

/** What happened to the run last, newest at the bottom. */
export const lastEvents = ({logs}: LogView, cells: number, height: number): string[] =>
	lastLinesOf(logs, 'events', height).map(({at, text}) => `${paint.muted(clockTime(at))} ${cut(text, cells - 6)}`);
