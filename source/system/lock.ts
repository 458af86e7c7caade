import {link, open, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {type Clock, systemClock} from './clock.js';
import {isMissing} from './files.js';
import {type Holder, holderSchema, lifeOf, thisHolder} from './holder.js';
import {systemRandom} from './random.js';

/** How often a holder shows that it still works, not only lives. Milliseconds. */
export const beatInterval = 2000;

/** How often a doubt whether a lock is still held is looked at again, and milliseconds in between. */
const doubtLimit = 4;
const doubtInterval = 50;

export type Lock = {
	/** Whether it is still this process's. Another takes over where this one was stopped for long; who goes on then must ask first. */
	isMine(): Promise<boolean>;
	release(): Promise<void>;
};

/** What a holder shows. `id` is another one for each time that it is taken; `beat` changes for as long as the holder works. */
export type LockSign = {readonly id: string; readonly beat: number; readonly holder: Holder};

/*
A lock is a row of files, FILE, FILE-1, FILE-2 …, and belongs to whoever made the last of them. Each is made at once and never over another,
so that of all who want to follow the same holder one does; and none is taken away before a later one is there, so that who comes late finds
that out. One that was let go is empty.
*/
type Entry = {readonly generation: number; readonly text: string; readonly beat: number};

const nameOf = (file: string, generation: number): string => (generation === 0 ? file : `${file}-${generation}`);

async function entries(file: string): Promise<number[]> {
	const base = path.basename(file);
	const names = await readdir(path.dirname(file)).catch((error: unknown) => {
		if (isMissing(error)) {
			return [];
		}

		throw error;
	});
	return names
		.filter(name => name === base || (name.startsWith(`${base}-`) && /^\d+$/.test(name.slice(base.length + 1))))
		.map(name => (name === base ? 0 : Number(name.slice(base.length + 1))))
		.sort((a, b) => a - b);
}

async function read(file: string, generation: number): Promise<Entry | undefined> {
	try {
		const name = nameOf(file, generation);
		const [text, {mtimeMs}] = await Promise.all([readFile(name, 'utf8'), stat(name)]);
		return {generation, text, beat: mtimeMs};
	} catch (error) {
		if (isMissing(error)) {
			return undefined;
		}

		throw error;
	}
}

async function last(file: string): Promise<Entry | undefined> {
	for (;;) {
		const generation = (await entries(file)).at(-1);
		if (generation === undefined) {
			return undefined;
		}

		const entry = await read(file, generation);
		if (entry) {
			return entry;
		}
	}
}

function holderOf(entry: Entry | undefined): Holder | undefined {
	try {
		return holderSchema.parse(JSON.parse(entry?.text ?? ''));
	} catch {
		return undefined;
	}
}

/**
Whether a lock is held by a living process, was left by a dead one, or is nobody's. One of another machine's counts as held: whether that lives
is seen by its beats alone.
*/
export async function lockState(file: string): Promise<'held' | 'abandoned' | 'free'> {
	const holder = holderOf(await last(file));
	if (!holder) {
		return 'free';
	}

	return (await lifeOf(holder)) === 'dead' ? 'abandoned' : 'held';
}

/** What the holder of a lock shows, living or dead; undefined where it is nobody's. */
export async function lockSign(file: string): Promise<LockSign | undefined> {
	const entry = await last(file);
	const holder = holderOf(entry);
	return entry && holder ? {id: `${entry.generation} ${entry.text}`, beat: entry.beat, holder} : undefined;
}

export type LockOptions = {
	/** Takes it also from a living process, the one that shows this `id`: it does not answer. */
	readonly over?: string | undefined;
	/** Takes it also from a process of another machine that has shown nothing for so long by both clocks, milliseconds. Never, without it. */
	readonly elsewhereLimit?: number;
	readonly clock?: Clock;
	/** Leaves no file behind when it is let go. Without that, who was stopped for long can never be taken for the next. */
	readonly isTidy?: boolean;
};

/** Takes a lock for this process, also from a dead one; undefined while another living process has it, or one of another machine. */
export async function acquireLock(
	file: string,
	{over, elsewhereLimit = Number.POSITIVE_INFINITY, clock = systemClock, isTidy = false}: LockOptions = {},
): Promise<Lock | undefined> {
	const mine = `${file}.${process.pid}.${systemRandom.hex(4)}`;
	const isHeld = async (entry: Entry, holder: Holder): Promise<boolean> => {
		const life = await lifeOf(holder);
		return life === 'elsewhere' ? clock.now() - entry.beat < elsewhereLimit : life === 'alive';
	};

	try {
		await writeFile(mine, JSON.stringify({...(await thisHolder()), id: systemRandom.hex(8)}), {mode: 0o600});
		for (;;) {
			const before = await last(file);
			const holder = holderOf(before);
			const isOver = before !== undefined && over === `${before.generation} ${before.text}`;
			if (before && holder && !isOver && (await isHeld(before, holder))) {
				return undefined;
			}

			const generation = before === undefined ? 0 : before.generation + 1;
			if ((await linked(mine, nameOf(file, generation))) && (await follows(file, generation, before))) {
				return await hold(file, generation, clock, isTidy);
			}
		}
	} finally {
		// What is left of it is nobody's lock: a lock that was taken is not lost over it.
		await rm(mine, {force: true}).catch(() => undefined);
	}
}

/** Whether what was made follows what was seen. Who was stopped in between may have come too late, or into another folder of the same name. */
async function follows(file: string, generation: number, before: Entry | undefined): Promise<boolean> {
	const newest = (await entries(file)).at(-1);
	const below = before && (await read(file, before.generation));
	if (newest === generation && below?.text === before?.text) {
		return true;
	}

	await rm(nameOf(file, generation), {force: true});
	return false;
}

async function hold(file: string, generation: number, clock: Clock, isTidy: boolean): Promise<Lock> {
	const own = nameOf(file, generation);
	// It stays open, so that what is done to it is never done to another's.
	const handle = await open(own, 'r').catch(async (error: unknown) => {
		await rm(own, {force: true});
		throw error;
	});
	for (const each of await entries(file)) {
		if (each < generation) {
			// The last one counts: those before it may stay.
			await rm(nameOf(file, each), {force: true}).catch(() => undefined);
		}
	}

	let isReleased = false;
	const stopBeating = clock.every(beatInterval, () => {
		const now = new Date(clock.now());
		// Who cannot even do that is taken for one that does not answer.
		handle.utimes(now, now).catch(() => undefined);
	});
	const isThere = async (): Promise<boolean> => {
		const isFollowed = (await entries(file)).some(each => each > generation);
		const [here, there] = await Promise.all([handle.stat(), stat(own).catch(() => undefined)]);
		return !isFollowed && here.ino === there?.ino && here.dev === there.dev;
	};

	return {
		async isMine() {
			for (let tries = 1; !isReleased; tries++) {
				if (await isThere()) {
					return true;
				}

				// One that came too late takes itself away again.
				if (tries === doubtLimit) {
					return false;
				}

				await systemClock.sleep(doubtInterval);
			}

			return false;
		},
		async release() {
			if (isReleased) {
				return;
			}

			isReleased = true;
			stopBeating();
			try {
				const isLast = isTidy && (await isThere());
				if (isLast) {
					await rm(own, {force: true});
				} else {
					await empty(own, (await handle.stat()).ino);
				}
			} finally {
				await handle.close();
			}
		},
	};
}

/** Empties a file that is still the one that is meant. */
async function empty(name: string, inode: number): Promise<void> {
	let handle;
	try {
		handle = await open(name, 'r+');
	} catch (error) {
		if (isMissing(error)) {
			return;
		}

		throw error;
	}

	try {
		if ((await handle.stat()).ino === inode) {
			await handle.truncate(0);
		}
	} finally {
		await handle.close();
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
