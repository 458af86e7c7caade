import {lstatSync, readFileSync, readlinkSync} from 'node:fs';
import {mkdir, mkdtemp, readdir, realpath, stat, symlink, writeFile} from 'node:fs/promises';
import {devNull, tmpdir} from 'node:os';
import path from 'node:path';
import type {GitLocation} from './git-location.js';
import {readSettings, type Settings} from './settings.js';

/** What git may see of a repository: a folder of ours, to be removed afterwards. */
export type ReadOnlyRepository = {
	readonly folder: string;
	/** The working tree's own index; a file that is not there where it has none. */
	readonly index: string;
};

/** Of the folder that all working trees share. */
const sharedFolders = ['objects', 'refs', 'reftable', 'logs'];
const sharedFiles = ['packed-refs', 'shallow'];

/**
Makes a git folder that leads to a repository's objects, references and index, with settings of our own: git reads a repository's settings
from its git folder, and these may name commands to run, other files to read, and another folder to call the working tree. Of the settings
there only the format of the repository is copied, and what distinguishes names.
*/
export async function makeReadOnlyRepository({gitDir, commonDir, bare}: GitLocation): Promise<ReadOnlyRepository> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dstack-tui-view-'));
	const leads = async (name: string, from: string, kind: 'folder' | 'file') => {
		const target = await realpath(path.join(from, name)).catch(() => undefined);
		const found = target === undefined ? undefined : await stat(target).catch(() => undefined);
		if (target !== undefined && (kind === 'folder' ? found?.isDirectory() : found?.isFile())) {
			await symlink(target, path.join(folder, name));
		}
	};

	const parts = (await readdir(gitDir).catch(() => [])).filter(name => /^sharedindex\.[\da-f]{40,64}$/.test(name));
	await mkdir(path.join(folder, 'info'));
	await Promise.all([
		...sharedFolders.map(async name => leads(name, commonDir, 'folder')),
		...sharedFiles.map(async name => leads(name, commonDir, 'file')),
		...parts.map(async name => leads(name, gitDir, 'file')),
		leads('info/exclude', commonDir, 'file'),
		writeFile(path.join(folder, 'HEAD'), headOf(gitDir) ?? 'ref: refs/heads/main\n'),
		writeFile(path.join(folder, 'config'), configOf(readSettings(commonDir), bare)),
		writeFile(path.join(folder, '.gitconfig'), '[safe]\n\tdirectory = *\n'),
	]);
	const index = path.join(gitDir, 'index');
	return {folder, index: lstatSync(index, {throwIfNoEntry: false})?.isFile() ? index : path.join(folder, 'index')};
}

/** What a HEAD says, as a file; undefined where it is none. Old ones are a link to a reference. */
export function headOf(gitDir: string): string | undefined {
	const file = path.join(gitDir, 'HEAD');
	const found = lstatSync(file, {throwIfNoEntry: false});
	if (found?.isSymbolicLink()) {
		const target = readlinkSync(file);
		return target.startsWith('refs/') ? `ref: ${target}\n` : undefined;
	}

	if (!found?.isFile() || found.size > 4096) {
		return undefined;
	}

	const text = readFileSync(file, 'utf8');
	return /^(?:ref:\s*refs\/|[\da-f]{40})/.test(text) ? text : undefined;
}

const isTrue = /^(?:|true|yes|on|1)$/i;
const flags = ['core.ignorecase', 'core.precomposeunicode', 'core.filemode'];

function configOf(settings: Settings, bare: boolean): string {
	const last = (name: string) => settings.get(name)?.at(-1);
	const format = last('extensions.objectformat')?.toLowerCase() === 'sha256' ? 'sha256' : undefined;
	const storage = last('extensions.refstorage')?.toLowerCase() === 'reftable' ? 'reftable' : undefined;
	const sharing = last('core.sharedrepository') ?? '';
	const lines = [
		'[core]',
		`repositoryFormatVersion = ${format || storage ? 1 : 0}`,
		`bare = ${bare}`,
		`hooksPath = ${devNull}`,
		`attributesFile = ${devNull}`,
		'fsmonitor = false',
		'untrackedCache = false',
		'logAllRefUpdates = true',
		...flags.flatMap(name => {
			const value = last(name);
			return value === undefined ? [] : [`${name.replace('core.', '')} = ${isTrue.test(value)}`];
		}),
		...(/^(?:true|false|umask|group|all|world|everybody|0[0-7]{3})$/i.test(sharing) ? [`sharedRepository = ${sharing}`] : []),
		'[extensions]',
		...(format ? [`objectFormat = ${format}`] : []),
		...(storage ? [`refStorage = ${storage}`] : []),
		// Who writes a reference is written down with it.
		'[user]',
		'name = dstack-tui',
		'email = dstack-tui@localhost',
		'[transfer]',
		'fsckObjects = true',
		'[fetch]',
		'fsckObjects = true',
		'writeCommitGraph = false',
		'[gc]',
		'auto = 0',
		'[maintenance]',
		'auto = false',
	];
	return `${lines.join('\n')}\n`;
}
