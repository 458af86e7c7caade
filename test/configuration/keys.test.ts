import {describe, expect, it} from 'vitest';
import {foreignKeys, foreignTypes} from '../../source/configuration/schema/configuration-schema.js';
import type {DevEnvironment} from '../../source/configuration/model.js';
import {environmentOf, least, placeOf, readProfilesText, readText} from './support.js';

describe('every key of a configuration', () => {
	it.each<[lines: string, expected: Partial<DevEnvironment>]>([
		['name: fast-moth', {name: 'fast-moth'}],
		['name: train.v2', {name: 'train.v2'}],
		['ide: vscode', {ide: 'vscode'}],
		['ide: vscode-insiders', {ide: 'vscode-insiders'}],
		['ide: cursor', {ide: 'cursor'}],
		['ide: windsurf', {ide: 'windsurf'}],
		['ide: zed', {ide: 'zed'}],
		['name: no-ide', {ide: undefined}],
		['image: ghcr.io/huggingface/text-generation-inference:0.9', {image: 'ghcr.io/huggingface/text-generation-inference:0.9'}],
		['python: "3.7"', {python: '3.7'}],
		['python: 3.12', {python: '3.12'}],
		['python: "3.11.4"', {python: '3.11.4'}],
		['registry_auth: {username: me, password: secret}', {registryAuth: {username: 'me', password: 'secret'}}],
		['registry_auth: {password: 1234}', {registryAuth: {username: '', password: '1234'}}],
		['registry_auth: {username: $oauthtoken, password: x}', {registryAuth: {username: '$oauthtoken', password: 'x'}}],
		['env: {A: b, N: 3, T: true}', {env: {A: 'b', N: '3', T: 'true'}}],
		['env: [A=b, MINE]', {env: {A: 'b'}, callerEnv: ['MINE']}],
		['build: [a, b]', {build: ['a', 'b']}],
		['setup: make', {setup: ['make']}],
		['init: [a]', {init: ['a']}],
		[
			'ports: [8000, "3333:8001", "*:8002"]',
			{
				ports: [
					{local: 8000, remote: 8000},
					{local: 3333, remote: 8001},
					{local: undefined, remote: 8002},
				],
			},
		],
		['entrypoint: bash -c', {entrypoint: 'bash -c'}],
		['home_dir: /home/me', {homeDir: '/home/me'}],
		['cache: [~/.cache/pip, ./data]', {cache: ['~/.cache/pip', './data']}],
		['working_dir: /data', {workingDir: '/data'}],
		['user: ubuntu', {user: 'ubuntu'}],
		['shell: bash', {shell: 'bash'}],
		['privileged: true', {privileged: true}],
		['docker: yes', {docker: true}],
		['nvcc: on', {nvcc: true}],
		['files: [data]', {files: [{local: 'data', remote: 'data'}]}],
		['files: [".:examples"]', {files: [{local: '.', remote: 'examples'}]}],
		['files: ["~/.ssh/id_rsa:/root/.ssh/id_rsa"]', {files: [{local: '~/.ssh/id_rsa', remote: '/root/.ssh/id_rsa'}]}],
		['files: ["C:\\\\data:/data"]', {files: [{local: 'C:\\data', remote: '/data'}]}],
		['files: ["C:/data"]', {files: [{local: 'C:/data', remote: 'C:/data'}]}],
		['files: ["a:b"]', {files: [{local: 'a', remote: 'b'}]}],
		['files: [{local_path: a, path: /b}]', {files: [{local: 'a', remote: '/b'}]}],
	])('%s', async (lines, expected) => {
		const {environment, diagnostics} = await readText(`${least}${lines}\n`);
		expect(diagnostics).toEqual([]);
		expect(environment).toMatchObject(expected);
	});

	it.each<[lines: string, expected: Partial<DevEnvironment>, key: string]>([
		['version: "1.96"', {}, 'version'],
		['priority: 50', {}, 'priority'],
		['volumes: ["name:/path", {name: [a, b], path: /p}]', {}, 'volumes'],
		['repos: [..]', {}, 'repos'],
		['single_branch: true', {}, 'single_branch'],
		['dstack: true', {}, 'dstack'],
	])('%s is understood, and the warning says why it has no effect', async (lines, expected, key) => {
		const {environment, diagnostics} = await readText(`${least}${lines}\n`);
		expect(environment).toMatchObject(expected);
		expect(diagnostics).toMatchObject([{severity: 'warning', line: 2, column: 1}]);
		expect(diagnostics[0]?.message).toMatch(new RegExp(`^\`${key}\` has no effect: \\S.*\\S$`));
	});

	it.each(['single_branch: false', 'dstack: false'])('%s asks for nothing, and no warning is due', async lines => {
		expect((await readText(`${least}${lines}\n`)).diagnostics).toEqual([]);
	});

	it.each([
		['name: ""', 'letters'],
		['ide: vim', 'expected one of vscode, vscode-insiders, cursor, windsurf, zed'],
		['image: {name: x}', 'an image such as'],
		['python: "3"', '"3.11"'],
		['python: 4.1', '"3.11"'],
		['registry_auth: {username: me}', '`password` is missing'],
		['registry_auth: {password: [a]}', 'text'],
		['env: 3', 'a map of names to values, or a list'],
		['env: {A: [1]}', 'found a list'],
		['env: {A: {b: c}}', 'found a map'],
		['env: {A: }', '- A'],
		['env: {"A B": c}', 'letters, digits and _'],
		['env: ["=x"]', 'NAME=value'],
		['build: 3', 'list of commands'],
		['setup:', 'list of commands'],
		['init: [1]', 'a command'],
		['cache: [1]', 'a path'],
		['ports: [0]', 'from 1 to 65535'],
		['ports: ["8000:"]', 'from 1 to 65535'],
		['ports: ["a:b:c"]', '3333:8000'],
		['ports: [{local_port: 1}]', '`container_port` is missing'],
		['ports: [8000.5]', 'from 1 to 65535'],
		['files: [3]', 'a path'],
		['files: [":b"]', 'expected a path'],
		['files: ["a:"]', 'expected a path'],
		['files: ["a:b:c"]', 'expected a path'],
		['files: [{local_path: a}]', '`path` is missing'],
		['files: data', 'list of paths'],
		['docker: maybe', 'true or false'],
		['privileged: 1', 'true or false'],
		['working_dir: [a]', 'an absolute path, or one in the code'],
		['working_dir: ..', 'an absolute path, or one in the code'],
		['home_dir: ~/x', 'an absolute path'],
		['shell: bash -c', 'such as bash or /usr/bin/zsh'],
		['user: a b', 'a user such as ubuntu'],
		['entrypoint: "bash \'"', 'a quote that ends'],
		['user: 1000', 'a user'],
		['resources: 24GB', 'a map of cpu'],
		['image: a\ndocker: true', 'leave out one of `image` and `docker`'],
		['image: a\npython: "3.11"', 'leave out one of the two'],
	])('%j: %s', async (lines, words) => {
		const {environment, diagnostics} = await readText(`${least}${lines}\n`);
		expect(environment).toBeUndefined();
		const errors = diagnostics.filter(({severity}) => severity === 'error');
		expect(errors).toHaveLength(1);
		expect(errors[0]?.message).toContain(words);
	});
});

describe('what belongs elsewhere', () => {
	it.each(Object.entries(foreignKeys))('the key %s is not called unknown: %s', async (key, reason) => {
		const {environment, diagnostics} = await readText(`${least}${key}: 1\n`);
		expect(environment).toBeUndefined();
		expect(diagnostics).toMatchObject([
			{severity: 'error', line: 2, column: 1, message: `\`${key}\` cannot be used here: ${reason}`},
		]);
	});

	it.each(Object.entries(foreignTypes))('type: %s: %s', async (type, reason) => {
		const {environment, diagnostics} = await readText(`type: ${type}\ncommands: [x]\n`);
		expect(environment).toBeUndefined();
		expect(diagnostics).toHaveLength(1);
		expect(diagnostics[0]?.message).toBe(`${reason}; this program runs type: dev-environment`);
	});

	it('deeper down a foreign key is unknown as any other', async () => {
		const {diagnostics} = await readText(`${least}resources:\n  commands: 1\n`);
		expect(diagnostics[0]?.message).toContain("unknown key 'commands'");
	});

	it('keys that are understood without effect are not advertised', async () => {
		const {diagnostics} = await readText(`${least}xyz: 1\n`);
		expect(diagnostics[0]?.message).toContain('known here: type, name, ide, image,');
		expect(diagnostics[0]?.message).not.toMatch(/fleets|schedule|priority/);
	});

	it('an inherited name is no key', async () => {
		for (const key of ['constructor', 'toString', 'hasOwnProperty', '__proto__']) {
			const {diagnostics} = await readText(`${least}${key}: 1\n`);
			expect(diagnostics).toHaveLength(1);
			expect(diagnostics[0]?.message).toContain(`unknown key '${key}'`);
			const profiles = await readProfilesText(`profiles:\n  - name: a\n    ${key}: 1\n`);
			expect(profiles.diagnostics[0]?.message).toContain(`unknown key '${key}'`);
		}
	});
});

describe('traps of YAML', () => {
	it.each([
		['python: 3.10', '2:9', 'take 3.10 for the number 3.1', '"3.10"'],
		['ports:\n  - 22:22', '3:5', 'take 22:22 for the number 1342', '"22:22"'],
		['ports:\n  - 8080:22', '3:5', 'take 8080:22 for the number 484822', '"8080:22"'],
		['env:\n  A: off', '3:6', 'take off for false', '"off"'],
		['env:\n  A: Yes', '3:6', 'take Yes for true', '"Yes"'],
		['env:\n  A: n', '3:6', 'take n for false', '"n"'],
		['env:\n  T: 12:30:45', '3:6', 'take 12:30:45 for the number 45045', '"12:30:45"'],
	])('%j is a warning at %s', async (lines, place, words, suggestion) => {
		const {environment, diagnostics} = await readText(`${least}${lines}\n`);
		expect(environment).toBeDefined();
		expect(diagnostics).toMatchObject([{severity: 'warning', suggestion}]);
		expect(placeOf(diagnostics[0]!)).toBe(place);
		expect(diagnostics[0]?.message).toContain(words);
	});

	it.each([
		'ports:\n  - "22:22"',
		'ports:\n  - 3333:8000',
		'ports:\n  - 22:99',
		'python: "3.10"',
		'python: 3.11',
		'env:\n  A: "off"',
		"env:\n  A: 'no'",
		'env:\n  - A=off',
		'env:\n  on: x',
		'max_duration: off',
		'retry: no',
		'setup:\n  - yes',
	])('%j is none', async lines => {
		expect((await readText(`${least}${lines}\n`)).diagnostics).toEqual([]);
	});

	it('are told of profiles as well', async () => {
		const {diagnostics} = await readProfilesText('profiles:\n  - name: 12:30\n');
		expect(diagnostics.map(each => placeOf(each))).toEqual(['2:11', '2:11']);
		expect(diagnostics.map(({severity}) => severity).sort()).toEqual(['error', 'warning']);
	});

	it.each([
		['setup:\n\t- x', 'a tab cannot indent YAML; use spaces', '3:1'],
		['name: a\nname: b', 'this key is there twice', '3:1'],
		['name: &a x\nimage: *b', 'nothing above is called &b', '3:8'],
		['setup: &a [*a]', '&a contains itself', '2:12'],
	])('%j: %s', async (lines, message, place) => {
		const {environment, diagnostics} = await readText(`${least}${lines}\n`);
		expect(environment).toBeUndefined();
		const errors = diagnostics.filter(({severity}) => severity === 'error');
		expect(errors.map(each => each.message)).toEqual([message]);
		expect(placeOf(errors[0]!)).toBe(place);
	});
});

describe('building', () => {
	const read = async (lines: string, options: {registry?: string} = {}) =>
		(await readText(`${least}${lines}\n`, options)).diagnostics;

	it('for clouds alone needs a registry', async () => {
		expect(await read('build: [make]\nbackends: [aws]')).toMatchObject([{severity: 'warning', line: 2, column: 1}]);
		expect(await read('build: [make]\nbackends: [aws]', {registry: 'ghcr.io/me'})).toEqual([]);
		expect(await read('build: [make]\nbackends: [aws, local]')).toEqual([]);
		expect(await read('build: [make]')).toEqual([]);
		expect(await read('backends: [aws]')).toEqual([]);
	});
});

it('all problems at once: of values, keys, references and names', async () => {
	const {diagnostics} = await readText(`type: dev-environment
ide: emacs
setup:
  - echo \${{ secrets.TOKEN }}
backends: [asw]
resources:
  gpu: 24GB..8GB
  memory: 24
commands: [x]
env:
  A: \${{ run.nmae }}
`);
	expect(diagnostics.filter(({severity}) => severity === 'error').map(({line}) => line)).toEqual([2, 4, 5, 7, 8, 9, 11]);
});

it('an environment of everything reads as one', async () => {
	const environment = await environmentOf(
		'name: all\nide: zed\npython: "3.12"\nenv: [A=1]\nbuild: [b]\nsetup: [s]\ninit: [i]\nports: [1]\nuser: u\nshell: s\nworking_dir: /w\nhome_dir: /h\ncache: [c]\nfiles: [f]\nprivileged: true\nnvcc: true\nentrypoint: e\n',
	);
	expect(environment).toEqual({
		name: 'all',
		ide: 'zed',
		image: undefined,
		registryAuth: undefined,
		python: '3.12',
		env: {A: '1'},
		callerEnv: [],
		build: ['b'],
		setup: ['s'],
		init: ['i'],
		ports: [{local: 1, remote: 1}],
		entrypoint: 'e',
		homeDir: '/h',
		cache: ['c'],
		workingDir: '/w',
		user: 'u',
		shell: 's',
		files: [{local: 'f', remote: 'f'}],
		privileged: true,
		docker: false,
		nvcc: true,
	});
});
