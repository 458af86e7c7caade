import {setImmediate} from 'node:timers/promises';

/** Lets keys, frames and answers have their turn in the middle of long work. */
export const yieldToEvents = async (): Promise<void> => {
	await setImmediate();
};

/** How long others wait at most, milliseconds. */
const slice = 2.5;

/** To be called between the steps of long work: lets others have their turn when they have waited long enough. */
export function makeYielder(): () => Promise<void> {
	let since = performance.now();
	return async () => {
		if (performance.now() - since >= slice) {
			await yieldToEvents();
			since = performance.now();
		}
	};
}
