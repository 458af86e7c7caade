import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, statfs} from 'node:fs/promises';
import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import {formatBytes} from '../../system/format.js';
import {isMissing} from '../../system/files.js';
import {Problem} from '../../system/problem.js';

/** After so many milliseconds nobody goes on with it. */
const leftAfter = 24 * 3_600_000;

/** The folder on this machine that files from an environment are kept in, below it a temporary one for what is not whole yet. */
export class Place {
	readonly folder: string;
	readonly incoming: string;

	private constructor(folder: string, incoming: string) {
		this.folder = folder;
		this.incoming = incoming;
	}

	static async open(folder: string): Promise<Place> {
		await mkdir(folder, {recursive: true, mode: 0o700});
		await sweep(folder);
		return new Place(folder, await mkdtemp(path.join(folder, '.incoming-')));
	}

	/** Refuses what the disk has no room for: it is there twice for a moment. */
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
	Keeps a whole file for good, and tells its absolute path. The same content is kept once, other content of the same name gets a number;
	with `namesContent` the name alone says that it is the same.
	*/
	async keep(file: string, below: string, name: string, namesContent = false): Promise<string> {
		const folder = path.join(this.folder, below);
		await mkdir(folder, {recursive: true, mode: 0o700});
		const [, stem = name, ending = ''] = /^(.+?)((?:\.tar)?\.\w+)$/.exec(name) ?? [];
		for (let number = 1; ; number++) {
			const target = path.join(folder, number === 1 ? name : `${stem}-${number}${ending}`);
			const same = await isSame(file, target);
			if (same === undefined) {
				await rename(file, target);
				return target;
			}

			if (same || namesContent) {
				await rm(file);
				return target;
			}
		}
	}

	/** Takes away what was not kept; a folder without files too. */
	async close(): Promise<void> {
		await rm(this.incoming, {recursive: true, force: true});
		if ((await readdir(this.folder)).length === 0) {
			await rmdir(this.folder);
		}
	}
}

/** What a program that was killed has left half done. */
async function sweep(folder: string): Promise<void> {
	for (const name of (await readdir(folder)).filter(each => each.startsWith('.incoming-'))) {
		const left = path.join(folder, name);
		if (Date.now() - (await stat(left)).mtimeMs > leftAfter) {
			await rm(left, {recursive: true, force: true});
		}
	}
}

/** Undefined where there is no second one. */
async function isSame(first: string, second: string): Promise<boolean | undefined> {
	try {
		const [one, other] = await Promise.all([stat(first), stat(second)]);
		return one.size === other.size && (await checksum(first)) === (await checksum(second));
	} catch (error) {
		if (isMissing(error)) {
			return undefined;
		}

		throw error;
	}
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
