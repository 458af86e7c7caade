import {setImmediate} from 'node:timers/promises';

/** Lets keys, frames and answers have their turn in the middle of long work. */
export const breathe = async (): Promise<void> => {
	await setImmediate();
};
