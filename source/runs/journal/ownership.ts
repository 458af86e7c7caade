import path from 'node:path';
import {acquireLock, lockState} from '../../system/lock.js';

const ownerFile = (folder: string): string => path.join(folder, 'owner.json');

/** Whether a run's owner lives, died without letting go, or let go in order. */
export async function ownership(folder: string): Promise<'owned' | 'abandoned' | 'free'> {
	const state = await lockState(ownerFile(folder));
	return state === 'held' ? 'owned' : state;
}

/**
Takes a run for this process: one program at a time may change its journal. Undefined while another living one has it; a dead owner's
place is taken over. Returns the way to let go.
*/
export const own = async (folder: string): Promise<(() => Promise<void>) | undefined> => acquireLock(ownerFile(folder));
