import {open, readFile, truncate, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {eventSchema, type RunEvent} from '../model/events.js';
import {reduceAll} from '../model/reduce.js';
import type {RunState} from '../model/state.js';

export const journalFile = 'journal.jsonl';

export type JournalReading = {
	readonly events: readonly RunEvent[];
	/** Lines that are no events: torn by a crash, or damaged. Reported, never fatal. */
	readonly damaged: readonly string[];
	/** Bytes up to the end of the last whole line. */
	readonly whole: number;
};

/** Reads a run's journal; an absent one is empty. */
export async function readJournal(folder: string): Promise<JournalReading> {
	let text: string;
	try {
		text = await readFile(path.join(folder, journalFile), 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return {events: [], damaged: [], whole: 0};
		}

		throw error;
	}

	const end = text.lastIndexOf('\n') + 1;
	const events: RunEvent[] = [];
	const damaged: string[] = end < text.length ? [text.slice(end)] : [];
	for (const line of text.slice(0, end).split('\n')) {
		if (line === '') {
			continue;
		}

		const event = parseEvent(line);
		if (event) {
			events.push(event);
		} else {
			damaged.push(line);
		}
	}

	return {events, damaged, whole: Buffer.byteLength(text.slice(0, end))};
}

function parseEvent(line: string): RunEvent | undefined {
	try {
		return eventSchema.parse(JSON.parse(line));
	} catch {
		// Reported by the caller with the line itself.
		return undefined;
	}
}

/** The state of a folder's journal; undefined when it does not begin with an intent. */
export async function readState(folder: string): Promise<RunState | undefined> {
	const {events} = await readJournal(folder);
	return reduceAll(path.basename(folder), events);
}

/** Appends events, each on disk before `append` resolves. One writer at a time: the run's owner. */
export class Journal {
	readonly #file: string;
	#last: Promise<void> = Promise.resolve();

	private constructor(folder: string) {
		this.#file = path.join(folder, journalFile);
	}

	/** Opens for appending; what a crash left of a last line is put aside in `journal.torn`. */
	static async open(folder: string): Promise<Journal> {
		const journal = new Journal(folder);
		const {damaged, whole} = await readJournal(folder);
		const torn = damaged[0];
		if (torn !== undefined) {
			await writeFile(path.join(folder, 'journal.torn'), `${damaged.join('\n')}\n`, {mode: 0o600, flag: 'a'});
			await truncate(journal.#file, whole);
		}

		return journal;
	}

	async append(event: RunEvent): Promise<void> {
		const line = `${JSON.stringify(eventSchema.parse(event))}\n`;
		const written = this.#last.then(async () => appendDurably(this.#file, line));
		// One failed write is its caller's to report and must not stop the next.
		this.#last = written.catch(() => undefined);
		return written;
	}
}

async function appendDurably(file: string, line: string): Promise<void> {
	const handle = await open(file, 'a', 0o600);
	const {size} = await handle.stat();
	try {
		await handle.writeFile(line);
		await handle.datasync();
	} catch (error) {
		// Half a line would swallow the next one.
		await handle.truncate(size);
		throw error;
	} finally {
		await handle.close();
	}
}
