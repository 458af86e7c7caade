import {opendir, readdir, stat} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import type {ConfigurationFile, Diagnostic} from '../model.js';
import {readConfiguration, type ReadOptions} from './read.js';
import {shownPath} from '../yaml/yaml-file.js';

/** Folders in which nobody keeps configurations, at any depth. */
export const skipped: ReadonlySet<string> = new Set([
	'node_modules',
	'.git',
	'.venv',
	'venv',
	'__pycache__',
	'.dstack',
	'.cache',
	'dist',
	'target',
]);
/** Levels of folders that are looked at. */
export const deepest = 8;
export const mostFolders = 20_000;
const mostFiles = 200;

export const isConfiguration = (name: string): boolean => /\.dstack\.ya?ml$/.test(name);

/** All `*.dstack.yml` below a folder, the folder's own `.dstack.yml` first, then by depth and name. Throws for a missing folder. */
export async function findConfigurations(folder: string, options: ReadOptions = {}): Promise<ConfigurationFile[]> {
	await requireFolder(folder);
	const files = await search(folder);
	const read = await Promise.all(files.map(async file => readOrTell(file, folder, options)));
	return refuseSameNames(read);
}

/** Throws a `configuration` problem for a folder that is missing, is none, or may not be read. */
export async function requireFolder(folder: string): Promise<void> {
	const found = await stat(folder).catch((error: NodeJS.ErrnoException) => error.code ?? 'unreadable');
	if (typeof found === 'string') {
		throw new Problem('configuration', `${folder}: ${found === 'ENOENT' ? 'there is no such folder' : found}`, {
			next: 'Name the folder that holds your .dstack.yml.',
		});
	}

	if (!found.isDirectory()) {
		throw new Problem('configuration', `${folder} is not a folder`, {
			next: 'Name the folder; `-f FILE` chooses the configuration in it.',
		});
	}

	// The rights themselves, not what is said about them: containers and network folders answer otherwise.
	await opendir(folder)
		.then(async opened => opened.close())
		.catch((error: unknown) => {
			throw new Problem('configuration', `${folder}: you may not read this folder`, {
				next: 'Name the folder that holds your .dstack.yml.',
				cause: error,
			});
		});
}

/** Breadth first, so that a bound on the work leaves out what is deepest. Folders that may not be read hold no configuration of ours. */
async function search(folder: string): Promise<string[]> {
	const files: string[] = [];
	let level = [folder];
	let visited = 0;
	for (let depth = 0; depth < deepest && level.length > 0 && files.length < mostFiles && visited < mostFolders; depth++) {
		const found: string[] = [];
		const next: string[] = [];
		for (const place of level) {
			visited++;
			for (const entry of await readdir(place, {withFileTypes: true}).catch(() => [])) {
				const absolute = path.join(place, entry.name);
				if (entry.isDirectory()) {
					if (!skipped.has(entry.name)) {
						next.push(absolute);
					}
				} else if (isConfiguration(entry.name)) {
					found.push(absolute);
				}
			}
		}

		files.push(...(depth === 0 ? found.sort(byDefaultThenName) : found.sort()));
		level = next.sort();
	}

	return files.slice(0, mostFiles);
}

const defaults = ['.dstack.yml', '.dstack.yaml'];

/** The nearer to the front, the more it is the default. */
const rank = (file: string): number => (defaults.indexOf(path.basename(file)) + defaults.length + 1) % (defaults.length + 1);

const byDefaultThenName = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : 1);

/** One file that cannot be read must not hide the others. */
async function readOrTell(absolute: string, folder: string, options: ReadOptions): Promise<ConfigurationFile> {
	try {
		return await readConfiguration(absolute, folder, options);
	} catch (error) {
		if (!(error instanceof Problem)) {
			throw error;
		}

		const file = shownPath(absolute, folder);
		const diagnostic: Diagnostic = {severity: 'error', file, line: 1, column: 1, message: error.message};
		return {
			path: absolute,
			file,
			label: file,
			text: '',
			diagnostics: [diagnostic],
			environment: undefined,
			settings: {},
			origins: {},
		};
	}
}

/** Nobody could say which of two is meant. */
function refuseSameNames(files: readonly ConfigurationFile[]): ConfigurationFile[] {
	return files.map(each => {
		const other = files.find(file => file !== each && file.label === each.label);
		if (!other) {
			return each;
		}

		const diagnostic: Diagnostic = {
			severity: 'error',
			file: each.file,
			line: nameLine(each.text),
			column: 1,
			message: `two configurations are called '${each.label}': also ${other.file}:${nameLine(other.text)}; give one another name`,
		};
		return {...each, label: each.file, diagnostics: [...each.diagnostics, diagnostic], environment: undefined};
	});
}

const nameLine = (text: string): number => Math.max(1, text.split('\n').findIndex(line => /^name\s*:/.test(line)) + 1);
