import {stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {personGit} from './git.js';
import type {GitLocation} from './git-location.js';
import {readSettings} from './settings.js';

/** Where a repository came from, as the user's settings rewrite it; '' where that is not known. */
export async function originOf({commonDir}: Pick<GitLocation, 'commonDir'>): Promise<string> {
	const [url = ''] = readSettings(commonDir).get('remote.origin.url') ?? [];
	const text = Buffer.from(url, 'latin1').toString('utf8');
	if (text === '') {
		return '';
	}

	const {code, stdout} = await personGit(['ls-remote', '--get-url', '--', text]);
	return code === 0 ? stdout.toString('utf8').trim() : text;
}

const isFile = async (file: string): Promise<boolean> =>
	stat(file).then(
		found => found.isFile(),
		() => false,
	);

/** Arguments by which git ignores what the person ignores everywhere, or what the repository names in its place. */
export async function ignoringAsUsual(place?: Pick<GitLocation, 'commonDir' | 'top'>): Promise<string[]> {
	const named = place && readSettings(place.commonDir).get('core.excludesfile')?.at(-1);
	const own =
		named &&
		path.resolve(
			place.top,
			Buffer.from(named, 'latin1')
				.toString('utf8')
				.replace(/^~(?=\/)/, homedir()),
		);
	const file = own && (await isFile(own)) ? own : await usualExcludes();
	return ['-c', `core.excludesFile=${file}`];
}

async function usualExcludes(): Promise<string> {
	const {code, stdout} = await personGit(['config', '--path', '--get', 'core.excludesFile']);
	const named = code === 0 ? stdout.toString('utf8').replace(/\n$/, '') : '';
	return named === '' ? path.join(process.env['XDG_CONFIG_HOME'] || path.join(homedir(), '.config'), 'git', 'ignore') : named;
}
