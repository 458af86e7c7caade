import type {Dirent} from 'node:fs';
import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {askGit, within} from './file-digest.js';

/** Enough for the code of nearly everybody, and read in a moment. */
const mostEntries = 5000;

export const isPattern = (name: string): boolean => /[*?[]/.test(name);

/** Whether a shell looks in more than one folder for it. */
export const hasFolderPattern = (name: string): boolean => isPattern(path.posix.dirname(name));

/** Finds what patterns of the shell stand for within the code. */
export class FilePatterns {
	/** Whether there was more to look at than is looked at. */
	exhausted = false;
	readonly #root: string;
	readonly #entries = new Map<string, readonly Dirent[]>();
	#looked = 0;
	#ignored: Promise<ReadonlySet<string>> | undefined;

	constructor(root: string) {
		this.#root = root;
	}

	/**
	The files and folders that an absolute pattern matches, those of the upper folders first. `own`: without what git ignores, which does not get into an
	environment; a person's plain pattern may name it.
	*/
	async fitting(pattern: string, own: boolean): Promise<string[]> {
		const relative = path.relative(this.#root, pattern);
		const parts = relative.split(path.sep);
		const found = new Set<string>();
		if (parts[0] === '..' || path.isAbsolute(relative)) {
			return [];
		}

		const start = path.join(this.#root, ...parts.slice(0, parts.findIndex(isPattern)));
		const ignored = own ? await this.#findIgnored() : new Set<string>();
		// A set goes on over what is added meanwhile: one level of folders after the other, none twice for the same rest of the pattern.
		const places = new Set([placeOf(this.#root, 0)]);
		for (const place of places) {
			const {folder, at} = readPlace(place);
			const part = parts[at] ?? '';
			const isLast = at === parts.length - 1;
			const go = (name: string, next: number) => places.add(placeOf(path.join(folder, name), next));
			if (!isPattern(part)) {
				if (part === '.git') {
					continue;
				}

				if (isLast) {
					found.add(path.join(folder, part));
				} else {
					go(part, at + 1);
				}

				continue;
			}

			const isDeep = part === '**' && !isLast;
			const fits = matcher(part);
			if (isDeep) {
				go('', at + 1);
			}

			for (const entry of await this.#entriesOf(folder, folder !== start)) {
				const isFolder = entry.isDirectory() || (!isDeep && entry.isSymbolicLink());
				const counts = isDeep ? isFolder : fits(entry.name) && (isLast || isFolder);
				if (!counts || entry.name === '.git' || ignored.has(path.join(folder, entry.name))) {
					continue;
				}

				if (isLast) {
					found.add(path.join(folder, entry.name));
				} else {
					go(entry.name, isDeep ? at : at + 1);
				}
			}
		}

		return [...found];
	}

	/** What a person's pattern begins with is always read, however much there is. */
	async #entriesOf(folder: string, bounded: boolean): Promise<readonly Dirent[]> {
		const known = this.#entries.get(folder);
		if (known) {
			return known;
		}

		if (bounded && this.#looked >= mostEntries) {
			this.exhausted = true;
			return [];
		}

		const isInside = (await within(this.#root, folder)) !== undefined;
		const entries = isInside ? await readdir(folder, {withFileTypes: true}).catch(() => []) : [];
		const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
		this.#looked += bounded ? entries.length : 0;
		this.#entries.set(folder, sorted);
		return sorted;
	}

	/** Folders of which git ignores all are named once, so that the list is short. */
	async #findIgnored(): Promise<ReadonlySet<string>> {
		const asked = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory', '--', '.'];
		this.#ignored ??= askGit(this.#root, asked).then(
			(names = []) => new Set(names.map(name => path.join(this.#root, name.toString('utf8')).replace(/\/$/, ''))),
		);
		return this.#ignored;
	}
}

const placeOf = (folder: string, at: number): string => `${at}:${folder}`;

function readPlace(place: string): {folder: string; at: number} {
	const colon = place.indexOf(':');
	return {folder: place.slice(colon + 1), at: Number(place.slice(0, colon))};
}

/** A shell's stars take no name that begins with a dot, unless the pattern does. */
function matcher(part: string): (name: string) => boolean {
	const pattern = part
		.replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
		.replaceAll(/\[(?:!|\\\^)/g, '[^')
		.replaceAll(/\*+/g, '.*')
		.replaceAll('?', '.');
	try {
		const expression = new RegExp(`^${pattern}$`, 's');
		return name => expression.test(name) && (part.startsWith('.') || !name.startsWith('.'));
	} catch {
		return () => false;
	}
}
