import {readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Problem} from '../system/problem.js';
import type {RunContext} from './context.js';
import type {RunRecord} from './record.js';
import type {RunState} from './state.js';

const answerLimit = 30_000;
const pollInterval = 200;

export type OwnerRequest = {
	/** The name of the file in the run's folder that carries it. */
	readonly file: string;
	readonly text: string;
	/** Whether what the owner has written since shows that it was done. */
	readonly isDone: (state: RunState | undefined) => boolean;
	/** What is thrown where it was not, in time; the request is then withdrawn. */
	readonly unheard: Problem;
};

/** Asks the run's owner, another program, for something, and waits until it has done it. */
export async function askOwner(
	{clock}: RunContext,
	record: RunRecord,
	{file, text, isDone, unheard}: OwnerRequest,
): Promise<void> {
	const place = path.join(record.folder, file);
	await writeFile(place, text, {mode: 0o600});
	for (const start = clock.now(); clock.now() - start < answerLimit; await clock.sleep(pollInterval)) {
		await record.catchUp();
		if (isDone(record.state)) {
			return;
		}
	}

	await rm(place, {force: true});
	throw unheard;
}

/** What another program asked for, once, where `accepts` it; for the owner. */
export async function takeRequest(folder: string, file: string, accepts: (text: string) => boolean): Promise<string | undefined> {
	const place = path.join(folder, file);
	const text = await readFile(place, 'utf8').catch(() => '');
	if (!accepts(text)) {
		return undefined;
	}

	await rm(place, {force: true});
	return text;
}
