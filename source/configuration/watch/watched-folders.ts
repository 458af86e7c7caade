import {existsSync, type FSWatcher, type watch} from 'node:fs';
import path from 'node:path';
import {deepest, isConfiguration, mostFolders, skipped} from '../files/discover.js';
import {statfs} from 'node:fs/promises';
import process from 'node:process';
import {isMissing} from '../../system/files.js';

const mostWatchers = 1000;

// Linux's numbers of file systems that another machine, or a host around this one, writes to: no watch reports that.
const remoteSystems = new Set([
	0x6969, // NFS
	0x517b, // SMB
	0xff534d42, // CIFS
	0xfe534d42, // SMB 2
	0x65735546, // FUSE: sshfs and others
	0x01021997, // 9p: Windows' disks below WSL
	0x786f4256, // VirtualBox's shared folders
	0x00c36400, // Ceph
	0x5346414f, // AFS
]);

export const isRemote = async (folder: string): Promise<boolean> =>
	process.platform === 'linux' &&
	statfs(folder).then(
		({type}) => remoteSystems.has(type),
		() => false,
	);

/** A folder that is looked at: for its own files, and for folders in it that are to be looked at too. */
export type WatchedFolder = {
	readonly folder: string;
	readonly kinds: Set<FolderRule>;
	/** Asked for, and not only come upon: it may vanish and come back. */
	isRoot: boolean;
	isSeen: boolean;
	watcher: FSWatcher | undefined;
	/** It cannot be watched. */
	isDeaf: boolean;
};

export const isInside = (folder: string, top: string): boolean => folder === top || folder.startsWith(top + path.sep);

export type WatchedFolders = {
	get(folder: string): WatchedFolder | undefined;
	all(): WatchedFolder[];
	/** Has a folder looked at for something more. True when it was not before. */
	enter(folder: string, kind: FolderRule | undefined, isRoot?: boolean): boolean;
	/** A folder is gone, with all below it. */
	forget(folder: string): void;
	listen(place: WatchedFolder): void;
	/** Ends the watches of a folder and of all below it, and says which these are: the folder may be another one now. */
	deafen(folder: string): WatchedFolder[];
};

/** The folders and their watches. `onEvent` gets the events of Node's `watch`; a watch that broke is reported as a change of everything. */
export function createWatchedFolders(
	open: typeof watch,
	onEvent: (place: WatchedFolder, event: string, name: string | null) => void,
): WatchedFolders {
	const places = new Map<string, WatchedFolder>();
	let watchers = 0;

	const close = (place: WatchedFolder): void => {
		if (place.watcher) {
			place.watcher.close();
			place.watcher = undefined;
			watchers--;
		}
	};

	const below = (folder: string): WatchedFolder[] => [...places.values()].filter(place => isInside(place.folder, folder));

	return {
		get: folder => places.get(folder),
		all: () => [...places.values()],
		enter(folder, kind, isRoot = false) {
			const known = places.get(folder);
			if (!kind || known?.kinds.has(kind) || (!known && places.size >= mostFolders && !isRoot)) {
				return false;
			}

			if (known) {
				known.kinds.add(kind);
				known.isRoot ||= isRoot;
			} else {
				places.set(folder, {folder, kinds: new Set([kind]), isRoot, isSeen: false, watcher: undefined, isDeaf: false});
			}

			return true;
		},
		forget(folder) {
			for (const place of below(folder)) {
				close(place);
				if (!place.isRoot) {
					places.delete(place.folder);
				}
			}
		},
		listen(place) {
			if (place.watcher || place.isDeaf || watchers >= mostWatchers) {
				return;
			}

			try {
				place.watcher = open(place.folder, {persistent: false}, (event, name) => {
					onEvent(place, event, name);
				});
				watchers++;
				place.watcher.on('error', () => {
					close(place);
					place.isDeaf = existsSync(place.folder);
					onEvent(place, 'rename', null);
				});
			} catch (error) {
				// Used up, or not to be had here; a folder that is missing may be had later.
				place.isDeaf = !isMissing(error);
			}
		},
		deafen(folder) {
			const all = below(folder);
			for (const place of all) {
				close(place);
			}

			return all;
		},
	};
}

/** What is looked for in a folder. */
export type FolderRule = {
	/** Whether a file of this name is to be watched. */
	isWanted(name: string): boolean;
	/** What is looked for in a folder in it; undefined passes it over. */
	next(name: string): FolderRule | undefined;
};

export const filesRule = (names: ReadonlySet<string>): FolderRule => ({isWanted: name => names.has(name), next: () => undefined});

const profilesRule = filesRule(new Set(['profiles.yml', 'profiles.yaml']));

/** One kind for each level, from the deepest up: a folder's kind is known again by being the same. */
const levels = Array.from({length: deepest}).reduceRight<FolderRule | undefined>(
	(below, _, depth) => ({
		isWanted: isConfiguration,
		next: name => (depth === 0 && name === '.dstack' ? profilesRule : skipped.has(name) ? undefined : below),
	}),
	undefined,
);

/** Configurations at any depth, and the profiles of the folder. */
export const treeRule: FolderRule = levels!;

/** Only the profiles. */
export const homeRule: FolderRule = {isWanted: () => false, next: name => (name === '.dstack' ? profilesRule : undefined)};

/** One file: the nearest folder that is there, and the way from it. */
export function pathRule(file: string): {folder: string; kind: FolderRule} {
	let folder = path.dirname(file);
	let kind = filesRule(new Set([path.basename(file)]));
	while (!existsSync(folder) && path.dirname(folder) !== folder) {
		const [step, below] = [path.basename(folder), kind];
		kind = {isWanted: () => false, next: name => (name === step ? below : undefined)};
		folder = path.dirname(folder);
	}

	return {folder, kind};
}

/** A folder that only links lead to. */
export const ignoreRule: FolderRule = filesRule(new Set());
