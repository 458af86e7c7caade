import {lstat} from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import {readIfThere} from './files.js';

/** Writes a file that is the person's alone, unless it is that already: who watches it is not told of a change that is none. */
export async function writeChanged(file: string, text: string): Promise<void> {
	if (!(await isPrivate(file)) || (await readIfThere(file)) !== text) {
		await writeFileAtomic(file, text, {mode: 0o600});
	}
}

async function isPrivate(file: string): Promise<boolean> {
	const found = await lstat(file).catch(() => undefined);
	return found !== undefined && found.isFile() && (found.mode & 0o777) === 0o600;
}
