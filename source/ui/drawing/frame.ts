import {cut, width, wrap} from './cells.js';
import {glyphs, paint} from './theme.js';
import {shortWaitLine} from '../../runs/words/wait-words.js';
import type {Wait} from '../../system/waits.js';

/** What the parts that all screens share are drawn from. */
export type Framed = {
	/** The terminal's size, in cells. */
	readonly columns: number;
	readonly rows: number;
	readonly trouble: Trouble | undefined;
	readonly dialog: object | undefined;
	readonly field: {readonly text: string; readonly label: string} | undefined;
	readonly message: {readonly text: string; readonly tone: 'info' | 'error'} | undefined;
	readonly busy: string | undefined;
	readonly waits: readonly Wait[];
};

/** Lines that a screen has: those of the frame without what went wrong, and what was said in more lines than one. */
export const bodyRows = (state: Framed): number =>
	Math.max(1, frameRows(state) - troubleRows(state).length - waitRows(state).length - (saidRows(state).length - 1));

/** What went wrong, why, and what to do next; above the keys, below the body. None under a question. */
export const troubleRows = (state: Framed): string[] =>
	state.trouble && !state.dialog ? rowsOf(state.trouble, state.columns, frameRows(state)) : [];

/** Why it went wrong never takes more than half of the screen; that it did and what to do have what they need. */
function rowsOf({message, details, next}: Trouble, columns: number, height: number): string[] {
	const head = wrap(message, columns - 4).map((line, index) =>
		paint.error(paint.strong(` ${index === 0 ? glyphs.failed : ' '} ${line}`)),
	);
	const advice = next === undefined ? [] : wrap(next, columns - 4).map(line => paint.warning(`   ${line}`));
	const room = Math.max(0, Math.floor(height / 2) - head.length - advice.length - 1);
	return [
		paint.error(glyphs.rule.repeat(columns)),
		...head,
		...details.slice(0, room).map(line => cut(`   ${line}`, columns)),
		...advice,
	].slice(0, height);
}

const mostWaiting = 6;
/** How much of its trouble is shown, as far as there is space. Characters. */
const troubleLengths = [200, 80, 40, 0] as const;

/**
What that which goes on for the person waits for, since when, until when, and the way out; above the keys. The oldest one, and how many more
there are. None under a question, and none while nothing of theirs goes on.
*/
export function waitRows({
	waits,
	busy,
	dialog,
	columns,
	rows,
}: Pick<Framed, 'waits' | 'busy' | 'dialog' | 'columns' | 'rows'>): string[] {
	const own = waits.filter(({isAside}) => !isAside);
	const [first] = own;
	if (!first || busy === undefined || dialog) {
		return [];
	}

	const more = own.length > 1 ? ` And for ${own.length - 1} more.` : '';
	const room = Math.min(mostWaiting, Math.floor(frameRows({rows}) / 2));
	const tried = troubleLengths.map(most => wrap(`${shortWaitLine(first, most)}${more}`, columns - 4));
	const lines = (tried.find(({length}) => length <= room) ?? tried.at(-1) ?? []).slice(0, room);
	return lines.map((line, index) => paint.warning(` ${index === 0 ? glyphs.waiting : ' '} ${line}`));
}

const mostSaid = 4;

/** What was said last, in as many lines as it needs, and the line that is being typed below it. Never empty. */
export function saidRows({field, message, columns, busy}: Framed): string[] {
	const lines = message && (field || !busy) ? wrap(message.text, columns - 2).slice(0, mostSaid) : [];
	const rows = lines.map(line => (message?.tone === 'error' ? paint.error(` ${line}`) : ` ${line}`));
	if (!field) {
		return rows.length > 0 ? rows : [''];
	}

	const {text, label} = field;
	const space = columns - label.length - 3;
	const shown = width(text) > space ? `…${text.slice(-(space - 1))}` : text;
	return [...rows, ` ${paint.accent(label)}${shown}${paint.selected(' ')}`];
}

/** What went wrong, where it is shown in place. */
export type Trouble = {readonly message: string; readonly details: readonly string[]; readonly next: string | undefined};

/** Lines between the title, and the message and the keys. */
export const frameRows = ({rows}: Pick<Framed, 'rows'>): number => Math.max(1, rows - 3);
