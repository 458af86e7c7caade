import type {BroughtHome, BroughtRepository} from '../../environment/bring-home/bring-home.js';
import {programName} from '../../system/program-name.js';
import {shellWord} from '../../system/shell.js';

/** What a branch was over there: `heads/main`, `stash/0`. */
function originWords(of: string): string {
	const [kind = '', ...rest] = of.split('/');
	const name = rest.join('/');
	const words: Readonly<Record<string, string>> = {
		heads: name,
		tags: `tag ${name}`,
		stash: `stash ${name}`,
		detached: 'detached HEAD',
		worktree: 'HEAD of another working tree',
		uncommitted: 'uncommitted changes',
		merge: name,
	};
	return words[kind] ?? of;
}

/** What came, and the commands that use it; one line each. `source` is the folder that the code came from. */
function repositoryLines(
	{place, into, brought, patch, bundle, archive, notes}: BroughtRepository,
	run: string,
	source: string,
): string[] {
	const folder = shellWord(into ?? (place === '' ? source : `${source}/${place}`));
	const at = place === '' ? '' : `${place}: `;
	const branch = brought.find(({of}) => of.startsWith('heads/'));
	const uncommitted = brought.find(({of}) => of.startsWith('uncommitted/'));
	return [
		...brought.map(({of, kind, name}) => `${at}${originWords(of)} → ${kind} ${name}`),
		...(into === undefined || brought.length === 0 ? [] : [`${at}in ${into}`]),
		...(bundle === undefined ? [] : [`${at}commits → ${bundle}`]),
		...(patch === undefined ? [] : [`${at}uncommitted changes → ${patch}`]),
		...(archive === undefined ? [] : [`${at}changed files → ${archive}`]),
		...notes.map(note => `${at}${note}`),
		...(branch === undefined ? [] : [`  git -C ${folder} merge ${shellWord(branch.name)}`]),
		...(bundle === undefined
			? []
			: [`  git -C ${folder} fetch ${shellWord(bundle)} 'refs/home/*:refs/heads/dstack-tui/${run}/*'`]),
		...(patch !== undefined
			? [`  git -C ${folder} apply${into === undefined ? '' : ' --3way'} ${shellWord(patch)}`]
			: uncommitted
				? [`  git -C ${folder} stash apply --index ${shellWord(uncommitted.name)}`]
				: []),
		...(archive !== undefined && patch === undefined ? [`  tar -xzf ${shellWord(archive)} -C ${folder}`] : []),
	];
}

/** Where work that was brought home is now, and how it is used; one line each. */
export function homeLines(name: string, {repositories}: BroughtHome, source: string): string[] {
	return repositories.length === 0
		? [`${name} holds no work that exists nowhere else.`]
		: [
				`Brought home from ${name}:`,
				...repositories.flatMap(each => repositoryLines(each, name, source)).map(line => `  ${line}`),
			];
}

/** The same in one line. */
export function homeSummary(name: string, {folder, repositories}: BroughtHome): string {
	const first = repositories.flatMap(({brought}) => brought)[0];
	const where = [...(first ? [`branch ${first.name}`] : []), ...(folder === undefined ? [] : [folder])].join(' · ');
	return repositories.length === 0 ? `${name} holds no work that exists nowhere else` : `Brought home: ${where}`;
}

/** What can be done where the work of an environment that is to be ended cannot be brought home. */
export const discardWords = (name: string): string =>
	`Mend it and try again, or end it and lose the work: ${programName} stop ${name} -y --discard`;
