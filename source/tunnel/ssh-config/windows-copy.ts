import {createHash} from 'node:crypto';
import {copyFile, mkdir, readdir, readFile, rm, rmdir} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {readIfThere} from '../../system/files.js';
import type {Paths} from '../../system/paths.js';
import type {WindowsProfile} from '../../system/wsl.js';
import {aliasFile, aliasText, type AliasTarget, identityFile, knownHostsFile} from './alias-file.js';
import {addInclude, type Inclusion, removeInclude} from './include-line.js';

/** In a run's folder: the folder of Windows that its aliases and keys were copied to. */
const markFile = 'windows';

/** Each installation has a folder of its own there: several distributions share one profile. */
function folderOf(paths: Paths, {here}: WindowsProfile): string {
	const id = createHash('sha256')
		.update(`${process.env['WSL_DISTRO_NAME'] ?? ''} ${paths.runs}`)
		.digest('hex')
		.slice(0, 8);
	return path.join(here, '.dstack-tui', 'ssh', id);
}

const asWindowsKnowsIt = ({here, there}: WindowsProfile, file: string): string =>
	path.posix.join(there, path.relative(here, file).replaceAll(path.sep, '/'));

const inclusion = (paths: Paths, windows: WindowsProfile): Inclusion => {
	const folder = folderOf(paths, windows);
	return {
		file: path.join(windows.here, '.ssh', 'config'),
		ours: asWindowsKnowsIt(windows, path.join(folder, 'config')),
		marker: path.join(folder, 'created'),
	};
};

/**
Makes `ssh NAME` work for programs of Windows: copies the run's key and known hosts beneath the profile (what is there belongs to the person
and nobody else, as Windows' ssh demands), and has Windows' own config include its aliases. An address 127.0.0.1 stays as it is: WSL leads
Windows' ports to those that are listened at in here. Throws `ConfigUnusable`.
*/
export async function installForWindows(paths: Paths, target: AliasTarget): Promise<void> {
	const {windows} = paths;
	if (!windows) {
		return;
	}

	const folder = path.join(folderOf(paths, windows), target.name);
	await mkdir(folder, {recursive: true, mode: 0o700});
	await writeFileAtomic(path.join(target.folder, markFile), folder, {mode: 0o600});
	await copyKeysForWindows(target.folder);
	await writeFileAtomic(path.join(folder, aliasFile), aliasText(target, asWindowsKnowsIt(windows, folder)));
	await gather(paths, windows);
	await addInclude(inclusion(paths, windows));
}

/** Copies a run's key and known hosts anew where Windows has a copy: a host key may be replaced. */
export async function copyKeysForWindows(folder: string): Promise<void> {
	const there = await readIfThere(path.join(folder, markFile));
	if (there !== undefined) {
		for (const file of [identityFile, knownHostsFile]) {
			await copyFile(path.join(folder, file), path.join(there, file));
		}
	}
}

/** Takes away what Windows has of a run, and with the last run's everything that was added there. Throws `ConfigUnusable`. */
export async function removeForWindows(paths: Paths, run: string): Promise<void> {
	const {windows} = paths;
	if (!windows) {
		return;
	}

	const folder = folderOf(paths, windows);
	await rm(path.join(folder, run), {recursive: true, force: true});
	await rm(path.join(paths.runs, run, markFile), {force: true});
	if ((await readIfThere(path.join(folder, 'config'))) === undefined) {
		return;
	}

	if (await gather(paths, windows)) {
		return;
	}

	await removeInclude(inclusion(paths, windows));
	await rm(folder, {recursive: true, force: true});
	for (const empty of [path.dirname(folder), path.dirname(path.dirname(folder))]) {
		// Another installation's may be in it.
		await rmdir(empty).catch(() => undefined);
	}
}

/** The runs that Windows has something of. */
export async function runsOfWindows({windows, ...paths}: Paths): Promise<string[]> {
	const entries = windows ? await readdir(folderOf(paths, windows), {withFileTypes: true}).catch(() => []) : [];
	return entries.filter(entry => entry.isDirectory()).map(({name}) => name);
}

/** Writes all aliases into one file, for not every ssh of Windows looks for names with `*`. False where there are none. */
async function gather(paths: Paths, windows: WindowsProfile): Promise<boolean> {
	const folder = folderOf(paths, windows);
	const texts = await Promise.all(
		(await runsOfWindows(paths)).map(async run => readFile(path.join(folder, run, aliasFile), 'utf8').catch(() => '')),
	);
	await writeFileAtomic(path.join(folder, 'config'), `# Written by dstack-tui: its environments.\n${texts.join('')}`);
	return texts.some(text => text !== '');
}
