import {execFileSync} from 'node:child_process';
import {appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {collectCode} from '../../source/environment/code/collect.js';
import {uploadCode} from '../../source/environment/code/upload.js';
import {Problem} from '../../source/system/problem.js';
import type {Link} from '../../source/system/link.js';
import {git, hasGit, hasTar, makePlaces, tryGit, write} from './support.js';
import {historyOf, treeOf} from './trees.js';

/** A repository with two commits, a change, a staged change and files that git does not know. */
function makeRepository(folder: string) {
	mkdirSync(folder, {recursive: true});
	git(folder, 'init', '-q');
	write(folder, '.gitignore', 'ignored*\nbuild/\n');
	write(folder, 'a.txt');
	write(folder, 'src/b.txt');
	write(folder, 'staged.txt');
	git(folder, 'add', '.');
	git(folder, 'commit', '-qm', 'first');
	write(folder, 'a.txt', 'second');
	git(folder, 'commit', '-qam', 'second');
	write(folder, 'src/b.txt', 'changed');
	write(folder, 'staged.txt', 'staged');
	git(folder, 'add', 'staged.txt');
	write(folder, 'new/untracked.txt');
	write(folder, 'ignored.bin');
	write(folder, 'build/out.o');
}

const ignored = (name: string) => /(?:^|\/)(?:ignored\.bin|build)$/.test(name);

const borrowed = (objects: string) =>
	`its history borrows from ${objects}, outside of the code: the objects there come along, and nothing else`;

type Places = Awaited<ReturnType<typeof makePlaces>>;

async function copy({here, link, context}: Places, start = here, trusted = false) {
	const manifest = await collectCode(start, {trusted});
	await uploadCode(link, manifest, context, () => undefined);
	return manifest;
}

/** Each makes the folder `here` and returns where a person starts, and the folder whose code that is where it is another. */
const cases: Record<
	string,
	(
		here: string,
		folder: string,
	) => {start?: string; trusted?: boolean; notes?: readonly string[]; skip?: (name: string) => boolean} | void
> = {
	'a repository with changes': here => makeRepository(here),
	'a repository without a commit'(here) {
		git(here, 'init', '-q');
		write(here, 'a');
		write(here, 'b');
		git(here, 'add', 'a');
	},
	'an empty repository': here => void git(here, 'init', '-q'),
	'stashes, branches, tags, a detached head'(here) {
		makeRepository(here);
		git(here, 'stash');
		write(here, 'a.txt', 'third');
		git(here, 'stash');
		git(here, 'branch', 'other', 'HEAD~1');
		git(here, 'tag', '-am', 'tagged', 'v1');
		git(here, 'checkout', '-q', 'HEAD~1');
		git(here, 'pack-refs', '--all');
		git(here, 'gc', '-q');
	},
	'a merge in conflict'(here) {
		makeRepository(here);
		git(here, 'stash');
		git(here, 'checkout', '-qb', 'other', 'HEAD~1');
		write(here, 'a.txt', 'otherwise');
		git(here, 'commit', '-qam', 'other');
		tryGit(here, 'merge', 'main');
	},
	'a rebase that stopped'(here) {
		makeRepository(here);
		git(here, 'stash');
		git(here, 'checkout', '-qb', 'other', 'HEAD~1');
		write(here, 'a.txt', 'otherwise');
		git(here, 'commit', '-qam', 'other');
		tryGit(here, 'rebase', 'main');
	},
	'a deleted file, and a folder that became a link'(here) {
		makeRepository(here);
		rmSync(path.join(here, 'a.txt'));
		rmSync(path.join(here, 'src'), {recursive: true});
		mkdirSync(path.join(here, 'elsewhere'));
		write(here, 'elsewhere/b.txt', 'not the same');
		symlinkSync('elsewhere', path.join(here, 'src'));
	},
	'a tracked file that is ignored, and one that is a folder now'(here) {
		makeRepository(here);
		write(here, 'ignored.txt');
		git(here, 'add', '-f', 'ignored.txt');
		git(here, 'commit', '-qm', 'forced');
		rmSync(path.join(here, 'a.txt'));
		write(here, 'a.txt/inside');
	},
	'links, rights, empty files, empty folders'(here) {
		makeRepository(here);
		write(here, 'empty', '');
		write(here, 'script.sh');
		chmodSync(path.join(here, 'script.sh'), 0o755);
		write(here, 'private');
		chmodSync(path.join(here, 'private'), 0o600);
		symlinkSync('a.txt', path.join(here, 'link'));
		symlinkSync('/nowhere/at/all', path.join(here, 'broken'));
		symlinkSync('src', path.join(here, 'folder-link'));
		mkdirSync(path.join(here, 'hollow/deep'), {recursive: true});
		git(here, 'add', 'script.sh', 'link', 'broken');
	},
	'names that are no usual names'(here) {
		makeRepository(here);
		const names = [
			'with space',
			'new\nline',
			'ümläut/日本',
			'-rf',
			'--help',
			'-',
			'@file',
			'back\\slash\\n',
			'quo\'te"',
			'*',
			'#hash',
			'\u0001',
			'tab\there',
		];
		for (const name of names) {
			write(here, name);
		}

		writeFileSync(Buffer.concat([Buffer.from(`${here}/bad-`), Buffer.from([0xff, 0xfe])]), 'no UTF-8');
		git(here, 'add', '--', 'new\nline', '-rf');
	},
	'a subfolder of a repository'(here) {
		makeRepository(here);
		return {start: path.join(here, 'src')};
	},
	'a shallow repository'(here, folder) {
		const origin = path.join(folder, 'origin');
		makeRepository(origin);
		rmSync(here, {recursive: true});
		git(folder, 'clone', '-q', '--depth', '1', `file://${origin}`, here);
		write(here, 'a.txt', 'local');
	},
	'a partial clone'(here, folder) {
		const origin = path.join(folder, 'origin');
		makeRepository(origin);
		git(origin, 'config', 'uploadpack.allowFilter', 'true');
		rmSync(here, {recursive: true});
		git(folder, 'clone', '-q', '--filter=blob:none', `file://${origin}`, here);
	},
	'a sparse checkout'(here) {
		makeRepository(here);
		git(here, 'stash');
		git(here, 'sparse-checkout', 'set', 'src');
	},
	'borrowed objects'(here, folder) {
		const origin = path.join(folder, 'origin');
		makeRepository(origin);
		git(origin, 'gc', '-q');
		rmSync(here, {recursive: true});
		git(folder, 'clone', '-q', '--shared', origin, here);
		write(here, 'a.txt', 'local');
		git(here, 'commit', '-qam', 'local');
		git(here, 'gc', '-q');
		return {notes: [borrowed(path.join(origin, '.git/objects'))]};
	},
	'a repository beside its working tree'(here, folder) {
		git(here, 'init', '-q', `--separate-git-dir=${path.join(folder, 'aside')}`);
		write(here, 'a');
		git(here, 'add', '.');
		git(here, 'commit', '-qm', 'one');
		write(here, 'b');
		return {trusted: true};
	},
	'.git as a link'(here, folder) {
		makeRepository(here);
		execFileSync('mv', [path.join(here, '.git'), path.join(folder, 'moved')]);
		symlinkSync('../moved', path.join(here, '.git'));
		return {trusted: true};
	},
	'a linked working tree'(here, folder) {
		const main = path.join(folder, 'main');
		makeRepository(main);
		git(main, 'stash');
		rmSync(here, {recursive: true});
		git(main, 'worktree', 'add', '-q', '-b', 'feature', here);
		write(here, 'a.txt', 'feature');
		git(here, 'commit', '-qam', 'feature');
		write(here, 'a.txt', 'more');
		git(here, 'add', 'a.txt');
		write(here, 'loose');
		tryGit(here, 'stash', 'apply');
	},
	'a linked working tree in a merge, with settings of its own, of a bare repository'(here, folder) {
		const origin = path.join(folder, 'origin');
		makeRepository(origin);
		git(folder, 'clone', '-q', '--bare', origin, 'store');
		const store = path.join(folder, 'store');
		rmSync(here, {recursive: true});
		git(store, 'worktree', 'add', '-q', '-b', 'feature', here, 'main~1');
		git(here, 'sparse-checkout', 'set', '--no-cone', '/*', '!staged.txt');
		write(here, 'a.txt', 'otherwise');
		git(here, 'commit', '-qam', 'feature');
		tryGit(here, 'merge', 'main');
	},
	'submodules: absorbed, nested, changed, never checked out, old-style'(here, folder) {
		const [inner, middle] = [path.join(folder, 'inner'), path.join(folder, 'middle')];
		makeRepository(inner);
		git(inner, 'commit', '-qam', 'clean');
		makeRepository(middle);
		git(middle, 'submodule', '--quiet', 'add', inner, 'deep/inner');
		git(middle, 'commit', '-qam', 'with inner');
		makeRepository(here);
		git(here, 'submodule', '--quiet', 'add', middle, 'lib/middle');
		git(here, 'submodule', '--quiet', 'add', inner, 'unused');
		git(here, 'submodule', '--quiet', 'update', '--init', '--recursive');
		git(here, 'commit', '-qam', 'with middle');
		write(here, 'lib/middle/a.txt', 'changed in middle');
		write(here, 'lib/middle/deep/inner/new.txt');
		write(here, 'lib/middle/deep/inner/ignored.bin');
		git(here, 'submodule', '--quiet', 'deinit', '-f', 'unused');
		makeRepository(path.join(here, 'old'));
		git(path.join(here, 'old'), 'commit', '-qam', 'all');
		git(here, '-c', 'advice.addEmbeddedRepo=false', 'add', 'old');
	},
	'submodules in a linked working tree'(here, folder) {
		const [inner, main] = [path.join(folder, 'inner'), path.join(folder, 'main')];
		makeRepository(inner);
		git(inner, 'commit', '-qam', 'clean');
		makeRepository(main);
		git(main, 'submodule', '--quiet', 'add', inner, 'lib/inner');
		git(main, 'commit', '-qam', 'with inner');
		rmSync(here, {recursive: true});
		git(main, 'worktree', 'add', '-q', '-b', 'feature', here);
		git(here, 'submodule', '--quiet', 'update', '--init', '--recursive');
		write(here, 'lib/inner/a.txt', 'changed here');
	},
	'submodules with borrowed objects'(here, folder) {
		const inner = path.join(folder, 'inner');
		makeRepository(inner);
		git(inner, 'commit', '-qam', 'clean');
		makeRepository(here);
		git(here, 'submodule', '--quiet', 'add', '--reference', inner, inner, 'lib/inner');
		git(here, 'commit', '-qam', 'with inner');
		return {notes: [borrowed(path.join(inner, '.git/objects'))]};
	},
	'other repositories inside'(here) {
		makeRepository(here);
		makeRepository(path.join(here, 'vendor/one'));
		git(path.join(here, 'vendor'), 'init', '-q', 'none-yet');
		write(here, 'vendor/none-yet/file');
		makeRepository(path.join(here, 'build/hidden'));
	},
	'a folder that is no repository'(here) {
		write(here, '.gitignore', 'ignored*\n');
		write(here, 'a/.gitignore', '*.log\n!keep.log\n');
		write(here, 'a/x.log');
		write(here, 'a/keep.log');
		write(here, 'a/b/y.log');
		write(here, 'c d/e');
		mkdirSync(path.join(here, 'empty/inside'), {recursive: true});
		return {skip: name => name.endsWith('x.log') || name.endsWith('y.log')};
	},
	'a folder with nothing in it': () => undefined,
	'a folder that the repository around it ignores'(here, folder) {
		makeRepository(folder);
		write(folder, '.gitignore', 'here\nthere\n');
		write(here, 'a');
	},
};

describe.skipIf(!hasGit || !hasTar)('code arrives as it stands (needs git and tar)', () => {
	for (const [name, make] of Object.entries(cases)) {
		it(name, async () => {
			const places = await makePlaces();
			const {here, folder, context} = places;
			const {start = here, skip, trusted, notes = []} = make(here, folder) ?? {};
			const [history, tree] = [historyOf(here), treeOf(here, each => ignored(each) || (skip?.(each) ?? false))];

			const manifest = await copy(places, start, trusted);

			expect(treeOf(context.workspace)).toEqual(tree);
			expect(historyOf(here), 'looking changes nothing').toEqual(history);
			const inside = path.relative(
				context.workspace,
				tryGit(context.workspace, 'rev-parse', '--show-toplevel').split('\n')[1] ?? '',
			);
			if (manifest.kind !== 'folder') {
				expect(inside).toBe('');
				const there = historyOf(context.workspace);
				// Where the pushes of a submodule go is told by absolute folders, which stay those of here.
				expect(there).toEqual(history);
			}

			expect(manifest.subfolder).toBe(path.relative(here, start));
			expect(manifest.notes).toEqual(notes);
		});
	}

	it('leaves nothing that points back', async () => {
		const places = await makePlaces();
		const {here, folder, context} = places;
		cases['borrowed objects']?.(here, folder);
		await copy(places);
		expect(existsSync(path.join(context.workspace, '.git/objects/info/alternates'))).toBe(false);
		rmSync(path.join(folder, 'origin'), {recursive: true});
		rmSync(here, {recursive: true});
		expect(git(context.workspace, 'fsck', '--full', '--no-dangling')).toBe('');
		expect(git(context.workspace, 'log', '--format=%s').split('\n')[0]).toBe('local');
	});

	it('tells a bare repository from a working tree, and copies it as it is', async () => {
		const places = await makePlaces();
		const {here, folder, context} = places;
		makeRepository(path.join(folder, 'origin'));
		rmSync(here, {recursive: true});
		git(folder, 'clone', '-q', '--bare', path.join(folder, 'origin'), here);
		const manifest = await copy(places);
		expect(manifest.kind).toBe('bare repository');
		expect(treeOf(context.workspace)).toEqual(treeOf(here));
		expect(git(context.workspace, 'rev-parse', '--is-bare-repository').trim()).toBe('true');
	});

	it('keeps a bare repository whole that borrows objects', async () => {
		const places = await makePlaces();
		const {here, folder, context} = places;
		makeRepository(path.join(folder, 'origin'));
		rmSync(here, {recursive: true});
		git(folder, 'clone', '-q', '--bare', '--shared', path.join(folder, 'origin'), here);
		await copy(places);
		rmSync(path.join(folder, 'origin'), {recursive: true});
		expect(git(context.workspace, 'fsck', '--full', '--no-dangling')).toBe('');
		expect(git(context.workspace, 'rev-parse', '--is-bare-repository').trim()).toBe('true');
	});

	it('takes a folder of working trees around a bare repository', async () => {
		const places = await makePlaces();
		const {here, folder, context} = places;
		makeRepository(path.join(folder, 'origin'));
		git(folder, 'clone', '-q', '--bare', path.join(folder, 'origin'), path.join(here, '.bare'));
		write(here, '.git', 'gitdir: ./.bare\n');
		git(here, 'worktree', 'add', '-q', 'main', 'main');
		write(here, 'main/a.txt', 'changed');
		const before = historyOf(path.join(here, 'main'));
		const manifest = await copy(places);
		expect(manifest.kind).toBe('folder');
		expect(historyOf(path.join(context.workspace, 'main'))).toEqual(before);
		expect(git(context.workspace, 'log', '--format=%s', 'main')).toBe('second\nfirst\n');
	});

	it('is not led astray by variables of git', async () => {
		const places = await makePlaces();
		const {here, folder, context} = places;
		makeRepository(here);
		makeRepository(path.join(folder, 'other'));
		vi.stubEnv('GIT_DIR', path.join(folder, 'other/.git'));
		vi.stubEnv('GIT_WORK_TREE', path.join(folder, 'other'));
		vi.stubEnv('GIT_INDEX_FILE', path.join(folder, 'other/.git/index'));
		vi.stubEnv('TAR_OPTIONS', '--exclude=*.txt');
		try {
			const manifest = await copy(places);
			expect(manifest.root).toBe(here);
		} finally {
			vi.unstubAllEnvs();
		}

		expect(treeOf(context.workspace)).toEqual(treeOf(here, ignored));
	});

	it('leaves out what is no file, and says so', async () => {
		const places = await makePlaces();
		write(places.here, 'a');
		execFileSync('mkfifo', [path.join(places.here, 'pipe\u001B[31m')]);
		const manifest = await copy(places);
		expect(manifest.notes).toEqual(['pipe is a socket, pipe or device, and is left out']);
		expect(Object.keys(treeOf(places.context.workspace))).toEqual(['a']);
	});

	it('refuses more than the limit, and names the biggest', async () => {
		const {here} = await makePlaces();
		for (let index = 0; index < 12; index++) {
			write(here, `folder${index}/part/file`, 'x'.repeat(1000 * (index + 1)));
		}

		const problem = await collectCode(here, {limit: 50_000}).catch((error: unknown) => error);
		expect(problem).toBeInstanceOf(Problem);
		expect(problem).toMatchObject({kind: 'configuration', message: expect.stringMatching(/more than 48\.8KB/) as string});
		const {details, next} = problem as Problem;
		expect(details).toHaveLength(10);
		expect(details[0]).toMatch(/11\.7KB {2}folder11\/part$/);
		expect(next).toMatch(/\.gitignore/);
		await expect(collectCode(here, {limit: 78_000})).resolves.toMatchObject({bytes: 78_000, files: 12});
	});

	it('says that git is missing, or the folder', async () => {
		const {here, folder} = await makePlaces();
		await expect(collectCode(path.join(folder, 'nowhere'))).rejects.toMatchObject({
			kind: 'configuration',
			message: expect.stringContaining('nowhere') as string,
		});
		vi.stubEnv('PATH', folder);
		try {
			await expect(collectCode(here)).rejects.toMatchObject({
				kind: 'configuration',
				message: expect.stringMatching(/git is not installed/) as string,
			});
		} finally {
			vi.unstubAllEnvs();
		}
	});

	it.skipIf(process.getuid?.() !== 0)(
		'is taken of a folder that belongs to somebody else, since nothing of it is run (needs root)',
		async () => {
			const {here} = await makePlaces();
			makeRepository(here);
			execFileSync('chown', ['-R', '65534', here]);
			await expect(collectCode(here)).resolves.toMatchObject({kind: 'repository', notes: []});
		},
	);
});

describe.skipIf(!hasGit || !hasTar)('the copy (needs git and tar)', () => {
	it('is never made twice, and begins anew where it was cut short', async () => {
		const places = await makePlaces();
		const {here, link, context} = places;
		write(here, 'a', 'x'.repeat(200_000));
		write(context.workspace, 'rest-of-an-earlier-try/file');
		const manifest = await collectCode(here);
		const cut: Link = {
			...link,
			async exec(command, options) {
				if (typeof options?.stdin === 'object') {
					throw new Error('the connection was lost');
				}

				return link.exec(command, options);
			},
		};
		await expect(uploadCode(cut, manifest, context, () => undefined)).rejects.toThrow('the connection was lost');
		const reports: Array<number | undefined> = [];
		await uploadCode(link, manifest, context, ({done}) => reports.push(done));
		expect(treeOf(context.workspace)).toEqual(treeOf(here));
		expect(reports.at(-1)).toBe(manifest.bytes);
		expect(reports).toEqual([...reports].sort((one, other) => Number(one) - Number(other)));

		write(context.workspace, 'a', 'edited there');
		await uploadCode(link, manifest, context, () => undefined);
		expect(readFileSync(path.join(context.workspace, 'a'), 'utf8')).toBe('edited there');
	});

	it('is made anew for another run', async () => {
		const places = await makePlaces();
		write(places.here, 'a');
		await copy(places);
		write(places.context.workspace, 'left');
		await copy({...places, context: {...places.context, intentId: 'another'}});
		expect(Object.keys(treeOf(places.context.workspace))).toEqual(['a']);
	});

	it('clears what may not be written', async () => {
		const places = await makePlaces();
		write(places.context.workspace, 'closed/file');
		chmodSync(path.join(places.context.workspace, 'closed'), 0o555);
		write(places.here, 'a');
		await copy(places);
		expect(Object.keys(treeOf(places.context.workspace))).toEqual(['a']);
	});

	it('follows what changes meanwhile', async () => {
		const places = await makePlaces();
		const {here, link, context} = places;
		makeRepository(here);
		const manifest = await collectCode(here);
		// Between listing and packing: a commit, a file that goes, one that comes.
		git(here, 'add', '.');
		git(here, 'commit', '-qm', 'meanwhile');
		rmSync(path.join(here, 'a.txt'));
		write(here, 'late');
		const logs: string[] = [];
		await uploadCode(link, manifest, context, ({log}) => logs.push(log ?? ''));
		expect(logs.join('')).toMatch(/changed while it was copied/);
		expect(historyOf(context.workspace)).toEqual(historyOf(here));
		expect(treeOf(context.workspace)).toEqual(treeOf(here, ignored));
	});

	it('copies a log that never rests, but no history that does not', async () => {
		const places = await makePlaces();
		const {here, link, context} = places;
		makeRepository(here);
		let file = path.join(here, 'server.log');
		write(here, 'server.log', 'one\n');
		const restless: Link = {
			...link,
			async exec(command, options) {
				if (typeof options?.stdin === 'object') {
					appendFileSync(file, 'more\n');
				}

				return link.exec(command, options);
			},
		};
		await uploadCode(restless, await collectCode(here), context, () => undefined);
		expect(readFileSync(path.join(context.workspace, 'server.log'), 'utf8')).toMatch(/^one\n(?:more\n)+$/);

		file = path.join(here, '.git/description');
		await expect(
			uploadCode(restless, await collectCode(here), {...context, intentId: 'another'}, () => undefined),
		).rejects.toMatchObject({kind: 'failed', details: ['.git/description']});
	});

	it('says that there is no room', async () => {
		const {here, link, context} = await makePlaces();
		write(here, 'a');
		const manifest = {...(await collectCode(here)), bytes: 1e18};
		await expect(uploadCode(link, manifest, context, () => undefined)).rejects.toMatchObject({
			kind: 'failed',
			message: expect.stringMatching(/^No space for the code: \S+ free there, \S+ needed/) as string,
		});
		expect(existsSync(path.join(context.workspace, 'a'))).toBe(false);
	});

	it('says what went wrong there', async () => {
		const places = await makePlaces();
		write(places.here, 'a');
		rmSync(places.context.workspace, {recursive: true});
		writeFileSync(places.context.workspace, 'in the way');
		await expect(copy(places)).rejects.toMatchObject({kind: 'failed', message: expect.stringMatching(/workspace/) as string});
	});
});
