import type {Connection} from './connection/contract.js';

/** Seconds between questions to a connection that answers. */
const askEvery = 5;
/** Seconds without an answer or any other byte after which a connection counts as lost. */
const patience = 4;
/** The same for a question that has a reason: the machine slept, or has another network. */
const probePatience = 3;

type Listeners = {
	/** Round trip, milliseconds. */
	readonly onAnswer: (latency: number) => void;
	readonly onSilent: (seconds: number) => void;
	/** A silent one, or one that was probed, answers again. */
	readonly onHeard: () => void;
};

/**
Asks one connection whether it lives, by a round trip to its SSH server. Counts ticks of a second and no clock, so that neither sleep nor
a clock that is set makes it count as lost. A busy connection's answers may be late: as long as bytes arrive, it lives.
*/
export class Keepalive {
	readonly #connection: Connection;
	readonly #listeners: Listeners;
	#unanswered = 0;
	#sinceAsked = 0;
	#quiet = 0;
	#patience = patience;
	#seen: number;
	#silent = false;
	#probing = false;
	#silences = 0;

	constructor(connection: Connection, listeners: Listeners) {
		this.#connection = connection;
		this.#listeners = listeners;
		this.#seen = connection.bytesRead;
		connection.stopOwnKeepalive();
		this.#ask();
	}

	get isSilent(): boolean {
		return this.#silent;
	}

	/** Whether a question with a reason waits for its answer. */
	get isProbing(): boolean {
		return this.#probing;
	}

	/** To be called once a second. */
	tick(): void {
		const {bytesRead} = this.#connection;
		if (bytesRead !== this.#seen) {
			this.#seen = bytesRead;
			this.#quiet = 0;
			// What was on its way before the question says nothing about the new network, and the answer itself is reported at once.
			if (!this.#probing) {
				this.#hear();
			}
		} else if (this.#unanswered > 0) {
			this.#quiet++;
			if (this.#quiet >= this.#patience && !this.#silent) {
				this.#silent = true;
				this.#silences++;
				this.#probing = false;
				this.#listeners.onSilent(this.#quiet);
			}
		}

		this.#sinceAsked++;
		if (this.#unanswered === 0 && this.#sinceAsked >= askEvery) {
			this.#ask();
		}
	}

	/** Asks now, with a short deadline. */
	probe(): void {
		this.#quiet = 0;
		if (!this.#silent) {
			this.#patience = probePatience;
			this.#probing = true;
		}

		this.#ask();
	}

	#ask(): void {
		this.#sinceAsked = 0;
		this.#unanswered++;
		const silences = this.#silences;
		this.#connection.ping().then(
			latency => {
				this.#unanswered--;
				this.#quiet = 0;
				this.#seen = this.#connection.bytesRead;
				const late = this.#silences !== silences;
				this.#hear();
				if (this.#unanswered === 0) {
					this.#patience = patience;
					this.#probing = false;
					if (late) {
						// How long the network stood still is no round trip.
						this.#ask();
					} else {
						this.#listeners.onAnswer(latency);
					}
				}
			},
			() => {
				// It is over, which it says itself.
			},
		);
	}

	#hear(): void {
		if (this.#silent) {
			this.#silent = false;
			this.#patience = patience;
			this.#listeners.onHeard();
		}
	}
}
