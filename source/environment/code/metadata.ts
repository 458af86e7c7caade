import {readFileSync} from 'node:fs';
import path from 'node:path';
import {Changed} from './changed.js';
import type {CodeManifest} from './collect.js';
import {withoutPasswords} from './credentials.js';
import {includesOf, withoutCredentials} from './git-config.js';
import {type Item, sourceOf} from './shipment.js';
import {inSlices} from './tree.js';

const baseName = (text: string): string => text.slice(text.lastIndexOf('/') + 1);
const isCredentialFile = ({name}: Item): boolean => baseName(name.toString('latin1')) === '.git-credentials';

/**
Takes the credentials out of what git keeps beside its objects (settings, logs, what was fetched from where), and leaves out the file that it
keeps passwords in. Everything else stays byte for byte. `left` says what was left out, without its value.
*/
export async function withoutSecrets(
	items: readonly Item[],
	kind: CodeManifest['kind'],
	tracked: (name: Buffer) => boolean,
): Promise<{items: Item[]; left: string[]}> {
	const left: string[] = [];
	const kept = items.filter(item => {
		const goes = isCredentialFile(item) && !tracked(item.name);
		if (goes) {
			left.push(item.name.toString('utf8'));
		}

		return !goes;
	});
	const isOwn = ownOfGit(kept, kind);
	const own = kept.filter(item => item.kind === 'file' && isOwn(item.name.toString('latin1')));
	const settings = await findSettings(own);
	const replaced = new Map<Item, Item>();
	await inSlices(own, item => {
		const text = read(item);
		const clean = settings.has(item) ? withoutCredentials(text) : {text: withoutPasswords(text), left: []};
		if (clean.text !== text) {
			const details = clean.left.length > 0 ? ` (${[...new Set(clean.left)].join(', ')})` : '';
			left.push(item.name.toString('utf8') + details);
			replaced.set(item, {...item, content: Buffer.from(clean.text, 'latin1')});
		}
	});
	return {items: kept.map(item => replaced.get(item) ?? item), left};
}

const binary = /(?:^|\/)(?:objects|annex)\/|(?:^|\/)(?:index|sharedindex\.[^/]*)$|\/reftable\//;

/** Whether a name belongs to git's own files, and is text. */
function ownOfGit(items: readonly Item[], kind: CodeManifest['kind']): (name: string) => boolean {
	if (kind === 'bare repository') {
		return name => !binary.test(name);
	}

	// Beside working trees a bare repository may lie under any name.
	const names = new Set(kind === 'folder' ? items.map(({name}) => name.toString('latin1')) : []);
	const stores = [...names]
		.filter(name => baseName(name) === 'HEAD')
		.map(name => name.slice(0, -'HEAD'.length))
		.filter(store => names.has(`${store}config`));
	return name => (/(?:^|\/)\.git\//.test(name) || stores.some(store => name.startsWith(store))) && !binary.test(name);
}

/** The settings among git's own files, and what they include of these. */
async function findSettings(own: readonly Item[]): Promise<ReadonlySet<Item>> {
	const bySource = new Map(own.map(item => [sourceOf(item).toString('latin1'), item]));
	const found = new Set(own.filter(({name}) => /(?:^|\/)config(?:\.worktree)?$/.test(name.toString('latin1'))));
	for (const item of found) {
		const folder = path.dirname(sourceOf(item).toString('latin1'));
		for (const name of includesOf(read(item))) {
			const included = bySource.get(path.resolve(folder, name));
			if (included) {
				// A set goes on over what is added meanwhile.
				found.add(included);
			}
		}
	}

	return found;
}

function read(item: Item): string {
	try {
		return readFileSync(sourceOf(item), 'latin1');
	} catch (error) {
		if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			throw new Changed([item.name.toString('utf8')]);
		}

		throw error;
	}
}
