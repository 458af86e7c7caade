import {readFile, realpath, stat} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {type FileDigest, digestFile, digestFolder, type DigestLimits, usualLimits, within} from './file-digest.js';
import {FilePatterns, hasFolderPattern, isPattern} from './file-patterns.js';
import {implicitFiles} from './manifests-of.js';
import {shellWords} from './shell-words.js';
import {type Candidate, candidates} from './word-names.js';

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
const mostEntered = 50;

/** What a word may stand for, unlike what it names, is never too much: then not all of it counts. */
const isGuess = ({name, guessed}: Candidate): boolean => guessed || hasFolderPattern(name);

/**
Which files the commands name, by content as the working tree is now: every word that is a file or folder of the code, or a pattern of some, what the tools
read unasked (`npm ci` reads `package-lock.json`), and what requirements, environments and scripts among them name in turn. A word with a variable matches all
that it may be. A file too many costs a build that was not needed; one too few would bring an old image back. The code's own folder (`pip install .`)
means its manifests alone.
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
		await search.script(command, {bases, guessed: false});
	}

	const sorted = [...search.found].toSorted(([a], [b]) => (a < b ? -1 : 1));
	return {
		files: Object.fromEntries(sorted.map(([name, {digest}]) => [name, digest])),
		notes: [
			...sorted
				.filter(([, {unread}]) => unread > 0)
				.map(([name, {unread, files}]) =>
					files === 1
						? `${neutraliseLine(name)} is too big to be read: it counts by its size, start and end`
						: `${neutraliseLine(name)}: ${unread} of ${files} files count by name and size alone`,
				),
			...[...search.cut].map(name => `${neutraliseLine(name)} may be more files than are looked for: the others do not count`),
		],
	};
}

/** Where a word is looked for, and what it says. */
type SearchBase = {
	/** The folders that the shell may be in. */
	readonly bases: Set<string>;
	/** Whether something that only may be named led here. */
	readonly guessed: boolean;
};

class Search {
	readonly found = new Map<string, FileDigest>();
	/** Patterns that not all was looked at for. */
	readonly cut = new Set<string>();
	readonly #root: string;
	readonly #limits: DigestLimits;
	readonly #patterns: FilePatterns;
	/** Folders that a `cd` with a pattern may have gone to. Only looked in: unlike a base they still count where they are named themselves. */
	readonly #entered = new Set<string>();
	#guesses = 0;

	constructor(root: string, limits: DigestLimits) {
		this.#root = root;
		this.#limits = limits;
		this.#patterns = new FilePatterns(root);
	}

	/** All commands run in one shell: where one has gone, the next ones look as well. */
	async script(text: string, place: SearchBase): Promise<void> {
		const words = shellWords(text);
		for (const [index, word] of words.entries()) {
			for (const name of implicitFiles(word)) {
				for (const base of this.#folders(place)) {
					await this.#take(path.join(base, name), place);
				}
			}

			const goesThere = ['cd', 'pushd', '-C', '--directory', '--prefix', '--project'].includes(words[index - 1] ?? '');
			for (const candidate of candidates(word)) {
				// Any folder of the code is below its root.
				for (const base of candidate.name.startsWith('**/') ? [this.#root] : this.#folders(place)) {
					await (goesThere ? this.#go(candidate, base, place) : this.#look(candidate, base, place));
				}
			}
		}
	}

	#folders({bases}: SearchBase): readonly string[] {
		return [...new Set([...bases, ...this.#entered])];
	}

	#fileOf(name: string, base: string): string {
		const inside = name === there || name.startsWith(`${there}/`);
		return inside ? path.join(this.#root, name.slice(there.length)) : path.resolve(base, name);
	}

	async #go(candidate: Candidate, base: string, {bases}: SearchBase): Promise<void> {
		const file = this.#fileOf(candidate.name, base);
		if (await this.#isFolder(file)) {
			bases.add(file);
		}

		for (const match of await this.#fitting(candidate, file)) {
			if (!(await this.#isFolder(match))) {
				continue;
			}

			if (this.#entered.size < mostEntered) {
				this.#entered.add(match);
			} else {
				this.cut.add(candidate.name);
			}
		}
	}

	async #look(candidate: Candidate, base: string, place: SearchBase): Promise<void> {
		const file = this.#fileOf(candidate.name, base);
		await this.#take(file, place);
		const guessed = place.guessed || isGuess(candidate);
		for (const match of await this.#fitting(candidate, file)) {
			if (guessed && this.#guesses >= most) {
				this.cut.add(candidate.name);
				break;
			}

			await this.#take(match, {...place, guessed});
		}
	}

	async #fitting(candidate: Candidate, file: string): Promise<readonly string[]> {
		if (!isPattern(candidate.name)) {
			return [];
		}

		this.#patterns.exhausted = false;
		const files = await this.#patterns.fitting(file, isGuess(candidate));
		if (this.#patterns.exhausted) {
			this.cut.add(candidate.name);
		}

		return files;
	}

	async #isFolder(file: string): Promise<boolean> {
		return (await within(this.#root, file)) !== undefined && (await stat(file)).isDirectory();
	}

	async #take(file: string, place: SearchBase): Promise<void> {
		const name = path.relative(this.#root, file).split(path.sep).join('/');
		const isOwn =
			place.bases.has(file) ||
			name === '' ||
			name === '.git' ||
			name.startsWith('.git/') ||
			name.startsWith('../') ||
			name === '..';
		if (isOwn || this.found.has(name) || this.found.has(`${name}/`)) {
			return;
		}

		if (await this.#isFolder(file)) {
			this.#add(`${name}/`, await digestFolder(this.#root, file, this.#limits), place);
			return;
		}

		const digested = await digestFile(this.#root, file, this.#limits);
		if (digested) {
			this.#add(name, digested, place);
			await this.#follow(file, place);
		}
	}

	#add(name: string, digested: FileDigest, {guessed}: SearchBase): void {
		if (guessed) {
			this.#guesses++;
		} else if (this.found.size - this.#guesses >= most) {
			throw new Problem('configuration', `The \`build\` commands name more than ${most} files`, {
				next: 'Name the folder that they are in instead.',
			});
		}

		this.found.set(name, digested);
	}

	/** What a file names in turn, where it is of a kind that does. */
	async #follow(file: string, {bases, guessed}: SearchBase): Promise<void> {
		if ((await stat(file)).size > mostText) {
			return;
		}

		const text = await readFile(file, 'utf8');
		const here = path.dirname(file);
		const place = {bases: new Set([...bases, here]), guessed};
		if (/\.(?:sh|bash|zsh)$/.test(file) || /^#!.*\b(?:ba|da|z|k)?sh\b/.test(text)) {
			await this.script(text, place);
			return;
		}

		if (/\.(?:txt|in|ya?ml|lock)$/.test(file)) {
			for (const name of includes(text)) {
				await this.#look({name, guessed: false}, here, place);
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
