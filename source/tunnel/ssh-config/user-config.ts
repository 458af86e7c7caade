import {constants} from 'node:fs';
import {access, open, readFile, realpath, stat} from 'node:fs/promises';
import process from 'node:process';
import writeFileAtomic from 'write-file-atomic';
import {isMissing} from '../../system/files.js';
import {messageOf} from '../../system/problem.js';

/** A person's config that cannot be used as it is: the message says what is in the way. */
export class ConfigUnusable extends Error {
	override readonly name = 'ConfigUnusable';
}

export type Config = {readonly target: string; readonly text: string; readonly mode: number; readonly inPlace: boolean};

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

/** What a system says that lets nobody write there. */
export const refusals = new Set(['EACCES', 'EPERM', 'EROFS']);
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Puts a text in the place of what was there, with its mode; into the file itself where it has to stay the same. */
export async function write(target: string, text: string, before: Config | undefined): Promise<void> {
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

/** Into the file itself. Where the disk has no space for all of it, what was there is put back. */
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

export const unusable = (error: unknown): Error =>
	error instanceof ConfigUnusable ? error : new ConfigUnusable(words[codeOf(error)] ?? messageOf(error), {cause: error});
