import {cpSync, mkdirSync} from 'node:fs';
import path from 'node:path';
import {bringHome, type BringHomeOptions} from '../../../source/environment/bring-home/bring-home.js';
import {takeBaseline} from '../../../source/environment/work.js';
import {git, makePlaces, write} from '../support.js';

/** A repository with a commit of two files, one of them changed since, and an ignored folder. */
export function fill(folder: string): void {
	mkdirSync(folder, {recursive: true});
	git(folder, 'init', '-q');
	write(folder, '.gitignore', 'build/\n');
	write(folder, 'a');
	write(folder, 'b');
	git(folder, 'add', '.');
	git(folder, 'commit', '-qm', 'first');
	write(folder, 'a', 'changed before');
}

export const branches = (folder: string): string[] =>
	git(folder, 'for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/tags').split('\n').filter(Boolean).sort();

/** Everything that bringing home must not touch: files, index, HEAD, all other branches. */
export const untouched = (folder: string): string =>
	[
		git(folder, 'status', '--porcelain=v2', '--branch', '--untracked-files=all'),
		git(folder, 'ls-files', '--stage'),
		git(folder, 'rev-parse', '--symbolic-full-name', 'HEAD'),
		git(folder, 'for-each-ref', '--format=%(refname) %(objectname)')
			.split('\n')
			.filter(line => !line.includes('/dstack-tui/'))
			.join('\n'),
		git(folder, 'reflog', '--all')
			.split('\n')
			.filter(line => !line.includes('/dstack-tui/'))
			.join('\n'),
	].join('\n');

/** The person's folder and the copy of it there, with its baseline. */
export async function makeCopy(make: (folder: string) => void = fill) {
	const places = await makePlaces({run: 'fast-moth-1'});
	const {here, context, link, folder} = places;
	make(here);
	cpSync(here, context.workspace, {recursive: true, preserveTimestamps: true, verbatimSymlinks: true});
	await takeBaseline(link, context);
	const place = path.join(folder, 'brought', 'fast-moth-1');
	const home = async (changes: Partial<BringHomeOptions> = {}) => bringHome(link, context, {source: here, place, ...changes});
	return {...places, place, home, there: context.workspace};
}
