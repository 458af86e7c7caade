import type {Suggestion, FolderReader, Inspect} from './suggestion.js';
import {constants} from 'node:fs';
import {open, stat} from 'node:fs/promises';
import path from 'node:path';
import {neutraliseLine} from '../../system/terminal-text.js';
import {inspectImage} from './suggestions-image.js';
import {inspectCargo, inspectGo, inspectMake, inspectNode} from './suggestions-other.js';
import {
	inspectConda,
	inspectPipfile,
	inspectPyproject,
	inspectPythonVersion,
	inspectRequirements,
	inspectSetupPy,
} from './suggestions-python.js';

const mostBytes = 512 * 1024;
const mostWords = 200;

const inspectors: readonly Inspect[] = [
	inspectPythonVersion,
	inspectPyproject,
	inspectRequirements,
	inspectSetupPy,
	inspectPipfile,
	inspectConda,
	inspectNode,
	inspectImage,
	inspectCargo,
	inspectGo,
	inspectMake,
];

/** What the files of a folder suggest for a first configuration, in the order in which to take it. A file that cannot be read or made out suggests nothing. */
export async function inspectFolder(folder: string): Promise<Suggestion[]> {
	const look: FolderReader = {
		read: async name => readSmall(path.join(folder, name)),
		has: async name =>
			stat(path.join(folder, name)).then(
				found => found.isFile(),
				() => false,
			),
	};
	const found = await Promise.all(inspectors.map(async inspect => inspect(look)));
	return found
		.flat()
		.map(({from, words, change}) => ({from, words: neutraliseLine(words).slice(0, mostWords).toWellFormed(), change}));
}

async function readSmall(file: string): Promise<string | undefined> {
	// A pipe that nobody writes to would stop the look when it is opened to be read.
	const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => undefined);
	try {
		const found = await handle?.stat();
		if (!handle || !found?.isFile() || found.size > mostBytes) {
			return undefined;
		}

		return (await handle.readFile('utf8')).replace(/^\uFEFF/, '');
	} catch {
		return undefined;
	} finally {
		await handle?.close();
	}
}
