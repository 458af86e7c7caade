import {rm} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {readIfThere} from '../../system/files.js';
import {isProcess, processStart} from '../../system/processes.js';

export const stopFile = 'stop-requested';
const stopRequest = (folder: string): string => path.join(folder, stopFile);
const schema = z.object({pid: z.number(), start: z.string()});

/** Asks the run's owner, another program, to end it. It holds for as long as this program waits for that. */
export const requestStop = async (folder: string): Promise<void> =>
	writeFileAtomic(stopRequest(folder), JSON.stringify({pid: process.pid, start: (await processStart(process.pid)) ?? ''}), {
		mode: 0o600,
	});

/** Takes a request back that was given up: who works on there must not be ended by it later. */
export const withdrawStop = async (folder: string): Promise<void> => rm(stopRequest(folder), {force: true});

/** Whether another program asks for the run's end, and still waits for it. One whose asker is gone is no request any more. */
export async function isStopRequested(folder: string): Promise<boolean> {
	const text = await readIfThere(stopRequest(folder));
	if (text === undefined) {
		return false;
	}

	const by = parse(text);
	if (by && (await isProcess(by.pid, by.start))) {
		return true;
	}

	await withdrawStop(folder);
	return false;
}

function parse(text: string): z.infer<typeof schema> | undefined {
	try {
		return schema.parse(JSON.parse(text));
	} catch {
		// It says not who asked: nobody waits for it.
		return undefined;
	}
}
