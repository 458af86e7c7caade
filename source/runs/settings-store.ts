import path from 'node:path';
import {messageOf, Problem} from '../system/problem.js';
import type {Paths} from '../system/paths.js';

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
};

/** The settings of `config.json`, a file that people edit, also while the program runs. */
export type SettingsStore = {
	/** The value there now; while the file is no JSON, the one that was there before. Not checked. */
	get<Key extends keyof Stored>(key: Key): Stored[Key] | undefined;
	/** Remembers a choice. A file that is no JSON meanwhile stays as it is, for the person who is editing it. */
	set<Key extends keyof Stored>(key: Key, value: Stored[Key]): void;
};

/** Throws a `configuration` problem where the file is damaged: what it asked for is not known then, and nobody's settings are thrown away. */
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
	let store: ReturnType<typeof open>;
	let known: Stored;
	try {
		store = open();
		known = store.store;
	} catch (error) {
		const file = path.join(config, 'config.json');
		throw new Problem('configuration', `The settings in ${file} cannot be read: ${messageOf(error)}`, {
			next: 'Mend the file, or delete it to begin with none.',
			cause: error,
		});
	}

	const isReadable = (): boolean => {
		try {
			known = store.store;
			return true;
		} catch {
			// In the middle of somebody's change; the next start says it where it stays so.
			return false;
		}
	};

	return {
		get(key) {
			isReadable();
			return known[key];
		},
		set(key, value) {
			if (isReadable()) {
				store.set({[key]: value} as Partial<Stored>);
			}
		},
	};
}
