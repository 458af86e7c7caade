import {readFileSync} from 'node:fs';
import path from 'node:path';
import {makeOwnFolder} from '../../system/files.js';
import {Problem} from '../../system/problem.js';
import type {Paths} from '../../system/paths.js';

export type Stored = {
	last: Record<string, {configuration?: string; profile?: string}>;
	registry?: unknown;
	base_image?: unknown;
	mirror?: unknown;
	insecure_registries?: unknown;
	ide_origin?: unknown;
	grid?: unknown;
	feeds?: unknown;
	refresh?: unknown;
	mouse?: boolean;
	notify?: unknown;
	title?: unknown;
	forward_ports?: unknown;
	process?: unknown;
	trusted_folders?: unknown;
};

/** The settings of `config.json`, a file that people edit, also while the program runs. */
export type SettingsStore = {
	/** Why the file could not be read when it was opened. Then nothing is known of what it asks for, and nobody's settings are written over. */
	readonly damage: Problem | undefined;
	/** The value there now; while the file cannot be read, the one that was there before. Not checked. */
	get<Key extends keyof Stored>(key: Key): Stored[Key] | undefined;
	/** Remembers a choice, except in a file that cannot be read: that stays as it is, for the person who is editing it. */
	set<Key extends keyof Stored>(key: Key, value: NonNullable<Stored[Key]>): void;
};

export async function openSettings({config}: Paths): Promise<SettingsStore> {
	const {default: Conf} = await import('conf');
	const open = () =>
		new Conf<Stored>({
			cwd: config,
			configName: 'config',
			defaults: {last: {}},
			configFileMode: 0o600,
			// Folders are keys here, and hold dots.
			accessPropertiesByDotNotation: false,
		});
	let store: ReturnType<typeof open> | undefined;
	let known: Partial<Stored> = {};
	/** Undefined where it went well, else what went wrong: while the program runs, somebody may be in the middle of a change. */
	const read = (): unknown => {
		try {
			if (!store) {
				// Conf would make it with what the umask leaves to others.
				makeOwnFolder(config);
				store = open();
			}

			known = store.store;
			return undefined;
		} catch (error) {
			return error;
		}
	};

	const error = read();
	return {
		damage: error === undefined ? undefined : damaged(path.join(config, 'config.json'), error),
		get(key) {
			read();
			return known[key];
		},
		set(key, value) {
			if (read() === undefined) {
				store?.set({[key]: value} as Partial<Stored>);
			}
		},
	};
}

/** The place in the file, never its text: that may hold what is nobody's business. */
function damaged(file: string, error: unknown): Problem {
	let why = error instanceof Error ? error.message : String(error);
	if (error instanceof SyntaxError) {
		why = 'it is no JSON';
		try {
			JSON.parse(readFileSync(file, 'utf8'));
		} catch (found) {
			why += /\(line \d+ column \d+\)/.exec(String(found))?.[0].replace('(', ', from ').replace(')', ' on') ?? '';
		}
	}

	return new Problem('configuration', `The settings in ${file} cannot be read: ${why}`, {
		next: 'Mend the file, or delete it to begin with none.',
		cause: error,
	});
}
