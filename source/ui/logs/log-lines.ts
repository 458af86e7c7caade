import type {Pane} from '../../environment/step.js';
import {linesOf, type LogLine, type LogSnapshot} from '../../runs/model/log-snapshot.js';
import type {LinkHealth} from '../../runs/model/run-handle.js';
import type {RunState} from '../../runs/model/state.js';
import {chop, cut} from '../drawing/cells.js';

/** A run's logs as they are looked at. */
export type LogView = {
	readonly state: RunState;
	readonly health: LinkHealth;
	readonly logs: LogSnapshot;
	readonly tab: Tab;
	/** The first line shown; undefined while the newest are followed. */
	readonly top: number | undefined;
	readonly search: string;
	/** The line that the search is at. */
	readonly found: number | undefined;
	/** Long lines go on below, instead of being cut. */
	readonly isWrapped: boolean;
};

/** Where a log is shown: cells across, lines down. */
export type LogArea = {readonly cells: number; readonly height: number};

type Manner = Pick<LogView, 'tab' | 'isWrapped'>;

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

export type Tab = Pane | 'all';

export const tabs: readonly Tab[] = ['build', 'setup', 'events', 'all'];

/** Log lines of the tab on the screen. */
export const logLines = ({logs, tab}: Pick<LogView, 'logs' | 'tab'>): readonly LogLine[] => linesOf(logs, tab);
