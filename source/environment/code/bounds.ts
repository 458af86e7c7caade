import {readlink} from 'node:fs/promises';
import path from 'node:path';
import {formatBytes} from '../../system/format.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Entry, Tree} from './tree.js';

/** More than this is refused. Bytes. */
export const codeLimit = 1024 ** 3;
const listed = 10;

export const isHistory = (name: Buffer): boolean => /(?:^|\/)\.git(?:\/|$)/.test(name.toString('latin1'));

/** What is in a tree but for links by which git's own folders lead out of the code: these are left out, and that is noted. */
export async function withoutLinksOut({root, entries, notes}: Tree): Promise<Entry[]> {
	const kept: Entry[] = [];
	for (const entry of entries) {
		const shown = entry.name.toString('utf8');
		const isOwn = entry.kind !== 'link' || !isHistory(entry.name);
		const link = isOwn ? '' : await readlink(path.join(root, shown)).catch(() => '');
		const target = path.resolve(root, path.dirname(shown), link);
		if (isOwn || target === root || target.startsWith(root + path.sep)) {
			kept.push(entry);
		} else {
			notes.push(`${shown} leads out of the code to ${target}: what is there is left out`);
		}
	}

	return kept;
}

export function refuseUnreadable({unreadable}: Tree): void {
	const names = [...unreadable];
	if (names.length > 0) {
		const more = names.length > listed ? [`… and ${names.length - listed} more`] : [];
		throw new Problem('configuration', `${names.length === 1 ? 'A file' : `${names.length} files`} of the code cannot be read`, {
			details: [...names.slice(0, listed).map(neutraliseLine), ...more],
			next: 'Give yourself the right to read them, or name them in .gitignore.',
		});
	}
}

export function refuseTooBig({bytes, sizes}: Tree, limit: number): void {
	if (bytes > limit) {
		const biggest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, listed);
		throw new Problem('configuration', `The code is ${formatBytes(bytes)}, more than ${formatBytes(limit)}`, {
			details: biggest.map(([name, size]) => `${formatBytes(size).padStart(8)}  ${neutraliseLine(name)}`),
			next: 'Name what does not belong to the code in .gitignore; data is better fetched there.',
		});
	}
}
