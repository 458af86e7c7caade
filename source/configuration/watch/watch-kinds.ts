import {existsSync} from 'node:fs';
import path from 'node:path';
import {deepest, isConfiguration, skipped} from '../files/discover.js';

/** What is looked for in a folder. */
export type Kind = {
	/** Whether a file of this name is to be watched. */
	isWanted(name: string): boolean;
	/** What is looked for in a folder in it; undefined passes it over. */
	next(name: string): Kind | undefined;
};

export const filesKind = (names: ReadonlySet<string>): Kind => ({isWanted: name => names.has(name), next: () => undefined});

const profilesKind = filesKind(new Set(['profiles.yml', 'profiles.yaml']));

/** One kind for each level, from the deepest up: a folder's kind is known again by being the same. */
const levels = Array.from({length: deepest}).reduceRight<Kind | undefined>(
	(below, _, depth) => ({
		isWanted: isConfiguration,
		next: name => (depth === 0 && name === '.dstack' ? profilesKind : skipped.has(name) ? undefined : below),
	}),
	undefined,
);

/** Configurations at any depth, and the profiles of the folder. */
export const treeKind: Kind = levels!;

/** Only the profiles. */
export const homeKind: Kind = {isWanted: () => false, next: name => (name === '.dstack' ? profilesKind : undefined)};

/** One file: the nearest folder that is there, and the way from it. */
export function wayKind(file: string): {folder: string; kind: Kind} {
	let folder = path.dirname(file);
	let kind = filesKind(new Set([path.basename(file)]));
	while (!existsSync(folder) && path.dirname(folder) !== folder) {
		const [step, below] = [path.basename(folder), kind];
		kind = {isWanted: () => false, next: name => (name === step ? below : undefined)};
		folder = path.dirname(folder);
	}

	return {folder, kind};
}

/** A folder that only links lead to. */
export const nothingKind: Kind = filesKind(new Set());
