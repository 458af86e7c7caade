import {readdir, readFile, symlink} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {interpolate} from '../../source/configuration/grammar/interpolation.js';
import {readConfiguration} from '../../source/configuration/files/read.js';
import {type StarterChoice, starterConfiguration, starterText, writeStarter} from '../../source/configuration/starter/starter.js';
import {temporaryFolder} from '../support/folders.js';
import {problemOf, readText, writeFiles} from './support.js';

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

	it('names what the folder suggests, and leaves to the person what may not be there', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {
			'.python-version': '3.13\n',
			Dockerfile: 'FROM pytorch/pytorch:2.9\nEXPOSE 8888\n',
			'pyproject.toml': '[project]\n',
			'setup.py': 'setup()',
			Makefile: 'setup:\n',
		});
		const text = await starterConfiguration(folder);
		expect(text).toContain('\n# python: "3.13"\n');
		expect(text).toContain('\n# image: pytorch/pytorch:2.9\n');
		const {environment} = await readText(text);
		expect(environment).toMatchObject({
			python: undefined,
			image: undefined,
			setup: ['pip install -e .'],
			ports: [{remote: 8888}],
		});
	});

	it('a Makefile is for where nothing else is known', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {Makefile: 'setup:\n'});
		expect((await writeStarter(folder)).environment?.setup).toEqual(['make setup']);
	});

	it('can be given', async () => {
		const folder = await temporaryFolder();
		const {environment} = await writeStarter(folder, 'type: dev-environment\nide: zed\n');
		expect(environment?.ide).toBe('zed');
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

describe('starterText', () => {
	const port = fc.integer({min: 1, max: 65_535});
	const command = fc.oneof(
		fc.string({minLength: 1}),
		fc.string({unit: 'binary', minLength: 1}),
		fc.string({unit: fc.constantFrom('$', '{', '}', 'a', '.', ' ', 'x'), minLength: 1}),
		fc.constantFrom(
			'pip install -r requirements.txt',
			'echo "a: b" # c',
			'one\ntwo\n',
			'off',
			'3.10',
			'- x',
			'export A=1 && make',
		),
	);
	const choice = fc.record<StarterChoice>({
		ide: fc.constantFrom(undefined, 'vscode', 'vscode-insiders', 'cursor', 'windsurf', 'zed'),
		python: fc.constantFrom(undefined, '3.10', '3.11', '3.9.1'),
		image: fc.constantFrom(undefined, 'debian:bookworm', 'a/b@sha256:0', '1.5', 'null'),
		setup: fc.array(command, {maxLength: 4}),
		ports: fc.array(
			fc.oneof(
				port,
				port.map(String),
				fc.tuple(port, port).map(pair => pair.join(':')),
				port.map(each => `*:${each}`),
			),
			{maxLength: 4},
		),
		comments: fc.boolean(),
	});

	it('reads as it was chosen, without a complaint', async () => {
		await fc.assert(
			fc.asyncProperty(choice, async chosen => {
				if (chosen.python !== undefined && chosen.image !== undefined) {
					expect(() => starterText(chosen)).toThrow('its own Python');
					return;
				}

				const text = starterText(chosen);
				const {diagnostics, environment} = await readText(text);
				expect(diagnostics).toEqual([]);
				expect(environment).toMatchObject({ide: chosen.ide, python: chosen.python, image: chosen.image});
				const settled = environment?.setup.map(each => interpolate(each, () => undefined));
				expect(settled).toEqual(chosen.setup.filter(each => each.trim() !== ''));
				expect(environment?.ports.length).toBe(chosen.ports.length);
				expect(environment?.ports.map(({remote}) => remote)).toEqual(
					chosen.ports.map(each => Number(String(each).split(':').at(-1))),
				);
			}),
			{numRuns: 200},
		);
	});

	it('without comments says only what was chosen', () => {
		expect(starterText({ide: 'zed', python: '3.10', setup: ['make', 'a\nb\n'], ports: [80, '22:22'], comments: false})).toBe(
			'type: dev-environment\npython: "3.10"\nsetup:\n  - make\n  - |\n    a\n    b\nports:\n  - 80\n  - "22:22"\nide: zed\n',
		);
	});

	it('with them', () => {
		expect(starterText({ide: undefined, image: 'debian:12', setup: [], ports: [], comments: true}))
			.toBe(`# A dev environment: what it needs, and how it is prepared.
type: dev-environment

# A container of this image.
image: debian:12

# Run once, when the environment is made.
# setup:
#   - make

# Reached from here under the same number; 3333:8000 chooses another, *:8000 any that is free.
# ports:
#   - 8000

# The editor that is connected. Without one there is still SSH.
# ide: vscode
`);
	});
});
