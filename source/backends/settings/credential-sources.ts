import {homedir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {parse} from 'smol-toml';
import {readIfThere} from '../../system/files.js';
import {resolvePaths} from '../../system/paths.js';
import {shownFile} from './file.js';
import {secretPattern} from './schema.js';
import {openFileWarning} from './secrets.js';

/** Where settings and credentials are looked for. Folders are absolute. */
export type Surroundings = {
	readonly environment: NodeJS.ProcessEnv;
	readonly home: string;
	/** The folder of `backends.yml`. */
	readonly config: string;
};

export const currentSurroundings = (): Surroundings => ({
	environment: process.env,
	home: homedir(),
	config: resolvePaths().config,
});

/** Credentials that a cloud's usual places hold, with how the place is called; or what is wrong there. */
export type Found<Credentials> = {
	readonly credentials: Credentials | undefined;
	readonly origin: string | undefined;
	readonly problems: readonly string[];
	readonly warnings: readonly string[];
};

export const noneFound: Found<never> = {credentials: undefined, origin: undefined, problems: [], warnings: []};

/** An API key out of a variable; one that could not be sent is said to be wrong without being shown. */
export function keyOfVariable(name: string, {environment}: Surroundings): Found<{readonly apiKey: string}> {
	const value = environment[name]?.trim();
	if (!value) {
		return noneFound;
	}

	return secretPattern.test(value)
		? {...noneFound, credentials: {apiKey: value}, origin: name}
		: {...noneFound, origin: name, problems: [`${name} is no key: it has blanks or other characters that no key has`]};
}

/** What `runpodctl config` and RunPod's Python library write: a key at the top, or one in a table named `default`. */
export async function keyOfRunpodFile({home}: Surroundings): Promise<Found<{readonly apiKey: string}>> {
	const file = path.join(home, '.runpod', 'config.toml');
	const shown = shownFile(file, home);
	let text: string | undefined;
	try {
		text = await readIfThere(file);
	} catch {
		return {...noneFound, origin: shown, problems: [`${shown}: you may not read it`]};
	}

	if (text === undefined) {
		return noneFound;
	}

	let value: unknown;
	try {
		value = parse(text);
	} catch {
		// The library's message shows the line, and the line may hold the key.
		return {...noneFound, origin: shown, problems: [`${shown}: this is no TOML`]};
	}

	const key = keyIn(value) ?? keyIn((value as Record<string, unknown>)['default']);
	if (key === undefined || key === '') {
		return noneFound;
	}

	if (!secretPattern.test(key)) {
		return {...noneFound, origin: shown, problems: [`${shown}: its key has blanks or other characters that no key has`]};
	}

	const open = await openFileWarning(file, shown);
	return {...noneFound, credentials: {apiKey: key}, origin: shown, warnings: open === undefined ? [] : [open]};
}

const keyNames = new Set(['apikey', 'api_key']);

const keyIn = (value: unknown): string | undefined =>
	typeof value === 'object' && value !== null
		? Object.entries(value)
				.find(([name, each]) => keyNames.has(name.toLowerCase()) && typeof each === 'string')?.[1]
				?.trim()
		: undefined;
