import type {LogLine} from '../../runs/model/run-handle.js';
import type {RunView} from '../store/state.js';
import {chop, cut} from '../drawing/cells.js';

/** Where a log is shown: cells across, lines down. */
export type LogArea = {readonly cells: number; readonly height: number};

type Manner = Pick<RunView, 'tab' | 'isWrapped'>;

/** Where all panes are shown together, each line begins with the name of its own. */
export const prefixOf = ({pane}: LogLine, {tab}: Manner): string => (tab === 'all' ? `${pane.padEnd(6)} ` : '');

/** A log line as it stands on the screen, without its prefix: cut, or in as many pieces as it needs. */
export function piecesOf(line: LogLine, manner: Manner, cells: number): string[] {
	const room = cells - prefixOf(line, manner).length;
	return manner.isWrapped ? chop(line.text, room) : [cut(line.text, room)];
}

/** The lowest line that can stand at the top with all below it still filling the area. */
export function lastTop(lines: readonly LogLine[], manner: Manner, {cells, height}: LogArea): number {
	if (!manner.isWrapped) {
		return Math.max(0, lines.length - height);
	}

	let rows = 0;
	for (const [index, line] of [...lines.entries()].reverse()) {
		rows += piecesOf(line, manner, cells).length;
		if (rows > height) {
			return Math.min(lines.length - 1, index + 1);
		}
	}

	return 0;
}
