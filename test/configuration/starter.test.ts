import {readdir, readFile, symlink} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readConfiguration} from '../../source/configuration/read.js';
import {starterConfiguration, writeStarter} from '../../source/configuration/starter.js';
import {temporaryFolder} from '../support/folders.js';
import {problemOf, writeFiles} from './support.js';

async function setupFor(...names: string[]): Promise<readonly string[] | undefined> {
	const folder = await temporaryFolder();
	await writeFiles(folder, Object.fromEntries(names.map(name => [name, ''])));
	return (await writeStarter(folder)).environment?.setup;
}

describe('a starter', () => {
	it('looks at what is in the folder', async () => {
		expect(await setupFor()).toEqual([]);
		expect(await setupFor('requirements.txt')).toEqual(['pip install -r requirements.txt']);
		expect(await setupFor('package.json')).toEqual(['npm install']);
		expect(await setupFor('package.json', 'package-lock.json')).toEqual(['npm ci']);
		expect(await setupFor('package-lock.json')).toEqual([]);
		expect(await setupFor('requirements.txt', 'package.json')).toEqual(['pip install -r requirements.txt', 'npm install']);
	});

	it('is always sound, whatever is there', async () => {
		const names = fc.subarray(['requirements.txt', 'package.json', 'package-lock.json', 'pyproject.toml', 'README.md']);
		await fc.assert(
			fc.asyncProperty(names, async there => {
				const folder = await temporaryFolder();
				await writeFiles(folder, Object.fromEntries(there.map(name => [name, ''])));
				const {diagnostics, environment, file} = await writeStarter(folder);
				expect(diagnostics).toEqual([]);
				expect(environment?.ide).toBe('vscode');
				expect(file).toBe('.dstack.yml');
			}),
			{numRuns: 30},
		);
	});

	it('stays sound when the lines in comments are taken', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'requirements.txt': ''});
		const text = await starterConfiguration(folder);
		const taken = text.replace(/^# (?=python:|ports:|setup:| {2}- )/gm, '');
		expect(taken).not.toBe(text);
		const second = await temporaryFolder();
		await writeFiles(second, {'x.dstack.yml': taken});
		const {diagnostics, environment} = await readConfiguration(path.join(second, 'x.dstack.yml'), second);
		expect(diagnostics).toEqual([]);
		expect(environment).toMatchObject({python: '3.11', ports: [{remote: 8000}]});
	});

	it('is written as it was shown', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'package.json': ''});
		const shown = await starterConfiguration(folder);
		await writeStarter(folder);
		expect(await readFile(path.join(folder, '.dstack.yml'), 'utf8')).toBe(shown);
		expect((await readdir(folder)).sort()).toEqual(['.dstack.yml', 'package.json']);
	});

	it('is never written over anything', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'.dstack.yml': 'mine'});
		expect(await problemOf(async () => writeStarter(folder))).toMatchObject({
			kind: 'configuration',
			message: expect.stringContaining('there already') as string,
			next: expect.stringMatching(/\S/) as string,
		});
		expect(await readFile(path.join(folder, '.dstack.yml'), 'utf8')).toBe('mine');
	});

	it('is not written through a link either', async () => {
		const folder = await temporaryFolder();
		await symlink('elsewhere', path.join(folder, '.dstack.yml'));
		await expect(writeStarter(folder)).rejects.toThrow('there already');
		expect(await readdir(folder)).toEqual(['.dstack.yml']);
	});

	it('a folder that is not there is a problem, not a crash', async () => {
		const folder = path.join(await temporaryFolder(), 'missing');
		expect((await problemOf(async () => writeStarter(folder))).kind).toBe('configuration');
	});
});
