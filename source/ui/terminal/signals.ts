import {constants} from 'node:os';
import process from 'node:process';

/** What can be ended by a signal. */
export type Interruptible = {
	readonly hasEnded: boolean;
	end(end: {readonly kind: 'interrupted'; readonly signal: NodeJS.Signals}): void;
};

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Milliseconds after which another signal is meant anew: hanging up comes as two or three of them. */
const again = 2000;

/**
Ends the app in order by a signal, and as if by SIGHUP when the terminal is gone, of which no signal need tell: reading ends, or writing
fails. Whoever sends another signal when that takes long has it at once. Returns the way to stop.
*/
export function endOnInterruption(app: Interruptible, isLent: () => boolean): () => void {
	let since: number | undefined;
	const interrupt = (signal: NodeJS.Signals) => {
		if (since === undefined) {
			since = performance.now();
			app.end({kind: 'interrupted', signal});
		} else if (performance.now() - since > again) {
			process.exit(128 + constants.signals[signal]);
		}
	};

	const listeners = signals.map(signal => {
		// Ctrl-C inside a shell or an editor that has the terminal is theirs.
		const listener = () => {
			if (!(isLent() && signal === 'SIGINT')) {
				interrupt(signal);
			}
		};

		process.on(signal, listener);
		return {signal, listener};
	});
	const onGone = () => {
		if (!app.hasEnded) {
			interrupt('SIGHUP');
		}
	};

	const {stdin, stdout} = process;
	// These stay: what fails in a terminal that is gone, on the way out as well, is no failure.
	stdin.on('error', onGone);
	stdout.on('error', onGone);
	stdin.on('end', onGone);
	return () => {
		stdin.off('end', onGone);
		for (const {signal, listener} of listeners) {
			process.off(signal, listener);
		}
	};
}
