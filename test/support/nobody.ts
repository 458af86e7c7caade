import {spawnSync} from 'node:child_process';
import {chmod, copyFile, cp, stat} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {cliFile} from './program.js';

/** Somebody who is not root and owns nothing: root may read and use everything, and so meets no refusal. Empty where we are not root. */
export const nobody = process.getuid?.() === 0 ? {uid: 65_534, gid: 65_534} : {};

/** A Node that nobody may start: this one, or a copy in `folder` where the clone lies behind a closed door. */
export async function nodeForNobody(folder: string): Promise<string> {
	if (spawnSync(process.execPath, ['--version'], nobody).status === 0) {
		return process.execPath;
	}

	const copy = path.join(folder, 'node');
	await copyFile(process.execPath, copy);
	await chmod(copy, 0o755);
	return copy;
}

/** The built program in a place where nobody may read it; the way to it is opened. */
export async function programForNobody(folder: string): Promise<string> {
	const dist = path.join(folder, 'dist');
	await cp(path.dirname(cliFile), dist, {recursive: true, filter: source => !path.basename(source).startsWith('.')});
	await chmod(folder, (await stat(folder)).mode | 0o055);
	return path.join(dist, path.basename(cliFile));
}
