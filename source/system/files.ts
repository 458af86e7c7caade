import {readFile} from 'node:fs/promises';

/** Whether an error says that the file or folder is not there (ENOENT). */
export function isMissing(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'ENOENT';
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
