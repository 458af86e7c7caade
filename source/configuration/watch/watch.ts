import {watch} from 'node:fs';
import {readdir, realpath, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import path from 'node:path';
import {type Clock, systemClock} from '../../system/clock.js';
import {isMissing} from '../../system/files.js';
import {
	createWatchedFolders,
	homeRule,
	isInside,
	isRemote,
	ignoreRule,
	type WatchedFolder,
	treeRule,
	pathRule,
} from './watched-folders.js';

export type WatchOptions = {
	readonly clock?: Clock;
	/** Whose `.dstack/profiles.yml` is watched beside a folder; `''` watches none. */
	readonly home?: string;
	/** Node's own, or one that fails as it does where watches are used up. */
	readonly watch?: typeof watch;
};

/** Milliseconds from the first sign of a change to the look: an editor's save is over by then. */
const settle = 100;
/** Milliseconds between two looks at least. */
const gap = 300;
const pollInterval = 2000;
const mostPolled = 100;
const mostEmpty = 10;

/**
Calls back when a configuration changes, appears, vanishes or is replaced. A folder is watched for every `*.dstack.yml` below it (where
`findConfigurations` looks), its `.dstack/profiles.yml` and that of the home folder; a list of files for just these. `listener`
gets the absolute paths, at most about three times a second; what is there at the beginning is not reported. Where a watch cannot be
had or would get no events, it looks every two seconds. Never keeps the process alive. Returns the way to end it.
*/
export function watchFiles(
	target: string | readonly string[],
	listener: (changed: readonly string[]) => void,
	{clock = systemClock, home = homedir(), watch: open = watch}: WatchOptions = {},
): () => void {
	const places = createWatchedFolders(open, onEvent);
	/** Every file that is watched, with what distinguishes one state of it from another. */
	const stamps = new Map<string, string>();
	/** What links lead to, with the folders that the links are in. */
	const targets = new Map<string, Set<string>>();
	const dirty = new Set<string>();
	const timers = new Set<() => void>();
	let isEnded = false;
	let isLooking = true;
	let isPlanned = false;
	let isPolling = false;
	let isWatchless = false;
	let turn = 0;
	let looked = -Infinity;

	/** Once; the clock's `every` is what does not keep the process alive. */
	function after(milliseconds: number, act: () => void): void {
		const stop = clock.every(milliseconds, () => {
			stop();
			timers.delete(stop);
			act();
		});
		timers.add(stop);
	}

	function hint(...folders: readonly string[]): void {
		for (const folder of folders) {
			dirty.add(folder);
		}

		if (isEnded || isPlanned || isLooking || dirty.size === 0) {
			return;
		}

		isPlanned = true;
		after(Math.max(settle, looked + gap - clock.elapsed()), () => {
			isPlanned = false;
			void look().then(changed => {
				if (changed.size > 0 && !isEnded) {
					listener([...changed]);
				}
			});
		});
	}

	function onEvent({folder, kinds}: WatchedFolder, event: string, name: string | null): void {
		if (isEnded) {
			return;
		}

		if (name === null) {
			hint(folder, ...[...targets.values()].flatMap(each => [...each]));
			return;
		}

		const inner = path.join(folder, name);
		if (event === 'rename') {
			// A folder of a known name may be another one, of which the old watch gets no events.
			const renewed = places.get(inner) ? inner : name === path.basename(folder) ? folder : undefined;
			hint(...(renewed === undefined ? [] : places.deafen(renewed).map(place => place.folder)));
		}

		const isNamed = [...kinds].some(kind => kind.isWanted(name) || (event === 'rename' && kind.next(name)));
		hint(...(isNamed ? [folder] : []), ...(targets.get(inner) ?? []));
	}

	/** Looks once at every folder of which there was a sign, and at what is new in them. */
	async function look(): Promise<Set<string>> {
		isLooking = true;
		const changed = new Set<string>();
		const seen = new Set<string>();
		for (const folder of dirty) {
			if (isEnded) {
				break;
			}

			if (!seen.has(folder)) {
				seen.add(folder);
				dirty.delete(folder);
				const place = places.get(folder);
				if (place) {
					await scan(place, changed);
				}
			}
		}

		isLooking = false;
		looked = clock.elapsed();
		poll();
		hint();
		return changed;
	}

	async function scan(place: WatchedFolder, changed: Set<string>): Promise<void> {
		const {folder} = place;
		// First the watch, then the look: what happens between is noticed.
		if (!isWatchless) {
			places.listen(place);
		}

		const entries = await readdir(folder, {withFileTypes: true}).catch((error: unknown) => (isMissing(error) ? undefined : []));
		if (!entries || isEnded) {
			forget(folder, changed);
			return;
		}

		const folders = new Set(entries.filter(entry => entry.isDirectory()).map(({name}) => path.join(folder, name)));
		for (const each of folders) {
			for (const kind of place.kinds) {
				if (places.enter(each, kind.next(path.basename(each)))) {
					dirty.add(each);
				}
			}
		}

		const files = new Set<string>();
		for (const entry of entries) {
			if (!entry.isDirectory() && [...place.kinds].some(kind => kind.isWanted(entry.name))) {
				const file = path.join(folder, entry.name);
				files.add(file);
				note(file, await stampOf(file), changed);
				if (entry.isSymbolicLink()) {
					await follow(file);
				}
			}
		}

		for (const file of [...stamps.keys()].filter(each => path.dirname(each) === folder && !files.has(each))) {
			note(file, undefined, changed);
		}

		const gone = place.isSeen
			? places.all().filter(each => path.dirname(each.folder) === folder && !folders.has(each.folder))
			: [];
		for (const each of gone) {
			// The root of all is its own parent.
			if (each !== place) {
				forget(each.folder, changed);
			}
		}

		place.isSeen = true;
	}

	function note(file: string, stamp: string | undefined, changed: Set<string>): void {
		if (stamps.get(file) === stamp) {
			return;
		}

		changed.add(file);
		if (stamp === undefined) {
			stamps.delete(file);
		} else {
			stamps.set(file, stamp);
		}
	}

	function forget(folder: string, changed: Set<string>): void {
		places.forget(folder);
		for (const file of [...stamps.keys()].filter(each => isInside(path.dirname(each), folder))) {
			note(file, undefined, changed);
		}
	}

	/** A file that is a link changes where it leads to. */
	async function follow(file: string): Promise<void> {
		const real = await realpath(file).catch(() => undefined);
		if (real === undefined || path.dirname(real) === path.dirname(file)) {
			return;
		}

		targets.set(real, (targets.get(real) ?? new Set()).add(path.dirname(file)));
		if (places.enter(path.dirname(real), ignoreRule, true)) {
			dirty.add(path.dirname(real));
		}
	}

	/** Folders without a watch are looked at from time to time: those with something in them always, the others in turn. */
	function poll(): void {
		if (isEnded || isPolling || places.all().every(({watcher}) => watcher)) {
			return;
		}

		isPolling = true;
		after(pollInterval, () => {
			isPolling = false;
			const full = new Set([...stamps.keys()].map(file => path.dirname(file)));
			const deaf = places.all().filter(({watcher}) => !watcher);
			const [first, rest] = [true, false].map(is => deaf.filter(({folder, isRoot}) => (isRoot || full.has(folder)) === is));
			const chosen = [
				...first!.slice(0, mostPolled),
				...Array.from({length: Math.min(mostEmpty, rest!.length)}, () => rest![turn++ % rest!.length]!),
			];
			const led = [...targets].filter(([file]) => deaf.some(({folder}) => folder === path.dirname(file)));
			hint(...chosen.map(({folder}) => folder), ...led.flatMap(([, folders]) => [...folders]));
			poll();
		});
	}

	async function begin(): Promise<void> {
		const roots =
			typeof target === 'string'
				? [{folder: path.resolve(target), kind: treeRule}, ...(home === '' ? [] : [{folder: path.resolve(home), kind: homeRule}])]
				: target.map(file => pathRule(path.resolve(file)));
		for (const {folder, kind} of roots) {
			isWatchless ||= await isRemote(folder);
			places.enter(folder, kind, true);
			dirty.add(folder);
		}

		await look();
	}

	void begin();
	return () => {
		isEnded = true;
		for (const stop of timers) {
			stop();
		}

		for (const {folder} of places.all()) {
			places.deafen(folder);
		}
	};
}

/** A link that leads nowhere is there too. */
async function stampOf(file: string): Promise<string> {
	const found = await stat(file, {bigint: true}).catch(() => undefined);
	return found ? [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':') : 'nowhere';
}
