import {type FSWatcher, mkdirSync, readdirSync, watch} from 'node:fs';
import path from 'node:path';

const changeInterval = 100;

/**
Calls back, at most ten times a second, when a journal below `folder` has changed or a run has come or gone. Watches the runs' own folders only:
a recursive watch would follow every file of every workspace. Returns the way to stop.
*/
export function watchRuns(folder: string, listener: () => void): () => void {
	const watchers = new Map<string, FSWatcher>();
	let timer: NodeJS.Timeout | undefined;
	const tell = () => {
		timer ??= setTimeout(() => {
			timer = undefined;
			watchNew();
			listener();
		}, changeInterval);
		timer.unref();
	};

	const add = (name: string, isOfInterest: (file: string | null) => boolean) => {
		if (watchers.has(name)) {
			return;
		}

		try {
			const watcher = watch(path.join(folder, name), {persistent: false}, (_event, file) => {
				if (isOfInterest(file)) {
					tell();
				}
			});
			// A folder that is gone, or a watcher too many: the list can still be refreshed by hand.
			watcher.on('error', () => watcher.close());
			watcher.on('close', () => watchers.delete(name));
			watchers.set(name, watcher);
		} catch (error) {
			if (!['ENOENT', 'ENOSPC', 'EMFILE'].includes((error as NodeJS.ErrnoException).code ?? '')) {
				throw error;
			}
		}
	};

	const watchNew = () => {
		const names = readdirSync(folder, {withFileTypes: true}).filter(entry => entry.isDirectory() && !entry.name.startsWith('.'));
		for (const {name} of names) {
			add(name, file => file === null || file === 'journal.jsonl');
		}

		const there = new Set(['', ...names.map(({name}) => name)]);
		for (const [name, watcher] of watchers) {
			if (!there.has(name)) {
				watcher.close();
			}
		}
	};

	mkdirSync(folder, {recursive: true, mode: 0o700});
	add('', () => true);
	watchNew();
	return () => {
		clearTimeout(timer);
		for (const watcher of watchers.values()) {
			watcher.close();
		}
	};
}
