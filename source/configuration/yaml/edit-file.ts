import {constants} from 'node:fs';
import {access, mkdir, readFile, realpath, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {isMissing} from '../../system/files.js';
import {messageOf, Problem} from '../../system/problem.js';
import {EditError} from './yaml-slots.js';

const byteOrderMark = '\uFEFF';

/**
Writes what `edit` makes of a file's text, all at once or not at all, with the file's mode and through a link to its target.
`before` is the text as it was read, with or without its byte order mark; empty for a file that is not there, which is then made,
with its folder. Returns the current text. Throws a `configuration` problem when the file is no longer what was
read, or cannot be written, and whatever `edit` throws.
*/
export async function writeEdited(file: string, before: string, edit: (text: string) => string): Promise<string> {
	const target = await realpath(file).catch((error: unknown) => {
		if (isMissing(error)) {
			return undefined;
		}

		throw unwritable(file, error);
	});
	return target === undefined ? create(file, before, edit) : change(file, target, before, edit);
}

async function create(file: string, before: string, edit: (text: string) => string): Promise<string> {
	if (before.trim() !== '') {
		throw changed(file, 'is not there any more');
	}

	const text = edit(before);
	try {
		await mkdir(path.dirname(file), {recursive: true});
		await writeFile(file, text, {flag: 'wx'});
	} catch (error) {
		throw (error as NodeJS.ErrnoException).code === 'EEXIST'
			? changed(file, 'was made in the meantime')
			: unwritable(file, error);
	}

	return text;
}

async function change(file: string, target: string, before: string, edit: (text: string) => string): Promise<string> {
	const current = await readExactly(file, target);
	if (current !== before && current !== byteOrderMark + before) {
		throw changed(file, 'was changed in the meantime');
	}

	const text = edit(current);
	if (text === current) {
		return text;
	}

	try {
		// A file that may not be written could still be replaced: that is not what its mode says.
		await access(target, constants.W_OK);
		await writeFileAtomic(target, text);
	} catch (error) {
		throw unwritable(file, error);
	}

	return text;
}

/** The text of which the file's bytes are made; what is not UTF-8 would not come back as it was. */
async function readExactly(file: string, target: string): Promise<string> {
	try {
		const found = await stat(target);
		if (!found.isFile()) {
			throw new EditError(`${file} is no file`);
		}

		return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(await readFile(target));
	} catch (error) {
		if (error instanceof TypeError) {
			throw new EditError(`${file} is not written in UTF-8`);
		}

		throw error instanceof Problem ? error : unwritable(file, error);
	}
}

const changed = (file: string, how: string): Problem =>
	new Problem('configuration', `${file} ${how}`, {next: 'Look at what it is now, and make the change again.'});

const unwritable = (file: string, cause: unknown): Problem => {
	const {code} = cause as NodeJS.ErrnoException;
	const reason = code === 'EACCES' || code === 'EPERM' ? 'you may not write it' : messageOf(cause);
	return new Problem('configuration', `${file} cannot be written: ${reason}`, {cause});
};
