import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {lstat, open, readdir, readlink, realpath} from 'node:fs/promises';
import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import {git, splitZero} from '../code/git.js';
import {ignoringAsUsual} from '../code/person-settings.js';
import {findRepository} from '../code/repository.js';

/** The digest of one file or folder, and what of it does not count by its content. */
export type FileDigest = {
	/** Sha256, hexadecimal. */
	readonly digest: string;
	readonly files: number;
	/** How many count by name and size alone. */
	readonly unread: number;
};

export type DigestLimits = {
	/** Of a folder: so many files count by content. */
	readonly files: number;
	/** Of a folder, or of one file: so many bytes. */
	readonly bytes: number;
};

export const usualLimits: DigestLimits = {files: 5000, bytes: 512 * 1024 * 1024};

const hex = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

const isInside = (root: string, file: string): boolean => file === root || file.startsWith(root + path.sep);

/** Where a path leads, if that is within the root. */
export async function within(root: string, file: string): Promise<string | undefined> {
	const real = await realpath(file).catch(() => undefined);
	return real !== undefined && isInside(root, real) ? real : undefined;
}

/** A file by its content and whether it can be run; a link also by where it leads. Undefined where there is none in the root. */
export async function digestFile(
	root: string,
	file: string,
	limits: DigestLimits = usualLimits,
): Promise<FileDigest | undefined> {
	const real = await within(root, file);
	const found = real === undefined ? undefined : await lstat(real);
	if (real === undefined || !found?.isFile()) {
		return undefined;
	}

	const link = await readlink(file).catch(() => '');
	const kind = `${link}\0${(found.mode & 0o111) === 0 ? '' : 'x'}\0`;
	if (found.size > limits.bytes) {
		return {digest: hex(`${kind}${found.size}\0${await startAndEnd(real, found.size)}`), files: 1, unread: 1};
	}

	const hash = createHash('sha256').update(kind);
	await pipeline(createReadStream(real), hash);
	return {digest: hash.digest('hex'), files: 1, unread: 0};
}

/** A file that is too big to be read whole. */
async function startAndEnd(file: string, size: number): Promise<string> {
	const length = 1024 * 1024;
	const handle = await open(file);
	try {
		const parts = [Buffer.alloc(length), Buffer.alloc(length)];
		await handle.read(parts[0] ?? Buffer.alloc(0), 0, length, 0);
		await handle.read(parts[1] ?? Buffer.alloc(0), 0, length, Math.max(0, size - length));
		return hex(Buffer.concat(parts));
	} finally {
		await handle.close();
	}
}

/** A folder by the names and contents of what belongs to the code in it: what git ignores does not. */
export async function digestFolder(root: string, folder: string, limits: DigestLimits = usualLimits): Promise<FileDigest> {
	const names = (await listed(root, folder)).toSorted(Buffer.compare);
	const hash = createHash('sha256');
	let [files, unread, bytes] = [0, 0, 0];
	for (const name of names) {
		const file = path.join(root, name.toString('utf8'));
		const found = await lstat(file).catch(() => undefined);
		if (!found) {
			// Tracked, and deleted in the working tree.
			continue;
		}

		files++;
		const relative = path.relative(folder, file);
		if (!found.isFile() && !found.isSymbolicLink()) {
			hash.update(`${relative}\0other\0`);
		} else if (files > limits.files || bytes + found.size > limits.bytes) {
			unread++;
			hash.update(`${relative}\0${found.size}\0`);
		} else {
			bytes += found.size;
			// A link that leads elsewhere is what it says.
			const one = (await digestFile(root, file, limits))?.digest ?? hex(`link\0${await readlink(file).catch(() => '')}`);
			hash.update(`${relative}\0${one}\0`);
		}
	}

	return {digest: hash.digest('hex'), files, unread};
}

/** Names relative to the root. */
async function listed(root: string, folder: string): Promise<Buffer[]> {
	const below = path.relative(root, folder);
	// Taken unchanged: a name with a star is no pattern.
	const asked = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', `:(literal)${below === '' ? '.' : below}`];
	const names = await askGit(root, asked);
	return names ? unique(names) : walk(root, folder);
}

/** What the repository that a folder lies in says of it, in fields; undefined where there is none, or git gives no answer. */
export async function askGit(root: string, args: readonly string[]): Promise<Buffer[] | undefined> {
	try {
		const repository = await findRepository(root);
		if (!repository || repository.bare) {
			return undefined;
		}

		const {code, stdout} = await git(repository, [...(await ignoringAsUsual(repository)), ...args], {cwd: root});
		return code === 0 ? splitZero(stdout) : undefined;
	} catch {
		return undefined;
	}
}

/** A file in conflict is listed once for each side. */
const unique = (names: readonly Buffer[]): Buffer[] => [...new Map(names.map(name => [name.toString('latin1'), name])).values()];

const mostWalked = 100_000;

/** Where git gives no answer, everything but what git keeps of its own. */
async function walk(root: string, folder: string): Promise<Buffer[]> {
	const names: Buffer[] = [];
	for (const folders = [folder]; folders.length > 0 && names.length < mostWalked;) {
		const here = folders.pop() ?? folder;
		for (const entry of await readdir(here, {withFileTypes: true})) {
			const file = path.join(here, entry.name);
			if (entry.isDirectory()) {
				if (entry.name !== '.git') {
					folders.push(file);
				}
			} else {
				names.push(Buffer.from(path.relative(root, file)));
			}
		}
	}

	return names;
}
