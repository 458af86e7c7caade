import {mkdir, readFile, realpath, rm, rmdir, stat} from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import writeFileAtomic from 'write-file-atomic';
import type {Paths} from '../system/paths.js';
import {shellWord} from '../system/shell.js';

export type AliasTarget = {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	readonly user: string;
	/** Where the environment is a container on that machine: its SSH server, which only the machine reaches. */
	readonly inside?: {readonly port: number; readonly user: string};
	/** Lends the person's SSH agent to sessions in the environment. */
	readonly forwardAgent?: boolean;
	/** The run's folder: keys and the pinned host key lie in it. */
	readonly folder: string;
};

/** The file in a run's folder that holds its aliases; our own config includes all of them. */
const aliasFile = 'ssh.config';
export const identityFile = 'id_ed25519';
export const knownHostsFile = 'known_hosts';

// ssh expands % and takes " as the end of a quoted word.
const quoted = (file: string): string => `"${file.replaceAll('%', '%%')}"`;

/** The name that the instance's own host key is known by; that of an environment on a machine by the run's name. */
export const hostKeyAlias = (name: string): string => `${name}-host`;

const aliases = (target: AliasTarget): string => {
	const {name, host, port, user, inside} = target;
	const head = `# ${name}: made by dstack-tui, removed when the environment ends`;
	// An agent is lent to the environment, and not to the machine on the way.
	const lends = target.forwardAgent === true && !inside;
	const instance = entry({...target, forwardAgent: lends}, {host, port, user, key: hostKeyAlias(name)});
	if (!inside) {
		return [head, `Host ${name} ${name}-host`, ...instance, '\tProxyCommand none', ''].join('\n');
	}

	const environment = entry(target, {host: '127.0.0.1', ...inside, key: name});
	return [
		...[head, `Host ${name}-host`, ...instance, '\tProxyCommand none'],
		...[`Host ${name}`, ...environment, `\tProxyJump ${name}-host`, ''],
	].join('\n');
};

const entry = (
	{folder, forwardAgent}: AliasTarget,
	{host, port, user, key}: {host: string; port: number; user: string; key: string},
): string[] => [
	`\tHostName ${host}`,
	`\tPort ${port}`,
	`\tUser ${user}`,
	`\tIdentityFile ${quoted(path.join(folder, identityFile))}`,
	'\tIdentitiesOnly yes',
	// An agent that is to be lent has to be found.
	...(forwardAgent ? ['\tForwardAgent yes'] : ['\tIdentityAgent none', '\tForwardAgent no']),
	`\tUserKnownHostsFile ${quoted(path.join(folder, knownHostsFile))}`,
	'\tGlobalKnownHostsFile /dev/null',
	`\tHostKeyAlias ${key}`,
	'\tHostKeyAlgorithms ssh-ed25519',
	'\tStrictHostKeyChecking yes',
	'\tPasswordAuthentication no',
	'\tKbdInteractiveAuthentication no',
	'\tServerAliveInterval 15',
	'\tServerAliveCountMax 3',
	'\tControlMaster no',
	'\tControlPath none',
	'\tUpdateHostKeys no',
];

/** The command line that a person types for a shell in the environment called `name`. */
export const sshCommand = (paths: Paths, name: string): string =>
	paths.sshReadsUserConfig ? `ssh ${name}` : `ssh -F ${shellWord(paths.userSshConfig)} ${name}`;

// The person's config is handled as latin1, one character a byte; so must be what is looked for in it.
const includeLine = (paths: Paths): string => Buffer.from(`Include "${paths.sshConfig}"\n`).toString('latin1');

/** Makes `ssh NAME` work: writes the run's aliases and, as the first line of the person's own config, the Include that leads to them. */
export async function installAliases(paths: Paths, target: AliasTarget): Promise<void> {
	await writeFileAtomic(path.join(target.folder, aliasFile), aliases(target), {mode: 0o600});
	await locked(paths, async () => {
		await writeFileAtomic(
			paths.sshConfig,
			`# Written by dstack-tui: one file for each environment.\nInclude "${path.join(paths.runs, '*', aliasFile)}"\n`,
			{mode: 0o600},
		);
		await addInclude(paths);
	});
}

/** Takes a run's aliases away, and with the last run's the Include line too: the person's config is then byte for byte as it was. */
export async function removeAliases(paths: Paths, folder: string, othersLeft: () => Promise<boolean>): Promise<void> {
	await rm(path.join(folder, aliasFile), {force: true});
	await locked(paths, async () => {
		if (!(await othersLeft())) {
			await removeInclude(paths);
			await rm(paths.sshConfig, {force: true});
		}
	});
}

const createdMarker = (paths: Paths): string => path.join(path.dirname(paths.sshConfig), 'created');

async function addInclude(paths: Paths): Promise<void> {
	const before = await readConfig(paths.userSshConfig);
	const line = includeLine(paths);
	if (before?.text.startsWith(line)) {
		return;
	}

	if (before === undefined) {
		const folder = path.dirname(paths.userSshConfig);
		const made = await mkdir(folder, {recursive: true, mode: 0o700});
		await writeFileAtomic(createdMarker(paths), made === undefined ? 'file' : 'folder', {mode: 0o600});
	}

	const rest = (before?.text ?? '').split(line).join('');
	await writeFileAtomic(before?.target ?? paths.userSshConfig, Buffer.from(line + rest, 'latin1'), {mode: before?.mode ?? 0o600});
}

async function removeInclude(paths: Paths): Promise<void> {
	const before = await readConfig(paths.userSshConfig);
	const line = includeLine(paths);
	if (before?.text.includes(line)) {
		const rest = before.text.split(line).join('');
		const created = await readFile(createdMarker(paths), 'utf8').catch(() => '');
		if (rest === '' && created !== '') {
			await rm(before.target);
			if (created === 'folder') {
				// The person may have put something there since.
				await rmdir(path.dirname(before.target)).catch(() => undefined);
			}
		} else {
			await writeFileAtomic(before.target, Buffer.from(rest, 'latin1'), {mode: before.mode});
		}
	}

	await rm(createdMarker(paths), {force: true});
}

/** Read as latin1, so that every byte comes back as it was. A symbolic link is followed: dotfiles are often linked. */
async function readConfig(file: string): Promise<{text: string; target: string; mode: number} | undefined> {
	try {
		const target = await realpath(file);
		return {text: await readFile(target, 'latin1'), target, mode: (await stat(target)).mode & 0o777};
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return undefined;
		}

		throw error;
	}
}

async function locked(paths: Paths, act: () => Promise<void>): Promise<void> {
	const folder = path.dirname(paths.sshConfig);
	await mkdir(folder, {recursive: true, mode: 0o700});
	const release = await lockfile.lock(folder, {stale: 5000, retries: {retries: 40, minTimeout: 50, maxTimeout: 500}});
	try {
		await act();
	} finally {
		await release();
	}
}
