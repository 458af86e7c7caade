import {link, readFile, rename, rm, writeFile} from 'node:fs/promises';
import process from 'node:process';
import {isProcess, type ProcessId, processStart} from './processes.js';
import {systemRandom} from './random.js';

/** The process that a lock file names; undefined where there is none, or what a crash left of one. */
export async function lockHolder(file: string): Promise<ProcessId | undefined> {
	try {
		const {pid, start} = JSON.parse(await readFile(file, 'utf8')) as ProcessId;
		return {pid, start};
	} catch {
		return undefined;
	}
}

/** Whether a lock is held by a living process, was left by a dead one, or is nobody's. */
export async function lockState(file: string): Promise<'held' | 'abandoned' | 'free'> {
	const holder = await lockHolder(file);
	if (!holder) {
		return 'free';
	}

	return (await isProcess(holder.pid, holder.start)) ? 'held' : 'abandoned';
}

/** Takes a lock for this process, also from a dead one; undefined while another living process has it. Returns the way to let go. */
export async function acquireLock(file: string): Promise<(() => Promise<void>) | undefined> {
	const mine = `${file}.${process.pid}.${systemRandom.hex(4)}`;
	const me: ProcessId = {pid: process.pid, start: (await processStart(process.pid)) ?? ''};
	try {
		await writeFile(mine, JSON.stringify(me), {mode: 0o600});
		for (;;) {
			if (await linked(mine, file)) {
				return async () => rm(file, {force: true});
			}

			const holder = await lockHolder(file);
			if (holder && (await isProcess(holder.pid, holder.start))) {
				return undefined;
			}

			await setAside(file, mine, holder);
		}
	} finally {
		// What is left of it is nobody's lock: a lock that was taken is not lost over it.
		await rm(mine, {force: true}).catch(() => undefined);
	}
}

/** A hard link appears whole or not at all, and never over another. */
async function linked(mine: string, file: string): Promise<boolean> {
	try {
		await link(mine, file);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			return false;
		}

		throw error;
	}
}

/** Moves a dead holder's file away; should another have taken over in the meantime, puts that one's back. */
async function setAside(file: string, mine: string, dead: ProcessId | undefined): Promise<void> {
	const aside = `${mine}.aside`;
	try {
		await rename(file, aside);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return;
		}

		throw error;
	}

	const moved = await lockHolder(aside);
	if (moved && (moved.pid !== dead?.pid || moved.start !== dead.start)) {
		await linked(aside, file);
	}

	await rm(aside, {force: true});
}
