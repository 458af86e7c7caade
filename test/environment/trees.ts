import {createHash} from 'node:crypto';
import {lstatSync, readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {tryGit} from './support.js';

/** Every name below a folder with what it is: kind, executable or not, content. `.git` of any repository inside is left out. */
export function treeOf(folder: string, skip: (name: string) => boolean = () => false): Record<string, string> {
	const found: Record<string, string> = {};
	const walk = (place: Buffer, prefix: string) => {
		for (const name of readdirSync(place, {encoding: 'buffer'})) {
			const shown = prefix + name.toString('latin1');
			if (name.toString() === '.git' || skip(shown)) {
				continue;
			}

			const file = Buffer.concat([place, Buffer.from('/'), name]);
			const stat = lstatSync(file);
			if (stat.isDirectory()) {
				found[`${shown}/`] = 'folder';
				walk(file, `${shown}/`);
			} else if (stat.isSymbolicLink()) {
				found[shown] = `link ${readlinkSync(file, {encoding: 'latin1'})}`;
			} else {
				found[shown] = `${(stat.mode & 0o7777).toString(8)} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
			}
		}
	};

	walk(Buffer.from(folder), '');
	return found;
}

/** What git says of a repository, in every way that a person would notice. */
export function historyOf(folder: string): Record<string, string> {
	const commands = [
		['status', '--porcelain=v2', '--branch', '--untracked-files=all'],
		['log', '--all', '--format=%H %D %s'],
		['stash', 'list', '--format=%H %gs'],
		['reflog', '--format=%H %gs'],
		['ls-files', '--stage', '-t'],
		['diff', 'HEAD'],
		['diff', '--cached'],
		['for-each-ref', '--format=%(refname) %(objectname) %(upstream) %(upstream:track)'],
		['remote', '-v'],
		['submodule', 'status', '--recursive'],
		['submodule', 'foreach', '--recursive', 'git status --porcelain=v2 --branch; git log --oneline -3; git stash list'],
		['rev-parse', '--is-shallow-repository'],
		['fsck', '--no-dangling'],
	];
	return Object.fromEntries(commands.map(command => [command.join(' '), tryGit(folder, ...command).replaceAll(folder, 'TOP')]));
}
