import {readdir, readFile, realpath, stat} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {type Digested, digestFile, digestFolder, type DigestLimits, usualLimits, within} from './file-digest.js';
import {implicitFiles} from './manifests-of.js';
import {candidates, shellWords} from './shell-words.js';

/** The code as it lies here. */
export type Workspace = {
	/** Absolute; what is `/workflow` there. */
	readonly root: string;
	/** Where the commands run, below the root: the chosen folder, or `working_dir`. */
	readonly folders?: readonly string[];
};

export type NamedFiles = {
	/** Digests by path relative to the root; a folder's ends with a slash. In the order of their names. */
	readonly files: Readonly<Record<string, string>>;
	/** What does not count by its content, one line each. */
	readonly notes: readonly string[];
};

/** Where the code lies in an environment. */
const there = '/workflow';
const most = 2000;
const mostText = 1024 * 1024;

/**
Which files the commands name, by content as the working tree is now: every word that is a file or folder of the code, what the tools read unasked
(`npm ci` reads `package-lock.json`), and what requirements, environments and scripts among them name in turn. A file too many costs a build that was not
needed; one too few would bring an old image back. The code's own folder (`pip install .`) stands for its manifests alone.
*/
export async function namedFiles(
	commands: readonly string[],
	workspace: Workspace,
	limits: DigestLimits = usualLimits,
): Promise<NamedFiles> {
	const root = await realpath(workspace.root);
	const search = new Search(root, limits);
	const bases = new Set([root, ...(workspace.folders ?? []).map(folder => path.resolve(root, folder))]);
	for (const command of commands) {
		await search.script(command, bases);
	}

	const sorted = [...search.found].toSorted(([a], [b]) => (a < b ? -1 : 1));
	return {
		files: Object.fromEntries(sorted.map(([name, {digest}]) => [name, digest])),
		notes: sorted
			.filter(([, {unread}]) => unread > 0)
			.map(([name, {unread, files}]) =>
				files === 1
					? `${neutraliseLine(name)} is too big to be read: it counts by its size, start and end`
					: `${neutraliseLine(name)}: ${unread} of ${files} files count by name and size alone`,
			),
	};
}

class Search {
	readonly found = new Map<string, Digested>();
	readonly #root: string;
	readonly #limits: DigestLimits;

	constructor(root: string, limits: DigestLimits) {
		this.#root = root;
		this.#limits = limits;
	}

	/** All commands run in one shell: where one has gone, the next ones look as well. */
	async script(text: string, bases: Set<string>): Promise<void> {
		const words = shellWords(text);
		for (const [index, word] of words.entries()) {
			for (const name of implicitFiles(word)) {
				for (const base of bases) {
					await this.#take(path.join(base, name), bases);
				}
			}

			const goesThere = ['cd', 'pushd', '-C', '--directory', '--prefix', '--project'].includes(words[index - 1] ?? '');
			for (const candidate of candidates(word)) {
				for (const base of [...bases]) {
					await this.#look(candidate, base, bases, goesThere);
				}
			}
		}
	}

	async #look(candidate: string, base: string, bases: Set<string>, goesThere: boolean): Promise<void> {
		const inside = candidate === there || candidate.startsWith(`${there}/`);
		const file = inside ? path.join(this.#root, candidate.slice(there.length)) : path.resolve(base, candidate);
		if (goesThere) {
			if (await this.#isFolder(file)) {
				bases.add(file);
			}

			return;
		}

		await this.#take(file, bases);
		if (/[*?[]/.test(candidate)) {
			for (const match of await matches(file)) {
				await this.#take(match, bases);
			}
		}
	}

	async #isFolder(file: string): Promise<boolean> {
		return (await within(this.#root, file)) !== undefined && (await stat(file)).isDirectory();
	}

	async #take(file: string, bases: ReadonlySet<string>): Promise<void> {
		const name = path.relative(this.#root, file).split(path.sep).join('/');
		const isOwn =
			bases.has(file) || name === '' || name === '.git' || name.startsWith('.git/') || name.startsWith('../') || name === '..';
		if (isOwn || this.found.has(name) || this.found.has(`${name}/`)) {
			return;
		}

		if (await this.#isFolder(file)) {
			this.#add(`${name}/`, await digestFolder(this.#root, file, this.#limits));
			return;
		}

		const digested = await digestFile(this.#root, file, this.#limits);
		if (digested) {
			this.#add(name, digested);
			await this.#follow(file, bases);
		}
	}

	#add(name: string, digested: Digested): void {
		if (this.found.size >= most) {
			throw new Problem('configuration', `The \`build\` commands name more than ${most} files`, {
				next: 'Name the folder that they are in instead.',
			});
		}

		this.found.set(name, digested);
	}

	/** What a file names in turn, where it is of a kind that does. */
	async #follow(file: string, bases: ReadonlySet<string>): Promise<void> {
		if ((await stat(file)).size > mostText) {
			return;
		}

		const text = await readFile(file, 'utf8');
		const here = path.dirname(file);
		if (/\.(?:sh|bash|zsh)$/.test(file) || /^#!.*\b(?:ba|da|z|k)?sh\b/.test(text)) {
			await this.script(text, new Set([...bases, here]));
			return;
		}

		if (/\.(?:txt|in|ya?ml|lock)$/.test(file)) {
			for (const name of includes(text)) {
				await this.#look(name, here, new Set([...bases, here]), false);
			}
		}
	}
}

/** What requirements include, also those within an environment of conda: `-r FILE`, `-c FILE`, `-e FOLDER`, a path, `NAME @ file:…`. */
function includes(text: string): string[] {
	return text.split('\n').flatMap(line => {
		const clean = line
			.trim()
			.replace(/^-\s+/, '')
			.replace(/^["']|["']$/g, '')
			.replace(/\s+#.*$/, '');
		const option = /^(?:-r|-c|-e|--requirement|--constraint|--editable|--find-links|-f)(?:\s*=\s*|\s+|(?=[^\s-]))(.+)$/.exec(
			clean,
		)?.[1];
		const direct =
			/^(?:[\w.[\]-]+\s*@\s*)?file:(?:\/\/)?(.+)$/.exec(clean)?.[1] ??
			/^(\.{1,2}\/\S*|\S+\.(?:whl|tar\.gz|zip))$/.exec(clean)?.[1];
		const name = (option ?? direct)
			?.trim()
			.replace(/^file:(?:\/\/)?/, '')
			.replace(/\[[^\]/]*\]$/, '');
		return name === undefined || name === '' ? [] : [name];
	});
}

/** The files of one folder that a pattern of the shell stands for; only its last part may be a pattern. */
async function matches(file: string): Promise<string[]> {
	const folder = path.dirname(file);
	if (/[*?[]/.test(folder)) {
		return [];
	}

	const pattern = path
		.basename(file)
		.replaceAll(/[.+^${}()|\\]/g, '\\$&')
		.replaceAll('*', '.*')
		.replaceAll('?', '.');
	let expression: RegExp;
	try {
		expression = new RegExp(`^${pattern}$`);
	} catch {
		return [];
	}

	const names = await readdir(folder).catch(() => []);
	return names.filter(name => expression.test(name) && !name.startsWith('.')).map(name => path.join(folder, name));
}
