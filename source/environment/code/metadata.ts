import {readFileSync} from 'node:fs';
import path from 'node:path';
import {FilesChanged} from './changed.js';
import type {CodeManifest} from './collect.js';
import {holdsSecret} from './command-secrets.js';
import {withoutPasswords} from './credentials.js';
import {includesOf, withoutCredentials} from './git-config.js';
import {type Item, sourceOf} from './shipment.js';
import {inSlices} from './tree.js';

const baseName = (text: string): string => text.slice(text.lastIndexOf('/') + 1);

/**
Takes the credentials out of what git keeps beside its objects (settings, logs, what was fetched from where), and leaves out the files that passwords are
kept in, and hooks that hold some. Everything else stays byte for byte. `left` says what was left out, without its value.
*/
export async function withoutSecrets(
	items: readonly Item[],
	kind: CodeManifest['kind'],
	tracked: (name: Buffer) => boolean,
): Promise<{items: Item[]; left: string[]}> {
	const left: string[] = [];
	const partOf = partsOfGit(items, kind);
	const kept = items.filter(item => {
		const name = item.name.toString('latin1');
		const goes = keepsCredentials(partOf(name) ?? '') || (baseName(name) === '.git-credentials' && !tracked(item.name));
		if (goes) {
			left.push(item.name.toString('utf8'));
		}

		return !goes;
	});
	const own = kept.filter(({kind, name}) => {
		const text = name.toString('latin1');
		return kind === 'file' && partOf(text) !== undefined && !binary.test(text);
	});
	const settings = await findSettings(own);
	const replaced = new Map<Item, Item | undefined>();
	await inSlices(own, item => {
		const text = read(item);
		const clean = settings.has(item) ? withoutCredentials(text) : {text: withoutPasswords(text), left: []};
		if (!settings.has(item) && isScript(partOf(item.name.toString('latin1')) ?? '', text) && holdsSecret(clean.text)) {
			// Without a line of it, it would do something else.
			left.push(`${item.name.toString('utf8')} (all of it)`);
			replaced.set(item, undefined);
		} else if (clean.text !== text) {
			const details = clean.left.length > 0 ? ` (${[...new Set(clean.left)].join(', ')})` : '';
			left.push(item.name.toString('utf8') + details);
			replaced.set(item, {...item, content: Buffer.from(clean.text, 'latin1')});
		}
	});
	return {items: kept.flatMap(item => (replaced.has(item) ? (replaced.get(item) ?? []) : [item])), left};
}

/** Of what is in a git folder, the files that passwords are kept in, by git-annex too. */
const keepsCredentials = (part: string): boolean => /^(?:annex\/creds\/.*|[._]?netrc|\.?gitcookies)$/s.test(part);

/** A hook, wherever the settings say that they are; compiled ones are not looked into. */
const isScript = (part: string, text: string): boolean =>
	(text.startsWith('#!') || part.startsWith('hooks/')) && !text.includes('\0');

const binary = /(?:^|\/)(?:objects|annex)\/|(?:^|\/)(?:index|sharedindex\.[^/]*)$|\/reftable\//;

/** Classifies a name by where it lies within a git folder; undefined for what is none of git's own files. */
function partsOfGit(items: readonly Item[], kind: CodeManifest['kind']): (name: string) => string | undefined {
	const names = new Set(items.map(({name}) => name.toString('latin1')));
	// Beside working trees a bare repository may lie under any name; a submodule's is within the other's.
	const isGits = (name: string): boolean => kind === 'bare repository' || /(?:^|\/)\.git\//.test(name);
	const stores = [...names]
		.filter(name => baseName(name) === 'HEAD' && (kind === 'folder' || isGits(name)))
		.map(name => name.slice(0, -'HEAD'.length))
		.filter(store => names.has(`${store}config`))
		.toSorted((a, b) => b.length - a.length);
	return name => {
		const store = kind === 'folder' || isGits(name) ? stores.find(each => name.startsWith(each)) : undefined;
		return store === undefined ? (isGits(name) ? name.replace(/^.*(?:^|\/)\.git\//s, '') : undefined) : name.slice(store.length);
	};
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
			throw new FilesChanged([item.name.toString('utf8')]);
		}

		throw error;
	}
}
