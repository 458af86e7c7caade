import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {homedir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {runScriptStep} from '../../source/environment/runner.js';
import {noPythonCode, pythonCheckScript} from '../../source/environment/python.js';
import {scriptSteps} from '../../source/environment/steps.js';
import {environment, localLink, makePlaces} from './support.js';

/** In a home of its own, pyenv's versions are found by where its program lies. */
const pyenvProgram = spawnSync('sh', ['-c', 'command -v pyenv'], {encoding: 'utf8'}).stdout.trim();
const pyenvRoots = [
	process.env['PYENV_ROOT'],
	path.join(homedir(), '.pyenv'),
	pyenvProgram && path.resolve(pyenvProgram, '../..'),
];
const pyenvRoot = pyenvRoots.find(root => root && existsSync(path.join(root, 'versions'))) ?? path.join(homedir(), '.pyenv');
const works = (python: string) => spawnSync(python, ['-m', 'venv', '--help']).status === 0;

/** Full versions of pyenv's that can make an environment. */
const installed = existsSync(path.join(pyenvRoot, 'versions'))
	? readdirSync(path.join(pyenvRoot, 'versions')).filter(
			name => /^3\.\d+\.\d+$/.test(name) && works(path.join(pyenvRoot, 'versions', name, 'bin/python')),
		)
	: [];
const [some = ''] = installed.slice(-1);
const minor = some.split('.').slice(0, 2).join('.');

/** A PATH of links to the usual tools, without any Python. */
function bareTools(folder: string): string {
	const tools = path.join(folder, 'tools');
	mkdirSync(tools);
	for (const tool of [
		'sh',
		'bash',
		'cat',
		'mv',
		'rm',
		'mkdir',
		'sed',
		'tr',
		'cut',
		'setsid',
		'sleep',
		'wc',
		'tail',
		'head',
		'ps',
		'dirname',
		'sort',
	]) {
		const found = execFileSync('sh', ['-c', `command -v ${tool} || true`], {encoding: 'utf8'}).trim();
		if (found !== '') {
			symlinkSync(found, path.join(tools, tool));
		}
	}

	return tools;
}

async function makePython(
	python: string,
	variables: (folder: string) => Record<string, string>,
	before?: (folder: string) => void,
) {
	const places = await makePlaces({configuration: environment({python})});
	before?.(places.folder);
	const link = localLink(places.home, variables(places.folder));
	const step = scriptSteps(places.context).find(({id}) => id === 'python');
	if (!step) {
		throw new Error('no python step');
	}

	const result = await runScriptStep(link, step, places.context, () => undefined);
	const venv = path.join(places.context.stateFolder, 'venv');
	const version = result.code === 0 ? execFileSync(path.join(venv, 'bin/python'), ['-V'], {encoding: 'utf8'}).trim() : undefined;
	return {...result, venv, version, ...places};
}

describe.skipIf(some === '')('Python (needs a version of pyenv)', () => {
	it('is found through PYENV_ROOT, with pip', async () => {
		const {version, venv, code} = await makePython(minor, folder => ({PATH: bareTools(folder), PYENV_ROOT: pyenvRoot}));
		expect(code).toBe(0);
		expect(version).toMatch(new RegExp(`^Python ${minor.replace('.', '\\.')}\\.`));
		expect(execFileSync(path.join(venv, 'bin/python'), ['-m', 'pip', '--version'], {encoding: 'utf8'})).toContain(venv);
	});

	it('is found in ~/.pyenv, in a full version', async () => {
		const {version} = await makePython(
			some,
			folder => ({PATH: bareTools(folder)}),
			folder => symlinkSync(pyenvRoot, path.join(folder, 'there/home/.pyenv')),
		);
		expect(version).toBe(`Python ${some}`);
	});

	it.skipIf(pyenvProgram === '')('is found by where the program of pyenv lies', async () => {
		const {version} = await makePython(some, folder => {
			const tools = bareTools(folder);
			symlinkSync(pyenvProgram, path.join(tools, 'pyenv'));
			symlinkSync('/usr/bin/readlink', path.join(tools, 'readlink'));
			return {PATH: tools};
		});
		expect(version).toBe(`Python ${some}`);
	});

	it('is known to be there, or not, before anything is made', async () => {
		const check = (version: string) =>
			spawnSync('sh', ['-c', pythonCheckScript(version)], {
				env: {PATH: '/usr/bin:/bin', HOME: '/nowhere', PYENV_ROOT: pyenvRoot},
				encoding: 'utf8',
			});
		expect(check(some)).toMatchObject({status: 0, stdout: ''});
		const missing = check('3.99');
		expect(missing.status).toBe(noPythonCode);
		expect(missing.stdout.trim().split('\n')).toHaveLength(1);
		const versions = /found: (.*)\. Get it/.exec(missing.stdout)?.[1]?.split(', ') ?? [];
		expect(versions).toEqual([...versions].sort((a, b) => a.localeCompare(b, 'en', {numeric: true})));
		expect(versions).toContain(some);
	});

	it('is found on the PATH', async () => {
		const bin = path.join(pyenvRoot, 'versions', some, 'bin');
		const {version} = await makePython(minor, folder => ({PATH: `${bareTools(folder)}:${bin}`}));
		expect(version).toBe(`Python ${some}`);
	});

	it('is made once, and made anew where it is another or broken', async () => {
		const variables = (folder: string) => ({
			PATH: existsSync(path.join(folder, 'tools')) ? path.join(folder, 'tools') : bareTools(folder),
			PYENV_ROOT: pyenvRoot,
		});
		const {venv, context, home, folder, version} = await makePython(some, variables, folder => {
			mkdirSync(path.join(folder, 'there', "state's", 'venv/bin'), {recursive: true});
			symlinkSync('/nowhere/python', path.join(folder, 'there', "state's", 'venv/bin/python'));
		});
		expect(version).toBe(`Python ${some}`);
		writeFileSync(path.join(venv, 'kept'), '');
		const [, step] = scriptSteps(context);
		if (!step) {
			throw new Error('no python step');
		}

		const again = await runScriptStep(localLink(home, variables(folder)), {...step, when: 'always'}, context, () => undefined);
		expect(again).toMatchObject({code: 0, lastLines: [`Python ${some} is there`]});
		expect(existsSync(path.join(venv, 'kept'))).toBe(true);
	});

	it('does not take 3.1 for 3.11, and names what was found', async () => {
		const {code, lastLines} = await makePython('3.1', folder => ({PATH: bareTools(folder), PYENV_ROOT: pyenvRoot}));
		expect(code).toBe(1);
		expect(lastLines.at(-1)).toMatch(/^no Python 3\.1 here; found: /);
		for (const version of installed) {
			expect(lastLines.at(-1)).toContain(` ${version}`);
		}
	});

	it('says when there is none at all', async () => {
		const {code, lastLines, venv} = await makePython('3.99', folder => ({PATH: bareTools(folder)}));
		expect(code).toBe(1);
		expect(lastLines.at(-1)).toMatch(/^no Python 3\.99 here; found: none\. Get it \(install Python 3\.99\)/);
		expect(existsSync(venv)).toBe(false);
	});
});
