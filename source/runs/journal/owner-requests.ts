import {readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {readIfThere} from '../../system/files.js';
import {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import type {RunRecord} from './record.js';
import type {RunState} from '../model/state.js';

const answerLimit = 30_000;
const pollInterval = 200;

export type OwnerRequest = {
	/** The name of the file in the run's folder that carries it. */
	readonly file: string;
	readonly text: string;
	/** Whether what the owner has written since shows that it was done. */
	readonly isDone: (state: RunState | undefined) => boolean;
	/** What is thrown where it was neither done nor refused in time; the request is then withdrawn. */
	readonly unheard: Problem;
};

/** Beside a request: why the owner did not do it. */
const refusalSuffix = '-refused';
const refusal = z.object({message: z.string(), next: z.string().optional()});

/** Asks the run's owner, another program, for something, and waits until it has done it. Throws a `Problem`, the owner's own where it refuses. */
export async function askOwner(
	{clock}: RunContext,
	record: RunRecord,
	{file, text, isDone, unheard}: OwnerRequest,
): Promise<void> {
	const place = path.join(record.folder, file);
	// Of an earlier one that nobody waited for.
	await rm(place + refusalSuffix, {force: true});
	await writeFile(place, text, {mode: 0o600});
	for (const start = clock.now(); clock.now() - start < answerLimit; await clock.sleep(pollInterval)) {
		await record.catchUp();
		if (isDone(record.state)) {
			return;
		}

		const refused = await readIfThere(place + refusalSuffix);
		if (refused !== undefined) {
			await rm(place + refusalSuffix, {force: true});
			const {message, next} = refusal.parse(JSON.parse(refused));
			throw new Problem('failed', message, next === undefined ? {} : {next});
		}
	}

	await rm(place, {force: true});
	throw unheard;
}

/**
Does what another program asked for, once; for the owner. `read` gives nothing for what is no such request (it may be in the middle of being written), which stays.
A `Problem` of `act` is told to the one who asked, then thrown.
*/
export async function answerRequest<Asked>(
	folder: string,
	file: string,
	{read, act}: {read(text: string): Asked | undefined; act(asked: Asked): Promise<void>},
): Promise<void> {
	const place = path.join(folder, file);
	const asked = read(await readFile(place, 'utf8').catch(() => ''));
	if (asked === undefined) {
		return;
	}

	await rm(place, {force: true});
	try {
		await act(asked);
	} catch (error) {
		if (error instanceof Problem) {
			const {message, next} = error;
			// Whole at once, for the one who asked reads it as soon as it is there.
			await writeFileAtomic(place + refusalSuffix, JSON.stringify({message, next}), {mode: 0o600});
		}

		throw error;
	}
}

/** Whether a file in a run's folder is a request itself, and not what was answered to one. */
export const isRequest = (file: string): boolean => !file.includes(refusalSuffix);
