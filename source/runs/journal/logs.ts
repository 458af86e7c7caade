import type {LeftOut, Pane, StepId} from '../../environment/step.js';
import {formatBytes} from '../../system/format.js';
import {lastVersion, neutraliseLine} from '../../system/terminal-text.js';
import type {LogBook, LogLine} from '../model/run-handle.js';

const mostLines = 10_000;
const mostBytes = 4 * 1024 * 1024;

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
export class MemoryLogBook implements LogBook {
	version = 0;
	#lines: LogLine[] = [];
	#bytes = 0;

	add(line: LogLine): void {
		this.#lines.push(line);
		this.#bytes += line.text.length;
		if (this.#lines.length > mostLines * 1.1 || this.#bytes > mostBytes * 1.1) {
			this.#trim();
		}

		this.version++;
	}

	lines(pane: Pane | 'all'): readonly LogLine[] {
		return pane === 'all' ? [...this.#lines] : this.#lines.filter(line => line.pane === pane);
	}

	#trim(): void {
		let first = Math.max(0, this.#lines.length - mostLines);
		let bytes = this.#lines.slice(first).reduce((sum, line) => sum + line.text.length, 0);
		while (bytes > mostBytes && first < this.#lines.length) {
			bytes -= this.#lines[first]?.text.length ?? 0;
			first++;
		}

		this.#lines = this.#lines.slice(first);
		this.#bytes = bytes;
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
