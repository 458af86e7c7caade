import {type ImageSettings, readImageSettings} from '../../environment/images/settings.js';
import {columns} from '../../offers/columns.js';
import {groupings} from '../../offers/group.js';
import {sortColumns} from '../../offers/sort.js';
import {readAttentionSettings} from './attention-settings.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Paths} from '../../system/paths.js';
import type {Core} from '../core.js';
import type {ForwardPolicy, GridChoices, ProcessPolicy} from '../model/preferences.js';
import {openSettings, type SettingsStore, type Stored} from './settings-store.js';

const mostFolders = 100;

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isText = (value: unknown): value is string => typeof value === 'string';

const processPolicies: readonly ProcessPolicy[] = ['ask', 'always'];
const policies: readonly ForwardPolicy[] = ['ask', 'always', 'never'];

const lastOf = (stored: unknown): Stored['last'] =>
	Object.fromEntries(
		Object.entries(isMap(stored) ? stored : {}).flatMap(([folder, chosen]) => {
			const {configuration, profile} = isMap(chosen) ? chosen : {};
			return isText(configuration) ? [[folder, {configuration, ...(isText(profile) ? {profile} : {})}]] : [];
		}),
	);

/** The file is one that people edit: what is none of these words is as if it were not there. */
function readGrid(stored: unknown): GridChoices {
	const {sort, group, columns: chosen, history} = isMap(stored) ? stored : {};
	const known = columns.filter(({id}) => listOf(chosen).includes(id)).map(({id}) => id);
	return {
		sort: listOf(sort)
			.filter(isMap)
			.flatMap(({column, descending}) =>
				sortColumns.filter(each => each === column).map(each => ({column: each, descending: descending === true})),
			),
		group: groupings.find(each => each === group),
		columns: Array.isArray(chosen) ? known : undefined,
		history: listOf(history)
			.filter(isText)
			.map(text => neutraliseLine(text)),
	};
}

/** What was chosen last in `folder`, kept between starts, and what a person wrote into the settings. A damaged file is only told of: ending things works without it. */
export async function loadPreferences(paths: Paths, folder: string): Promise<Core['preferences']> {
	const store = await openSettings(paths);
	let read: ImageSettings | undefined;
	const trustedFolders = () => listOf(store.get('trusted_folders')).filter(isText);
	const images = () => (read ??= readImageSettings(key => store.get(key)));
	return {
		damage: store.damage,
		grid: () => readGrid(store.get('grid')),
		rememberGrid: choices => store.set('grid', choices),
		// Only a plain `false` that someone wrote switches it off.
		mouse: () => store.get('mouse') !== false,
		rememberMouse: isOn => store.set('mouse', isOn),
		attention: () => readAttentionSettings(key => store.get(key)),
		forwardPorts: () => policies.find(each => each === store.get('forward_ports')) ?? 'ask',
		rememberForwardPorts: policy => store.set('forward_ports', policy),
		process: () => processPolicies.find(each => each === store.get('process')) ?? 'ask',
		registry() {
			const {registry} = images();
			return registry && `${registry.registry}/${registry.repository}`;
		},
		images,
		trusts: top => trustedFolders().includes(top),
		rememberTrust(top, isTrusted) {
			const others = trustedFolders().filter(each => each !== top);
			if (isTrusted || others.length < trustedFolders().length) {
				store.set('trusted_folders', isTrusted ? [...others, top] : others);
			}
		},
		last: () => lastOf(store.get('last'))[folder] ?? {},
		remember({configuration, profile}) {
			const {[folder]: _old, ...others} = lastOf(store.get('last'));
			const kept = Object.entries(others).slice(-mostFolders + 1);
			store.set('last', {...Object.fromEntries(kept), [folder]: {configuration: configuration.file, profile: profile?.name}});
		},
	};
}

async function openSound(paths: Paths): Promise<SettingsStore> {
	const store = await openSettings(paths);
	if (store.damage) {
		throw store.damage;
	}

	return store;
}

/** What a person wrote into the settings of images and the IDE, for what needs no more of them. Throws a `Problem` where the file is damaged. */
export async function loadImageSettings(paths: Paths): Promise<ImageSettings> {
	const store = await openSound(paths);
	return readImageSettings(key => store.get(key));
}

/** What a person wrote into the settings of the catalogue: mirrors of the feeds, and whether it is refreshed unasked. Not checked. Throws a `Problem` where the file is damaged. */
export async function loadSettings(paths: Paths): Promise<{readonly feeds: unknown; readonly refresh: unknown}> {
	const store = await openSound(paths);
	return {feeds: store.get('feeds'), refresh: store.get('refresh')};
}
