import type {RunSecrets} from '../model/specification.js';
import {chmod, mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type {KeyPair} from '../../system/key-pair.js';
import type {Paths} from '../../system/paths.js';

import {systemClock} from '../../system/clock.js';
import {isMissing, readIfThere} from '../../system/files.js';
import {acquireLock} from '../../system/lock.js';
import {systemRandom} from '../../system/random.js';
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

/** How long another program that is just taking the same name is waited for, and how often it is looked at. Milliseconds. */
const claimLimit = 10_000;
const claimInterval = 50;
/** A claim is a matter of a moment: what another machine has left for that long, its program did not live to take away. Milliseconds. */
const claimElsewhereLimit = 2 * 60_000;

const asideOf = (name: string): RegExp => new RegExp(`^\\.gone-${name.replaceAll(/[^\w-]/g, '\\$&')}-[\\da-f]{8}$`);

/** Does what decides on who has a name: one program at a time. Throws a `usage` problem where another one does not come to an end with it. */
async function decideOnName<T>(paths: Paths, name: string, act: () => Promise<T>): Promise<T> {
	const folder = path.join(paths.runs, '.claims');
	await mkdir(folder, {recursive: true, mode: 0o700});
	for (const start = systemClock.elapsed(); ;) {
		const lock = await acquireLock(path.join(folder, name), {elsewhereLimit: claimElsewhereLimit});
		if (lock) {
			try {
				return await act();
			} finally {
				await lock.release();
			}
		}

		if (systemClock.elapsed() - start > claimLimit) {
			throw takenProblem(name);
		}

		await systemClock.sleep(claimInterval);
	}
}

/**
Takes the name by making its folder. Throws a `usage` problem when another run has it; one that is gone for good gives way. It is put aside
before anything of it is deleted, and looked at again there: who comes late deletes nothing that somebody else has begun.
*/
export async function claimFolder(paths: Paths, name: string, isGone: (folder: string) => Promise<boolean>): Promise<string> {
	const folder = runFolder(paths, name);
	return decideOnName(paths, name, async () => {
		for (const left of (await readdir(paths.runs)).filter(each => asideOf(name).test(each))) {
			await removeRunFolder(path.join(paths.runs, left));
		}

		if (await isGone(folder)) {
			await removeAside(paths, name, isGone);
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
	});
}

/** Removes what a claim left that never became a run. Nothing where somebody took the name up meanwhile. */
export async function removeClaim(paths: Paths, name: string, isLeft: (folder: string) => Promise<boolean>): Promise<void> {
	await decideOnName(paths, name, async () => {
		if (await isLeft(runFolder(paths, name))) {
			await removeAside(paths, name, isLeft);
		}
	});
}

async function removeAside(paths: Paths, name: string, mayGo: (folder: string) => Promise<boolean>): Promise<void> {
	const folder = runFolder(paths, name);
	const aside = path.join(paths.runs, `.gone-${name}-${systemRandom.hex(4)}`);
	try {
		await rename(folder, aside);
	} catch (error) {
		if (isMissing(error)) {
			return;
		}

		throw error;
	}

	if (!(await mayGo(aside))) {
		await rename(aside, folder);
		throw takenProblem(name);
	}

	await removeRunFolder(aside);
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
		return entries.filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).map(entry => entry.name);
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

/** Written by the owner for other programs that show the run, and by those while they do. */
export const countsFile = 'ports.json';

export const watchedFile = 'ports-watched';
