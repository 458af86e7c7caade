import {stat, utimes} from 'node:fs/promises';
import {isMissing} from '../../system/files.js';
import {type Holder, lifeOf} from '../../system/holder.js';

/** Looks in a row at which a request from another machine that shows nothing new is nobody's any more: a minute and more. */
const deadLooks = 120;

type Seen = {beat: number; looks: number; isWaiting: boolean};

/** What was seen of requests from other machines, by their files. */
const seen = new Map<string, Seen>();

/** Shows that who asked still waits. Nothing where the request is not there any more. */
export async function keepAsking(file: string): Promise<void> {
	const now = new Date();
	try {
		await utimes(file, now, now);
	} catch (error) {
		if (!isMissing(error)) {
			throw error;
		}
	}
}

/**
Whether who asked still waits for what the request in `file` asks for; `unknown` for one on another machine that has not yet been seen to. To be
asked about once a second.
*/
export async function askerOf(file: string, by: Holder): Promise<'waits' | 'gone' | 'unknown'> {
	const life = await lifeOf(by);
	if (life !== 'elsewhere') {
		return life === 'alive' ? 'waits' : 'gone';
	}

	const beat = await stat(file).then(
		({mtimeMs}) => mtimeMs,
		(error: unknown) => {
			if (isMissing(error)) {
				return undefined;
			}

			throw error;
		},
	);
	if (beat === undefined) {
		seen.delete(file);
		return 'gone';
	}

	const before = seen.get(file) ?? {beat, looks: 0, isWaiting: false};
	const isNew = before.beat !== beat;
	const next = {beat, looks: isNew ? 0 : before.looks + 1, isWaiting: before.isWaiting || isNew};
	if (next.looks > deadLooks) {
		seen.delete(file);
		return 'gone';
	}

	seen.set(file, next);
	return next.isWaiting ? 'waits' : 'unknown';
}
