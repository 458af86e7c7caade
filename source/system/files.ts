import {chmodSync, mkdirSync, statSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

/** Whether an error says that the file or folder is not there (ENOENT). */
export function isMissing(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** For a `catch`: nothing is in what is not there. */
export function emptyIfMissing(error: unknown): string[] {
	if (isMissing(error)) {
		return [];
	}

	throw error;
}

/** The text of a file, or undefined where there is none; any other failure is thrown. */
export async function readIfThere(path: string): Promise<string | undefined> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		if (isMissing(error)) {
			return undefined;
		}

		throw error;
	}
}

const everybody = 0o077;
const writing = 0o022;

/**
Makes a folder that is the person's alone, whatever the umask says. One that is there is closed to others where it bears this program's name;
where the person chose it, others only may not write in it any more. One that is another user's stays as it is.
*/
export function makeOwnFolder(folder: string): void {
	mkdirSync(folder, {recursive: true, mode: 0o700});
	const {mode, uid} = statSync(folder);
	const open = mode & (path.basename(folder) === 'dstack-tui' ? everybody : writing);
	if (open !== 0 && process.getuid?.() === uid) {
		chmodSync(folder, mode & 0o777 & ~open);
	}
}
