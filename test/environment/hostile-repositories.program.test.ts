import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {mkdtemp, realpath} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterAll, describe, expect, it, onTestFinished, vi} from 'vitest';
import {localCommits, findLocalRepository, importRefs} from '../../source/environment/bring-home/local-repository.js';
import {collectCode} from '../../source/environment/code/collect.js';
import {uploadCode} from '../../source/environment/code/upload.js';
import {projectOf} from '../../source/environment/images/build-labels.js';
import {digestFolder} from '../../source/environment/images/file-digest.js';
import {FilePatterns} from '../../source/environment/images/file-patterns.js';
import {pythonMissingHere} from '../../source/environment/python-here.js';
import {takeBaseline, unsavedWork} from '../../source/environment/work.js';
import {canary, type HostileFolder, makeHostileRepositories} from '../support/hostile-repositories.js';
import {git, hasGit, hasTar, makePlaces, tryGit} from './support.js';

const names = [
	...['settings', 'worktree-settings', 'bare-inside', 'bare-inside-top', 'tree-elsewhere', 'alternates', 'alternates-link'],
	...['pointer', 'pointer-link', 'common-elsewhere', 'objects-elsewhere', 'nested', 'programs'],
];

/** Every file below a folder that holds what must not leave this machine. */
const leaked = (folder: string): string[] =>
	spawnSync('grep', ['-r', '-l', '-a', canary, folder], {encoding: 'utf8'}).stdout.split('\n').filter(Boolean);

let shared: HostileFolder | undefined;

afterAll(() => {
	if (shared) {
		rmSync(path.dirname(shared.folder), {recursive: true, force: true});
	}
});

async function places(name: string) {
	const made = await makePlaces();
	const hostile = (shared ??= makeHostileRepositories(
		path.join(await realpath(await mkdtemp(path.join(tmpdir(), 'dt-'))), 'strangers'),
	));
	const repository = hostile.repositories[name];
	expect(repository).toBeDefined();
	const {start = '', search = ''} = repository ?? {};
	const before = process.cwd();
	process.chdir(start);
	onTestFinished(() => process.chdir(before));
	vi.stubEnv('PATH', `${search === '' ? '' : `${search}:`}${process.env['PATH'] ?? ''}`);
	onTestFinished(() => void vi.unstubAllEnvs());
	return {...made, hostile, start};
}

describe.skipIf(!hasGit || !hasTar)(
	'of a stranger’s repository nothing is run, and nothing around it is taken (needs git and tar)',
	() => {
		it('they are armed: plain git runs what they name', async () => {
			const {folder} = await makePlaces();
			const hostile = makeHostileRepositories(path.join(folder, 'strangers'));
			expect(Object.keys(hostile.repositories)).toEqual(names);
			expect(hostile.ran()).toEqual([]);
			for (const [name, {armed}] of Object.entries(hostile.repositories)) {
				expect(hostile.provoke(name).length > 0, name).toBe(armed);
			}
		});

		for (const name of names) {
			it(name, async () => {
				const {hostile, start, link, context} = await places(name);
				const manifest = await collectCode(start);
				await projectOf(manifest.root);
				await digestFolder(manifest.root, manifest.root);
				await new FilePatterns(manifest.root).fitting(path.join(manifest.root, '*.txt'), true);
				await pythonMissingHere('3.99');
				expect(hostile.ran()).toEqual([]);
				vi.unstubAllEnvs();
				await uploadCode(link, manifest, context, () => undefined, undefined, {fetch: false, checkout: true});
				expect(hostile.ran()).toEqual([]);
				expect(leaked(context.workspace)).toEqual([]);
				for (const secret of hostile.secrets) {
					const told = tryGit(
						'/',
						'--git-dir',
						path.join(context.workspace, '.git'),
						'-c',
						'core.fsmonitor=false',
						'cat-file',
						'-e',
						secret,
					);
					expect(told, `${secret} came along`).not.toMatch(/^0/);
				}
			});
		}

		it('what was left out is said', async () => {
			const notes = async (name: string) => {
				const {start} = await places(name);
				return collectCode(start);
			};

			const pointer = await notes('pointer');
			expect(pointer).toMatchObject({kind: 'folder', refused: true, trusted: false});
			expect(pointer.notes[0]).toMatch(
				/pointer\/\.git leads out of the code to .*private\/repository\/\.git, and not back: the history there is left out$/,
			);
			const borrowing = await notes('alternates');
			expect(borrowing.notes.join('\n')).toMatch(
				/borrows from .*private\/keys, outside of the code: the objects there come along, and nothing else/,
			);
			const linked = await notes('objects-elsewhere');
			expect(linked.notes.join('\n')).toMatch(/\.git\/objects\/pack leads out of the code to .*: what is there is left out/);
			expect(linked.notes.join('\n')).toMatch(/description-of-mine leads out of the code/);
			const settings = await notes('settings');
			expect(settings.notes).toEqual([]);
			expect(settings.commands).toEqual(
				expect.arrayContaining([
					'core.fsmonitor',
					'filter.evil.clean',
					'diff.evil.textconv',
					'include.path',
					'remote.origin.url',
				]),
			);
		});

		it('a folder that only looks like a bare repository is a part of the code around it', async () => {
			const {start} = await places('bare-inside');
			const manifest = await collectCode(start);
			expect(manifest).toMatchObject({kind: 'repository', subfolder: 'examples/demo'});
		});

		it('a person’s word lets a git folder elsewhere be followed', async () => {
			const {start, link, context, hostile} = await places('pointer');
			const manifest = await collectCode(start, {trusted: true});
			expect(manifest).toMatchObject({kind: 'repository', refused: false, trusted: true});
			await uploadCode(link, manifest, context, () => undefined);
			expect(git(context.workspace, 'cat-file', '-t', hostile.secrets[0] ?? '')).toBe('commit\n');
		});

		it('coming home to it runs nothing of it', async () => {
			const {hostile, start} = await places('settings');
			const here = await findLocalRepository(start, Buffer.alloc(0));
			expect(here?.top).toBe(start);
			const [commit = ''] = here ? await localCommits(here) : [];
			expect(commit).toMatch(/^[\da-f]{40}$/);
			const refs = [{name: 'refs/home/heads/work', commit}];
			const packed = {refs, history: undefined, known: 1, files: 0, large: 0, patch: false, seen: [], notes: []};
			await expect(here && importRefs(here, packed, 'dstack-tui/run-1', undefined)).resolves.toMatchObject([{kind: 'branch'}]);
			expect(readFileSync(path.join(start, '.git/refs/heads/dstack-tui/run-1/work'), 'utf8').trim()).toBe(commit);
			expect(hostile.ran()).toEqual([]);
		});

		it('looking for work on this machine itself runs its commands only after the person’s word', async () => {
			const {hostile, start, link, context, home} = await places('settings');
			await uploadCode(link, await collectCode(start), context, () => undefined);
			mkdirSync(home, {recursive: true});
			const mine = path.join(home, 'mine-ran');
			writeFileSync(path.join(home, '.gitconfig'), `[filter "mine"]\n\tclean = "touch '${mine}'; cat"\n`);
			const attributes = '* filter=evil diff=evil merge=evil\ncode.txt filter=mine\n';
			writeFileSync(path.join(context.workspace, '.git/info/attributes'), attributes);
			// Of the same size, so that git has to read it.
			writeFileSync(path.join(context.workspace, 'code.txt'), 'edoc');
			const here = {...context, isolated: false};
			await takeBaseline(link, here);
			writeFileSync(path.join(context.workspace, 'new.txt'), 'work');
			await expect(unsavedWork(link, here)).resolves.toMatchObject({changed: true});
			expect(hostile.ran()).toEqual([]);
			expect(existsSync(mine), 'a filter of the person’s own settings runs').toBe(true);

			await takeBaseline(link, {...here, trusted: true});
			expect(hostile.ran().join(' ')).toContain('settings-');
			hostile.forget();
		});

		it('works where the person wants every bare repository named', async () => {
			const {here, home, link, context} = await makePlaces();
			vi.stubEnv('HOME', home);
			onTestFinished(() => void vi.unstubAllEnvs());
			writeFileSync(
				path.join(home, '.gitconfig'),
				'[safe]\n\tbareRepository = explicit\n[core]\n\tfsmonitor = true\n\tquotePath = true\n',
			);
			vi.stubEnv('GIT_CONFIG_GLOBAL', path.join(home, '.gitconfig'));
			mkdirSync(here, {recursive: true});
			writeFileSync(path.join(here, 'ä'), 'a');
			git(here, 'init', '-q');
			git(here, 'add', '.');
			git(here, 'commit', '-qm', 'first');
			const manifest = await collectCode(here);
			expect(manifest).toMatchObject({kind: 'repository', files: 1});
			await uploadCode(link, manifest, context, () => undefined);
			expect(git(context.workspace, 'log', '--format=%s')).toBe('first\n');
		});
	},
);
