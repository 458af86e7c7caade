import {randomBytes} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {readIfThere} from '../../system/files.js';
import type {Paths} from '../../system/paths.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {aliasFile, pinnedKeys} from './alias-file.js';
import {manualInstallWords, checkConfig, installDeferredPins, sshCommand} from './install-aliases.js';
import {includeLine} from './include-line.js';
import {configArguments, deferredPinsNeeded, readWithSsh, runSsh, type SshReading} from './run-ssh.js';
import {explainSsh, type SshFailure} from './explain-ssh.js';
import {ConfigUnusable} from './user-config.js';

/** `undecided`: the settings are right, and a connection did not come about within the limit. */
export type SshVerdict = {readonly status: 'works'} | {readonly status: 'undecided'} | ({readonly status: 'fails'} & SshFailure);

export type SshQuestion = {
	readonly paths: Paths;
	readonly name: string;
	/** The run's folder. */
	readonly folder: string;
	/** How long a connection may take, milliseconds. */
	readonly limit: number;
	/** Whether one that takes longer is a failure. */
	readonly isPatient: boolean;
	readonly signal?: AbortSignal;
};

/**
Whether `ssh NAME` works as the person would type it: first what ssh reads in its settings (`ssh -G`, no connection), then a login. A login is
a connection from outside, and a guarded machine takes it for the person being there when it lasts longer than five seconds; it cannot be
announced as the program's own, since the way through it (`ssh -W`) has no session that could say so. So the caller gives it less than that
there, and takes `undecided` for what it is. The system's `ssh` is used, never our own connection. Rejects only when a file of our own
cannot be read.
*/
export async function checkSsh(question: SshQuestion): Promise<SshVerdict> {
	const failure = await checkSettings(question);
	return failure ? {status: 'fails', ...failure} : checkLogin(question);
}

/** What our own file says, as the same ssh reads it, is compared with what it makes of all the person's settings. */
async function checkSettings(question: SshQuestion): Promise<SshFailure | undefined> {
	const {paths, name, folder, signal} = question;
	const file = path.join(folder, aliasFile);
	const text = await readIfThere(file);
	if (text === undefined) {
		return {why: `the aliases of ${name} are gone`, next: 'Attach again: that writes them anew.'};
	}

	const args = configArguments(paths);
	const host = hopOf(text, name);
	if ((await deferredPinsNeeded(paths, name)).length > 0) {
		await installDeferredPins(paths, question);
	}

	for (const alias of host === undefined ? [name] : [name, host]) {
		const meant = await readWithSsh(['-F', file], alias, signal);
		const real = await readWithSsh(args, alias, signal);
		const failure = await compare(question, {meant, real, alias, keys: pinnedKeys(text, alias), hop: host});
		if (failure) {
			return failure;
		}
	}

	return undefined;
}

type Comparison = {
	readonly meant: SshReading;
	readonly real: SshReading;
	readonly alias: string;
	readonly keys: readonly string[];
	readonly hop: string | undefined;
};

async function compare({paths, name}: SshQuestion, {meant, real, alias, keys, hop}: Comparison): Promise<SshFailure | undefined> {
	const config = await checkConfig(paths);
	if (config instanceof ConfigUnusable) {
		return {why: `${paths.userSshConfig} cannot be used: ${config.message}`, next: manualInstallWords(paths, name)};
	}

	if (!meant.settings || !real.settings) {
		const {said} = meant.settings ? real : meant;
		return explainSsh(said, {name, hop, command: sshCommand(paths, name)});
	}

	const other = keys.find(key => meant.settings?.get(key)?.[0] !== real.settings?.get(key)?.[0]);
	if (other === undefined) {
		return undefined;
	}

	if (config === 'missing' || real.settings.get('hostkeyalias') === undefined) {
		return notRead(paths, name, config);
	}

	const value = real.settings.get(other)?.[0] ?? 'none';
	const place = await whereSet(paths, other);
	return {
		why: neutraliseLine(`${place} sets ${other} to ${value} for ${alias}, which is to be ${meant.settings.get(other)?.[0]}`),
		next: config === 'first' ? 'Limit that to the hosts that it is meant for.' : moveUp(paths),
	};
}

const moveUp = (paths: Paths): string => `Let this be the first line of ${paths.userSshConfig}: ${includeLine(paths.sshConfig)}`;

/** ssh has not read our aliases at all. */
function notRead(paths: Paths, name: string, config: 'first' | 'missing' | number): SshFailure {
	if (typeof config === 'number') {
		return {
			why: `line ${config} of ${paths.userSshConfig} includes the environments, but only for what stands above it (Host or Match)`,
			next: moveUp(paths),
		};
	}

	return config === 'missing'
		? {why: `${paths.userSshConfig} does not include the environments`, next: manualInstallWords(paths, name)}
		: {
				why: `${paths.sshConfig}, which holds the environments, cannot be read by ssh`,
				next: 'Attach again: that writes it anew.',
			};
}

/** Where the user's file sets a key; a file that it includes may as well. */
async function whereSet({userSshConfig}: Paths, key: string): Promise<string> {
	const lines = (await readFile(userSshConfig, 'latin1')).split('\n');
	const at = lines.findIndex(line => line.trim().toLowerCase().split(/[\s=]/)[0] === key);
	return at === -1 ? `a file that ${userSshConfig} includes` : `line ${at + 1} of ${userSshConfig}`;
}

const hopOf = (text: string, name: string): string | undefined =>
	pinnedKeys(text, name).includes('proxyjump') ? `${name}-host` : undefined;

async function checkLogin({paths, name, folder, limit, isPatient, signal}: SshQuestion): Promise<SshVerdict> {
	const text = (await readIfThere(path.join(folder, aliasFile))) ?? '';
	const mark = `dstack-tui-${randomBytes(8).toString('hex')}`;
	const said = await runSsh(
		[
			...configArguments(paths),
			// The user's forwards may be in use by their own sessions.
			...['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '-o', 'ClearAllForwardings=yes', '-o', 'LogLevel=INFO'],
			name,
			`echo ${mark}`,
		],
		{limit, signal},
	);
	if (said.code === 0 && said.stdout.includes(mark)) {
		// What a login shell says of its own before does not hinder the editors, which look for a mark as well.
		return {status: 'works'};
	}

	if (said.timedOut && !isPatient) {
		return {status: 'undecided'};
	}

	const names = {name, hop: hopOf(text, name), command: sshCommand(paths, name)};
	return {status: 'fails', ...(shellFailure(said, name) ?? explainSsh(said, names))};
}

/** ssh itself ends with 255; everything else is what the login shell there ended with. */
function shellFailure({code, stdout}: {code: number | undefined; stdout: string}, name: string): SshFailure | undefined {
	if (code === undefined || code === 255) {
		return undefined;
	}

	const line = neutraliseLine(stdout.trim().split('\n').at(-1) ?? '').slice(0, 120);
	const said = line === '' ? '' : ` (it says: ${line})`;
	return {
		why: `the login shell in ${name} ${code === 0 ? 'does not run what it is given' : `ends with ${code} before it runs anything`}${said}`,
		next: `Look at its start files there (.bashrc, .zshenv, .profile): they may not end or replace a shell that nobody types into.`,
	};
}
