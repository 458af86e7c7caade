import {appendFile, copyFile, lstat, realpath} from 'node:fs/promises';
import path from 'node:path';
import {neutraliseLine} from '../../system/terminal-text.js';
import {systemClock} from '../../system/clock.js';
import {isMissing} from '../../system/files.js';
import {git, gitOutput, type GitResult, initOwn, ownGit} from '../code/git.js';
import type {GitLocation} from '../code/git-location.js';
import {findRepository, type Repository} from '../code/repository.js';
import {claimName, keyOf, type Taken, wantedName} from './names.js';
import type {Packed, Unit} from './remote-units.js';

/** So many commits are offered to build upon, the newest first. */
const mostOffered = 5000;

/** How often names are claimed where another one claims the same, and milliseconds in between. */
const mostClaims = 5;
const claimInterval = 100;

/** Git here does not take what came. */
export class Refused extends Error {
	override readonly name = 'Refused';
}

/** No program of the user's setup may run, and nothing that was not asked for may be written. `git` itself ensures most of it. */
const careful = [
	...['transfer.fsckObjects=true', 'fetch.fsckObjects=true', 'protocol.allow=never', 'protocol.file.allow=always'],
	...['gc.auto=0', 'maintenance.auto=false', 'fetch.writeCommitGraph=false'],
].flatMap(setting => ['-c', setting]);

const firstLine = ({stderr, code}: GitResult): string => {
	const lines = stderr.split('\n').filter(line => /^(?:error|fatal)/.test(line));
	return neutraliseLine(lines[0] ?? stderr.split('\n')[0] ?? '') || `exit code ${code}`;
};

/** What git printed; throws `Refused` where it failed. */
async function sure(asked: Promise<GitResult>): Promise<Buffer> {
	const result = await asked;
	if (result.code !== 0) {
		throw new Refused(firstLine(result));
	}

	return result.stdout;
}

/**
The repository on this machine that a unit came from: the one whose top is the folder at the unit's place, by no link to elsewhere.
Undefined where there is none, or where git cannot be asked.
*/
export async function findLocalRepository(root: string, place: Buffer, trusted = false): Promise<Repository | undefined> {
	const relative = place.toString();
	if (!Buffer.from(relative).equals(place)) {
		return undefined;
	}

	const folder = path.join(root, relative);
	try {
		if ((await realpath(folder)) !== folder) {
			return undefined;
		}

		const repository = await findRepository(folder, {root: await realpath(root), trusted});
		return repository && repository.top === folder ? repository : undefined;
	} catch (error) {
		// It is gone, or git is missing or does not look at it: then the work comes into a folder.
		if (
			isMissing(error) ||
			(error as {kind?: string}).kind === 'configuration' ||
			(error as {code?: string}).code === 'ENOTDIR'
		) {
			return undefined;
		}

		throw error;
	}
}

/** Commits that a repository here has: what it is to build upon. Empty where it has none. */
export async function localCommits(repository: Repository): Promise<string[]> {
	const format = '%(objecttype) %(objectname)%0a%(*objecttype) %(*objectname)';
	const listed = await gitOutput(repository, [
		...['for-each-ref', '--sort=-creatordate'],
		...[`--count=${mostOffered}`, `--format=${format}`],
	]);
	const head = await git(repository, ['rev-parse', '--quiet', '--verify', 'HEAD^{commit}']);
	const commits = [...listed.toString().matchAll(/^commit ([\da-f]+)$/gm)].map(([, commit]) => commit ?? '');
	return [...new Set([head.stdout.toString().trim(), ...commits])].filter(commit => commit !== '');
}

/** A repository of its own in which a bundle is unpacked and looked at. It borrows from `repository` where there is one. */
export async function openBundle(folder: string, bundle: string, {format}: Unit, repository?: Repository): Promise<void> {
	// Older ones know of no other format than the usual one.
	const other = format === 'sha256' ? ['--object-format=sha256'] : [];
	await sure(initOwn(folder, other));
	if (repository) {
		await appendFile(path.join(folder, 'objects', 'info', 'alternates'), `${path.join(repository.commonDir, 'objects')}\n`);
		const shallow = path.join(repository.commonDir, 'shallow');
		if ((await lstat(shallow).catch(() => undefined))?.isFile()) {
			await copyFile(shallow, path.join(folder, 'shallow'));
		}
	}

	await sure(ownGit(folder, ['bundle', 'verify', bundle]));
	await sure(ownGit(folder, [...careful, 'fetch', '--quiet', '--no-tags', bundle, 'refs/home/*:refs/home/*']));
}

export type TakenRef = {readonly name: string; readonly commit: string; readonly kind: 'branch' | 'tag'; readonly of: string};

/**
Takes the commits into a repository here, from a bundle that was opened in `quarantine` or as they are there already, as branches and tags
below `prefix`. Nothing else of it changes: neither files nor index, HEAD or any branch that there is. Throws `Refused`.
*/
export async function importRefs(
	repository: Repository,
	{refs}: Packed,
	prefix: string,
	quarantine: string | undefined,
): Promise<readonly TakenRef[]> {
	if (quarantine !== undefined) {
		const inside = (await sure(ownGit(quarantine, ['for-each-ref', '--format=%(refname)', 'refs/home']))).toString().split('\n');
		const announced = new Set(refs.map(({name}) => name));
		await fetchObjects(
			repository,
			quarantine,
			inside.filter(name => announced.has(name)),
		);
	}

	for (let tries = 1; ; tries++) {
		const taken = await takenNames(repository);
		const {orders, brought} = await claim(repository, refs, prefix, taken);
		try {
			const update = [...careful, 'update-ref', '-m', 'dstack-tui: brought home', '-z', '--stdin'];
			await sure(git(repository, update, {input: Buffer.from(orders)}));
			return brought;
		} catch (error) {
			// Another one may have taken a name in this moment, or hold the lock of one.
			if (!(error instanceof Refused) || tries === mostClaims) {
				throw error;
			}

			await systemClock.sleep(claimInterval);
		}
	}
}

/** The names that commits are given, and the options that git needs for that. */
async function claim(repository: GitLocation, refs: Packed['refs'], prefix: string, taken: Taken) {
	const brought: TakenRef[] = [];
	let orders = '';
	for (const {name, commit} of refs) {
		const wanted = wantedName(prefix, name, commit);
		const type = (await git(repository, ['cat-file', '-t', commit])).stdout.toString().trim();
		if (!wanted || (type !== 'commit' && !(type === 'tag' && wanted.name.startsWith('tags/')))) {
			throw new Refused(`${neutraliseLine(name)} is not in what came`);
		}

		const claimed = claimName(taken, wanted, commit);
		orders += claimed.isNew ? `create refs/${claimed.name}\0${commit}\0` : '';
		const isTag = claimed.name.startsWith('tags/');
		brought.push({
			name: claimed.name.replace(/^(?:heads|tags)\//, ''),
			commit,
			kind: isTag ? 'tag' : 'branch',
			of: name.replace('refs/home/', ''),
		});
	}

	return {orders, brought};
}

async function fetchObjects(repository: GitLocation, quarantine: string, names: readonly string[]): Promise<void> {
	const fetch = async (...more: readonly string[]) =>
		git(repository, [
			...careful,
			...['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', ...more, '--', quarantine, ...names],
		]);
	let result = await fetch('--no-write-fetch-head');
	if (/unknown option/.test(result.stderr)) {
		result = await fetch();
	}

	if (result.code !== 0) {
		throw new Refused(firstLine(result));
	}
}

async function takenNames(repository: GitLocation): Promise<Taken> {
	const listed = await sure(git(repository, ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags']));
	return new Map(
		[...listed.toString().matchAll(/^(\S+) refs\/(.+)$/gm)].map(([, commit = '', name = '']) => [keyOf(name), {name, commit}]),
	);
}
