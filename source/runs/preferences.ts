import type {Paths} from '../system/paths.js';
import type {Engine, GridChoices} from './engine.js';

type Stored = {
	last: Record<string, {configuration?: string; profile?: string}>;
	registry?: string;
	grid?: GridChoices;
	mouse?: boolean;
	feeds?: unknown;
	refresh?: unknown;
};

const mostFolders = 100;

/** What was chosen last in `folder`, kept between starts. Losing it is no harm, so a damaged file begins anew. */
export async function loadPreferences(paths: Paths, folder: string): Promise<Engine['preferences']> {
	const store = await openStore(paths);
	return {
		grid: () => store.get('grid') ?? {},
		rememberGrid: choices => store.set('grid', choices),
		// Only a plain `false` that someone wrote switches it off.
		mouse: () => store.get('mouse') !== false,
		rememberMouse: isOn => store.set('mouse', isOn),
		registry: () => store.get('registry'),
		last: () => store.get('last')[folder] ?? {},
		remember({configuration, profile}) {
			const {[folder]: _old, ...others} = store.get('last');
			const kept = Object.entries(others).slice(-mostFolders + 1);
			store.set('last', {...Object.fromEntries(kept), [folder]: {configuration: configuration.file, profile: profile?.name}});
		},
	};
}

/** What a person wrote into the settings of the catalogue: mirrors of the feeds, and whether it is refreshed unasked. Not checked. */
export async function loadSettings(paths: Paths): Promise<{readonly feeds: unknown; readonly refresh: unknown}> {
	const store = await openStore(paths);
	return {feeds: store.get('feeds'), refresh: store.get('refresh')};
}

async function openStore(paths: Paths) {
	const {default: Conf} = await import('conf');
	return new Conf<Stored>({
		cwd: paths.config,
		configName: 'config',
		defaults: {last: {}},
		clearInvalidConfig: true,
		configFileMode: 0o600,
		// Folders are keys here, and hold dots.
		accessPropertiesByDotNotation: false,
	});
}
