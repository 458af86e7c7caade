import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Paths} from '../../source/system/paths.js';
import {temporaryFolder} from './folders.js';

/** Places of a home of its own; `state` tells two installations for one home apart. */
export async function sshPlaces(home?: string, state = 'state'): Promise<Paths> {
	const root = home ?? (await temporaryFolder());
	const data = path.join(root, state);
	return {
		config: data,
		secrets: path.join(data, 'secrets'),
		home: root,
		runs: path.join(data, 'runs'),
		caches: path.join(data, 'caches'),
		stepTimes: '',
		brought: '/unused',
		ledger: '',
		fetched: path.join(data, 'fetched'),
		catalogue: path.join(data, 'catalog'),
		sshConfig: path.join(data, 'ssh', 'config'),
		userSshConfig: path.join(root, '.ssh', 'config'),
		sshReadsUserConfig: false,
	};
}

/** Where a run's aliases lead; its folder is made. */
export async function aliasTarget(paths: Paths, name: string, port = 2001) {
	const folder = path.join(paths.runs, name);
	await mkdir(folder, {recursive: true});
	return {name, host: '127.0.0.1', port, user: 'someone', folder};
}

/** Writes the person's config, and its folder. */
export async function writeUserConfig(paths: Paths, content: string | Buffer, mode = 0o600): Promise<void> {
	await mkdir(path.dirname(paths.userSshConfig), {recursive: true, mode: 0o700});
	await writeFile(paths.userSshConfig, content, {mode});
}
