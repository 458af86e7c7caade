import {formatBytes} from '../../../system/format.js';
import type {PortHealth, ReverseHealth} from '../../../runs/model/run-handle.js';
import {movedWords} from '../../../runs/words/port-words.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {type PortItem, portItems} from '../../store/port-items.js';
import type {AppState, RunView} from '../../store/state.js';
import {cut, fit, width, windowTop, wrap} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';

/** One port as it is drawn: where it leads and what listens there, then what follows as far as there is room. */
type Line = {
	readonly item: PortItem;
	readonly route: string;
	readonly name: string;
	readonly open: string;
	readonly rate: string;
	readonly total: string;
	/** What else there is to be said, from the longest to the shortest. */
	readonly notes: readonly string[];
	readonly problem: string;
};

/** What no frame is drawn for is not shown where it would stand still. */
const uncounted = {open: '', rate: '', total: ''} satisfies Partial<Line>;

type Area = {readonly cells: number; readonly height: number};

/** Cells of what stands in columns. */
type Columns = {readonly route: number; readonly name: number; readonly open: number};

const gutter = 3;
const gap = 2;
const longestName = 16;

/** Lines that the ports would take without any being left out. */
export const portsHeight = (run: RunView): number => 1 + Math.max(1, portItems(run.health).length);

/** The ports of a run in `height` lines; the one under the cursor is always among them. */
export function portRows({focused}: Pick<AppState, 'focused'>, run: RunView, {cells, height}: Area): string[] {
	const items = portItems(run.health);
	if (items.length === 0) {
		const hint = wrap('none; `ports:` in the configuration forwards some, + adds one', cells - gutter);
		return [paint.muted(' PORTS'), ...hint.map(piece => paint.muted(`   ${piece}`))].slice(0, height);
	}

	const shown = Math.max(1, height - 1);
	const at = items.findIndex(({key}) => key === run.port);
	const top = at < 0 ? 0 : windowTop(at, items.length, shown, Math.max(0, at - Math.floor(shown / 2)));
	const lines = items.map(item => (focused ? lineOf(item, run) : {...lineOf(item, run), ...uncounted}));
	const columns = columnsOf(lines, cells - gutter);
	const place = shown === 1 ? `${top + 1}` : `${top + 1}-${Math.min(items.length, top + shown)}`;
	const count = items.length > shown ? `  ${place} of ${items.length}` : '';
	const rows = lines.slice(top, top + shown).flatMap((line, index) => {
		const isChosen = top + index === at;
		const row = drawn(line, columns, cells, isChosen);
		return [row, ...(isChosen ? wholeWords(line, cells, words => row.includes(words)) : [])];
	});
	return [paint.muted(cut(` PORTS${count}`, cells)), ...rows].slice(0, Math.max(1, height));
}

function columnsOf(lines: readonly Line[], room: number): Columns {
	const forwards = lines.filter(({item}) => item.kind === 'forward');
	const widest = (pick: (line: Line) => string) => Math.max(0, ...forwards.map(line => width(pick(line))));
	const [route, open] = [widest(line => line.route), widest(line => line.open)];
	return {
		route,
		open,
		name: Math.max(
			0,
			Math.min(
				longestName,
				widest(line => line.name),
				room - route - open - 2 * gap,
			),
		),
	};
}

function drawn(line: Line, columns: Columns, cells: number, isChosen: boolean): string {
	const room = cells - gutter;
	const head = headOf(line, columns);
	const text = cut([...head, ...tailOf(line, room - width(head.join('  ')))].join('  '), room);
	const row = fit(` ${isChosen ? glyphs.cursor : ' '} ${text}`, cells);
	return isChosen ? paint.selected(row) : styleOf(line)(row);
}

/** What has a problem, or is only offered, has no numbers to stand in columns; a reverse one leads the other way and names nobody. */
function headOf({item, route, name, open, problem}: Line, columns: Columns): string[] {
	if (item.kind === 'offered') {
		return [route, cut(name, longestName)].filter(Boolean);
	}

	const lead =
		item.kind === 'reverse'
			? [fit(route, Math.max(width(route), columns.route + (columns.name > 0 ? columns.name + gap : 0)))]
			: [fit(route, columns.route), ...(columns.name > 1 ? [fit(name, columns.name)] : [])];
	return problem !== '' || open === '' ? lead : [...lead, fit(open, Math.max(width(open), columns.open))];
}

/** Below the port under the cursor, what its own line, drawn before, has no room for. */
function wholeWords({problem, notes, route}: Line, cells: number, isSaid: (words: string) => boolean): string[] {
	if (problem !== '') {
		return width(route) + width(problem) + gutter + 2 * gap <= cells
			? []
			: wrap(problem, cells - 6).map(text => paint.warning(`     ${text}`));
	}

	const [note = ''] = notes;
	return note === '' || isSaid(note) ? [] : wrap(note, cells - 6).map(text => `     ${text}`);
}

function styleOf({item, problem}: Line): (text: string) => string {
	return problem !== '' ? paint.warning : item.kind === 'offered' ? paint.accent : text => text;
}

/** What is said last, without what there is no room for: first goes the total, then who has the port, then the rate, then where it was to be. */
function tailOf({rate, total, notes, problem}: Line, room: number): string[] {
	if (problem !== '') {
		return [`${glyphs.warning} ${problem}`];
	}

	const all = notes.length === 0 ? [''] : notes;
	const choices = [
		...all.flatMap(note => [
			[rate, total, note],
			[rate, note],
		]),
		...all.map(note => [note]),
		[rate],
	].map(choice => choice.filter(Boolean));
	return choices.find(choice => width(choice.map(text => `  ${text}`).join('')) <= room) ?? [];
}

const rateWords = (rate: number): string => (rate < 1 ? '' : `${formatBytes(rate)}/s`);
/** What another program carries, and has not told of, is not known here. */
const openWords = (open: number, counted: false | undefined): string => (counted === false ? '? open' : `${open} open`);
const totalWords = (total: number): string => (total === 0 ? '' : formatBytes(total));

function lineOf(item: PortItem, run: RunView): Line {
	switch (item.kind) {
		case 'forward': {
			return {item, ...forwardLine(item.port, run.listeners.get(item.port.remote) ?? '')};
		}

		case 'reverse': {
			return {item, ...reverseLine(item.port)};
		}

		case 'offered': {
			const {port, process = ''} = item.port;
			const words = {open: '', rate: '', total: '', problem: ''};
			return {item, route: String(port), name: neutraliseLine(process), ...words, notes: ['f forwards it']};
		}
	}
}

const inBrackets = (words: readonly string[]): string => (words.length === 0 ? '' : `(${words.join('; ')})`);

function forwardLine(port: PortHealth, name: string): Omit<Line, 'item'> {
	const {local, remote, direct, open, rate, total, problem, counted} = port;
	const moved = [inBrackets(movedWords(port)), inBrackets(movedWords(port, {isBrief: true}))].filter(Boolean);
	if (direct) {
		const here = 'on this machine itself';
		const notes = moved.length === 0 ? [here] : [...moved.map(words => `${here} ${words}`), ...moved];
		return {route: String(local), name, open: '', rate: '', total: '', notes, problem: problem ?? ''};
	}

	return {
		route: `${local} ${glyphs.into} ${remote}`,
		name,
		open: openWords(open, counted),
		rate: rateWords(rate),
		total: totalWords(total),
		notes: moved,
		problem: neutraliseLine(problem ?? ''),
	};
}

function reverseLine({remote, local, bound, open, received, sent, rate, problem, counted}: ReverseHealth): Omit<Line, 'item'> {
	return {
		route: `${local} here ${glyphs.outOf} ${remote} there`,
		name: '',
		open: openWords(open, counted),
		rate: rateWords(rate),
		total: totalWords(received + sent),
		notes: bound || counted === false ? [] : ['not yet'],
		problem: neutraliseLine(problem ?? ''),
	};
}
