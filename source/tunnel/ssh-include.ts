import {constants} from 'node:fs';
import {access, lstat, mkdir, open, readFile, readlink, realpath, rm, rmdir, stat} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import lockfile from 'proper-lockfile';
import writeFileAtomic from 'write-file-atomic';
import {isMissing, readIfThere} from '../system/files.js';
import {messageOf} from '../system/problem.js';

/** A person's config that cannot be used as it is: the message says what is in the way. */
export class ConfigUnusable extends Error {
	override readonly name = 'ConfigUnusable';
}

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

type Config = {readonly target: string; readonly text: string; readonly mode: number; readonly inPlace: boolean};

/** Reads a person's config as latin1, so that every byte comes back as it was. Undefined where there is none. Throws `ConfigUnusable`. */
export async function readConfig(file: string): Promise<Config | undefined> {
	try {
		const target = await realpath(file);
		const {mode, nlink, uid} = await stat(target);
		if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
			throw new ConfigUnusable((mode & constants.S_IFMT) === constants.S_IFDIR ? 'it is a folder' : 'it is no plain file');
		}

		const text = await readFile(target, 'latin1');
		if (/^(?:\u00EF\u00BB\u00BF|\u00FF\u00FE|\u00FE\u00FF)/.test(text)) {
			throw new ConfigUnusable('it begins with a byte order mark, which no ssh can read: save it as UTF-8 without one');
		}

		// A new file in its place would not be under its other names any more, or not its owner's.
		const me = process.geteuid?.();
		const isOthers = me !== undefined && me !== 0 && me !== uid;
		return {target, text, mode: mode & 0o777, inPlace: nlink > 1 || isOthers};
	} catch (error) {
		if (isMissing(error)) {
			return undefined;
		}

		throw unusable(error);
	}
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
		// One that is only moved is the person's own.
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
		const release = await lock(place);
		try {
			for (let turn = 0; turn < mostTurns; turn++) {
				const before = await readConfig(file);
				const next = await make(before, made);
				if (next === undefined || (next !== 'remove' && next.text === before?.text)) {
					return;
				}

				if ((await readConfig(file))?.text === before?.text) {
					await put(place, next, before);
					return;
				}
			}
		} finally {
			await release();
		}
	} catch (error) {
		throw unusable(error);
	}

	throw new ConfigUnusable('it changes all the time');
}

async function put(place: string, next: NonNullable<Next>, before: Config | undefined): Promise<void> {
	if (next === 'remove') {
		await rm(place);
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

const refusals = new Set(['EACCES', 'EPERM', 'EROFS']);
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

async function lock(target: string): Promise<() => Promise<void>> {
	const take = async (retries: number) =>
		lockfile.lock(target, {
			realpath: false,
			lockfilePath: `${target}.dstack-tui-lock`,
			stale: 5000,
			retries: {retries, minTimeout: 50, maxTimeout: 500},
		});
	try {
		return await take(0);
	} catch (error) {
		if (codeOf(error) === 'ELOCKED') {
			return take(40);
		}

		if (refusals.has(codeOf(error))) {
			// Where nothing can be put beside it, others cannot either.
			return async () => undefined;
		}

		throw error;
	}
}

async function write(target: string, text: string, before: Config | undefined): Promise<void> {
	if (before && (before.mode & constants.S_IWUSR) === 0) {
		// Where the system itself refuses, it says more. A new file in its place would be let through.
		await access(target, constants.W_OK);
		throw new ConfigUnusable('it is write-protected (chmod u+w lets it be written)');
	}

	const bytes = Buffer.from(text, 'latin1');
	if (before?.inPlace) {
		await overwrite(target, bytes, before);
		return;
	}

	try {
		await writeFileAtomic(target, bytes, {mode: before?.mode ?? 0o600});
	} catch (error) {
		if (!before || !refusals.has(codeOf(error))) {
			throw error;
		}

		await overwrite(target, bytes, before);
	}
}

/** Into the file itself. Where there is no room for all of it, what was there is put back. */
async function overwrite(target: string, bytes: Buffer, before: Config): Promise<void> {
	const handle = await open(target, 'r+');
	const put = async (each: Buffer) => {
		for (let done = 0; done < each.length;) {
			done += (await handle.write(each, done, each.length - done, done)).bytesWritten;
		}

		await handle.truncate(each.length);
		await handle.sync();
	};

	try {
		await put(bytes);
	} catch (error) {
		await put(Buffer.from(before.text, 'latin1'));
		throw error;
	} finally {
		await handle.close();
	}
}

const words: Readonly<Record<string, string>> = {
	EACCES: 'it may not be written',
	EPERM: 'it may not be written',
	EROFS: 'it lies where nothing can be written',
	ELOOP: 'it is a link that leads back to itself',
	ENOTDIR: 'its folder is no folder',
	ENOSPC: 'the disk is full',
	EDQUOT: 'the disk is full',
	ELOCKED: 'another program holds it',
};

const unusable = (error: unknown): Error =>
	error instanceof ConfigUnusable ? error : new ConfigUnusable(words[codeOf(error)] ?? messageOf(error), {cause: error});
