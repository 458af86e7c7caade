import {workingFolder} from '../configuration/grammar/environment-paths.js';
import {Problem} from '../system/problem.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {Link} from '../system/link.js';
import {quote, viaSh} from '../system/shell.js';
import type {StepContext} from './step.js';

/** Where the steps' scripts find the variables. */
export const variablesFile = (stateFolder: string): string => `${stateFolder}/environment.sh`;

const isOneLine = (value: string): boolean => !/[\r\n]/.test(value);

/**
Writes the environment's variables there, for the steps; values travel on standard input only and lie in files of the state folder that
only their owner reads. Where `python` is asked for, its virtual environment comes first on the PATH. Throws a `configuration` problem for
a name that no shell takes.
*/
export async function writeVariables(link: Link, context: StepContext, env: Readonly<Record<string, string>>): Promise<void> {
	const {stateFolder} = context;
	refuseNames(env);
	const probe = await link.exec(viaSh('printf %s "$PATH"'));
	const variables = {...env, ...pythonVariables(context, env['PATH'] ?? probe.stdout), DSTACK_RUN_NAME: context.run};
	await put(link, variablesFile(stateFolder), exports(variables));
	// One entry for each session of a host process; NUL because a value may hold anything else.
	await put(link, `${stateFolder}/environment`, `${entries(variables).join('\0')}\0`);
	// Where sessions start; the instance's own SSH server or shell reads it.
	await put(link, `${stateFolder}/folder`, workFolder(context));
	await put(link, `${stateFolder}/session-environment`, `${entries(variables).filter(isOneLine).join('\n')}\n`);
}

/**
Gives the variables that were written to every later session, outside of the state folder: not before an image is made of the environment.
The user's machine is left unchanged. Returns what sessions will miss, one line each.
*/
export async function openSessions(
	link: Link,
	context: StepContext,
	names: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
	if (!context.isolated) {
		return [];
	}

	await putSessionVariables(link, context.stateFolder);
	await hookLoginShells(link, context.stateFolder);
	return Object.keys(names)
		.filter(name => !isOneLine(names[name] ?? ''))
		.map(name => `${name} has more than one line: commands over SSH do not get it, login shells and the steps do`);
}

function refuseNames(env: Readonly<Record<string, string>>): void {
	for (const [name, value] of Object.entries(env)) {
		if (!/^[A-Za-z_]\w*$/.test(name) || value.includes('\0')) {
			throw new Problem('configuration', `${neutraliseLine(name)} cannot be a variable`, {
				next: 'Names hold letters, digits and underscores, and values no NUL.',
			});
		}
	}
}

/** The folder that commands and people start in. */
export const workFolder = ({configuration, workspace, subfolder}: StepContext): string =>
	workingFolder(configuration, workspace, subfolder);

const entries = (variables: Readonly<Record<string, string>>): string[] =>
	Object.entries(variables).map(([name, value]) => `${name}=${value}`);

const exports = (variables: Readonly<Record<string, string>>): string =>
	Object.entries(variables)
		.map(([name, value]) => `export ${name}=${quote(value)}\n`)
		.join('');

function pythonVariables({configuration, venv}: StepContext, search: string): Record<string, string> {
	if (configuration.python === undefined) {
		return {};
	}

	const others = search.split(':').filter(folder => folder !== `${venv}/bin`);
	return {VIRTUAL_ENV: venv, PATH: [`${venv}/bin`, ...others].join(':')};
}

async function put(link: Link, file: string, text: string): Promise<void> {
	await write(link, `umask 077 && cat > ${quote(file)}.new && mv ${quote(file)}.new ${quote(file)}`, text);
}

/** sshd gives these to every session; what the image sets for its own commands comes first, and ours may replace it. */
async function putSessionVariables(link: Link, stateFolder: string): Promise<void> {
	const [image, own] = ['image-environment', 'session-environment'].map(name => quote(`${stateFolder}/${name}`));
	const target = '"$HOME"/.ssh/environment';
	const script = `umask 077 && mkdir -p "$HOME"/.ssh && { cat ${image} 2>/dev/null; cat ${own}; } > ${target}.new && mv ${target}.new ${target}`;
	await write(link, script, '');
}

async function write(link: Link, script: string, text: string): Promise<void> {
	const {code, stderr} = await link.exec(viaSh(script), {stdin: text});
	if (code !== 0) {
		throw new Problem('failed', `The variables could not be written there: ${stderr.trim()}`);
	}
}

/** A login shell reads /etc/profile.d, also where it sets a PATH of its own; not every image has one, and that is no harm. */
async function hookLoginShells(link: Link, stateFolder: string): Promise<void> {
	const file = quote(variablesFile(stateFolder));
	const line = `[ -r ${file} ] && . ${file}`;
	const script = `if [ -d /etc/profile.d ] && [ -w /etc/profile.d ]; then printf '%s\\n' ${quote(line)} > /etc/profile.d/zz-dstack-tui.sh; fi`;
	await write(link, script, '');
}
