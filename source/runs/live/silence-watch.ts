import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {RepeatedNote} from '../journal/repeated-note.js';
import type {Tunnels} from '../link/tunnels.js';
import {explainEnvironment} from '../steps/explain-environment.js';

/** Milliseconds. */
const interval = 10_000;
const patience = 3000;
const answerLimit = 20_000;

/** Asks the machine why its environment does not answer, while the machine itself does. What it finds is noted once. */
export class SilenceWatch {
	/** Undefined while the environment answers, or where nothing is known. */
	reason: string | undefined;
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #tunnels: Tunnels;
	readonly #trouble: RepeatedNote;
	#since: number | undefined;
	#askedAt = Number.NEGATIVE_INFINITY;
	#told = '';

	constructor(context: RunContext, record: RunRecord, tunnels: Tunnels) {
		this.#context = context;
		this.#record = record;
		this.#tunnels = tunnels;
		this.#trouble = new RepeatedNote(record);
	}

	/** To be called about once a second. Never rejects. */
	async look(): Promise<void> {
		const now = this.#context.clock.elapsed();
		const {environment, machine} = this.#tunnels;
		const {opened, guarded} = this.#record.known;
		if (!guarded || !opened || environment.health.status === 'up' || machine.health.status !== 'up') {
			this.reason = undefined;
			this.#since = undefined;
			return;
		}

		this.#since ??= now;
		if (now - this.#since < patience || now - this.#askedAt < interval) {
			return;
		}

		this.#askedAt = now;
		try {
			const words = (await explainEnvironment(await machine.link(AbortSignal.timeout(answerLimit)))).join(' ');
			this.#trouble.forget();
			this.reason = words === '' ? undefined : words;
			if (words !== '' && words !== this.#told) {
				this.#told = words;
				this.#record.note(words);
			}
		} catch (error) {
			// The link to the machine is about to say for itself what is wrong with it.
			this.#trouble.say(`the machine could not be asked for its environment: ${String(error)}`);
		}
	}
}
