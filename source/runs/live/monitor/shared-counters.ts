import {countsFile, watchedFile} from '../../journal/run-folder.js';
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {isMissing} from '../../../system/files.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import type {RunContext} from '../../context.js';
import type {PortCounts, ReverseCounts} from './ports.js';
import type {RunRecord} from '../../journal/record.js';

/** Milliseconds. */
const writeEvery = 2000;
const askEvery = 4000;
const askedRecently = 10_000;
const freshFor = 5000;

const amount = z.number().min(0);
const problem = z
	.string()
	.max(1000)
	.nullable()
	.transform(text => (text === null ? undefined : neutraliseLine(text)));
const counted = {open: amount, received: amount, sent: amount, rate: amount, problem};
const schema = z.object({
	at: z.number(),
	ports: z.array(z.object({local: z.number(), ...counted})),
	reverse: z.array(z.object({remote: z.number(), bound: z.boolean(), ...counted})),
});

export type Counts = {readonly ports: readonly PortCounts[]; readonly reverse: readonly ReverseCounts[]};

/**
What is counted at a run's ports, from the program that carries them to those that only show them: over a file that is written only while
somebody has asked for it within the last ten seconds.
*/
export class SharedCounts {
	readonly #context: RunContext;
	readonly #record: RunRecord;
	#wroteAt = Number.NEGATIVE_INFINITY;
	#askedAt = Number.NEGATIVE_INFINITY;
	#readAt = Number.NEGATIVE_INFINITY;
	#last: z.infer<typeof schema> | undefined;

	constructor(context: RunContext, record: RunRecord) {
		this.#context = context;
		this.#record = record;
	}

	/** For the owner, about once a second. */
	async tell(counts: () => Counts): Promise<void> {
		const now = this.#context.clock.now();
		const elapsed = this.#context.clock.elapsed();
		if (elapsed - this.#wroteAt < writeEvery || !(await this.#isAsked(now))) {
			return;
		}

		this.#wroteAt = elapsed;
		const {ports, reverse} = counts();
		const told = {
			at: now,
			ports: ports.map(({local, open, received, sent, rate, problem: why}) => ({
				local,
				open,
				received,
				sent,
				rate,
				problem: why ?? null,
			})),
			reverse: reverse.map(({remote, bound, open, received, sent, rate, problem: why}) => ({
				remote,
				bound,
				open,
				received,
				sent,
				rate,
				problem: why ?? null,
			})),
		};
		await writeFileAtomic(path.join(this.#record.folder, countsFile), JSON.stringify(told), {mode: 0o600, fsync: false});
	}

	/** For a program that only shows them: what was told last, undefined where that is old; asks for more meanwhile. */
	get known(): Counts | undefined {
		const now = this.#context.clock.now();
		const elapsed = this.#context.clock.elapsed();
		if (elapsed - this.#askedAt >= askEvery) {
			this.#askedAt = elapsed;
			// Whoever cannot ask shows that nothing is known.
			writeFile(path.join(this.#record.folder, watchedFile), String(now), {mode: 0o600}).catch(() => undefined);
		}

		if (elapsed - this.#readAt >= writeEvery) {
			this.#readAt = elapsed;
			void this.#read();
		}

		return this.#last && now - this.#last.at < freshFor ? this.#last : undefined;
	}

	async #isAsked(now: number): Promise<boolean> {
		try {
			const text = await readFile(path.join(this.#record.folder, watchedFile), 'utf8');
			return now - Number(text) < askedRecently;
		} catch (error) {
			if (isMissing(error)) {
				return false;
			}

			throw error;
		}
	}

	async #read(): Promise<void> {
		const text = await readFile(path.join(this.#record.folder, countsFile), 'utf8').catch(() => '');
		const told = text === '' ? undefined : schema.safeParse(parse(text)).data;
		if (told && told.at !== this.#last?.at) {
			this.#last = told;
			this.#record.changed();
		}
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// A damaged file says nothing, and is written anew in two seconds.
		return undefined;
	}
}
