import type {RunRecord} from './record.js';

/** A note of what goes wrong again and again, for days where nobody mends it: said anew only when it is another, or was mended in between. */
export class RepeatedNote {
	readonly #record: Pick<RunRecord, 'note'>;
	#last: string | undefined;

	constructor(record: Pick<RunRecord, 'note'>) {
		this.#record = record;
	}

	say(text: string): void {
		if (text !== this.#last) {
			this.#last = text;
			this.#record.note(text);
		}
	}

	/** It went well. */
	forget(): void {
		this.#last = undefined;
	}
}
