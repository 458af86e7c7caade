import {existsSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {git, hasGit, write} from '../support.js';
import {treeOf} from '../trees.js';
import {branches, fill, makeCopy, untouched} from './support.js';

const prefix = 'dstack-tui/fast-moth-1';

describe.skipIf(!hasGit)('bringing work home (needs git)', () => {
	it('nothing where there is none: no branch, no folder', async () => {
		const {home, here, place} = await makeCopy();
		expect(await home()).toEqual({folder: undefined, repositories: []});
		expect(branches(here)).toEqual(['main']);
		expect(existsSync(place)).toBe(false);
	});

	it('commits, a stash and what is not committed come as branches, and nothing else changes; a second time the same', async () => {
		const {home, here, there, place} = await makeCopy();
		git(there, 'checkout', '-q', 'a');
		write(there, 'b', 'stashed');
		git(there, 'stash', '-q');
		git(there, 'checkout', '-qb', 'side');
		write(there, 'c');
		git(there, 'add', 'c');
		git(there, 'commit', '-qm', 'a commit');
		git(there, 'tag', '-am', 'a tag', 'v1');
		write(there, 'b', 'staged');
		git(there, 'add', 'b');
		write(there, 'b', 'edited');
		write(there, 'new/file');
		rmSync(path.join(there, 'a'));
		const before = [untouched(here), untouched(there)];
		const brought = await home();
		expect(brought).toMatchObject({
			folder: place,
			repositories: [{place: '', into: here, bundle: undefined, archive: undefined}],
		});
		const names = ['side', 'stash-0', 'uncommitted', 'v1'].map(name => `${prefix}/${name}`);
		expect(branches(here)).toEqual(['main', ...names].sort());
		expect(git(here, 'log', '-1', '--format=%s', `${prefix}/side`)).toBe('a commit\n');
		expect(git(here, 'cat-file', '-p', `refs/tags/${prefix}/v1`)).toContain('a tag');
		expect(git(here, 'show', `${prefix}/stash-0:b`)).toBe('stashed');
		expect(git(here, 'show', `${prefix}/uncommitted:b`)).toBe('edited');
		expect(git(here, 'show', `${prefix}/uncommitted^2:b`)).toBe('staged');
		expect([untouched(here), untouched(there)]).toEqual(before);
		expect(readdirSync(place)).toEqual(['uncommitted.patch']);
		expect([place, path.join(place, 'uncommitted.patch')].map(file => statSync(file).mode & 0o777)).toEqual([0o700, 0o600]);
		expect(await home()).toEqual(brought);
		expect(branches(here)).toEqual(['main', ...names].sort());
		expect(readdirSync(place)).toEqual(['uncommitted.patch']);

		const applied = path.join(path.dirname(here), 'applied');
		git(path.dirname(here), 'clone', '-q', '-b', `${prefix}/side`, here, applied);
		git(applied, 'apply', path.join(place, 'uncommitted.patch'));
		expect(treeOf(applied)).toEqual(treeOf(there));
	});

	it('a name that is taken gets a number, and what changed since another one', async () => {
		const {home, here, there} = await makeCopy();
		git(here, 'branch', `${prefix}/main`);
		git(there, 'commit', '-qam', 'one');
		await home();
		expect(branches(here)).toEqual([`${prefix}/main`, `${prefix}/main-2`, 'main']);
		git(there, 'commit', '-q', '--allow-empty', '-m', 'two');
		await home();
		expect(branches(here)).toEqual([`${prefix}/main`, `${prefix}/main-2`, `${prefix}/main-3`, 'main']);
		expect(git(here, 'log', '-1', '--format=%s', `${prefix}/main-3`)).toBe('two\n');
	});

	it('a branch called like our folder is in nobody’s way', async () => {
		const {home, here, there} = await makeCopy();
		git(here, 'branch', 'dstack-tui');
		git(there, 'commit', '-qam', 'one');
		await home();
		expect(branches(here)).toEqual(['dstack-tui', 'dstack-tui-2/fast-moth-1/main', 'main']);
	});

	it('conflicts, a detached head and a worktree inside', async () => {
		const {home, here, there} = await makeCopy();
		git(there, 'commit', '-qam', 'ours');
		git(there, 'worktree', 'add', '-q', 'beside', '-b', 'beside', 'HEAD~1');
		write(there, 'beside/a', 'theirs');
		git(path.join(there, 'beside'), 'commit', '-qam', 'theirs');
		write(there, 'beside/b', 'in the worktree');
		git(there, 'checkout', '-q', '--detach');
		git(there, 'commit', '-q', '--allow-empty', '-m', 'detached');
		expect(() => git(there, 'merge', '-q', 'beside')).toThrow();
		const {repositories} = await home();
		expect(repositories[0]?.notes).toEqual([expect.stringContaining('in conflict')]);
		expect(repositories.map(({place, into}) => [place, into])).toEqual([
			['', here],
			['beside', here],
		]);
		expect(git(here, 'show', `${prefix}/uncommitted:a`)).toContain('<<<<<<<');
		expect(git(here, 'show', `${prefix}/uncommitted-2:b`)).toBe('in the worktree');
		expect(git(here, 'log', '-1', '--format=%s', `${prefix}/detached`)).toBe('detached\n');
		expect(git(here, 'log', '-1', '--format=%s', `${prefix}/beside`)).toBe('theirs\n');
	});

	it('a repository without a commit, on both sides', async () => {
		const {home, here, there} = await makeCopy(folder => git(folder, 'init', '-q'));
		write(there, 'a');
		const {repositories} = await home();
		expect(repositories).toMatchObject([{into: here, brought: [{name: `${prefix}/uncommitted`}]}]);
		expect(git(here, 'show', `${prefix}/uncommitted:a`)).toBe('a');
	});

	it('submodules and repositories inside come home each to its own, or as a bundle and a patch', async () => {
		const {home, here, there, place} = await makeCopy(folder => {
			fill(path.join(path.dirname(folder), 'module'));
			fill(folder);
			git(folder, 'submodule', '--quiet', 'add', path.join(path.dirname(folder), 'module'), 'sub');
			git(folder, 'commit', '-qam', 'sub');
		});
		git(path.join(there, 'sub'), 'commit', '-q', '--allow-empty', '-m', 'in sub');
		write(there, 'sub/a', 'edited');
		fill(path.join(there, 'fresh one'));
		write(there, 'fresh one/b', 'edited');
		const {repositories} = await home();
		const [fresh, sub] = [...repositories].sort((a, b) => a.place.localeCompare(b.place));
		expect(sub).toMatchObject({place: 'sub', into: path.join(here, 'sub')});
		expect(branches(path.join(here, 'sub'))).toContain(`${prefix}/uncommitted`);
		expect(fresh).toMatchObject({place: 'fresh one', into: undefined});
		for (const file of [fresh?.bundle, fresh?.patch, fresh?.archive]) {
			expect(file).toMatch(new RegExp(`^${place}/fresh-one-`));
		}

		git(path.dirname(here), 'init', '-q', 'again');
		git(path.join(path.dirname(here), 'again'), 'fetch', '-q', fresh?.bundle ?? '', 'refs/home/*:refs/heads/*');
		expect(git(path.join(path.dirname(here), 'again'), 'show', 'uncommitted/0:b')).toBe('edited');
	});

	it.each([
		['gone', (here: string) => rmSync(here, {recursive: true})],
		['no repository any more', (here: string) => rmSync(path.join(here, '.git'), {recursive: true})],
		[
			'another repository',
			(here: string) => {
				rmSync(here, {recursive: true});
				fill(here);
				git(here, 'commit', '-q', '--amend', '-m', 'another');
			},
		],
	])('the folder here is %s: bundle, patch and changed files come into the place', async (_name, change) => {
		const {home, here, there, place, folder} = await makeCopy();
		git(there, 'commit', '-qam', 'mine');
		write(there, 'dir/new', 'new');
		rmSync(path.join(there, 'b'));
		change(here);
		const brought = await home();
		expect(brought.repositories).toMatchObject([
			{into: undefined, brought: [], patch: `${place}/uncommitted.patch`, archive: `${place}/files.tar.gz`},
		]);
		expect(await home()).toEqual(brought);
		expect(readdirSync(place)).toHaveLength(3);
		const again = path.join(folder, 'again');
		git(folder, 'init', '-q', 'again');
		git(again, 'fetch', '-q', brought.repositories[0]?.bundle ?? '', 'refs/home/*:refs/heads/*');
		git(again, 'checkout', '-q', 'uncommitted/0');
		expect(treeOf(again)).toEqual(treeOf(there));
	});

	it('a plain folder: a patch that applies there, and the changed files', async () => {
		const {home, here, there, place} = await makeCopy(folder => {
			write(folder, 'a');
			write(folder, 'b/c');
			write(folder, '.gitattributes', '* export-ignore\n');
		});
		write(there, 'b/c', 'edited\n');
		write(there, 'b/\u00e4 "quoted"\n\tname');
		rmSync(path.join(there, 'a'));
		await home();
		expect(readdirSync(place)).toEqual(['files.tar.gz', 'uncommitted.patch']);
		git(here, 'apply', `${place}/uncommitted.patch`);
		expect(treeOf(here)).toEqual(treeOf(there));
	});

	it('what is too big is refused with words, and nothing is left', async () => {
		const {home, here, there, place} = await makeCopy();
		write(there, 'big', Array.from({length: 20_000}, () => Math.random()).join());
		await expect(home({limit: 50_000})).rejects.toMatchObject({message: expect.stringMatching(/is 1\d+\.?\dKB?.*more than/i)});
		expect(existsSync(place)).toBe(false);
		expect(branches(here)).toEqual(['main']);
		expect(readFileSync(path.join(there, 'big'), 'utf8').length).toBeGreaterThan(50_000);
	});
});
