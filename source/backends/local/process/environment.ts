import {existsSync, readFileSync} from 'node:fs';
import {homedir, userInfo} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {quote} from '../../../system/shell.js';
import type {Layout} from './layout.js';
import type {ServerOptions} from './options.js';

/** What a login on this machine would have, and what its network needs; not whatever the program was started with. */
const allowed = [
	'LANG',
	'LANGUAGE',
	'TZ',
	'TMPDIR',
	'PYENV_ROOT',
	'XDG_RUNTIME_DIR',
	'HTTP_PROXY',
	'HTTPS_PROXY',
	'NO_PROXY',
	'http_proxy',
	'https_proxy',
	'no_proxy',
	'SSL_CERT_FILE',
	'SSL_CERT_DIR',
	'CURL_CA_BUNDLE',
	'REQUESTS_CA_BUNDLE',
	'NODE_EXTRA_CA_CERTS',
	'PIP_CERT',
];

const isAllowed = (name: string): boolean => allowed.includes(name) || name.startsWith('LC_');

/** npm puts the folders of its own project first while it runs a script; they are no part of the person's machine. */
export const withoutNpm = (search: string): string =>
	search
		.split(path.delimiter)
		.filter(folder => !/[/\\]node_modules[/\\]/.test(`${folder}/`) && !folder.endsWith('node-gyp-bin'))
		.join(path.delimiter);

/** The person's own shell; accounts that may not log in have one that only refuses. */
export function loginShell(): string {
	const shell = userInfo().shell ?? process.env['SHELL'] ?? '/bin/sh';
	return /\/(?:nologin|false)$/.test(shell) ? '/bin/sh' : shell;
}

/**
A login shell, whose profile often sets a PATH of its own; so the environment's variables are read again after it, by `sh`, whose
language they are written in, and then the person's shell goes on.
*/
export function shellArguments(state: string, shell: string, interactive: boolean): string[] {
	const variables = path.join(state, 'environment.sh');
	const script = `. "$0"; exec "$1"${interactive ? ' -i' : ''}`;
	return existsSync(variables) ? ['-l', '-c', `exec sh -c ${quote(script)} ${quote(variables)} ${quote(shell)}`] : ['-l'];
}

function readIfThere(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return '';
		}

		throw error;
	}
}

/** Where a session starts: the folder that a step has written down, before that the workspace, before that the person's home. */
export const sessionFolder = ({state, workspace}: Layout): string =>
	[readIfThere(path.join(state, 'folder')), workspace, homedir()].find(folder => folder !== '' && existsSync(folder)) ?? '/';

/** The variables that a step has written for the sessions of this environment: `NAME=value`, separated by NUL. */
function writtenVariables(state: string): Record<string, string> {
	const entries = readIfThere(path.join(state, 'environment'))
		.split('\0')
		.filter(entry => entry.includes('='));
	return Object.fromEntries(entries.map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
}

/** The environment of one session, read anew for each. `requested` are the names that the client may send: languages and the terminal. */
export function sessionEnvironment(
	{record, places}: ServerOptions,
	requested: Readonly<Record<string, string>>,
): Record<string, string> {
	const inherited = Object.entries(process.env).filter(([name, value]) => value !== undefined && isAllowed(name)) as Array<
		[string, string]
	>;
	const {username} = userInfo();
	return {
		...Object.fromEntries(inherited),
		HOME: homedir(),
		USER: username,
		LOGNAME: username,
		SHELL: loginShell(),
		PATH: withoutNpm(process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'),
		...Object.fromEntries(
			Object.entries(requested).filter(([name]) => name === 'TERM' || name === 'LANG' || name.startsWith('LC_')),
		),
		...writtenVariables(places.state),
		DSTACK_TUI_RUN: record.run,
		DSTACK_TUI_INTENT: record.intentId,
	};
}
