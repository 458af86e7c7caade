import {isTrouble} from '../../runs/model/reconciled.js';
import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';
import {takeReconciled} from './environments.js';

/** The first frames come first. Milliseconds. */
const delay = 1500;
const often = 5 * 60_000;

/**
Compares the journals with the clouds soon after the start and every five minutes, one comparison at a time, until the app ends: failed ends
are tried again, leftovers are swept, and instances that no journal tells of are listed.
*/
export function keepReconciled(app: App): void {
	const {
		core,
		options: {clock},
	} = app;
	const ending = new AbortController();
	const {signal} = ending;
	let isRunning = false;
	let isFirst = true;
	let told: ReadonlySet<string> = new Set();
	const check = async () => {
		if (isRunning) {
			return;
		}

		isRunning = true;
		try {
			// Journals can be lost: once after each start all regions are asked, and then those that journals tell of.
			const found = await core.reconcile({everywhere: isFirst});
			isFirst = false;
			if (signal.aborted) {
				return;
			}

			takeReconciled(app, found);
			// Of what was not found out the list alone tells.
			tell(
				app,
				found.notes.filter(note => !isTrouble(note) && !told.has(note)),
			);
			told = new Set(found.notes);
		} catch (error) {
			if (!signal.aborted) {
				const note = `The clouds could not be compared with what is known here: ${messageOf(error)}`;
				app.set({reconciled: {at: clock.now(), notes: [note]}});
			}
		} finally {
			isRunning = false;
		}
	};

	const stop = clock.every(often, () => void check());
	app.keep('reconciling', () => {
		stop();
		ending.abort();
	});
	// The sleep fails only by the app's end.
	clock.sleep(delay, signal).then(check, () => undefined);
}

/** What was ended or swept is news, unless something more important is being said. */
function tell(app: App, notes: readonly string[]): void {
	const {message, dialog, field} = app.state();
	if (notes.length > 0 && !message && !dialog && !field) {
		const [first, ...more] = notes;
		app.say(`${first}${more.length > 0 ? `; and ${more.length} more: E lists them` : ''}`);
	}
}
