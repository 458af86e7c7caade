import {answerAgreement} from './price-agreement.js';
import type {RunContext} from '../context.js';
import {answerDeadlineRequest} from './extend-deadline.js';
import {findEnd, isStopRequested} from '../end/end-run.js';
import type {RunRecord} from '../journal/record.js';
import {RepeatedNote} from '../journal/repeated-note.js';
import type {RunOver, Stage} from '../steps/step.js';

const interval = 1000;
/** A cloud is asked less often than this machine is: each question is a call that counts. Milliseconds. */
const cloudInterval = 15_000;

export type Keeping = {
	readonly stage: () => Promise<Stage>;
	readonly isLinked: () => boolean;
	/** Asks why the environment is silent where its machine is not; never rejects. */
	readonly onLook: () => Promise<void>;
	readonly onStopRequested: () => Promise<void>;
	readonly onEnd: (end: RunOver) => Promise<void>;
};

/**
Looks for what nobody tells: that another program asked for something, and that the instance of an environment without a link has ended by
itself. Only for a run that this program owns.
*/
export class Keeper {
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #signal: AbortSignal;
	readonly #keeping: Keeping;
	readonly #trouble: RepeatedNote;
	#isLooking = false;
	#askedAt = Number.NEGATIVE_INFINITY;

	constructor(context: RunContext, record: RunRecord, signal: AbortSignal, keeping: Keeping) {
		this.#context = context;
		this.#record = record;
		this.#signal = signal;
		this.#keeping = keeping;
		this.#trouble = new RepeatedNote(record);
	}

	/** Looks once a second until the signal. */
	start(): void {
		const stop = this.#context.clock.every(interval, () => {
			void this.#lookAndAct();
		});
		this.#signal.addEventListener('abort', stop, {once: true});
	}

	/** How the instance has ended, if it has. */
	async look(): Promise<RunOver | undefined> {
		const {phase, offer} = this.#record.known;
		if (phase !== 'ready' || this.#keeping.isLinked()) {
			this.#trouble.forget();
			return undefined;
		}

		const now = this.#context.clock.now();
		if (offer.price > 0 && now - this.#askedAt < cloudInterval) {
			return undefined;
		}

		this.#askedAt = now;
		const end = await findEnd(await this.#context.backend(offer.backend), this.#record.known, now);
		this.#trouble.forget();
		return end;
	}

	async #lookAndAct(): Promise<void> {
		if (this.#isLooking || this.#signal.aborted) {
			return;
		}

		if (!this.#record.owned) {
			await this.#keeping.onLook();
			return;
		}

		this.#isLooking = true;
		try {
			if (await isStopRequested(this.#record.folder)) {
				await this.#keeping.onStopRequested();
				return;
			}

			await this.#keeping.onLook();
			await answerAgreement(this.#record);
			await answerDeadlineRequest(this.#record, this.#keeping.stage);
			const end = await this.look();
			if (end && !this.#signal.aborted) {
				await this.#keeping.onEnd(end);
			}
		} catch (error) {
			// A backend that does not answer says nothing about the instance; it is asked again.
			this.#trouble.say(`could not be checked: ${String(error)}`);
		} finally {
			this.#isLooking = false;
		}
	}
}
