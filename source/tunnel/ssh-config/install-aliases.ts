import {lstat, mkdir, readdir, readFile, rm} from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import {readIfThere} from '../../system/files.js';
import {existsSync, readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import type {Paths} from '../../system/paths.js';
import {Problem} from '../../system/problem.js';
import {shellWord} from '../../system/shell.js';
import {RefusedValue, runName} from '../../system/values.js';
import {aliasFile, aliasText, type AliasTarget, withoutDeferredPins, withPins} from './alias-file.js';
import {addInclude, type Inclusion, includeLine, placeOfInclude, removeInclude} from './include-line.js';
import {withLock} from './config-lock.js';
import {deferredPinsNeeded} from './run-ssh.js';
import {ConfigUnusable, readConfig} from './user-config.js';
import {installForWindows, removeForWindows, runsOfWindows} from './windows-copy.js';

export {type AliasTarget, hostKeyAlias, identityFile, knownHostsFile} from './alias-file.js';

/** Why the person's `ssh NAME` does not work by itself, and what to do. */
export type AliasTrouble = {readonly why: string; readonly next: string};

const inclusion = (paths: Paths): Inclusion => ({
	file: paths.userSshConfig,
	ours: paths.sshConfig,
	marker: path.join(path.dirname(paths.sshConfig), 'created'),
});

/** How a run is reached where the person's config does not include ours: it is named. */
const directCommand = (paths: Paths, name: string): string => `ssh -F ${shellWord(paths.sshConfig)} ${name}`;

/** The command line that a person types for a shell in the environment called `name`; one that works. */
export function sshCommand(paths: Paths, name: string): string {
	if (!isIncluded(paths) && existsSync(paths.sshConfig)) {
		return directCommand(paths, name);
	}

	return paths.sshReadsUserConfig ? `ssh ${name}` : `ssh -F ${shellWord(paths.userSshConfig)} ${name}`;
}

const seen = new Map<string, {readonly at: string; readonly included: boolean}>();

/** Screens ask this with each frame: the file is read again only when it has changed. */
function isIncluded({userSshConfig, sshConfig}: Paths): boolean {
	try {
		const {mtimeMs, size, ino} = statSync(userSshConfig);
		const at = `${mtimeMs} ${size} ${ino} ${sshConfig}`;
		const known = seen.get(userSshConfig);
		if (known?.at === at) {
			return known.included;
		}

		const isFile = statSync(userSshConfig).isFile();
		const included = isFile && placeOfInclude(readFileSync(userSshConfig, 'latin1'), sshConfig) === 'first';
		seen.set(userSshConfig, {at, included});
		return included;
	} catch {
		// Whatever is wrong with it: it includes nothing.
		return false;
	}
}

/** What to do by hand about a config that this program cannot write. */
export const manualInstallWords = (paths: Paths, name: string): string =>
	`Add this as its first line: ${includeLine(paths.sshConfig)} - or do without it: \`${directCommand(paths, name)}\`, and for VS Code the setting remote.SSH.configFile: ${paths.sshConfig}`;

/** How the person's config takes ours in; `missing` where it is not there, else why it cannot be used. Throws nothing. */
export async function checkConfig(paths: Paths): Promise<'first' | 'missing' | number | ConfigUnusable> {
	try {
		const config = await readConfig(paths.userSshConfig);
		return config ? placeOfInclude(config.text, paths.sshConfig) : 'missing';
	} catch (error) {
		if (error instanceof ConfigUnusable) {
			return error;
		}

		throw error;
	}
}

/** What is wrong with the person's config as a whole: it cannot be used, or does not include the environments that there are. */
export async function configTrouble(paths: Paths): Promise<AliasTrouble | undefined> {
	const config = await checkConfig(paths);
	const next = manualInstallWords(paths, 'NAME');
	if (config instanceof ConfigUnusable) {
		return {why: `${paths.userSshConfig} cannot be used: ${config.message}.`, next};
	}

	if (config === 'first' || !existsSync(paths.sshConfig)) {
		return undefined;
	}

	const why =
		config === 'missing' ? 'does not include the environments.' : `includes the environments too late, in line ${config}.`;
	return {why: `${paths.userSshConfig} ${why}`, next};
}

/**
Makes `ssh NAME` work: writes the run's aliases and, as the first line of the user's config, the Include that leads to them. A config
that cannot be used is no error: the trouble is returned, and `sshCommand` gives a command that works without it. Where the run's address, user or
name is none, nothing is written.
*/
export async function installAliases(paths: Paths, target: AliasTarget): Promise<AliasTrouble | undefined> {
	const file = path.join(target.folder, aliasFile);
	const before = await readIfThere(file).catch(() => undefined);
	let text: string;
	try {
		text = aliasText(target);
	} catch (error) {
		if (!(error instanceof RefusedValue)) {
			throw error;
		}

		// What is there was made of the same, or leads to what is no longer.
		await rm(file, {force: true});
		return {
			why: `\`ssh ${runName.is(target.name) ? target.name : 'NAME'}\` leads nowhere: ${error.message}.`,
			next: 'End it: whoever told of it is not to be trusted.',
		};
	}

	// What was pinned for the person's settings stays, as long as nothing else is to be written.
	await writeChanged(file, before !== undefined && withoutDeferredPins(before) === text ? before : text);
	return locked(paths, async () => {
		await writeChanged(
			paths.sshConfig,
			`# Written by dstack-tui: one file for each environment.\nInclude "${path.join(paths.runs, '*', aliasFile)}"\n`,
		);
		const trouble = await orTrouble(paths.userSshConfig, manualInstallWords(paths, target.name), async () => {
			await addInclude(inclusion(paths));
			await installDeferredPins(paths, target);
		});
		if (!paths.windows || target.forWindows !== true) {
			return trouble;
		}

		const config = path.join(paths.windows.here, '.ssh', 'config');
		const next = 'Editors of Windows do not find the environment until it can be written; then attach again.';
		return (await orTrouble(config, next, async () => installForWindows(paths, target))) ?? trouble;
	});
}

/** What the person's settings hold against a run that not every ssh knows is set back in its aliases. */
export async function installDeferredPins(paths: Paths, {name, folder}: Pick<AliasTarget, 'name' | 'folder'>): Promise<void> {
	// Without settings of the user, none of theirs can be in the way, and nobody need be asked.
	const config = await readConfig(paths.userSshConfig);
	if (!config || config.text.trim() === includeLine(paths.sshConfig)) {
		return;
	}

	const file = path.join(folder, aliasFile);
	const text = await readFile(file, 'utf8');
	const pinned = withPins(text, await deferredPinsNeeded(paths, name));
	if (pinned !== text) {
		await writeFileAtomic(file, pinned, {mode: 0o600});
	}
}

/** Takes a run's aliases away, and with the last run's the Include line too: the person's config is then byte for byte as it was. */
export async function removeAliases(
	paths: Paths,
	folder: string,
	othersLeft: () => Promise<boolean>,
): Promise<AliasTrouble | undefined> {
	await rm(path.join(folder, aliasFile), {force: true});
	return locked(paths, async () => {
		// What is left of an Include leads nowhere, which ssh does not mind.
		const next = `The line that includes ${paths.sshConfig} can be removed from it by hand.`;
		const windows = await orTrouble('The ssh config of Windows', next, async () =>
			removeForWindows(paths, path.basename(folder)),
		);
		if (await othersLeft()) {
			return windows;
		}

		const trouble = await orTrouble(paths.userSshConfig, next, async () => removeInclude(inclusion(paths)));
		await rm(paths.sshConfig, {force: true});
		return trouble ?? windows;
	});
}

/**
Takes away what runs that are over, or whose folder is gone, have left: a crash came between, or somebody else removed them. `isAlive` is
asked under the lock that a new run's aliases are written under.
*/
export async function sweepAliases(paths: Paths, isAlive: (name: string) => Promise<boolean>): Promise<void> {
	if (!existsSync(paths.sshConfig)) {
		return;
	}

	// Most often there is nothing to do, and then nobody need wait for anybody.
	const before = await runsWithAliases(paths);
	const alive = await Promise.all(before.map(isAlive));
	if (alive.includes(true) && !alive.includes(false)) {
		return;
	}

	await locked(paths, async () => {
		const left = new Set(await runsWithAliases(paths));
		for (const name of left) {
			if (!(await isAlive(name))) {
				await rm(path.join(paths.runs, name, aliasFile), {force: true});
				await orTrouble('', '', async () => removeForWindows(paths, name));
				left.delete(name);
			}
		}

		if (left.size === 0 && !(await orTrouble('', '', async () => removeInclude(inclusion(paths))))) {
			await rm(paths.sshConfig, {force: true});
		}
	});
}

async function runsWithAliases(paths: Paths): Promise<string[]> {
	const folders = await readdir(paths.runs).catch(() => []);
	const withAliases = folders.filter(name => existsSync(path.join(paths.runs, name, aliasFile)));
	return [...new Set([...withAliases, ...(await runsOfWindows(paths))])];
}

async function orTrouble(file: string, next: string, act: () => Promise<void>): Promise<AliasTrouble | undefined> {
	try {
		await act();
		return undefined;
	} catch (error) {
		if (error instanceof ConfigUnusable) {
			return {why: `${file} cannot be used: ${error.message}.`, next};
		}

		throw error;
	}
}

async function locked<T>(paths: Paths, act: () => Promise<T>): Promise<T> {
	const folder = path.dirname(paths.sshConfig);
	await mkdir(folder, {recursive: true, mode: 0o700});
	try {
		return await withLock(folder, act);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ELOCKED') {
			throw new Problem('failed', `Another program holds ${folder}, where the aliases for ssh are`, {
				next: 'Try again when it has ended.',
				cause: error,
			});
		}

		throw error;
	}
}

/** Writes a file that is the person's alone, unless it is that already: who watches it is not called without a change. */
export async function writeChanged(file: string, text: string): Promise<void> {
	if (!(await isPrivate(file)) || (await readIfThere(file)) !== text) {
		await writeFileAtomic(file, text, {mode: 0o600});
	}
}

async function isPrivate(file: string): Promise<boolean> {
	const found = await lstat(file).catch(() => undefined);
	return found !== undefined && found.isFile() && (found.mode & 0o777) === 0o600;
}
