import {readFileSync} from 'node:fs';
import {homedir, userInfo} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type {ServerOptions} from './server.js';

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
const withoutNpm = (search: string): string =>
	search
		.split(path.delimiter)
		.filter(folder => !/[/\\]node_modules[/\\]/.test(`${folder}/`) && !folder.endsWith('node-gyp-bin'))
		.join(path.delimiter);

export const loginShell = (): string => userInfo().shell ?? process.env['SHELL'] ?? '/bin/sh';

/** The variables that a step has written for the sessions of this environment: `NAME=value`, separated by NUL. */
function writtenVariables(state: string): Record<string, string> {
	let text: string;
	try {
		text = readFileSync(path.join(state, 'environment'), 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return {};
		}

		throw error;
	}

	const entries = text.split('\0').filter(entry => entry.includes('='));
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
