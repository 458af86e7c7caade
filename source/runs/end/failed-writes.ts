import {messageOf, Problem} from '../../system/problem.js';
import {programName} from '../../system/program-name.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {NewEvent} from '../model/events.js';
import {ownership} from '../journal/ownership.js';
import type {RunRecord} from '../journal/record.js';
import {TakenOver} from '../words/problems.js';

/** What an end writes or removes on this machine, each with what it means where that could not be. */
const parts = {
	journal: 'its journal does not tell of the end: `ps` goes on showing it as it was',
	ledger: 'the ledger does not have what it cost',
	keys: 'its keys and secrets are still on this disk; its own keys open nothing any more',
	aliases: 'its aliases for ssh are still there; they lead nowhere',
	requests: 'files with which programs told each other of it are still there',
	lock: 'this program counts as the one that looks after it until it ends',
	request: 'the program that looks after it could not be told; it sees by itself that the instance is gone',
} as const;

export type FailedWritePart = keyof typeof parts;

/**
What this machine's disk (full, read-only, not ours) did not let an end write. It never keeps an instance alive: the end goes on, and this is
said after it.
*/
export class Unwritten {
	readonly #causes = new Map<FailedWritePart, string>();

	/** One line for each part: what it means, and why. */
	get lines(): readonly string[] {
		return [...this.#causes].map(([part, why]) => neutraliseLine(`${parts[part]} (${why})`));
	}

	get isEmpty(): boolean {
		return this.#causes.size === 0;
	}

	/** Does what belongs to a part. What the disk refuses is noted, and false; what went well is no matter any more. Anything else is thrown. */
	async attempt(part: FailedWritePart, act: () => Promise<unknown>): Promise<boolean> {
		try {
			await act();
			this.#causes.delete(part);
			return true;
		} catch (error) {
			if (!isRefusal(error)) {
				throw error;
			}

			this.note(part, messageOf(error));
			return false;
		}
	}

	note(part: FailedWritePart, why: string): void {
		this.#causes.set(part, why);
	}
}

/** A system's error or a `Problem`; what is neither is a mistake in this program. */
export const isRefusal = (error: unknown): error is Error =>
	(error instanceof Problem && !(error instanceof TakenOver)) ||
	(error instanceof Error && 'code' in error && typeof error.code === 'string');

/** The end is confirmed, and this machine's disk did not take all that belongs to it. */
export class UnwrittenEnd extends Problem {
	readonly lines: readonly string[];

	constructor(name: string, {lines}: Unwritten) {
		super('failed', unwrittenWords(name), {details: lines, next: unwrittenNext});
		this.lines = lines;
	}
}

export const unwrittenWords = (name: string): string =>
	`${name} has ended, and nothing of it runs on; but its end could not be written down whole on this machine`;

export const unwrittenNext = `When the disk can be written again, \`${programName} reap\` sets that right.`;

/** The same in one line; undefined where everything was written. */
export const unwrittenLine = (name: string, {lines, isEmpty}: Unwritten): string | undefined =>
	isEmpty ? undefined : `${unwrittenWords(name)}: ${lines.join('; ')}. ${unwrittenNext}`;

/**
Whether this program may end a run: it owns it, or nobody does, and the disk alone does not let it become the owner. Then nobody else can,
either.
*/
export async function ownToEnd(record: RunRecord, unwritten: Unwritten): Promise<boolean> {
	let isOwned = false;
	if (await unwritten.attempt('journal', async () => (isOwned = await record.own()))) {
		return isOwned;
	}

	return (await ownership(record.folder)) !== 'owned' || record.holds;
}

/** Writes an event of an end down. Where that cannot be, it is known to this program at least. */
export async function announce(record: RunRecord, event: NewEvent, unwritten: Unwritten): Promise<void> {
	if (!record.owned || !(await unwritten.attempt('journal', async () => record.append(event)))) {
		record.tell(event);
	}
}

export async function release(record: RunRecord, unwritten: Unwritten): Promise<void> {
	await unwritten.attempt('lock', async () => record.release());
}
