import {formatBytes} from '../../system/format.js';
import type {StepReport} from '../step.js';

const pace = 100;
const grouped = (count: number): string => count.toLocaleString('en-US');

/** Counts what is there, in bytes of what is here, and says it ten times a second at most, of files and of history each. It only ever grows. */
export class Progress {
	/** Bytes that went through the link. */
	sent = 0;
	#done = 0;
	#files = 0;
	#history = 0;
	readonly #said = new Map<'files' | 'history', number>();
	readonly #onReport: (report: StepReport) => void;
	readonly #total: {readonly bytes: number; readonly files: number; readonly history: number};

	constructor(onReport: (report: StepReport) => void, total: {bytes: number; files: number; history: number}) {
		this.#onReport = onReport;
		this.#total = total;
	}

	/** Files of the code that are there now, with their bytes. */
	files(count: number, bytes: number): void {
		this.#files += count;
		this.#done += bytes;
		this.#say('files', `files ${grouped(Math.min(this.#files, this.#total.files))} of ${grouped(this.#total.files)},`);
	}

	/** History that is there now; from origin it comes as a share of all that there is. */
	history(bytes: number): void {
		this.#history += bytes;
		this.#done += bytes;
		this.#say(
			'history',
			`history ${formatBytes(Math.min(this.#history, this.#total.history))} of ${formatBytes(this.#total.history)},`,
		);
	}

	/** All that is left of history has come otherwise. */
	historyTo(bytes: number): void {
		if (bytes > this.#history) {
			this.history(bytes - this.#history);
		}
	}

	/** Everything is there. */
	end(log: string): void {
		this.#onReport({...this.#report(), done: this.#total.bytes, log});
	}

	#report(): StepReport {
		return {done: Math.min(this.#done, this.#total.bytes), total: this.#total.bytes, unit: 'bytes'};
	}

	#say(what: 'files' | 'history', text: string): void {
		const now = performance.now();
		if (now - (this.#said.get(what) ?? -Infinity) >= pace) {
			this.#said.set(what, now);
			this.#onReport({...this.#report(), text});
		}
	}
}
