import {createHash} from 'node:crypto';
import {link, rm} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import writeFileAtomic from 'write-file-atomic';
import {makeOwnFolder, readIfThere} from '../../system/files.js';
import {Problem} from '../../system/problem.js';
import {systemRandom} from '../../system/random.js';
import {downloadsOf, platforms} from './downloads.js';
import type {Editor} from './products.js';

/** What a file was when it first came: its SHA-256 checksum, 64 hexadecimal digits, and the file here that says so. */
export type RecordedSum = {readonly sum: string; readonly file: string};

/** By the address that a file comes from. */
export type RecordedSums = ReadonlyMap<string, RecordedSum>;

export const isSum = (value: unknown): value is string => typeof value === 'string' && /^[\da-f]{64}$/.test(value);

const fileOf = (folder: string, url: string): string =>
	path.join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json`);

/** All addresses that the parts of a version may come from. */
export const addressesOf = (editor: Editor, origin: string | undefined): string[] =>
	platforms.flatMap(platform => {
		const {server, cli} = downloadsOf(editor, platform, origin) ?? {};
		return [server, cli].filter(url => url !== undefined);
	});

/** What is kept in `folder` of the parts of a version. Throws a `Problem` where a file there cannot be read: then nothing can be compared. */
export async function readRecordedSums(folder: string, editor: Editor, origin: string | undefined): Promise<RecordedSums> {
	const found = new Map<string, RecordedSum>();
	for (const url of addressesOf(editor, origin)) {
		const file = fileOf(folder, url);
		const text = await readIfThere(file);
		if (text !== undefined) {
			found.set(url, {sum: sumIn(text, url, file), file});
		}
	}

	return found;
}

function sumIn(text: string, url: string, file: string): string {
	try {
		const {url: of, sha256} = JSON.parse(text) as Record<string, unknown>;
		if (of === url && isSum(sha256)) {
			return sha256;
		}
	} catch {
		// It is none of ours, as below.
	}

	throw new Problem(
		'failed',
		`${file} does not say what came from ${url} the first time, so that nothing can be compared with it`,
		{
			next: `Remove ${file} and start again: what comes next is then taken for the right one.`,
		},
	);
}

/** Keeps what a file was when it first came. What is kept already stays: of two that come at once, the first counts. */
export async function recordSum(folder: string, url: string, sum: string, at: number): Promise<void> {
	makeOwnFolder(folder);
	const file = fileOf(folder, url);
	const made = `${file}.${process.pid}-${systemRandom.hex(4)}`;
	try {
		const text = `${JSON.stringify({url, sha256: sum, at: new Date(at).toISOString()}, undefined, '\t')}\n`;
		await writeFileAtomic(made, text, {mode: 0o600});
		await link(made, file);
	} catch (error) {
		if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
			throw error;
		}
	} finally {
		await rm(made, {force: true});
	}
}
