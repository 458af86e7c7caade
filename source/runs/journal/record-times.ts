import type {StepId} from '../../environment/step.js';
import type {Paths} from '../../system/paths.js';
import {messageOf} from '../../system/problem.js';
import type {RunEvent} from '../model/events.js';
import {placeOf} from '../model/expected-times.js';
import type {RunState} from '../model/state.js';
import {keepStepTime, stepKey} from '../model/step-times.js';

/** How long a step took, milliseconds. */
export type TakenTime = {readonly step: StepId; readonly time: number};

/**
Tells from a run's events, as its owner appends them, how long its steps took: those that ended well, and were begun once and seen from their
beginning. What was taken up again, failed before or only warned tells nothing of the next run.
*/
export class StepWatch {
	readonly #begun = new Map<StepId, number>();
	/** A refused attempt left nothing: the next one begins from nothing too. */
	#isNewAttempt = false;

	/** `before` is the run as it was before the event. */
	take({steps}: Pick<RunState, 'steps'>, event: RunEvent): TakenTime | undefined {
		switch (event.type) {
			case 'step-started': {
				const isNew = steps.every(({id}) => id !== event.step) || (event.step === 'instance' && this.#isNewAttempt);
				this.#isNewAttempt &&= event.step !== 'instance';
				this.#begun.delete(event.step);
				if (isNew) {
					this.#begun.set(event.step, event.at);
				}

				return undefined;
			}

			case 'step-done': {
				const from = this.#begun.get(event.step);
				this.#begun.delete(event.step);
				return from === undefined || event.warning
					? undefined
					: {step: event.step, time: event.at - from - insideOf(event.step, steps, from)};
			}

			case 'step-failed': {
				this.#begun.delete(event.step);
				return undefined;
			}

			case 'attempt-failed':
			case 'instance-lost': {
				this.#begun.clear();
				this.#isNewAttempt = true;
				return undefined;
			}

			default: {
				return undefined;
			}
		}
	}
}

/** A local engine gets the image while the instance is being made: that is a step of its own. */
function insideOf(step: StepId, steps: RunState['steps'], from: number): number {
	const image = step === 'instance' ? steps.find(({id}) => id === 'image') : undefined;
	return image?.endedAt === undefined || image.startedAt < from ? 0 : image.endedAt - image.startedAt;
}

/** Keeps what a run's owner learns of its steps' times. */
export class StepTimeLearner {
	readonly #paths: Paths;
	readonly #note: (line: string) => void;
	readonly #watch = new StepWatch();
	#last: Promise<void> = Promise.resolve();

	constructor(paths: Paths, note: (line: string) => void) {
		this.#paths = paths;
		this.#note = note;
	}

	take(before: RunState, event: RunEvent): void {
		const taken = this.#watch.take(before, event);
		if (taken) {
			const key = stepKey(taken.step, placeOf(before));
			this.#last = this.#last
				.then(async () => keepStepTime(this.#paths, key, taken.time, event.at))
				.catch((error: unknown) => this.#note(`how long ${taken.step} took could not be kept: ${messageOf(error)}`));
		}
	}

	/** Resolves when nothing is left to be written. */
	async settled(): Promise<void> {
		return this.#last;
	}
}
