import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {bringHome} from '../../../source/environment/bring-home/bring-home.js';
import {takeBaseline} from '../../../source/environment/work.js';
import {git, hasGit, hasTar, localLink, makePlaces, write} from '../support.js';
import {treeOf} from '../trees.js';
import {branches, fill, makeCopy, untouched} from './support.js';

const prefix = 'dstack-tui/fast-moth-1';

describe.skipIf(!hasGit)('repositories of every kind come home (needs git)', () => {
	it('a shallow clone on both sides', async () => {
		const {home, here, there} = await makeCopy(folder => {
			const origin = path.join(path.dirname(folder), 'origin');
			fill(origin);
			git(origin, 'commit', '-qam', 'second');
			rmSync(folder, {recursive: true});
			git(path.dirname(folder), 'clone', '-q', '--depth', '1', `file://${origin}`, 'here');
		});
		git(there, 'commit', '-q', '--allow-empty', '-m', 'mine');
		write(there, 'b', 'edited');
		const before = untouched(here);
		expect(await home()).toMatchObject({repositories: [{into: here, notes: []}]});
		expect(untouched(here)).toBe(before);
		expect(git(here, 'show', `${prefix}/uncommitted:b`)).toBe('edited');
		expect(git(here, 'rev-parse', '--is-shallow-repository')).toBe('true\n');
	});

	it('one with longer checksums', async () => {
		const {home, here, there} = await makeCopy(folder => {
			git(folder, 'init', '-q', '--object-format=sha256');
			write(folder, 'a');
			git(folder, 'add', '.');
			git(folder, 'commit', '-qm', 'first');
		});
		write(there, 'a', 'edited');
		expect(await home()).toMatchObject({repositories: [{into: here, notes: []}]});
		expect(git(here, 'show', `${prefix}/uncommitted:a`)).toBe('edited');
	});

	it('a bare one, and a linked working tree here', async () => {
		const {folder, context, link} = await makePlaces({run: 'fast-moth-1'});
		const main = path.join(folder, 'main');
		fill(main);
		rmSync(context.workspace, {recursive: true});
		git(folder, 'clone', '-q', main, context.workspace);
		git(main, 'worktree', 'add', '-q', path.join(folder, 'linked'), '-b', 'linked');
		await takeBaseline(link, context);
		git(context.workspace, 'commit', '-q', '--allow-empty', '-m', 'mine');
		const source = path.join(folder, 'linked');
		const brought = await bringHome(link, context, {source, place: path.join(folder, 'brought')});
		expect(brought.repositories).toMatchObject([{into: source}]);
		expect(branches(main)).toContain(`${prefix}/main`);
		expect(existsSync(path.join(folder, 'brought'))).toBe(false);

		const bare = await makePlaces({run: 'fast-moth-1'});
		git(bare.here, 'init', '-q', '--bare', '.');
		git(main, 'push', '-q', bare.here, 'main');
		cpSync(bare.here, bare.context.workspace, {recursive: true});
		await takeBaseline(bare.link, bare.context);
		git(main, 'commit', '-qam', 'pushed there');
		git(main, 'push', '-q', bare.context.workspace, 'main');
		await bringHome(bare.link, bare.context, {source: bare.here, place: path.join(bare.folder, 'brought')});
		expect(git(bare.here, 'log', '-1', '--format=%s', `${prefix}/main`)).toBe('pushed there\n');
	});

	it('from a folder inside the repository, chosen by a link', async () => {
		const {folder, context, here, link} = await makePlaces({run: 'fast-moth-1', subfolder: 'services/app'});
		fill(here);
		write(here, 'services/app/x');
		cpSync(here, context.workspace, {recursive: true});
		await takeBaseline(link, context);
		symlinkSync(path.join(here, 'services/app'), path.join(folder, 'chosen'));
		write(context.workspace, 'b', 'edited');
		const brought = await bringHome(link, context, {source: path.join(folder, 'chosen'), place: path.join(folder, 'brought')});
		expect(brought.repositories).toMatchObject([{into: here}]);
		expect(git(here, 'show', `${prefix}/uncommitted:b`)).toBe('edited');
	});

	it('what was there before and was only committed or pushed there is no work', async () => {
		const {home, here, there, folder} = await makeCopy();
		git(folder, 'init', '-q', '--bare', 'origin.git');
		git(there, 'commit', '-qam', 'pushed');
		git(there, 'remote', 'add', 'origin', path.join(folder, 'origin.git'));
		git(there, 'push', '-q', 'origin', 'main');
		expect(await home()).toEqual({folder: undefined, repositories: []});
		expect(branches(here)).toEqual(['main']);
		git(there, 'config', 'remote.origin.url', '.');
		await home();
		expect(branches(here)).toEqual([`${prefix}/main`, 'main']);
	});

	it('the history there was removed: all files come as an archive', async () => {
		const {home, there, place} = await makeCopy();
		rmSync(path.join(there, '.git'), {recursive: true});
		const {repositories} = await home();
		expect(repositories).toMatchObject([
			{into: undefined, archive: `${place}/files.tar.gz`, notes: [expect.stringContaining('history')]},
		]);
	});

	it('a folder that became a repository there: its commits as a bundle, what changed as a patch', async () => {
		const {home, here, there, folder} = await makeCopy(place => write(place, 'a', 'a\n'));
		write(there, 'a', 'changed\n');
		git(there, 'init', '-q');
		git(there, 'add', '.');
		git(there, 'commit', '-qm', 'now');
		const {repositories} = await home();
		git(folder, 'clone', '-q', '-n', repositories[0]?.bundle ?? '', 'again');
		git(here, 'apply', repositories[0]?.patch ?? '');
		expect(treeOf(here)).toEqual(treeOf(there));
	});

	it('content that Git LFS keeps comes along, and only what is what it says', async () => {
		const content = 'a big model\n'.repeat(1000);
		const oid = createHash('sha256').update(content).digest('hex');
		const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
		const object = `.git/lfs/objects/${oid.slice(0, 2)}/${oid.slice(2, 4)}/${oid}`;
		const {home, here, there} = await makeCopy();
		write(there, 'model', pointer);
		git(there, 'add', '.');
		git(there, 'commit', '-qm', 'model');
		write(there, object, content);
		write(there, '.git/lfs/objects/aa/bb/unused', 'not asked for');
		const {repositories} = await home();
		expect(repositories[0]?.notes).toEqual([`1 file of Git LFS → ${here}/.git/lfs`]);
		expect(readFileSync(path.join(here, object), 'utf8')).toBe(content);
		rmSync(path.join(here, '.git/lfs'), {recursive: true});
		git(there, 'commit', '-q', '--allow-empty', '-m', 'another');
		write(there, 'model-2', pointer.replace('size', 'Size'));
		git(there, 'add', '.');
		git(there, 'commit', '-qm', 'again');
		write(there, object, 'something else');
		await expect(home()).rejects.toThrow('not what its name says');
		expect(readdirSync(path.join(here, path.dirname(object)))).toEqual([]);
	});

	it('files of Git LFS that are not committed come with their content', async () => {
		const {home, here, there} = await makeCopy(folder => {
			fill(folder);
			write(folder, '.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
			git(folder, 'add', '.');
			git(folder, 'commit', '-qm', 'attributes');
		});
		git(there, 'config', 'filter.lfs.clean', 'echo pointer; cat > /dev/null');
		git(there, 'config', 'filter.lfs.required', 'true');
		write(there, 'big.bin', 'the content');
		await home();
		expect(git(here, 'show', `${prefix}/uncommitted:big.bin`)).toBe('the content');
	});

	it('files whose filter cannot run come as they are, and those beside them', async () => {
		const {home, here, there} = await makeCopy(folder => {
			fill(folder);
			write(folder, '.gitattributes', '*.ipynb filter=strip\n');
			write(folder, 'one.ipynb');
			git(folder, 'add', '.');
			git(folder, 'commit', '-qm', 'attributes');
			git(folder, 'config', 'filter.strip.clean', '/opt/missing/strip');
			git(folder, 'config', 'filter.strip.required', 'true');
		});
		write(there, 'one.ipynb', 'code and output');
		write(there, 'two.ipynb');
		write(there, 'b', 'edited');
		await home();
		const shown = ['one.ipynb', 'two.ipynb', 'b'].map(name => git(here, 'show', `${prefix}/uncommitted:${name}`));
		expect(shown).toEqual(['code and output', 'two.ipynb', 'edited']);
	});

	it('an edit of the same size in the second in which git wrote its index', async () => {
		const {home, here, there} = await makeCopy();
		git(there, 'commit', '-qam', 'mine');
		write(there, 'b', 'x');
		execFileSync('sleep', ['1.1']);
		await home();
		expect(git(here, 'show', `${prefix}/uncommitted:b`)).toBe('x');
	});

	it('files that the index hides come as well, and what a sparse checkout has not is not deleted', async () => {
		const {home, here, there} = await makeCopy(folder => {
			fill(folder);
			write(folder, 'in/x');
			write(folder, 'out/y');
			write(folder, 'out/z');
			git(folder, 'add', '.');
			git(folder, 'commit', '-qm', 'folders');
			git(folder, 'sparse-checkout', 'set', '--cone', 'in');
			git(folder, 'update-index', '--assume-unchanged', 'b');
		});
		write(there, 'b', 'edited');
		write(there, 'out/y', 'edited');
		write(there, 'out/new');
		const before = [untouched(here), untouched(there)];
		await home();
		expect([untouched(here), untouched(there)]).toEqual(before);
		const shown = ['b', 'out/y', 'out/new', 'out/z'].map(name => git(here, 'show', `${prefix}/uncommitted:${name}`));
		expect(shown).toEqual(['edited', 'edited', 'out/new', 'out/z']);
	});

	it('working trees that are ignored or outside, and repositories that are ignored', async () => {
		const {home, here, there, place} = await makeCopy();
		fill(path.join(there, 'build/own'));
		for (const tree of ['build/w', '../out']) {
			git(there, 'worktree', 'add', '-q', tree, '-b', path.basename(tree));
			write(there, `${tree}/b`, `in ${tree}`);
		}

		git(there, 'worktree', 'add', '-q', 'build/idle', '-b', 'idle');
		const {repositories} = await home();
		const texts = ['uncommitted', 'uncommitted-2'].map(name => git(here, 'show', `${prefix}/${name}:b`));
		expect(texts).toEqual(['in build/w', 'in ../out']);
		const own = repositories.find(({into}) => into === undefined);
		expect(own).toMatchObject({place: 'build/own', notes: []});
		expect(own?.bundle?.startsWith(place)).toBe(true);
		const outside = repositories.find(each => each.place.startsWith('/'));
		expect(outside).toMatchObject({place: path.join(path.dirname(there), 'out'), into: here});
		expect((await home()).repositories).toEqual(repositories);
	});

	it('a commit that was left on no branch, but not each that is in another', async () => {
		const {home, here, there} = await makeCopy();
		git(there, 'checkout', '-q', '--detach');
		git(there, 'commit', '-qam', 'on no branch');
		git(there, 'checkout', '-q', 'main');
		for (const name of ['one', 'two']) {
			git(there, 'commit', '-q', '--allow-empty', '-m', name);
		}

		git(there, 'checkout', '-q', 'HEAD^');
		git(there, 'checkout', '-q', 'main');
		await home();
		expect(branches(here)).toEqual([`${prefix}/left-0`, `${prefix}/main`, 'main']);
		expect(git(here, 'log', '-1', '--format=%s', `${prefix}/left-0`)).toBe('on no branch\n');
	});

	it('large files come when they were changed, and stay there when they were not', async () => {
		const large = (name: string) => (folder: string) => (write(folder, name), truncateSync(path.join(folder, name), 70e6));
		const {home, here, there} = await makeCopy(folder => (fill(folder), large('old.bin')(folder)));
		expect((await home()).repositories).toEqual([]);
		large('new.bin')(there);
		const {repositories} = await home();
		expect(repositories[0]?.notes).toEqual(['large files that were there from the start stay there: 1']);
		const names = git(here, 'ls-tree', '-l', `${prefix}/uncommitted`);
		expect(names).toMatch(/ 70000000\tnew\.bin/);
		expect(names).not.toContain('old.bin');
	});

	it('what git cannot read is said, and nothing is called brought', async () => {
		const {home, here, there} = await makeCopy(folder => {
			fill(folder);
			write(folder, '.gitattributes', '*.wide working-tree-encoding=UTF-16\n');
			write(folder, 'bad.wide', 'odd');
		});
		write(there, 'b', 'edited');
		await expect(home()).rejects.toThrow(/cannot be read: fatal: .*bad\.wide/);
		expect(branches(here)).toEqual(['main']);
	});
});

describe.skipIf(!hasTar)('where there is no git (needs tar)', () => {
	const tools = 'sh cat cp mv rm mkdir touch sed sort uniq tr cut cksum find ls grep head wc tar date';

	it('changed files come as an archive; with names that no list can carry, all of them', async () => {
		const {folder, home: account, context, here, link: usual} = await makePlaces({run: 'fast-moth-1'});
		const bin = path.join(folder, 'tools');
		mkdirSync(bin);
		await usual.exec(`cd '${bin}' && for tool in ${tools}; do ln -s "$(command -v $tool)" .; done`);
		const link = localLink(account, {PATH: bin});
		write(context.workspace, 'a b');
		write(context.workspace, 'same');
		await takeBaseline(link, context);
		const options = {source: here, place: path.join(folder, 'brought')};
		expect((await bringHome(link, context, options)).repositories).toEqual([]);
		write(context.workspace, 'a b', 'edited');
		write(context.workspace, '-new');
		symlinkSync('a b', path.join(context.workspace, 'link'));
		const unpack = async (name: string) => {
			const {repositories} = await bringHome(link, context, options);
			const target = path.join(folder, name);
			mkdirSync(target);
			expect((await usual.exec(`tar -xzf '${repositories[0]?.archive}' -C '${target}'`)).code).toBe(0);
			return treeOf(target);
		};

		const whole = treeOf(context.workspace);
		const {same: _same, ...changed} = whole;
		expect(await unpack('changed')).toEqual(changed);
		renameSync(path.join(context.workspace, '-new'), path.join(context.workspace, 'new\nline'));
		expect(await unpack('all')).toEqual(treeOf(context.workspace));
	});
});
