import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	statSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {cachePaths} from '../../source/configuration/resolve/cache-paths.js';
import type {FileMapping} from '../../source/configuration/model.js';
import {homeFolder, loginName, workingFolder} from '../../source/configuration/grammar/environment-paths.js';
import {unsupportedKeys} from '../../source/agents/container/unsupported-keys.js';
import {checkFiles, copyFiles} from '../../source/environment/files.js';
import {makeFoldersAndLinks as makeFolders} from '../../source/environment/folders-and-links.js';
import {environment, git, hasGit, hasTar, makePlaces} from './support.js';

const calm = () => undefined;

async function world(files: readonly FileMapping[], isolated = true) {
	const places = await makePlaces({isolated});
	const {here, context, home, link} = places;
	const copy = async (options = {}) => copyFiles(link, {files, folder: here}, context, calm, options);
	return {
		...places,
		copy,
		check: async () => checkFiles({files, folder: here}),
		there: (name: string) => path.join(context.workspace, name),
		home,
	};
}

describe.skipIf(!hasTar)('files beside the code (needs tar)', () => {
	it('come as they are, a file or a folder, to relative, absolute and home places', async () => {
		const base = await makePlaces();
		const elsewhere = path.join(base.folder, "else where's", 'x');
		const {copy, check, here, there, home} = await world([
			{local: 'a.txt', remote: 'deep/er/b.txt'},
			{local: 'data', remote: 'data'},
			{local: 'a.txt', remote: '~/in home'},
			{local: 'a.txt', remote: elsewhere},
		]);
		writeFileSync(path.join(here, 'a.txt'), 'content');
		chmodSync(path.join(here, 'a.txt'), 0o750);
		mkdirSync(path.join(here, 'data/sub'), {recursive: true});
		mkdirSync(path.join(here, 'data/empty'));
		writeFileSync(path.join(here, 'data/sub', 'new\nline'), 'x'.repeat(300_000));
		symlinkSync('sub', path.join(here, 'data/link'));
		expect(await check()).toMatchObject({bytes: 300_000 + 3 * 7});
		expect(await copy()).toEqual([]);
		expect(readFileSync(there('deep/er/b.txt'), 'utf8')).toBe('content');
		expect(statSync(there('deep/er/b.txt')).mode & 0o777).toBe(0o750);
		expect(readFileSync(there('data/sub/new\nline'), 'utf8')).toBe('x'.repeat(300_000));
		expect(readlinkSync(there('data/link'))).toBe('sub');
		expect(statSync(there('data/empty')).isDirectory()).toBe(true);
		expect(readFileSync(path.join(home, 'in home'), 'utf8')).toBe('content');
		expect(readFileSync(elsewhere, 'utf8')).toBe('content');
		expect(readdirSync(there('.')).sort()).toEqual(['data', 'deep']);
	});

	it('come once: what was changed there stays', async () => {
		const {copy, here, there} = await world([{local: 'a', remote: 'a'}]);
		writeFileSync(path.join(here, 'a'), 'first');
		await copy();
		writeFileSync(there('a'), 'mine');
		writeFileSync(path.join(here, 'a'), 'second');
		await copy();
		expect(readFileSync(there('a'), 'utf8')).toBe('mine');
	});

	it('join a folder that the code has', async () => {
		const {copy, here, there} = await world([{local: '.', remote: '.'}]);
		mkdirSync(path.join(here, 'src'));
		writeFileSync(path.join(here, 'src/new'), 'new');
		writeFileSync(path.join(here, '-dash'), 'dash');
		mkdirSync(there('src'));
		writeFileSync(there('src/old'), 'old');
		await copy();
		expect(readdirSync(there('src')).sort()).toEqual(['new', 'old']);
		expect(readFileSync(there('-dash'), 'utf8')).toBe('dash');
	});

	it('outside of the code wait while an image may be made of the container', async () => {
		const {copy, here, home, there} = await world([
			{local: 'a', remote: 'a'},
			{local: 'a', remote: '~/.secret'},
		]);
		writeFileSync(path.join(here, 'a'), 'content');
		await copy({held: true});
		expect(existsSync(there('a'))).toBe(true);
		expect(existsSync(path.join(home, '.secret'))).toBe(false);
		await copy();
		expect(readFileSync(path.join(home, '.secret'), 'utf8')).toBe('content');
	});

	it('are no place of the person’s own on a host process', async () => {
		const {copy, here, home, there} = await world(
			[
				{local: 'a', remote: 'a'},
				{local: 'a', remote: '~/b'},
			],
			false,
		);
		writeFileSync(path.join(here, 'a'), 'content');
		expect(await copy()).toEqual(['a is not copied: ~/b is a place of your own machine']);
		expect(existsSync(there('a'))).toBe(true);
		expect(existsSync(path.join(home, 'b'))).toBe(false);
	});

	it('that cannot be copied are refused before anything is spent', async () => {
		const missing = await world([{local: 'no\u001B[31m', remote: 'x'}]);
		await expect(missing.check()).rejects.toMatchObject({
			kind: 'configuration',
			message: expect.stringMatching(/^`files`: no.*there is no /),
		});
		await expect(missing.check()).rejects.not.toMatchObject({message: expect.stringContaining('\u001B')});
		const outside = await world([{local: '../x', remote: '../x'}]);
		await expect(outside.check()).rejects.toMatchObject({
			message: expect.stringContaining('outside of the code'),
			next: 'Say where it goes: ../x:x',
		});
		const large = await world([{local: 'large', remote: 'large'}]);
		writeFileSync(path.join(large.here, 'large'), '');
		truncateSync(path.join(large.here, 'large'), 1024 ** 3 + 1);
		await expect(large.check()).rejects.toMatchObject({message: expect.stringContaining('more than 1')});
	});

	it('that do not fit their place are said, and nothing half is left', async () => {
		const {copy, here, there} = await world([{local: 'a', remote: 'src'}]);
		writeFileSync(path.join(here, 'a'), 'content');
		mkdirSync(there('src'));
		await expect(copy()).rejects.toThrow('is a folder there');
		expect(readdirSync(there('.'))).toEqual(['src']);
	});
});

describe.skipIf(!hasGit)('working folder and caches in the code (needs git)', () => {
	it('are made and linked, unseen by git, once', async () => {
		const {context, link, folder} = await makePlaces({configuration: environment({workingDir: "a/b's"})});
		const {workspace} = context;
		git(workspace, 'init', '-q');
		mkdirSync(path.join(workspace, 'full'));
		writeFileSync(path.join(workspace, 'full/file'), 'of the code');
		const links = ['node_modules', 'sub/models', 'full'].map(name => ({
			path: path.join(workspace, name),
			target: path.join(folder, 'kept', name.replace('/', '-')),
		}));
		const full = [`${path.join(workspace, 'full')} is part of the code: it is not kept for the next run`];
		expect(await makeFolders(link, context, links)).toEqual(full);
		expect(statSync(path.join(workspace, "a/b's")).isDirectory()).toBe(true);
		writeFileSync(path.join(workspace, 'node_modules/x'), 'kept');
		expect(readFileSync(path.join(folder, 'kept/node_modules/x'), 'utf8')).toBe('kept');
		expect(lstatSync(path.join(workspace, 'sub/models')).isSymbolicLink()).toBe(true);
		expect(git(workspace, 'status', '--porcelain', '-uall')).toBe('?? full/file\n');
		const exclude = path.join(workspace, '.git/info/exclude');
		const before = readFileSync(exclude, 'utf8');
		expect(await makeFolders(link, context, links)).toEqual(full);
		expect(readFileSync(exclude, 'utf8')).toBe(before);
		expect(before).toContain('/sub/models\n');
	});

	it('that cannot be made are said', async () => {
		const {context, link, folder} = await makePlaces();
		writeFileSync(path.join(folder, 'file'), '');
		const configuration = environment({workingDir: path.join(folder, 'file/x')});
		await expect(makeFolders(link, {...context, configuration}, [])).rejects.toThrow(/could not be made: .*file/);
	});
});

describe('places', () => {
	it.each<[workingDir: string | undefined, subfolder: string, expected: string]>([
		[undefined, '', '/workflow'],
		[undefined, 'sub', '/workflow/sub'],
		['train', 'sub', '/workflow/train'],
		['./a/../b/', '', '/workflow/b'],
		['/srv/x/', 'sub', '/srv/x'],
	])('working_dir %s with the code in %j is %s', (workingDir, subfolder, expected) => {
		expect(workingFolder({workingDir}, '/workflow', subfolder)).toBe(expected);
	});

	it.each([
		[undefined, 'root', '/root'],
		['0', 'root', '/root'],
		['alice', 'alice', '/home/alice'],
		['alice:staff', 'alice', '/home/alice'],
		['1000:100', 'u1000', '/home/u1000'],
	])('user %s logs in as %s and lives in %s', (user, login, home) => {
		expect(loginName(user)).toBe(login);
		expect(homeFolder({user, homeDir: undefined})).toBe(home);
	});

	it('paths of cache are absolute, each once', () => {
		const cache = ['~/.cache/pip', '/root/.cache/pip/', 'models', './models', '/data', '/opt/x'];
		expect(cachePaths(environment({cache}), '/workflow', 'sub')).toEqual([
			'/root/.cache/pip',
			'/workflow/sub/models',
			'/data',
			'/opt/x',
		]);
		expect(cachePaths(environment({cache: ['~/x'], homeDir: '/home/me'}), '/workflow', '')).toEqual(['/home/me/x']);
	});

	it.each(['/', '~', '.', '..', '../..', '/workflow', '/usr', '/proc/x', '/dstack-tui', '/dstack-tui/x', '/etc'])(
		'%s cannot be kept',
		path => {
			expect(() => cachePaths(environment({cache: [path]}), '/workflow', '')).toThrow(/cannot be kept for the next run/);
		},
	);
});

describe('keys that cannot be honoured', () => {
	const all = environment({
		user: 'alice',
		privileged: true,
		docker: true,
		nvcc: true,
		cache: ['~/.cache', 'models', '/data'],
		files: [{local: 'a', remote: '~/a'}],
	});

	it('are said for a process, each with its reason', () => {
		const said = unsupportedKeys(all, {backend: 'local', instanceType: 'process'});
		expect(said.map(line => /^`(\w+)`/.exec(line)?.[1])).toEqual(['user', 'privileged', 'docker', 'nvcc', 'cache', 'files']);
		expect(said[4]).toContain('~/.cache, /data');
		expect(unsupportedKeys(environment({cache: ['models']}), {backend: 'local', instanceType: 'process'})).toEqual([]);
	});

	it('are none for a container', () => {
		expect(unsupportedKeys(all, {backend: 'local', instanceType: 'docker'})).toEqual([]);
		expect(unsupportedKeys(all, {backend: 'aws', instanceType: 'm5.large'})).toEqual([]);
	});
});
