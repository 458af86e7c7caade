import {constants} from 'node:fs';
import {access, lstat, mkdir, open, readFile, readlink, realpath, rm, rmdir, stat} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import lockfile from 'proper-lockfile';
import writeFileAtomic from 'write-file-atomic';
import {isMissing} from '../system/files.js';
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
	/** Where it is written down that the config, or its folder too, is of our making. */
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
	await change(
		file,
		async before => {
			if (before && placeOfInclude(before.text, ours) === 'first') {
				return undefined;
			}

			const text = before?.text ?? '';
			// Where all lines end as on Windows, ours does.
			const end = /\r\n/.test(text) && !/(?:^|[^\r])\n/.test(text) ? '\r\n' : '\n';
			return latin1(includeLine(ours)) + end + without(text, ours);
		},
		marker,
	);
}

/** Takes our line out again; a config that we made and that holds nothing else goes too. Throws `ConfigUnusable`. */
export async function removeInclude({file, ours, marker}: Inclusion): Promise<void> {
	const before = await readConfig(file);
	const created = await readFile(marker, 'utf8').catch(() => '');
	if (before && placeOfInclude(before.text, ours) !== 'missing') {
		await change(file, async now => {
			const rest = without(now?.text ?? '', ours);
			return rest === '' && created !== '' ? 'remove' : rest;
		});
		if (created === 'folder') {
			// The person may have put something there since.
			await rmdir(path.dirname(before.target)).catch(() => undefined);
		}
	}

	await rm(marker, {force: true});
}

/** So often what somebody else wrote at the same moment is read again. */
const mostTurns = 20;

type Change = (before: Config | undefined) => Promise<string | undefined>;

/** Changes a config under a lock that every installation of this program takes, and not over what an editor wrote in between. */
async function change(file: string, make: Change, marker?: string): Promise<void> {
	try {
		const place = await placeToWrite(file, marker);
		const release = await lock(place);
		try {
			for (let turn = 0; turn < mostTurns; turn++) {
				const before = await readConfig(file);
				const next = await make(before);
				if (next === undefined || next === before?.text) {
					return;
				}

				if ((await readConfig(file))?.text === before?.text) {
					await (next === 'remove' ? rm(place) : write(place, next, before));
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

/** Where a config is, or is to be: a link is followed to its end also where that is not there yet, so that it stays a link. */
async function placeToWrite(file: string, marker: string | undefined): Promise<string> {
	const there = await readConfig(file);
	if (there) {
		return there.target;
	}

	const end = await endOfLinks(file);
	const folder = path.dirname(end);
	if (end !== file) {
		await access(folder).catch(() => {
			throw new ConfigUnusable(`it leads to ${end}, and the folder of that is not there`);
		});
	}

	const made = await mkdir(folder, {recursive: true, mode: 0o700});
	if (marker !== undefined) {
		await writeFileAtomic(marker, made === undefined ? 'file' : 'folder', {mode: 0o600});
	}

	return end;
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
