import {lstatSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {variablesOf} from './git-config.js';
import type {GitLocation} from './git-location.js';

/** All values of each setting, by `section.subsection.name`; section and name in lower case. What is included is not looked into. */
export type Settings = ReadonlyMap<string, readonly string[]>;

/** Bytes; a git configuration of that size is none. */
const mostSettings = 4 * 1024 * 1024;

/** A git folder's own settings, read without git. */
export function readSettings(commonDir: string, name = 'config'): Settings {
	const file = path.join(commonDir, name);
	const found = lstatSync(file, {throwIfNoEntry: false});
	return found?.isFile() && found.size <= mostSettings ? variablesOf(readFileSync(file, 'latin1')) : new Map();
}

/** Settings whose value is a command, or the name of a program that git runs, or another file with settings. */
const naming = [
	/^core\.(?:hookspath|sshcommand|pager|editor|askpass|gitproxy|alternaterefscommand)$/,
	/^(?:sequence\.editor|interactive\.difffilter|diff\.external|uploadpack\.packobjectshook|gpg\.ssh\.defaultkeycommand)$/,
	/^diff\..*\.(?:command|textconv)$/s,
	/^filter\..*\.(?:clean|smudge|process)$/s,
	/^merge\..*\.driver$/s,
	/^(?:merge|diff|gui)tool\..*\.(?:cmd|path)$/s,
	/^credential\.(?:.*\.)?helper$/s,
	/^pager\.|^include\.path$|^includeif\..*\.path$/s,
	/^gpg\.(?:.*\.)?program$/s,
	/^remote\..*\.(?:uploadpack|receivepack|vcs)$/s,
	/^(?:trailer\..*\.(?:command|cmd)|(?:browser|man|tar|hook)\..*\.(?:cmd|command))$/s,
	/^sendemail\..*cmd$/s,
];

const isCommand = (name: string, value: string): boolean =>
	naming.some(each => each.test(name)) ||
	(name === 'core.fsmonitor' && !/^(?:true|false|yes|no|on|off|0|1|)$/i.test(value)) ||
	(/^(?:alias\.|submodule\..*\.update$)/s.test(name) && value.startsWith('!')) ||
	(/^(?:remote|submodule)\..*\.(?:push)?url$/s.test(name) && /^[\w+-]+::/.test(value));

/** The settings of a repository that name commands, in order. None of them is run by `git`. */
export const commandsIn = ({commonDir, gitDir}: Pick<GitLocation, 'commonDir' | 'gitDir'>): string[] =>
	[...readSettings(commonDir), ...readSettings(gitDir, 'config.worktree')].flatMap(([name, values]) =>
		values.some(value => isCommand(name, value)) ? [name] : [],
	);
