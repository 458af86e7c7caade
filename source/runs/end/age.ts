import {stat} from 'node:fs/promises';
import type {Clock} from '../../system/clock.js';
import type {RunContext} from '../context.js';
import {readJournal} from '../journal/journal.js';
import {ownership} from '../journal/ownership.js';

/** When something was made or changed in a folder, by this machine's clock then. */
export const timeOf = async (folder: string): Promise<number | undefined> => (await stat(folder).catch(() => undefined))?.mtimeMs;

/** How long ago a moment was, milliseconds. Undefined where it seems to come yet: the clock was set back, and nobody knows. */
export function timeSince(clock: Clock, at: number | undefined): number | undefined {
	const age = clock.now() - (at ?? Number.NEGATIVE_INFINITY);
	return age < 0 ? undefined : age;
}

/** Whether nobody takes up or changes what lies in a run's folder for as long as that: where no clock tells how old it is, waiting does. */
export async function stays({clock}: RunContext, folder: string, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
	const before = await timeOf(folder);
	const {whole} = await readJournal(folder);
	await clock.sleep(milliseconds, signal);
	return (
		before === (await timeOf(folder)) && whole === (await readJournal(folder)).whole && (await ownership(folder)) !== 'owned'
	);
}
