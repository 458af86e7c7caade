import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {git, gitOutput, joinZero, splitZero} from './git.js';
import {gitFolder, type GitLocation} from './git-location.js';
import type {History, Item} from './shipment.js';
import {sourceOf} from './shipment.js';
import {inSlices} from './tree.js';

/** Files that git makes there from history, and the options that it needs for that. */
export type Checkout = {
	readonly items: ReadonlySet<Item>;
	readonly bytes: number;
	/** For `git update-index -z --index-info`. */
	readonly index: Buffer;
	/** Names there by rights that differ from those that git gives, each ended by a zero. */
	readonly modes: ReadonlyMap<number, Buffer>;
	/** All of them, the same way. */
	readonly names: Buffer;
};

type Tracked = {readonly mode: string; readonly id: string};

/** What the index says of files, by Latin-1 names. */
export async function trackedFiles(place: GitLocation): Promise<ReadonlyMap<string, Tracked>> {
	const tracked = new Map<string, Tracked>();
	for (const line of splitZero(await gitOutput(place, ['ls-files', '-z', '--stage', '--full-name', ':/']))) {
		const tab = line.indexOf(0x09);
		const [mode = '', id = '', stage] = line.subarray(0, tab).toString('latin1').split(' ');
		if (stage === '0' && mode.startsWith('100')) {
			tracked.set(line.subarray(tab + 1).toString('latin1'), {mode, id});
		}
	}

	return tracked;
}

/**
Finds the files that are byte for byte what history holds of them: then whether git thinks them changed, and what filters it would put them
through, does not matter. None in a repository whose names are SHA-256.
*/
export async function findCheckout(place: GitLocation, {folder}: History, items: readonly Item[]): Promise<Checkout> {
	const tracked = await trackedFiles(place);
	const same = await inSlices(items, item => {
		const entry = tracked.get(item.name.toString('latin1'));
		return entry && item.kind === 'file' && item.size > 0 && !item.content && blobId(item) === entry.id
			? {item, ...entry}
			: undefined;
	});
	const candidates = same.filter(each => each !== undefined);
	const held = await heldBlobs(
		folder,
		candidates.map(({id}) => id),
	);
	const chosen = candidates.filter(({id}) => held.has(id));
	const zero = Buffer.from([0]);
	const modes = new Map<number, Buffer[]>();
	for (const {item, mode} of chosen) {
		if (item.mode !== (mode === '100755' ? 0o755 : 0o644)) {
			modes.set(item.mode, [...(modes.get(item.mode) ?? []), there(item)]);
		}
	}

	return {
		items: new Set(chosen.map(({item}) => item)),
		bytes: chosen.reduce((sum, {item}) => sum + item.size, 0),
		index: Buffer.concat(chosen.flatMap(({item, mode, id}) => [Buffer.from(`${mode} ${id}\t`), item.name, zero])),
		modes: new Map([...modes].map(([mode, names]) => [mode, joinZero(names)])),
		names: joinZero(chosen.map(({item}) => there(item))),
	};
}

const there = ({name}: Item): Buffer => Buffer.concat([Buffer.from('tree/'), name]);

function blobId(item: Item): string | undefined {
	try {
		const content = readFileSync(sourceOf(item));
		return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
	} catch {
		// Gone meanwhile: the sender reports that.
		return undefined;
	}
}

/** An index may name what was never written down, as of a file that is only meant to be added. */
async function heldBlobs(folder: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
	const input = Buffer.from(ids.map(id => `${id}\n`).join(''));
	const asked = ['-c', 'core.packedGitLimit=256m', 'cat-file', '--batch-check=%(objectname) %(objecttype)'];
	const {stdout} = await git(gitFolder(folder), asked, {input});
	return new Set(
		stdout
			.toString('latin1')
			.split('\n')
			.flatMap(line => /^([\da-f]+) blob$/.exec(line)?.[1] ?? []),
	);
}

/**
Lets git write the files there, into a tree without attributes and with no settings but ours, so that no filter touches them. Is in the incoming
folder.
*/
export const checkoutScript = ({
	place,
}: History): string => `GIT_OBJECT_DIRECTORY=$PWD/tree/${place === '' ? '' : `${place}/`}objects
GIT_INDEX_FILE=$PWD/checkout.index GIT_ATTR_NOSYSTEM=1 GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$PWD XDG_CONFIG_HOME=$PWD
export GIT_OBJECT_DIRECTORY GIT_INDEX_FILE GIT_ATTR_NOSYSTEM GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL HOME XDG_CONFIG_HOME
[ -d scratch ] || git init -q --bare --template= scratch || exit 1
g() { git --git-dir=scratch --work-tree=tree -c core.bare=false -c core.autocrlf=false -c core.eol=lf -c core.attributesFile=/dev/null -c core.protectNTFS=false -c core.protectHFS=false -c core.fsmonitor=false -c checkout.workers=0 "$@"; }
rm -f checkout.index checkout.index.lock
g update-index -z --index-info < checkout && g checkout-index -a -f -q || exit 1
for f in modes/*; do [ ! -f "$f" ] || xargs -0 chmod "\${f##*/}" < "$f" || exit 1; done
unset GIT_OBJECT_DIRECTORY GIT_INDEX_FILE`;
