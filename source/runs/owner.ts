import {link, readFile, rename, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {systemRandom} from '../system/random.js';
import {isProcess, processStart} from '../system/processes.js';

/** The program that looks after a run now: one at a time may change its journal. */
export type Owner = {readonly pid: number; readonly start: string};

const ownerFile = (folder: string): string => path.join(folder, 'owner.json');

async function readOwner(file: string): Promise<Owner | undefined> {
	try {
		const {pid, start} = JSON.parse(await readFile(file, 'utf8')) as Owner;
		return {pid, start};
	} catch {
		// Absent, or torn by a crash while it was written: nobody's.
		return undefined;
	}
}

const isAlive = async (owner: Owner | undefined): Promise<boolean> => owner !== undefined && isProcess(owner.pid, owner.start);

/** Whether a run's owner lives, died without letting go, or let go in order. */
export async function ownership(folder: string): Promise<'owned' | 'abandoned' | 'free'> {
	const owner = await readOwner(ownerFile(folder));
	if (!owner) {
		return 'free';
	}

	return (await isAlive(owner)) ? 'owned' : 'abandoned';
}

/**
Takes a run for this process; undefined while another living one has it. A dead owner's place is taken over.
Returns the way to let go.
*/
export async function own(folder: string): Promise<(() => Promise<void>) | undefined> {
	const file = ownerFile(folder);
	const mine = `${file}.${process.pid}.${systemRandom.hex(4)}`;
	const me: Owner = {pid: process.pid, start: (await processStart(process.pid)) ?? ''};
	await writeFile(mine, JSON.stringify(me), {mode: 0o600});
	try {
		for (;;) {
			if (await linked(mine, file)) {
				return async () => rm(file, {force: true});
			}

			const dead = await readOwner(file);
			if (await isAlive(dead)) {
				return undefined;
			}

			await setAside(file, mine, dead);
		}
	} finally {
		await rm(mine, {force: true});
	}
}

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

/** Moves a dead owner's file away; should another have taken over in the meantime, puts that one's back. */
async function setAside(file: string, mine: string, dead: Owner | undefined): Promise<void> {
	const aside = `${mine}.aside`;
	try {
		await rename(file, aside);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return;
		}

		throw error;
	}

	const moved = await readOwner(aside);
	if (moved && (moved.pid !== dead?.pid || moved.start !== dead.start)) {
		await linked(aside, file);
	}

	await rm(aside, {force: true});
}
