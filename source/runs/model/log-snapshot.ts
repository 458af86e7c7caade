import type {Pane} from '../../environment/step.js';

/** A log line as it is drawn: escape sequences neutralised, no newline. */
export type LogLine = {readonly at: number; readonly pane: Pane; readonly text: string};

/** A run's newest log lines at one moment, bounded in lines and bytes. Plain data that never changes: the next snapshot shares its full chunks. */
export type LogSnapshot = {
	/** Grows with every line. */
	readonly version: number;
	/** In the order in which the lines came, the oldest first. */
	readonly chunks: ReadonlyArray<readonly LogLine[]>;
};

/** All lines of a pane. */
export const linesOf = ({chunks}: LogSnapshot, pane: Pane | 'all'): readonly LogLine[] =>
	pane === 'all' ? chunks.flat() : chunks.flatMap(chunk => chunk.filter(line => line.pane === pane));

/** The newest lines of a pane, at most `count`. */
export function lastLinesOf({chunks}: LogSnapshot, pane: Pane | 'all', count: number): readonly LogLine[] {
	const found: LogLine[] = [];
	for (let chunk = chunks.length - 1; chunk >= 0; chunk--) {
		const lines = chunks[chunk] ?? [];
		for (let index = lines.length - 1; index >= 0 && found.length < count; index--) {
			const line = lines[index];
			if (line && (pane === 'all' || line.pane === pane)) {
				found.push(line);
			}
		}
	}

	return found.reverse();
}
