import {stat} from 'node:fs/promises';
import process from 'node:process';
import {neutraliseLine} from '../../system/terminal-text.js';

const mostMessage = 300;
// Shorter ones would be found in ordinary words.
const shortestSecret = 4;

/**
What a cloud said, fit to be shown: one line of bounded length in which none of `secrets` is left, neither plainly nor as it is written
in a URL.
*/
export function withoutSecrets(text: string, secrets: ReadonlyArray<string | undefined>): string {
	let clean = text;
	for (const secret of secrets) {
		if (secret !== undefined && secret.length >= shortestSecret) {
			clean = clean.replaceAll(secret, '…').replaceAll(encodeURIComponent(secret), '…');
		}
	}

	return neutraliseLine(clean).trim().slice(0, mostMessage).toWellFormed();
}

/** The warning about a file with secrets that other accounts of this machine may read; undefined where they may not, or it is not there. */
export async function openFileWarning(file: string, shown: string): Promise<string | undefined> {
	if (process.platform === 'win32') {
		return undefined;
	}

	const found = await stat(file).catch(() => undefined);
	return found && (found.mode & 0o077) !== 0
		? `${shown} holds secrets, and others on this machine may read it: \`chmod 600 ${shown}\``
		: undefined;
}
