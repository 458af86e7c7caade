import type {RunSecrets} from '../model/run-secrets.js';
import {chmod, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type {KeyPair} from '../../system/key-pair.js';
import type {Paths} from '../../system/paths.js';

import {isMissing, readIfThere} from '../../system/files.js';
import {admitValue, publicKeyLine, runName} from '../../system/values.js';
import {generateKeyPair} from '../../tunnel/connection/keys.js';
import {takenProblem} from '../words/problems.js';
import {copyKeysForWindows} from '../../tunnel/ssh-config/windows-copy.js';
import {hostKeyAlias, identityFile, knownHostsFile} from '../../tunnel/ssh-config/install-aliases.js';

export type RunKeys = {
	readonly identity: KeyPair;
	/** The instance's own. */
	readonly hostKey: KeyPair;
	/** That of an environment which is a container on a machine. */
	readonly environmentHostKey: KeyPair;
};

export const runFolder = (paths: Paths, name: string): string => path.join(paths.runs, name);
export const logFolder = (folder: string): string => path.join(folder, 'logs');

const secretsFile = 'secrets.json';
const hostKeyFile = 'host_key';
const nextHostKeyFile = 'host_key.next';
const environmentHostKeyFile = 'environment_host_key';

/** Takes the name by making its folder. Throws a `usage` problem when another run has it; one that is gone for good gives way. */
export async function claimFolder(paths: Paths, name: string, isGone: (folder: string) => Promise<boolean>): Promise<string> {
	const folder = runFolder(paths, name);
	await mkdir(paths.runs, {recursive: true, mode: 0o700});
	if (await isGone(folder)) {
		await removeRunFolder(folder);
	}

	try {
		await mkdir(folder, {mode: 0o700});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			throw takenProblem(name);
		}

		throw error;
	}

	await mkdir(logFolder(folder), {mode: 0o700});
	return folder;
}

/** Makes the run's key pair and the host key that its instance will be given, and keeps its secrets. */
export async function writeRunFiles(folder: string, name: string, secrets: RunSecrets): Promise<RunKeys> {
	const [identity, hostKey, environmentHostKey] = await Promise.all([
		generateKeyPair(`dstack-tui ${name}`),
		generateKeyPair(`dstack-tui host ${name}`),
		generateKeyPair(`dstack-tui environment ${name}`),
	]);
	const write = async (file: string, text: string, mode: number) => writeFileAtomic(path.join(folder, file), text, {mode});
	await Promise.all([
		write(identityFile, identity.private, 0o600),
		write(`${identityFile}.pub`, `${identity.public}\n`, 0o600),
		write(hostKeyFile, hostKey.private, 0o600),
		write(`${hostKeyFile}.pub`, `${hostKey.public}\n`, 0o600),
		write(environmentHostKeyFile, environmentHostKey.private, 0o600),
		write(`${environmentHostKeyFile}.pub`, `${environmentHostKey.public}\n`, 0o600),
		write(knownHostsFile, knownHosts(name, [hostKey], environmentHostKey), 0o600),
		write(secretsFile, JSON.stringify(secrets), 0o600),
	]);
	await chmod(folder, 0o700);
	return {identity, hostKey, environmentHostKey};
}

/**
Each key under the name that the aliases look it up by: the instance's own, and that of an environment on a machine. The keys come from files:
another line among them would be another host that is trusted. Throws a `RefusedValue`.
*/
function knownHosts(name: string, instance: readonly KeyPair[], environment: KeyPair): string {
	const alias = admitValue(runName, name, "the environment's name");
	const key = (pair: KeyPair) => admitValue(publicKeyLine, pair.public, `a host key of ${alias}`);
	return [...instance.map(pair => `${hostKeyAlias(alias)} ${key(pair)}\n`), `${alias} ${key(environment)}\n`].join('');
}

export async function readKeys(folder: string): Promise<RunKeys> {
	const read = async (file: string) => readFile(path.join(folder, file), 'utf8');
	const pair = async (file: string): Promise<KeyPair> => ({
		private: await read(file),
		public: (await read(`${file}.pub`)).trim(),
	});
	const [identity, hostKey, environmentHostKey] = await Promise.all([
		pair(identityFile),
		pair(hostKeyFile),
		pair(environmentHostKeyFile),
	]);
	return {identity, hostKey, environmentHostKey};
}

/** The host key that is to replace the first one, while it is not certain which of them the machine shows. */
export const readNextHostKey = async (folder: string): Promise<KeyPair | undefined> => readPair(folder, nextHostKeyFile);

async function readPair(folder: string, name: string): Promise<KeyPair | undefined> {
	try {
		const [secret, open] = await Promise.all([name, `${name}.pub`].map(async file => readFile(path.join(folder, file), 'utf8')));
		return {private: secret ?? '', public: (open ?? '').trim()};
	} catch (error) {
		if (isMissing(error)) {
			return undefined;
		}

		throw error;
	}
}

/** Makes the host key that is to replace the first one; from now on both are trusted. The same again until it has replaced it. */
export async function writeNextHostKey(folder: string, name: string): Promise<KeyPair> {
	const [known, {hostKey}] = await Promise.all([readNextHostKey(folder), readKeys(folder)]);
	const next = known ?? (await generateKeyPair(`dstack-tui host ${name}`));
	if (!known) {
		await writeOwn(folder, nextHostKeyFile, next.private);
		await writeOwn(folder, `${nextHostKeyFile}.pub`, `${next.public}\n`);
	}

	await writeOwn(folder, knownHostsFile, knownHosts(name, [hostKey, next], (await readKeys(folder)).environmentHostKey));
	await copyKeysForWindows(folder);
	return next;
}

/** From now on the next host key is the only one that is trusted. */
export async function adoptNextHostKey(folder: string, name: string): Promise<void> {
	const next = await readNextHostKey(folder);
	if (!next) {
		return;
	}

	await writeOwn(folder, knownHostsFile, knownHosts(name, [next], (await readKeys(folder)).environmentHostKey));
	await copyKeysForWindows(folder);
	await writeOwn(folder, hostKeyFile, next.private);
	await writeOwn(folder, `${hostKeyFile}.pub`, `${next.public}\n`);
	// The public half last but one: without it nothing is left to adopt, and until then this can be done again.
	await rm(path.join(folder, `${nextHostKeyFile}.pub`), {force: true});
	await rm(path.join(folder, nextHostKeyFile), {force: true});
}

const writeOwn = async (folder: string, file: string, text: string): Promise<void> =>
	writeFileAtomic(path.join(folder, file), text, {mode: 0o600});

export const readSecrets = async (folder: string): Promise<RunSecrets> =>
	JSON.parse(await readFile(path.join(folder, secretsFile), 'utf8')) as RunSecrets;

/** Everything in a run's folder that could open a door. */
export const secretFiles: ReadonlySet<string> = new Set([
	...[identityFile, hostKeyFile, nextHostKeyFile, environmentHostKeyFile].flatMap(file => [file, `${file}.pub`]),
	knownHostsFile,
	secretsFile,
]);

/** After the end: the journal and the logs stay for the record, everything that could open a door goes. One that stays keeps no other. */
export async function forgetSecrets(folder: string): Promise<void> {
	const results = await Promise.allSettled([...secretFiles].map(async file => rm(path.join(folder, file), {force: true})));
	const failed = results.find(result => result.status === 'rejected');
	if (failed) {
		throw failed.reason;
	}
}

export const removeRunFolder = async (folder: string): Promise<void> => rm(folder, {recursive: true, force: true});

/** Names of all runs that left a folder, in no order. */
export async function runNames(paths: Paths): Promise<string[]> {
	try {
		const entries = await readdir(paths.runs, {withFileTypes: true});
		return entries.filter(entry => entry.isDirectory()).map(entry => entry.name);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return [];
		}

		throw error;
	}
}

/** A random tag for this installation: instances without it are never touched. Made at first use. */
export async function installationTag(paths: Paths, make: () => string): Promise<string> {
	const file = path.join(paths.config, 'installation');
	// Read first: on a disk that cannot be written, what is there can still be ended.
	const known = await readIfThere(file);
	if (known !== undefined) {
		return known.trim();
	}

	await mkdir(paths.config, {recursive: true, mode: 0o700});
	try {
		await writeFile(file, `${make()}\n`, {mode: 0o600, flag: 'wx'});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
			throw error;
		}
	}

	return (await readFile(file, 'utf8')).trim();
}
