import path from 'node:path';
import type {CodeManifest} from './collect.js';
import {FilesChanged} from './changed.js';
import {stageRepository} from './stage.js';
import {absoluteBytes, addAll, emptyTree, type Entry, inSlices, joinBytes, stampNow} from './tree.js';

/** One thing to bring there. */
export type Item = Entry & {
	/** The folder here that `source` is named in. */
	readonly root: string;
	/** Bytes, relative to `root`. */
	readonly source: Buffer;
	/** What arrives instead of what the file holds. */
	readonly content?: Buffer;
	/** It must not lie there before git has checked out what it can. */
	readonly late?: boolean;
};

/** The history of the outermost repository. */
export type History = {
	/** The git folder here, complete. */
	readonly folder: string;
	/** Its name there: `.git`, or '' for a bare repository. */
	readonly place: string;
	/** Bytes of all objects. */
	readonly bytes: number;
	/** Its objects, and lists of them that only fit them. */
	readonly items: readonly Item[];
};

/** Everything that belongs to the code, with each name as it is there. */
export type Shipment = {
	readonly items: readonly Item[];
	readonly history: History | undefined;
	/** Ends what was built for it. */
	readonly remove: () => Promise<void>;
};

/** Gathers the files of a manifest; builds the repositories that have to be built. Throws `Changed`. */
export async function gatherShipment({root, kind, entries, staged}: CodeManifest): Promise<Shipment> {
	const items: Item[] = entries.map(entry => ({...entry, root, source: entry.name}));
	const removals: Array<() => Promise<void>> = [];
	const remove = async () => void (await Promise.all(removals.map(async each => each())));
	let folder = kind === 'folder' ? undefined : kind === 'bare repository' ? root : path.join(root, '.git');
	try {
		for (const each of staged) {
			const built = await stageRepository(each);
			removals.push(built.remove);
			const target = each.repository.bare ? each.place : joinBytes(each.place, Buffer.from('.git'));
			if (built.changed) {
				throw new FilesChanged([path.posix.join(each.place.toString('utf8'), '.git')]);
			}

			folder = each.place.length === 0 ? built.folder : folder;
			const tree = emptyTree(built.folder);
			await addAll(tree, Buffer.alloc(0));
			for (const entry of tree.entries) {
				items.push({...entry, name: joinBytes(target, entry.name), root: built.folder, source: entry.name});
			}
		}
	} catch (error) {
		await remove();
		throw error;
	}

	return {...divide(items, folder, kind === 'bare repository' ? '' : '.git'), remove};
}

/** An index over several packs fits only these very packs, and so does a list of them. */
const objectName = /^(?:[\da-f]{2}\/|pack\/|info\/packs$)/;

function divide(items: readonly Item[], folder: string | undefined, place: string): Pick<Shipment, 'items' | 'history'> {
	if (folder === undefined) {
		return {items, history: undefined};
	}

	const prefix = place === '' ? 'objects/' : `${place}/objects/`;
	const isObject = ({name, kind}: Item): boolean => {
		const text = name.toString('latin1');
		return kind === 'file' && text.startsWith(prefix) && objectName.test(text.slice(prefix.length));
	};

	// What a link in the place of objects leads to may be another repository's: nothing is read through it, then, to be fetched or made there.
	const hasLinks = items.some(({name, kind}) => kind === 'link' && `${name.toString('latin1')}/`.startsWith(prefix));
	if (hasLinks) {
		return {items, history: undefined};
	}

	const objects = items.filter(isObject);
	const bytes = objects.reduce((sum, {size}) => sum + size, 0);
	return {items: items.filter(each => !isObject(each)), history: {folder, place, bytes, items: objects}};
}

/** Named by its content; git sets its time whenever it only reads the index. */
const sharedIndex = /(?:^|\/)sharedindex\.[\da-f]{40,}$/;

/** What has another stamp now than when it was looked at. */
export async function changedSince(items: readonly Item[]): Promise<string[]> {
	const changed = await inSlices(items, ({root, source, stamp, name}) =>
		stampNow(root, source) === stamp || sharedIndex.test(name.toString('latin1')) ? [] : [name.toString('utf8')],
	);
	return changed.flat();
}

export const sourceOf = ({root, source}: Item): Buffer => absoluteBytes(root, source);

export const isHistory = (name: string): boolean => /(?:^|\/)\.git(?:\/|$)/.test(name);
