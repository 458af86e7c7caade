import {execFileSync} from 'node:child_process';
import {chmod, symlink} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, it} from 'vitest';
import {findConfigurations} from '../../source/configuration/files/discover.js';
import {temporaryFolder} from '../support/folders.js';
import {least, problemOf, writeFiles} from './support.js';

const nobody = 65_534;

/** Root may read everything; what cannot be read is looked for as somebody else. */
async function asSomebody<T>(act: () => Promise<T>): Promise<T> {
	if (process.geteuid?.() !== 0) {
		return act();
	}

	process.seteuid?.(nobody);
	try {
		return await act();
	} finally {
		process.seteuid?.(0);
	}
}

async function filesOf(folder: string): Promise<string[]> {
	return (await findConfigurations(folder)).map(({file}) => file.split(path.sep).join('/'));
}

describe('findConfigurations', () => {
	it('finds all *.dstack.yml below the folder: its own first, then by depth and name', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {
			'b.dstack.yml': least,
			'.dstack.yml': least,
			'-.dstack.yml': least,
			'a.dstack.yaml': least,
			'z/.dstack.yml': least,
			'a/x.dstack.yml': least,
			'a/deep/y.dstack.yml': least,
			'.hidden/c.dstack.yml': least,
		});
		expect(await filesOf(folder)).toEqual([
			'.dstack.yml',
			'-.dstack.yml',
			'a.dstack.yaml',
			'b.dstack.yml',
			'.hidden/c.dstack.yml',
			'a/x.dstack.yml',
			'z/.dstack.yml',
			'a/deep/y.dstack.yml',
		]);
	});

	it('takes .dstack.yml before .dstack.yaml', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'.dstack.yaml': least, '.dstack.yml': least, '!.dstack.yml': least});
		expect(await filesOf(folder)).toEqual(['.dstack.yml', '.dstack.yaml', '!.dstack.yml']);
	});

	it('takes nothing that is only called alike', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {
			'dstack.yml': least,
			'app.dstack.yml.bak': least,
			'app.dstack.json': least,
			'appdstack.yml': least,
			'.dstack/profiles.yml': 'profiles: []',
		});
		expect(await filesOf(folder)).toEqual([]);
	});

	it('leaves out node_modules and .git, at any depth', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {
			'app.dstack.yml': least,
			'node_modules/x.dstack.yml': least,
			'.git/x.dstack.yml': least,
			'deep/node_modules/pkg/x.dstack.yml': least,
			'deep/.git/x.dstack.yml': least,
		});
		expect(await filesOf(folder)).toEqual(['app.dstack.yml']);
	});

	it('reads each, and tells of the broken ones beside the sound', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'a.dstack.yml': 'type: [', 'b.dstack.yml': `${least}name: train\n`});
		const [broken, sound] = await findConfigurations(folder);
		expect(broken).toMatchObject({label: 'a.dstack.yml', environment: undefined, path: path.join(folder, 'a.dstack.yml')});
		expect(broken?.diagnostics[0]).toMatchObject({severity: 'error', file: 'a.dstack.yml', line: 1});
		expect(sound).toMatchObject({label: 'train', file: 'b.dstack.yml', diagnostics: []});
	});

	it('an empty folder has none', async () => {
		expect(await findConfigurations(await temporaryFolder())).toEqual([]);
	});
});

describe('two of one name', () => {
	it('are both refused, and each says where the other is', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {
			'a.dstack.yml': `${least}name: train\n`,
			'b/b.dstack.yml': `# first\n${least}name: train\n`,
			'c.dstack.yml': `${least}name: other\n`,
		});
		const files = await findConfigurations(folder);
		const [a, c, b] = files;
		expect(a).toMatchObject({environment: undefined, diagnostics: [{severity: 'error', line: 2}]});
		expect(a?.diagnostics[0]?.message).toContain(`${path.join('b', 'b.dstack.yml')}:3`);
		expect(b).toMatchObject({environment: undefined, diagnostics: [{severity: 'error', line: 3}]});
		expect(b?.diagnostics[0]?.message).toContain('a.dstack.yml:2');
		expect(c?.environment).toBeDefined();
		expect(new Set(files.map(({label}) => label)).size).toBe(3);
	});

	it('three also', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, Object.fromEntries(['a', 'b', 'c'].map(name => [`${name}.dstack.yml`, `${least}name: train\n`])));
		expect((await findConfigurations(folder)).map(({environment}) => environment)).toEqual([undefined, undefined, undefined]);
	});

	it('a name that is the file of another is taken', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'a.dstack.yml': least, 'b.dstack.yml': `${least}name: a.dstack.yml\n`});
		expect((await findConfigurations(folder)).every(({environment}) => environment === undefined)).toBe(true);
	});
});

describe('odd places', () => {
	it('a folder that is not there, and a file for a folder', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'file.dstack.yml': least});
		const missing = path.join(folder, 'missing');
		expect(await problemOf(async () => findConfigurations(missing))).toMatchObject({
			kind: 'configuration',
			message: expect.stringContaining(missing) as string,
			next: expect.stringMatching(/\S/) as string,
		});
		expect(await problemOf(async () => findConfigurations(path.join(folder, 'file.dstack.yml')))).toMatchObject({
			kind: 'configuration',
			message: expect.stringContaining('not a folder') as string,
			next: expect.stringContaining('-f') as string,
		});
	});

	it('links in a circle end, and a file behind a link is found', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'a/app.dstack.yml': least, 'elsewhere.txt': least});
		await symlink('..', path.join(folder, 'a', 'up'));
		await symlink(folder, path.join(folder, 'a', 'top'));
		await symlink('self', path.join(folder, 'self'));
		await symlink('elsewhere.txt', path.join(folder, 'linked.dstack.yml'));
		expect(await filesOf(folder)).toEqual(['linked.dstack.yml', 'a/app.dstack.yml']);
	});

	it('links that lead nowhere, in a circle or to a folder are told of', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'ok.dstack.yml': least, 'folder/x': ''});
		await symlink('nowhere', path.join(folder, 'a.dstack.yml'));
		await symlink('b.dstack.yml', path.join(folder, 'b.dstack.yml'));
		await symlink('folder', path.join(folder, 'c.dstack.yml'));
		const files = await findConfigurations(folder);
		expect(files.map(({file, environment}) => [file, environment !== undefined])).toEqual([
			['a.dstack.yml', false],
			['b.dstack.yml', false],
			['c.dstack.yml', false],
			['ok.dstack.yml', true],
		]);
		expect(files.slice(0, 3).map(({diagnostics}) => diagnostics.length)).toEqual([1, 1, 1]);
	});

	it.skipIf(process.platform === 'win32')(
		'a pipe that nobody writes to does not stop the search',
		async () => {
			const folder = await temporaryFolder();
			await writeFiles(folder, {'ok.dstack.yml': least});
			execFileSync('mkfifo', [path.join(folder, 'a.dstack.yml')]);
			const [pipe, sound] = await findConfigurations(folder);
			expect(pipe).toMatchObject({environment: undefined, diagnostics: [{severity: 'error'}]});
			expect(sound?.environment).toBeDefined();
		},
		5000,
	);

	it.skipIf(process.platform === 'win32')('what may not be read hides nothing else', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {
			'ok.dstack.yml': least,
			'closed.dstack.yml': least,
			'closed/x.dstack.yml': least,
			'open/y.dstack.yml': least,
		});
		await chmod(folder, 0o755);
		await chmod(path.join(folder, 'closed.dstack.yml'), 0);
		await chmod(path.join(folder, 'closed'), 0);
		const files = await asSomebody(async () => findConfigurations(folder));
		expect(files.map(({file, environment}) => [file, environment !== undefined])).toEqual([
			['closed.dstack.yml', false],
			['ok.dstack.yml', true],
			[path.join('open', 'y.dstack.yml'), true],
		]);
		expect(files[0]?.diagnostics[0]?.message).toContain('may not read');
		await chmod(path.join(folder, 'closed'), 0o755);
	});

	it.skipIf(process.platform === 'win32')('a folder that may not be read is no empty one', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'ok.dstack.yml': least});
		await chmod(folder, 0);
		const problem = await problemOf(async () => asSomebody(async () => findConfigurations(folder)));
		await chmod(folder, 0o755);
		expect(problem).toMatchObject({kind: 'configuration', message: expect.stringContaining('may not read') as string});
	});

	it('names that a terminal would obey are neutralised', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'a\u001B[2J.dstack.yml': 'type: [', 'b\u202E.dstack.yml': least});
		await symlink('nowhere', path.join(folder, 'c\u001B[31m.dstack.yml'));
		for (const {file, label, diagnostics} of await findConfigurations(folder)) {
			expect(file + label + diagnostics.map(each => each.file + each.message).join('')).not.toMatch(/[\u001B\u202E]/);
		}
	});
});
