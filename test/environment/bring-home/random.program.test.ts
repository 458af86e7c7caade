import {chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {git, hasGit, tryGit, write} from '../support.js';
import {treeOf} from '../trees.js';
import {makeCopy, untouched} from './support.js';

const prefix = 'dstack-tui/fast-moth-1';

/** File names as bytes: odd letters, no text at all, what a shell or git might take for something else. */
const names = [
	'a',
	'b',
	'dir/c',
	'dir/deep/d',
	' space',
	'-dash',
	':colon',
	'"quote"',
	'new\nline',
	'tab\t',
	'back\\slash',
	'*',
	'ü',
].map(name => Buffer.from(name));
names.push(Buffer.from([0x66, 0xff, 0xfe, 0x6f]));

const name = fc.constantFrom(...names);
const content = fc.oneof(
	fc.string(),
	fc.uint8Array({maxLength: 300}).map(bytes => Buffer.from(bytes)),
);
const act = fc.oneof(
	{weight: 6, arbitrary: fc.record({type: fc.constant('write' as const), name, content})},
	{
		weight: 2,
		arbitrary: fc.record({
			type: fc.constantFrom('remove' as const, 'executable' as const, 'link' as const, 'stage' as const),
			name,
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			type: fc.constantFrom(
				'stage all' as const,
				'commit' as const,
				'stash' as const,
				'branch' as const,
				'detach' as const,
				'merge' as const,
			),
		}),
	},
);

type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

function perform(folder: string, step: Act, count: number): void {
	if ('name' in step) {
		const file = Buffer.concat([Buffer.from(`${folder}/`), step.name]);
		const parent = file.subarray(0, file.lastIndexOf(0x2f));
		try {
			mkdirSync(parent, {recursive: true});
			if (step.type === 'write') {
				writeFileSync(file, step.content);
			} else if (step.type === 'remove') {
				rmSync(file, {force: true});
			} else if (step.type === 'executable') {
				chmodSync(file, 0o755);
			} else if (step.type === 'link') {
				rmSync(file, {force: true});
				symlinkSync('nowhere/at all', file);
			} else {
				tryGit(folder, 'add', '--', step.name.toString());
			}
		} catch (error) {
			// A name below what is a file now, one that is not there.
			if (!['ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ERR_FS_EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
				throw error;
			}
		}

		return;
	}

	const commands: Record<typeof step.type, string[]> = {
		'stage all': ['add', '-A'],
		commit: ['commit', '-qam', `commit ${count}`],
		stash: ['stash', '-qu'],
		branch: ['checkout', '-q', '-b', `branch-${count}`],
		detach: ['checkout', '-q', '--detach'],
		merge: ['merge', '-q', 'main'],
	};
	tryGit(folder, ...commands[step.type]);
}

const runs = process.env['LONG'] ? 200 : 12;

describe.skipIf(!hasGit)('any work (needs git)', () => {
	it(
		'comes home whole: the same tree, index, commits and stashes; both sides stay as they are',
		{timeout: 50_000 * runs},
		async () => {
			await fc.assert(
				fc.asyncProperty(fc.array(act, {maxLength: 6}), fc.array(act, {minLength: 1, maxLength: 14}), async (before, after) => {
					const {here, there, home, folder} = await makeCopy(place => {
						git(place, 'init', '-q');
						write(place, 'a');
						git(place, 'add', '.');
						git(place, 'commit', '-qm', 'first');
						before.forEach((step, index) => perform(place, step, index));
					});
					after.forEach((step, index) => perform(there, step, index + 100));
					const [status, tree] = [untouched(here), treeOf(there)];
					const itsStatus = untouched(there);
					const {repositories} = await home();
					expect(untouched(here)).toBe(status);
					expect(untouched(there)).toBe(itsStatus);
					expect(treeOf(there)).toEqual(tree);
					expect((await home()).repositories).toEqual(repositories);

					const stashes = tryGit(there, 'stash', 'list', '--format=%H').split('\n').slice(1);
					for (const commit of [...stashes, ...git(there, 'rev-list', '--all', 'HEAD').split('\n')].filter(Boolean)) {
						expect(tryGit(here, 'cat-file', '-e', commit), commit).toMatch(/^0\n/);
					}

					const {patch, brought = []} = repositories[0] ?? {};
					const uncommitted = brought.find(({of}) => of === 'uncommitted/0')?.name;
					const clone = (commit: string) => {
						const target = path.join(folder, 'clone');
						rmSync(target, {recursive: true, force: true});
						git(folder, 'clone', '-q', '--no-checkout', here, 'clone');
						git(target, 'fetch', '-q', here, 'refs/heads/*:refs/remotes/here/*');
						git(target, 'checkout', '-q', commit);
						return target;
					};

					if (uncommitted) {
						expect(uncommitted).toBe(`${prefix}/uncommitted`);
						expect(treeOf(clone(`here/${uncommitted}`))).toEqual(withoutEmpty(tree));
						const target = clone(git(there, 'rev-parse', 'HEAD').trim());
						expect(tryGit(target, 'stash', 'apply', '-q', `here/${uncommitted}`)).toMatch(/^0\n/);
						expect(treeOf(target)).toEqual(withoutEmpty(tree));
						const index = tryGit(there, 'write-tree');
						if (index.startsWith('0\n')) {
							expect(git(here, 'rev-parse', `${uncommitted}^2^{tree}`)).toBe(index.slice(2));
						}
					} else {
						// Then everything is as it was when it went there, or committed.
						expect(patch).toBeUndefined();
					}

					if (patch) {
						const target = clone(git(there, 'rev-parse', 'HEAD').trim());
						expect(tryGit(target, 'apply', '--3way', patch)).toMatch(/^0\n/);
						expect(treeOf(target)).toEqual(withoutEmpty(tree));
					}

					rmSync(folder, {recursive: true, force: true});
				}),
				{numRuns: runs},
			);
		},
	);
});

/** Git keeps no folders without files. */
const withoutEmpty = (tree: Record<string, string>): Record<string, string> =>
	Object.fromEntries(
		Object.entries(tree).filter(
			([each, kind]) =>
				kind !== 'folder' || Object.entries(tree).some(([other, its]) => its !== 'folder' && other.startsWith(each)),
		),
	);
