import {mkdir, readdir, readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type {OfferFacts} from '../facts.js';
import type {CatalogueFacts, OfferTable} from '../table.js';
import {bits} from '../table/rows.js';
import {pack, unpack} from './container.js';
import {offersSection} from './write.js';

/** How the names of refreshed catalogues end. */
export const ending = '.bin';

/** Writes a backend's refreshed offers, in one piece or not at all. The folder is made where it is missing. */
export async function writeRefreshed(folder: string, backend: string, facts: Iterable<CatalogueFacts>): Promise<void> {
	if (!/^[a-z\d][a-z\d-]*$/.test(backend)) {
		throw new Error(`'${backend}' is no name for a file`);
	}

	const file = pack([await offersSection(backend, facts)]);
	await mkdir(folder, {recursive: true, mode: 0o700});
	await writeFileAtomic(path.join(folder, `${backend}${ending}`), Buffer.from(file), {mode: 0o600});
}

/** Whether a backend's refreshed offers are there and whole, be they the newest or not. */
export async function hasRefreshed(folder: string, backend: string): Promise<boolean> {
	try {
		const parts = unpack(await readFile(path.join(folder, `${backend}${ending}`)));
		for (const part of parts) {
			part.open();
		}

		return parts.some(part => part.kind === 'offers' && part.backend === backend);
	} catch {
		// Missing or damaged: what it refers to is to be fetched anew.
		return false;
	}
}

/** When each file of refreshed offers was written, by backend: another text wherever one was replaced. */
export async function refreshedFiles(folder: string): Promise<Map<string, string>> {
	const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith(ending));
	const found = await Promise.all(
		names.map(async name => {
			// One that goes meanwhile is none.
			const {mtimeMs, size, ino} = await stat(path.join(folder, name)).catch(() => ({mtimeMs: 0, size: 0, ino: 0}));
			return [name.slice(0, -ending.length), `${mtimeMs} ${size} ${ino}`] as const;
		}),
	);
	return new Map(found);
}

/** Facts that have a price, with the one that the catalogue had until now where it was another. */
export function* withPrevious(table: OfferTable, facts: Iterable<OfferFacts>): Generator<CatalogueFacts> {
	const {columns} = table;
	for (const fact of facts) {
		if (fact.price > 0 && Number.isFinite(fact.price)) {
			const row = table.find(fact);
			const flags = row === undefined ? bits.live : (columns.flags[row] ?? 0);
			const old = row === undefined ? fact.price : (columns.price[row] ?? fact.price);
			// What the backend said itself, or what was only estimated, is nothing to compare a price list with.
			const isComparable = (flags & bits.live) === 0 && ((flags & bits.estimated) === 0 || fact.estimated);
			yield isComparable && old !== fact.price ? {...fact, previousPrice: old} : fact;
		}
	}
}
