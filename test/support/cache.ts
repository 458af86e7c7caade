import {mkdir} from 'node:fs/promises';
import {homedir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import lockfile from 'proper-lockfile';

/** What takes long to make is kept here for later test runs of this machine. */
export const cacheFolder = path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'dstack-tui-tests');

/** Does something that only one test file of this machine may do at a time, of this run or of another one. */
export async function locked<T>(name: string, act: () => Promise<T>): Promise<T> {
	await mkdir(cacheFolder, {recursive: true});
	const unlock = await lockfile.lock(path.join(cacheFolder, name), {
		realpath: false,
		stale: 20_000,
		retries: {retries: 3000, factor: 1, minTimeout: 300, maxTimeout: 300},
	});
	try {
		return await act();
	} finally {
		await unlock();
	}
}
