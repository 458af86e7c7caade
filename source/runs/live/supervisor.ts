import {answerAgreement} from './price-agreement.js';
import type {RunContext} from '../context.js';
import {answerDeadlineRequests} from './extend-deadline.js';
import {findStopRequest, type StopRequest} from '../end/stop-request.js';
import {examine, noteHalted} from '../end/examine.js';
import {lives} from '../end/overdue.js';
import type {RunRecord} from '../journal/record.js';
import {RepeatedNote} from '../journal/repeated-note.js';
import {isUnheard, overdue} from '../model/overdue.js';
import {overdueReason} from '../words/overdue-words.js';
import type {RunOver, Stage} from '../steps/step.js';

const interval = 1000;
/** A cloud is asked less often than this machine is: each question is a call that counts. Milliseconds. */
const cloudInterval = 15_000;

export type SupervisorOptions = {
	/** Whether this program is the run's owner, and still is. */
	readonly isOurs: () => Promise<boolean>;
	readonly stage: () => Promise<Stage>;
	readonly isLinked: () => boolean;
	/** Asks why the environment does not answer where its machine is not; never rejects. */
	readonly onLook: () => Promise<void>;
	readonly onStopRequested: (request: StopRequest) => Promise<void>;
	readonly onEnd: (end: RunOver) => Promise<void>;
	/** The machine should have ended itself, and did not: it is to be ended from here. */
	readonly onOverdue: (reason: string) => Promise<void>;
};

/**
Looks for what is not reported: that another program asked for something, and that the instance of an environment without a link has ended by
itself. Only for a run that this program owns.
*/
export class Keeper {
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #signal: AbortSignal;
	readonly #keeping: SupervisorOptions;
	readonly #trouble: RepeatedNote;
	#isLooking = false;
	readonly #askedAt = new Map<string, number>();

	constructor(context: RunContext, record: RunRecord, signal: AbortSignal, keeping: SupervisorOptions) {
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

		if (offer.price > 0 && !this.#mayAsk('end')) {
			return undefined;
		}

		const found = await examine(await this.#context.backend(offer.backend), this.#record.known, this.#context.clock.now());
		this.#trouble.forget();
		if (this.#record.owned) {
			await noteHalted(this.#context, this.#record, found);
		}

		return found?.type === 'over' ? found.over : undefined;
	}

	#mayAsk(what: 'end' | 'overdue'): boolean {
		const now = this.#context.clock.elapsed();
		if (now - (this.#askedAt.get(what) ?? Number.NEGATIVE_INFINITY) < cloudInterval) {
			return false;
		}

		this.#askedAt.set(what, now);
		return true;
	}

	/** Why the machine is to be ended from here: whether or not it answers, its time is over, and its guard does nothing. */
	async #findOverdue(): Promise<string | undefined> {
		const {known} = this.#record;
		const now = this.#context.clock.now();
		if (!overdue(now, known) || !this.#mayAsk('overdue')) {
			return undefined;
		}

		const found = await examine(await this.#context.backend(known.offer.backend), known, now);
		if (found?.type === 'over') {
			// While it is prepared, nobody else looks whether it is still there.
			return known.phase === 'ready' ? undefined : found.over.message;
		}

		return found?.type === 'overdue' && !(await lives(this.#context, this.#record)) ? overdueReason(found.end) : undefined;
	}

	/** Notes once that a guard did not report, within the boot lease that should end its machine. */
	async #noteUnheard(): Promise<void> {
		const {known} = this.#record;
		if (!known.isGuardSilent && isUnheard(this.#context.clock.now(), known)) {
			await this.#record.append({type: 'guard-unheard'});
		}
	}

	async #lookAndAct(): Promise<void> {
		if (this.#isLooking || this.#signal.aborted) {
			return;
		}

		this.#isLooking = true;
		try {
			if (!(await this.#keeping.isOurs())) {
				await this.#keeping.onLook();
				return;
			}

			const request = await findStopRequest(this.#record.folder);
			if (request) {
				await this.#keeping.onStopRequested(request);
				return;
			}

			await this.#keeping.onLook();
			await answerAgreement(this.#record);
			await answerDeadlineRequests(this.#record, this.#keeping.stage);
			await this.#noteUnheard();
			const overdueWhy = await this.#findOverdue();
			if (overdueWhy !== undefined && !this.#signal.aborted) {
				await this.#keeping.onOverdue(overdueWhy);
				return;
			}

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
