import {mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {copyCode} from '../../source/environment/code/upload.js';
import {temporaryFolder} from '../support/folders.js';
import {mortalLink} from './mortal-link.js';
import {git, hasGit, hasTar, localLink, makePlaces, tryGit} from './support.js';
import {historyOf, treeOf} from './trees.js';

const part = fc
	.oneof(
		fc.string({minLength: 1, maxLength: 12, unit: 'binary'}),
		fc.string({minLength: 1, maxLength: 8}),
		fc.constantFrom('a', 'b', '-x', '...', '~', '\\', 'a\nb', '{}', '$(x)'),
	)
	.map(text => text.replace(/[/\0]/g, '_'))
	.filter(text => !/\p{Surrogate}/u.test(text) && !/^\.{1,2}$/.test(text) && !/^\.git/i.test(text));

type Planted = {
	parts: string[];
	kind: 'file' | 'link' | 'folder';
	content: Uint8Array;
	mode: number;
	tracked: boolean;
	changed: boolean;
};

const planted: fc.Arbitrary<Planted> = fc.record({
	parts: fc.array(part, {minLength: 1, maxLength: 4}),
	kind: fc.constantFrom('file', 'file', 'link', 'folder'),
	content: fc.uint8Array({maxLength: 64}),
	mode: fc.constantFrom(0o644, 0o755, 0o600),
	tracked: fc.boolean(),
	changed: fc.boolean(),
});

/** What people do between two commits; what does not fit the moment fails, and that is a state as well. */
const act = fc.constantFrom(
	...['commit -qam more', 'commit -q --allow-empty -m empty', 'stash -u', 'stash pop', 'checkout -qb other', 'checkout -q main'],
	...[
		'merge -q other',
		'rebase -q main other',
		'reset -q --hard HEAD~1',
		'rm -rq --cached .',
		'add -A',
		'add -N .',
		'gc -q',
		'pack-refs --all',
	],
	...['tag -am tagged v1', 'config core.autocrlf true', 'update-index --split-index', 'clean -fdq'],
);

/** Writes what can be written; returns whether it was: names may be in each other's way. */
function plant(folder: string, {parts, kind, content, mode}: Planted): boolean {
	const file = path.join(folder, ...parts);
	try {
		mkdirSync(path.dirname(file), {recursive: true});
		if (kind === 'file') {
			writeFileSync(file, content, {mode, flag: 'wx'});
		} else if (kind === 'link') {
			symlinkSync(parts[0] ?? '', file);
		} else {
			mkdirSync(file);
		}

		return true;
	} catch {
		return false;
	}
}

describe.skipIf(!hasGit || !hasTar)('any tree (needs git and tar)', () => {
	it.each([true, false])(
		'arrives as it stands, though the link dies, as a repository: %s',
		async repository => {
			const {home, context} = await makePlaces();
			const root = await temporaryFolder();
			let count = 0;
			const same = async (all: Planted[], acts: string[], cuts: number[], checkout: boolean) => {
				const here = path.join(root, String(count++));
				mkdirSync(here);
				if (repository) {
					git(here, 'init', '-q');
				}

				const written = all.filter(each => plant(here, each));
				for (const {parts, kind, tracked, changed} of repository ? written : []) {
					if (kind !== 'folder' && tracked) {
						git(here, '--literal-pathspecs', 'add', '--', path.join(...parts));
					}

					if (kind === 'file' && changed) {
						writeFileSync(path.join(here, ...parts), 'changed');
					}
				}

				for (const act of repository ? acts : []) {
					tryGit(here, ...act.split(' '));
				}

				const before = [treeOf(here), repository ? historyOf(here) : undefined];
				const each = {...context, intentId: `${context.intentId}-${count}`};
				for (const bytes of cuts) {
					const {link} = mortalLink(home, {bytes});
					await copyCode(link, here, each, () => undefined, undefined, {checkout}).catch((error: unknown) => {
						expect(String(error)).toMatch(/connection was lost/);
					});
				}

				await copyCode(localLink(home), here, each, () => undefined, undefined, {checkout});
				expect([treeOf(context.workspace), repository ? historyOf(context.workspace) : undefined]).toEqual(before);
				rmSync(here, {recursive: true});
			};
			const cuts = fc.array(fc.integer({min: 0, max: 60_000}), {maxLength: 2});
			const states = fc.asyncProperty(
				fc.array(planted, {maxLength: 12}),
				fc.array(act, {maxLength: 5}),
				cuts,
				fc.boolean(),
				same,
			);
			await fc.assert(states, {numRuns: 25});
		},
		300_000,
	);
});
