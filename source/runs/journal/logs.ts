import type {LeftOut, Pane, StepId} from '../../environment/step.js';
import {formatBytes} from '../../system/format.js';
import {lastVersion, neutraliseLine} from '../../system/terminal-text.js';
import type {LogLine, LogSnapshot} from '../model/log-snapshot.js';

const mostLines = 10_000;
const mostBytes = 4 * 1024 * 1024;
/** Lines of a full chunk: so many are copied at most when a snapshot is taken. */
const chunkLines = 250;

const panes: Readonly<Record<StepId, Pane>> = {
	image: 'build',
	instance: 'events',
	ssh: 'events',
	guard: 'events',
	engine: 'events',
	container: 'events',
	code: 'events',
	python: 'build',
	build: 'build',
	commit: 'build',
	upload: 'build',
	sshd: 'events',
	cache: 'setup',
	setup: 'setup',
	ide: 'setup',
	init: 'setup',
};

export const paneOf = (step: StepId): Pane => panes[step];

/** Newest lines of a run's logs in memory, bounded in lines and bytes, in the order in which they came. */
export class MemoryLog {
	#version = 0;
	/** Full ones, which nobody changes any more. */
	#chunks: ReadonlyArray<readonly LogLine[]> = [];
	#last: LogLine[] = [];
	#lines = 0;
	#bytes = 0;
	#snapshot: LogSnapshot | undefined;

	add(line: LogLine): void {
		this.#last.push(line);
		this.#lines++;
		this.#bytes += line.text.length;
		this.#version++;
		this.#snapshot = undefined;
		if (this.#last.length === chunkLines) {
			this.#chunks = [...this.#chunks, this.#last];
			this.#last = [];
			this.#trim();
		}
	}

	/** All lines that it has now; the same object until there is another one. */
	snapshot(): LogSnapshot {
		this.#snapshot ??= {
			version: this.#version,
			chunks: this.#last.length === 0 ? this.#chunks : [...this.#chunks, [...this.#last]],
		};
		return this.#snapshot;
	}

	/** Leaves the oldest chunks out, so that no more than one chunk is above the bounds. */
	#trim(): void {
		let first = 0;
		while (first < this.#chunks.length - 1 && (this.#lines - chunkLines >= mostLines || this.#bytes > mostBytes)) {
			this.#lines -= chunkLines;
			this.#bytes -= (this.#chunks[first] ?? []).reduce((sum, {text}) => sum + text.length, 0);
			first++;
		}

		this.#chunks = first === 0 ? this.#chunks : this.#chunks.slice(first);
	}
}

const longestLine = 4000;

/** Cuts pieces of output into lines that are safe to draw; a line that is redrawn with carriage returns counts once. */
export class LineCutter {
	#rest = '';

	/** The lines that `text` completes. */
	push(text: string): string[] {
		const lines = (this.#rest + text).split('\n');
		this.#rest = lines.pop() ?? '';
		if (this.#rest.length > longestLine * 4) {
			lines.push(this.#rest);
			this.#rest = '';
		}

		return lines.map(clean);
	}

	/** What is left when the output has ended. */
	end(): string[] {
		const rest = this.#rest;
		this.#rest = '';
		return rest === '' ? [] : [clean(rest)];
	}
}

const clean = (line: string): string => neutraliseLine(lastVersion(line)).slice(0, longestLine);

/** Stands in a log for what it does not have. */
export const leftOutWords = ({lines, bytes}: LeftOut): string =>
	`… ${lines === 1 ? '1 line' : `${lines.toLocaleString('en-US')} lines`}, ${formatBytes(bytes)}, left out here …`;
