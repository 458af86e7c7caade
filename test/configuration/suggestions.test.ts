import {execFileSync} from 'node:child_process';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {pythonFor} from '../../source/configuration/starter/suggestions-python.js';
import {inspectFolder} from '../../source/configuration/starter/suggestions.js';
import {type Change} from '../../source/configuration/starter/suggestion.js';
import {neutraliseLine} from '../../source/system/terminal-text.js';
import {temporaryFolder} from '../support/folders.js';
import {writeFiles} from './support.js';

type Files = Readonly<Record<string, string | Uint8Array>>;

async function changesOf(files: Files): Promise<Array<[from: string, change: Change]>> {
	const folder = await temporaryFolder();
	await writeFiles(folder, files);
	return (await inspectFolder(folder)).map(({from, change}) => [from, change]);
}

describe('Python', () => {
	it.each<[files: Files, ...changes: Array<[string, Change]>]>([
		[{'requirements.txt': ''}, ['requirements.txt', {setup: ['pip install -r requirements.txt']}]],
		[
			{'requirements.txt': '# x\nJupyterLab>=4 # notebook\ntensorboard[gcs]==2.0; python_version > "3"\n-r other.txt\n'},
			['requirements.txt', {setup: ['pip install -r requirements.txt']}],
			['requirements.txt', {ports: [8888, 6006]}],
		],
		[{'.python-version': '3.11.4\n'}, ['.python-version', {python: '3.11'}]],
		[{'.python-version': '# mine\ncpython@3.13\n3.9\n'}, ['.python-version', {python: '3.13'}]],
		[{'.python-version': 'pypy3.9-7.3\n'}],
		[{'.python-version': '2.7.18'}],
		[
			{'pyproject.toml': '[project]\nrequires-python = ">=3.9,<3.12"\ndependencies = ["fastapi~=0.1"]\n'},
			['pyproject.toml', {python: '3.11'}],
			['pyproject.toml', {setup: ['pip install -e .']}],
			['pyproject.toml', {ports: [8000]}],
		],
		[
			{'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.13"\nstreamlit = "*"\n'},
			['pyproject.toml', {python: '3.13'}],
			['pyproject.toml', {setup: ['pip install poetry', 'poetry install']}],
			['pyproject.toml', {ports: [8501]}],
		],
		[
			{'pyproject.toml': '[project]\nname = "x"\n', 'uv.lock': 'x'.repeat(600_000)},
			['pyproject.toml', {setup: ['pip install uv', 'uv sync']}],
		],
		[{'pyproject.toml': '[tool.hatch.envs.default]\n'}, ['pyproject.toml', {setup: ['pip install hatch', 'hatch env create']}]],
		[{'pyproject.toml': '[build-system]\nrequires = ["hatchling"]\n'}, ['pyproject.toml', {setup: ['pip install -e .']}]],
		[{'pyproject.toml': '[tool.pdm]\n'}, ['pyproject.toml', {setup: ['pip install pdm', 'pdm install']}]],
		[{'pyproject.toml': '[tool.ruff]\nline-length = 100\n'}],
		[{'pyproject.toml': ''}],
		[{'pyproject.toml': '[project\n'}, ['pyproject.toml', {}]],
		[{'pyproject.toml': 'project = 3\ntool = []\n'}, ['pyproject.toml', {setup: ['pip install -e .']}]],
		[
			{'setup.py': 'from setuptools import setup\nsetup(\n    python_requires=">=3.10, <3.11",\n)\n'},
			['setup.py', {python: '3.10'}],
			['setup.py', {setup: ['pip install -e .']}],
		],
		[{'setup.py': 'print(1)\n'}],
		[
			{Pipfile: '[packages]\nflask = "*"\n[requires]\npython_version = "3.10"\n', 'Pipfile.lock': '{}'},
			['Pipfile', {python: '3.10'}],
			['Pipfile', {setup: ['pip install pipenv', 'pipenv sync']}],
			['Pipfile', {ports: [5000]}],
		],
		[{Pipfile: '[packages]\n'}, ['Pipfile', {setup: ['pip install pipenv', 'pipenv install']}]],
		[{Pipfile: ']['}, ['Pipfile', {}]],
		[
			{
				'environment.yml':
					'name: x\ndependencies:\n  - conda-forge::python=3.10.4=h_1\n  - jupyterlab\n  - pip:\n      - gradio>4\n',
			},
			['environment.yml', {python: '3.10'}],
			['environment.yml', {setup: ['conda env update --file environment.yml']}],
			['environment.yml', {ports: [8888, 7860]}],
		],
		[
			{'environment.yaml': 'dependencies: [python>=3.13, numpy]\n'},
			['environment.yaml', {python: '3.13'}],
			['environment.yaml', {setup: ['conda env update --file environment.yaml']}],
		],
		[{'environment.yml': 'a: ['}, ['environment.yml', {}]],
		[{'environment.yml': 'prod: true\n'}, ['environment.yml', {}]],
	])('%j', async (files, ...changes) => {
		expect(await changesOf(files)).toEqual(changes);
	});

	it.each([
		['>=3.9', '3.12'],
		['>=3.8,<4', '3.12'],
		['>= 3.8 , < 3.10', '3.9'],
		['^3.10', '3.12'],
		['~3.10', '3.10'],
		['~=3.10', '3.12'],
		['~=3.10.2', '3.10'],
		['==3.11.*', '3.11'],
		['==3.11', '3.11'],
		['3.9', '3.9'],
		['3.10.*', '3.10'],
		['>3.12', '3.13'],
		['<=3.11', '3.11'],
		['!=3.12.*,>=3.11', '3.11'],
		['>=3.9 <3.11', '3.10'],
		['3.8 || 3.13', '3.13'],
		['*', '3.12'],
		['>=3.10.4', '3.12'],
		['>=3.14', '3.14'],
		['>=4', undefined],
		['<3', undefined],
		['2.7', undefined],
		['what?', undefined],
	])('%s → %s', (constraint, python) => {
		expect(pythonFor(constraint)).toBe(python);
	});
});

describe('Node, Rust, Go and make', () => {
	it.each<[files: Files, ...changes: Array<[string, Change]>]>([
		[{'package.json': '{}'}, ['package.json', {setup: ['npm install']}]],
		[{'package.json': '', 'package-lock.json': ''}, ['package.json', {setup: ['npm ci']}]],
		[{'package.json': '{}', 'pnpm-lock.yaml': ''}, ['package.json', {setup: ['npx --yes pnpm install --frozen-lockfile']}]],
		[{'package.json': '{}', 'yarn.lock': ''}, ['package.json', {setup: ['npx --yes yarn install --frozen-lockfile']}]],
		[
			{'package.json': '{}', 'bun.lockb': new Uint8Array([0, 1])},
			['package.json', {setup: ['npx --yes bun install --frozen-lockfile']}],
		],
		[{'package.json': '{"packageManager": "pnpm@9.1.0"}'}, ['package.json', {setup: ['npx --yes pnpm install']}]],
		[
			{'package.json': '{"packageManager": "yarn@1.22.0"}', 'package-lock.json': '', 'yarn.lock': ''},
			['package.json', {setup: ['npx --yes yarn install --frozen-lockfile']}],
		],
		[{'package.json': '{"packageManager": "$(evil)@1"}'}, ['package.json', {setup: ['npm install']}]],
		[
			{'package.json': '{"devDependencies": {"vite": "1"}}'},
			['package.json', {setup: ['npm install']}],
			['package.json', {ports: [5173]}],
		],
		[{'package.json': '{'}, ['package.json', {}]],
		[{'package.json': '[1]'}, ['package.json', {setup: ['npm install']}]],
		[{'package-lock.json': '{}'}],
		[{'Cargo.toml': '[package]\nname = "x"\n'}, ['Cargo.toml', {image: 'rust:1', setup: ['cargo fetch']}]],
		[{'Cargo.toml': '[profile.release]\n'}],
		[{'Cargo.toml': '['}, ['Cargo.toml', {}]],
		[{'go.mod': 'module x\n\ngo 1.22\n'}, ['go.mod', {image: 'golang:1.22', setup: ['go mod download']}]],
		[{'go.mod': 'module x\n\ngo 1.21.0\n\ntoolchain go1.23.4\n'}, ['go.mod', {image: 'golang:1.23', setup: ['go mod download']}]],
		[{'go.mod': 'nothing'}],
		[{Makefile: '.PHONY: setup\nall: x\nsetup: all\n\techo\n'}, ['Makefile', {setup: ['make setup']}]],
		[{makefile: 'install build: x\n'}, ['makefile', {setup: ['make install']}]],
		[{Makefile: 'setup := x\nsetup = y\n\tinstall: z\n# setup:\n'}],
	])('%j', async (files, ...changes) => {
		expect(await changesOf(files)).toEqual(changes);
	});
});

describe('a Dockerfile', () => {
	it.each<[what: string, text: string, ...changes: Change[]]>([
		['its image', 'FROM debian:bookworm\nRUN x\n', {image: 'debian:bookworm'}],
		['of another registry', '# c\nfrom ghcr.io:443/a/b@sha256:0123 AS x', {image: 'ghcr.io:443/a/b@sha256:0123'}],
		['without the platform', 'FROM --platform=$BUILDPLATFORM python:3.11', {image: 'python:3.11'}],
		['of the last of several stages', 'FROM node:20 AS build\nRUN x\nFROM nginx:1\nCOPY --from=build a b\n', {image: 'nginx:1'}],
		['below a named one', 'FROM python:3.12 AS Base\nFROM node:20 AS other\nFROM base AS final\n', {image: 'python:3.12'}],
		['below several', 'FROM a AS b\nFROM b AS c\nFROM c\n', {image: 'a'}],
		['of itself it cannot be', 'FROM a AS a\nFROM a\n', {image: 'a'}],
		['not scratch', 'FROM golang:1.22 AS build\nFROM scratch\nCOPY --from=build a b\n', {image: 'golang:1.22'}],
		['only scratch', 'FROM scratch\n'],
		['a default', 'ARG V=3.11\nFROM python:${V}-slim\n', {image: 'python:3.11-slim'}],
		['defaults of defaults', 'ARG A=py B="thon"\nARG N=$A$B\nFROM $N:${V:-3}${W:+x}${A:+y}\n', {image: 'python:3y'}],
		['nothing known', 'ARG V\nFROM python:$V\n', {}],
		['not of a later default', 'FROM a AS x\nARG V=1\nFROM b:$V\n', {}],
		['lines that go on', 'FROM \\\n  # c\n  --platform=x \\\n  debian:12 \\\n  AS x\n', {image: 'debian:12'}],
		['another sign for that', '# escape=`\nFROM `\n debian:12\n', {image: 'debian:12'}],
		['not in a text', 'FROM a\nRUN <<EOF cat <<"B"\nFROM b\nEOF\nFROM c\nB\n', {image: 'a'}],
		['Windows lines', 'FROM debian:12\r\nEXPOSE 80\r\n', {image: 'debian:12'}, {ports: [80]}],
		['its ports', 'FROM a AS b\nEXPOSE 1\nFROM c\nEXPOSE 8000 8001/tcp 53/udp $P 99999\n', {image: 'c'}, {ports: [8000, 8001]}],
		['nothing', '# nothing\n'],
		['odd names', 'FROM a;b\n', {}],
		['a variable without an end', 'FROM ${A\n', {}],
	])('%s', async (_, text, ...changes) => {
		expect(await changesOf({Dockerfile: text})).toEqual(changes.map(change => ['Dockerfile', change]));
	});
});

describe('any folder', () => {
	const names = [
		'.python-version',
		'pyproject.toml',
		'requirements.txt',
		'setup.py',
		'Pipfile',
		'environment.yml',
		'package.json',
		'Dockerfile',
		'Cargo.toml',
		'go.mod',
		'Makefile',
	];

	it('one that is not there, and an empty one, suggest nothing', async () => {
		const folder = await temporaryFolder();
		expect(await inspectFolder(folder)).toEqual([]);
		expect(await inspectFolder(path.join(folder, 'missing'))).toEqual([]);
	});

	it('files that are none, or too big, are passed over', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'requirements.txt': 'x\n'.repeat(400_000)});
		await mkdir(path.join(folder, 'package.json'));
		if (process.platform !== 'win32') {
			execFileSync('mkfifo', [path.join(folder, 'Dockerfile')]);
		}

		expect(await inspectFolder(folder)).toEqual([]);
	});

	it('whatever is in the files: sentences safe to draw, and sound values', async () => {
		const line = fc.oneof(
			fc.string({unit: 'binary'}),
			fc.constantFrom(
				'FROM ',
				'ARG A=1',
				'[project]',
				'requires-python = ">=3"',
				'dependencies:',
				'- python',
				'{',
				'}',
				'[',
				'setup:',
				'\u001B[2J',
				'\\',
				'RUN <<E',
			),
		);
		const text = fc.array(line, {maxLength: 8}).map(lines => lines.join('\n'));
		await fc.assert(
			fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), text), async files => {
				const folder = await temporaryFolder();
				await writeFiles(folder, files);
				for (const {from, words, change} of await inspectFolder(folder)) {
					expect(names).toContain(from);
					expect(words).not.toBe('');
					expect(neutraliseLine(words)).toBe(words);
					expect(words.length).toBeLessThanOrEqual(200);
					expect(change.python ?? '3.1').toMatch(/^3\.\d{1,2}$/);
					expect(change.image ?? 'a').toMatch(/^\w[\w./:@-]*$/);
					expect(change.ports?.every(port => port > 0 && port < 65_536) ?? true).toBe(true);
				}
			}),
			{numRuns: 300},
		);
	});
});
