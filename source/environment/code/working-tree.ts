import {type Dirent} from 'node:fs';
import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {git, type GitResult, gitOutput, gitProblem, initOwn, joinZero, ownGit, splitZero} from './git.js';
import {ignoringAsUsual} from './person-settings.js';
import type {GitLocation} from './git-location.js';
import {absoluteBytes, inChunks, joinBytes} from './tree.js';

/** What belongs to a working tree: names as bytes, relative to it. */
export type WorkingTree = {
	readonly files: readonly Buffer[];
	/** Submodules and other repositories inside. */
	readonly nested: readonly Buffer[];
	/** Folders that are not ignored and hold no file that is listed: git does not know them, people miss them. */
	readonly empty: readonly Buffer[];
	/** Sockets, pipes and devices. */
	readonly special: readonly Buffer[];
	/** Folders that could not be looked into. */
	readonly unreadable: readonly string[];
};

const key = (name: Buffer): string => name.toString('latin1');
const isNested = (name: Buffer): boolean => name.at(-1) === 0x2f;

/** Git on what is listed, given what the user ignores. */
type GitQuery = (args: readonly string[], input?: Buffer) => Promise<GitResult>;

/** A repository's working tree: tracked files that are there, and those that are not ignored. */
export async function listWorkingTree(place: GitLocation): Promise<WorkingTree> {
	const cached = splitZero(await gitOutput(place, ['ls-files', '-z', '--stage', '--full-name', ':/']));
	const [files, modules] = [new Map<string, Buffer>(), new Map<string, Buffer>()];
	for (const line of cached) {
		const name = line.subarray(line.indexOf(0x09) + 1);
		// A file in conflict is listed once for each side.
		(line.subarray(0, 6).toString() === '160000' ? modules : files).set(key(name), name);
	}

	const ignoring = await ignoringAsUsual(place);
	const ask: GitQuery = async (args, input) => git(place, [...ignoring, ...args], {input});
	return complete(place.top, ask, [...files.values()], [...modules.values()]);
}

/** A folder that is no repository, honouring its `.gitignore` files: git looks at it through an empty repository elsewhere. */
export async function listFolder(folder: string): Promise<WorkingTree> {
	const empty = await mkdtemp(path.join(tmpdir(), 'dstack-tui-'));
	try {
		const {code, stderr} = await initOwn(empty);
		if (code !== 0) {
			throw gitProblem(empty, stderr);
		}

		const ignoring = await ignoringAsUsual();
		return await complete(
			folder,
			async (args, input) => ownGit(empty, [...ignoring, ...args], {workTree: folder, input}),
			[],
			[],
		);
	} finally {
		await rm(empty, {recursive: true, force: true});
	}
}

async function complete(top: string, ask: GitQuery, files: Buffer[], modules: Buffer[]): Promise<WorkingTree> {
	const {code, stdout, stderr} = await ask(['ls-files', '-z', '--others', '--exclude-standard', '--full-name', ':/']);
	if (code !== 0) {
		throw gitProblem(top, stderr);
	}

	const others = splitZero(stdout);
	// Git only warns of a folder that it may not open, and goes on without it.
	const unreadable = [...stderr.matchAll(/could not open directory '(.*)\/': /g)].map(match => match[1] ?? '');
	const all = [...files, ...others.filter(name => !isNested(name))];
	const nested = [...modules, ...others.filter(isNested).map(name => name.subarray(0, -1))];
	const ignored = async (names: readonly Buffer[]) => findIgnored(top, ask, names);
	return {files: all, nested, ...(await findUnlisted(top, all, nested, ignored)), unreadable};
}

async function findIgnored(top: string, ask: GitQuery, names: readonly Buffer[]): Promise<ReadonlySet<string>> {
	// A name that begins with a colon would be a pattern.
	const prefix = Buffer.from('./');
	const asked = names.map(name => Buffer.concat([prefix, name]));
	const {code, stdout, stderr} = await ask(['check-ignore', '-z', '--stdin'], joinZero(asked));
	// 1 says that none is.
	if (code > 1) {
		throw gitProblem(top, stderr);
	}

	return new Set(splitZero(stdout).map(name => key(name.subarray(prefix.length))));
}

/**
What git does not list: folders without files, and what is no file. Walks only where listed files are and below folders that are not
ignored: a `node_modules` costs one name.
*/
async function findUnlisted(
	top: string,
	files: readonly Buffer[],
	nested: readonly Buffer[],
	ignored: (names: readonly Buffer[]) => Promise<ReadonlySet<string>>,
): Promise<Pick<WorkingTree, 'empty' | 'special'>> {
	const withFiles = foldersOf(files);
	const known = new Set([...nested.map(key), ...withFiles.keys()]);
	const [empty, special]: [Buffer[], Buffer[]] = [[], []];
	for (let level = [...withFiles.values()]; level.length > 0;) {
		const below = (await inChunks(level, async folder => look(top, folder))).flat();
		const candidates = below.filter(({name}) => !known.has(key(name)));
		const hidden = candidates.length > 0 ? await ignored(candidates.map(({name}) => name)) : new Set();
		const found = candidates.filter(({name}) => !hidden.has(key(name)));
		special.push(...found.filter(({folder}) => !folder).map(({name}) => name));
		level = found.filter(({folder}) => folder).map(({name}) => name);
		empty.push(...level);
	}

	return {empty, special};
}

/** The folders that hold files, with all above them. */
function foldersOf(files: readonly Buffer[]): ReadonlyMap<string, Buffer> {
	const folders = new Map<string, Buffer>([['', Buffer.alloc(0)]]);
	for (const name of files) {
		for (let end = name.lastIndexOf(0x2f); end > 0; end = name.lastIndexOf(0x2f, end - 1)) {
			const folder = name.subarray(0, end);
			if (folders.has(key(folder))) {
				break;
			}

			folders.set(key(folder), folder);
		}
	}

	return folders;
}

/** What is in a folder and is neither file nor link. */
async function look(top: string, folder: Buffer): Promise<Array<{name: Buffer; folder: boolean}>> {
	const entries: Array<Dirent<Buffer>> = await readdir(absoluteBytes(top, folder), {
		withFileTypes: true,
		encoding: 'buffer',
	}).catch((error: NodeJS.ErrnoException) => {
		// Gone meanwhile, a link now, or closed to us: git has warned of the last.
		if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code ?? '')) {
			return [];
		}

		throw error;
	});
	return entries
		.filter(entry => !entry.isFile() && !entry.isSymbolicLink() && entry.name.toString('latin1') !== '.git')
		.map(entry => ({name: joinBytes(folder, entry.name), folder: entry.isDirectory()}));
}
