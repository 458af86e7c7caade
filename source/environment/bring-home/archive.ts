import {createReadStream, createWriteStream} from 'node:fs';
import {pipeline} from 'node:stream/promises';
import {createGzip} from 'node:zlib';
import {extract} from 'tar-stream';
import {messageOf, Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';

const kinds: ReadonlySet<unknown> = new Set(['file', 'directory', 'symlink', 'link', 'fifo', 'pax-global-header', null]);

const leadsOut = (name: string): boolean => name.startsWith('/') || name.split('/').includes('..') || name.includes('\0');

/**
Looks through an archive from there before a person unpacks it: nothing in it may land beside the folder it is unpacked in, and links may not
carry others out of it. Throws a `Problem`.
*/
export async function checkArchive(file: string): Promise<void> {
	const links = new Set<string>();
	const reader = extract();
	const read = pipeline(createReadStream(file), reader);
	const look = async () => {
		for await (const entry of reader) {
			const {name, type, linkname} = entry.header;
			const parts = name.split('/').filter(part => part !== '' && part !== '.');
			const through = parts.some((_part, index) => index > 0 && links.has(parts.slice(0, index).join('/')));
			if (!kinds.has(type ?? null) || leadsOut(name) || through || (type === 'link' && leadsOut(linkname ?? ''))) {
				throw new Problem(
					'failed',
					`The archive from there is not to be trusted: ${neutraliseLine(name)} leads out of its folder`,
				);
			}

			if (type === 'symlink') {
				links.add(parts.join('/'));
			}

			entry.resume();
		}
	};

	try {
		await Promise.all([read, look()]);
	} catch (error) {
		throw error instanceof Problem
			? error
			: new Problem('failed', `The archive from there cannot be read: ${neutraliseLine(messageOf(error))}`);
	}
}

export const compress = async (from: string, to: string): Promise<void> =>
	pipeline(createReadStream(from), createGzip(), createWriteStream(to, {flags: 'wx', mode: 0o600}));
