import {access, lstat, mkdir, readlink, rm, rmdir} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {readIfThere} from '../../system/files.js';
import {withLock} from './config-lock.js';
import {codeOf, type Config, ConfigUnusable, readConfig, refusals, unusable, write} from './user-config.js';

/** Where our line is to be in a person's config. */
export type Inclusion = {
	/** The person's config. */
	readonly file: string;
	/** The file that it is to include, as the ssh that reads it knows it. */
	readonly ours: string;
	/** Where it is written down what of it is of our making: the line, the config too, or its folder as well. */
	readonly marker: string;
};

// The person's config is handled as latin1, one character a byte; so must be what is looked for in it.
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** The line to write. */
export const includeLine = (ours: string): string => `Include "${ours}"`;

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const isLine = (line: string, ours: string): boolean => line.trim() === latin1(includeLine(ours));
const without = (text: string, ours: string): string =>
	linesOf(text)
		.filter(line => !isLine(line, ours))
		.join('');

/** What was there before our line takes effect: blank lines, comments and other Includes change nothing for it. */
const leads = (line: string): boolean => /^\s*(?:$|#|include[\s="])/i.test(line);

/** How a config includes ours: before everything else, too late (the number of the line, from 1), or not at all. */
export function placeOfInclude(text: string, ours: string): 'first' | 'missing' | number {
	const lines = linesOf(text);
	const at = lines.findIndex(line => isLine(line, ours));
	return at === -1 ? 'missing' : lines.slice(0, at).every(leads) ? 'first' : at + 1;
}

/** Makes our line the first of the config, unless it is where it takes effect already. Every other byte stays. Throws `ConfigUnusable`. */
export async function addInclude({file, ours, marker}: Inclusion): Promise<void> {
	await change(file, async (before, made) => {
		const place = before ? placeOfInclude(before.text, ours) : 'missing';
		if (place === 'first') {
			return undefined;
		}

		const text = before?.text ?? '';
		// Where all lines end as on Windows, ours does.
		const end = /\r\n/.test(text) && !/(?:^|[^\r])\n/.test(text) ? '\r\n' : '\n';
		const next = latin1(includeLine(ours)) + end + without(text, ours);
		// One that is only moved is the user's.
		return {text: next, ...(place === 'missing' ? {note: async () => noteDown(marker, made)} : {})};
	});
}

type Made = 'line' | 'file' | 'folder';

/** Writes down what is made, before it is; returns the way to take that back. A file that we made stays one that we made. */
async function noteDown(marker: string, made: Made): Promise<() => Promise<void>> {
	const before = await readIfThere(marker);
	await writeFileAtomic(marker, made === 'line' && before ? before : made, {mode: 0o600});
	return async () => (before === undefined ? rm(marker, {force: true}) : writeFileAtomic(marker, before, {mode: 0o600}));
}

/**
Takes our line out again, if it was this program that added it; a config that we made and that holds nothing else goes too. Throws
`ConfigUnusable`.
*/
export async function removeInclude({file, ours, marker}: Inclusion): Promise<void> {
	const made = await readIfThere(marker);
	if (made === undefined) {
		return;
	}

	const before = await readConfig(file);
	if (before && placeOfInclude(before.text, ours) !== 'missing') {
		await change(file, async now => {
			const rest = without(now?.text ?? '', ours);
			return rest === '' && made !== 'line' ? 'remove' : {text: rest};
		});
		if (made === 'folder') {
			// The person may have put something there since.
			await rmdir(path.dirname(before.target)).catch(() => undefined);
		}
	}

	await rm(marker, {force: true});
}

/** So often what somebody else wrote at the same moment is read again. */
const mostTurns = 20;

/** What is to be there: nothing else than before, no file, or a text; `note` writes down first what is made, and returns the way back. */
type Next = undefined | 'remove' | {readonly text: string; readonly note?: () => Promise<() => Promise<void>>};
type Change = (before: Config | undefined, made: Made) => Promise<Next>;

/** Changes a config under a lock that every installation of this program takes, and not over what an editor wrote in between. */
async function change(file: string, make: Change): Promise<void> {
	try {
		const {place, made} = await placeToWrite(file);
		if (!(await locked(place, async () => changeUnderLock({file, place, made, make})))) {
			throw new ConfigUnusable('it changes all the time');
		}
	} catch (error) {
		throw unusable(error);
	}
}

type Changing = {readonly file: string; readonly place: string; readonly made: Made; readonly make: Change};

/** False where somebody else writes it again and again. */
async function changeUnderLock({file, place, made, make}: Changing): Promise<boolean> {
	for (let turn = 0; turn < mostTurns; turn++) {
		const before = await readConfig(file);
		const next = await make(before, made);
		if (next === undefined || (next !== 'remove' && next.text === before?.text)) {
			return true;
		}

		if ((await readConfig(file))?.text === before?.text) {
			await put(place, next, before);
			return true;
		}
	}

	return false;
}

async function put(place: string, next: NonNullable<Next>, before: Config | undefined): Promise<void> {
	if (next === 'remove') {
		await rm(place, {force: true});
		return;
	}

	const takeBack = await next.note?.();
	try {
		await write(place, next.text, before);
	} catch (error) {
		await takeBack?.();
		throw error;
	}
}

/** Where a config is, or is to be: a link is followed to its end also where that is not there yet, so that it stays a link. */
async function placeToWrite(file: string): Promise<{place: string; made: Made}> {
	const there = await readConfig(file);
	if (there) {
		return {place: there.target, made: 'line'};
	}

	const end = await endOfLinks(file);
	const folder = path.dirname(end);
	if (end !== file) {
		await access(folder).catch(() => {
			throw new ConfigUnusable(`it leads to ${end}, and the folder of that is not there`);
		});
	}

	const first = await mkdir(folder, {recursive: true, mode: 0o700});
	return {place: end, made: first === undefined ? 'file' : 'folder'};
}

async function endOfLinks(file: string): Promise<string> {
	let end = file;
	for (let link = 0; link < 40; link++) {
		const kind = await lstat(end).catch(() => undefined);
		if (!kind?.isSymbolicLink()) {
			return end;
		}

		end = path.resolve(path.dirname(end), await readlink(end));
	}

	return end;
}

async function locked<T>(target: string, act: () => Promise<T>): Promise<T> {
	let isTaken = false;
	const acting = async () => {
		isTaken = true;
		return act();
	};

	const take = async (more: {retries?: number}) =>
		withLock(target, acting, {realpath: false, lockfilePath: `${target}.dstack-tui-lock`, ...more});
	try {
		// Every refusal would be tried again, and only one of them can pass.
		return await take({retries: 0}).catch(async (error: unknown) => {
			if (!isTaken && codeOf(error) === 'ELOCKED') {
				return take({});
			}

			throw error;
		});
	} catch (error) {
		if (!isTaken && refusals.has(codeOf(error))) {
			// Where nothing can be put beside it, others cannot either.
			return act();
		}

		throw error;
	}
}
