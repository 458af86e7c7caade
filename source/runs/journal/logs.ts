import {appendFile, readdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {stepIds, type Pane, type StepId} from '../../environment/step.js';
import {lastVersion, neutraliseLine} from '../../system/terminal-text.js';
import type {LogBook, LogLine} from '../model/run-handle.js';
import {logFolder} from './run-folder.js';

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

const logFile = (folder: string, name: string): string => path.join(logFolder(folder), `${name}.log`);

/** A step's log beside the journal, begun anew: a step that is taken up again is told from its first line. */
export class StepLog {
	readonly #file: string;
	#last: Promise<void>;

	constructor(folder: string, step: StepId) {
		this.#file = logFile(folder, step);
		this.#last = writeFile(this.#file, '', {mode: 0o600});
	}

	write(text: string): void {
		this.#last = this.#last.then(async () => appendFile(this.#file, text));
		// Awaited by `finish`, which reports it.
		this.#last.catch(() => undefined);
	}

	async finish(): Promise<void> {
		return this.#last;
	}
}

/** The logs on disk, in the order of the steps, each as its raw text. */
export async function readStepLogs(folder: string): Promise<ReadonlyArray<{step: StepId; text: string}>> {
	const files = new Set(await readdir(logFolder(folder)).catch(() => []));
	const steps = stepIds.filter(step => files.has(`${step}.log`));
	return Promise.all(steps.map(async step => ({step, text: await readFile(logFile(folder, step), 'utf8')})));
}

/** The same as lines that are safe to draw; `rest` is a last line that has no end yet. */
export async function readLogLines(
	folder: string,
): Promise<ReadonlyArray<{step: StepId; lines: readonly string[]; rest: readonly string[]}>> {
	const logs = await readStepLogs(folder);
	return logs.map(({step, text}) => {
		const cutter = new LineCutter();
		return {step, lines: cutter.push(text), rest: cutter.end()};
	});
}
