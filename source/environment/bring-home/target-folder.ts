import {createHash} from 'node:crypto';
import {constants, createReadStream} from 'node:fs';
import {copyFile, link, mkdir, mkdtemp, readdir, rm, rmdir, stat, statfs} from 'node:fs/promises';
import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import {formatBytes} from '../../system/format.js';
import {isMissing} from '../../system/files.js';
import {Problem} from '../../system/problem.js';

/** After so many milliseconds nobody goes on with it. */
const leftAfter = 24 * 3_600_000;

/** The folder on this machine that files from an environment are kept in, below it a temporary one for what is not whole yet. */
export class TargetFolder {
	readonly folder: string;
	readonly incoming: string;

	private constructor(folder: string, incoming: string) {
		this.folder = folder;
		this.incoming = incoming;
	}

	static async open(folder: string): Promise<TargetFolder> {
		for (;;) {
			await mkdir(folder, {recursive: true, mode: 0o700});
			try {
				await sweep(folder);
				return new TargetFolder(folder, await mkdtemp(path.join(folder, '.incoming-')));
			} catch (error) {
				// Another one that kept nothing took the folder away in this moment.
				if (!isMissing(error)) {
					throw error;
				}
			}
		}
	}

	/** Refuses what the disk has no space for: it is there twice for a moment. */
	async makeRoom(bytes: number): Promise<void> {
		const {bavail, bsize} = await statfs(this.folder);
		if (bavail * bsize < bytes * 2) {
			throw new Problem(
				'failed',
				`No space for the work: ${formatBytes(bavail * bsize)} free here, ${formatBytes(bytes * 2)} needed`,
				{
					next: 'Free some space and try again.',
				},
			);
		}
	}

	/**
	Keeps a whole file for good, and returns its absolute path. The same content is kept once, other content of the same name gets a number;
	with `namesContent` the name alone says that it is the same.
	*/
	async keep(file: string, below: string, name: string, namesContent = false): Promise<string> {
		const folder = path.join(this.folder, below);
		await mkdir(folder, {recursive: true, mode: 0o700});
		const [, stem = name, ending = ''] = /^(.+?)((?:\.tar)?\.\w+)$/.exec(name) ?? [];
		for (let number = 1; ; number++) {
			const target = path.join(folder, number === 1 ? name : `${stem}-${number}${ending}`);
			if ((await appears(file, target)) || namesContent || (await isSame(file, target))) {
				await rm(file);
				return target;
			}
		}
	}

	/** Takes away what was not kept; a folder without files too. */
	async close(): Promise<void> {
		await rm(this.incoming, {recursive: true, force: true});
		try {
			await rmdir(this.folder);
		} catch (error) {
			// Something was kept in it, or another one is at it or was.
			if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) {
				throw error;
			}
		}
	}
}

/** What a program that was killed has left half done. */
async function sweep(folder: string): Promise<void> {
	for (const name of (await readdir(folder)).filter(each => each.startsWith('.incoming-'))) {
		const left = path.join(folder, name);
		const {mtimeMs} = (await statIfThere(left)) ?? {mtimeMs: Date.now()};
		if (Date.now() - mtimeMs > leftAfter) {
			await rm(left, {recursive: true, force: true});
		}
	}
}

/** Another one may have taken it away since. */
async function statIfThere(file: string) {
	try {
		return await stat(file);
	} catch (error) {
		if (isMissing(error)) {
			return undefined;
		}

		throw error;
	}
}

/** A file under its name for good, whole and at once, never over another; false where that name is taken. */
async function appears(file: string, target: string): Promise<boolean> {
	try {
		await link(file, target);
		return true;
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code === 'EEXIST') {
			return false;
		}

		if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') {
			throw error;
		}
	}

	return copied(file, target);
}

/** The same where a file cannot have two names. */
async function copied(file: string, target: string): Promise<boolean> {
	try {
		await copyFile(file, target, constants.COPYFILE_EXCL);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			return false;
		}

		throw error;
	}
}

async function isSame(first: string, second: string): Promise<boolean> {
	const [one, other] = await Promise.all([stat(first), stat(second)]);
	return one.size === other.size && (await checksum(first)) === (await checksum(second));
}

async function checksum(file: string): Promise<string> {
	const hash = createHash('sha256');
	await pipeline(createReadStream(file), hash);
	return hash.digest('hex');
}

/** A folder's name for the repository at a place, which may have any bytes. '' for the workspace itself. */
export function folderOf(place: Buffer): string {
	if (place.length === 0) {
		return '';
	}

	const text = place.toString();
	const plain = text.replaceAll(/[^\w.-]+/g, '-').slice(0, 60);
	return plain === text && !plain.startsWith('.') && Buffer.from(text).equals(place)
		? plain
		: `${plain.replace(/^[.-]+/, '')}-${createHash('sha256').update(place).digest('hex').slice(0, 6)}`;
}
