import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {readConfiguration} from '../../source/configuration/files/read.js';
import {neutralise, neutraliseLine} from '../../source/system/terminal-text.js';
import {environment} from '../environment/support.js';
import {temporaryFolder} from '../support/folders.js';
import {environmentOf, least, placeOf, problemOf, readText, writeFiles} from './support.js';

describe('a sound configuration', () => {
	it('may be no more than its type', async () => {
		expect(await readText(least)).toMatchObject({file: '.dstack.yml', label: '.dstack.yml', text: least, diagnostics: []});
		expect(await environmentOf('')).toEqual(environment());
	});

	it.each([
		[
			'type: dev-environment\n\npython: "3.11" # (Optional) If not specified, your local version is used.\n\nsetup: # (Optional) Executed once at the first startup.\n  - pip install -r requirements.txt\n\nide: vscode\n',
			{python: '3.11', setup: ['pip install -r requirements.txt'], ide: 'vscode'},
		],
		[
			'type: dev-environment\n\nimage: ghcr.io/huggingface/text-generation-inference:0.9\n\nbuild:\n  - apt-get update\n  - DEBIAN_FRONTEND=noninteractive apt-get install -y openssh-server\n  - rm -rf /var/lib/apt/lists/*\n\nide: vscode\n',
			{
				image: 'ghcr.io/huggingface/text-generation-inference:0.9',
				build: [
					'apt-get update',
					'DEBIAN_FRONTEND=noninteractive apt-get install -y openssh-server',
					'rm -rf /var/lib/apt/lists/*',
				],
				ide: 'vscode',
			},
		],
		[
			'type: dev-environment\n\npython: "3.11"\n\nbuild:\n  - pip install -r requirements.txt --no-cache-dir\n\nide: vscode\n',
			{python: '3.11', build: ['pip install -r requirements.txt --no-cache-dir'], ide: 'vscode'},
		],
	])('the example %# of the guide', async (text, expected) => {
		const {environment, diagnostics} = await readText(text);
		expect(diagnostics).toEqual([]);
		expect(environment).toMatchObject(expected);
	});

	it('takes everything that a configuration can say', async () => {
		const read = await environmentOf(`name: train.v2
ide: cursor
image: debian:bookworm
registry_auth: {username: me, password: secret}
env: {TOKEN: abc, DEBUG: true}
build: make
setup: [make setup, '']
init:
  - echo hello
ports:
  - 8000
  - 3333:8001
  - "*:8002"
  - {local_port: 4444, container_port: 8003}
  - container_port: 8004
`);
		expect(read).toMatchObject({
			name: 'train.v2',
			ide: 'cursor',
			image: 'debian:bookworm',
			registryAuth: {username: 'me', password: 'secret'},
			env: {TOKEN: 'abc', DEBUG: 'true'},
			build: ['make'],
			setup: ['make setup'],
			init: ['echo hello'],
			ports: [
				{local: 8000, remote: 8000},
				{local: 3333, remote: 8001},
				{local: undefined, remote: 8002},
				{local: 4444, remote: 8003},
				{local: undefined, remote: 8004},
			],
		});
	});

	it('is called by its name', async () => {
		expect((await readText(`${least}name: train\n`)).label).toBe('train');
	});

	it('says what is understood and has no effect, and stays usable', async () => {
		const {environment, diagnostics} = await readText(`${least}single_branch: true\npriority: 5\ndstack: true\n`);
		expect(environment).toBeDefined();
		expect(diagnostics.map(each => [each.severity, placeOf(each)])).toEqual([
			['warning', '2:1'],
			['warning', '3:1'],
			['warning', '4:1'],
		]);
	});
});

describe('numbers stay as they are written', () => {
	it.each(['3.8', '3.9', '3.10', '3.11', '3.12', '3.20'])('python: %s, with quotes and without', async version => {
		expect((await environmentOf(`python: "${version}"\n`)).python).toBe(version);
		expect((await environmentOf(`python: ${version}\n`)).python).toBe(version);
		expect((await environmentOf(`python: ${version} # unquoted\nide: vscode\n`)).python).toBe(version);
	});

	it('warns where other readers of YAML would take another version, with what to write', async () => {
		const {diagnostics} = await readText(`${least}python: 3.10\n`);
		expect(diagnostics).toMatchObject([{severity: 'warning', line: 2, column: 9, suggestion: '"3.10"'}]);
		expect((await readText(`${least}python: "3.10"\n`)).diagnostics).toEqual([]);
		expect((await readText(`${least}python: 3.11\n`)).diagnostics).toEqual([]);
	});

	it.each(['3', '2.7', '"3.x"', '3.1e1', '"3.11-slim"', '""', '[3.10]', 'true'])('python: %s is refused', async version => {
		const {environment, diagnostics} = await readText(`${least}python: ${version}\n`);
		expect(environment).toBeUndefined();
		expect(diagnostics).toMatchObject([{severity: 'error', line: 2}]);
	});

	it.each([
		'name',
		'ide',
		'image',
		'registry_auth',
		'python',
		'user',
		'shell',
		'entrypoint',
		'working_dir',
		'home_dir',
		'docker',
	])('%s without a value asks for nothing', async key => {
		const {environment: read, diagnostics} = await readText(`${least}${key}:\n`);
		expect(read).toEqual(environment());
		expect(diagnostics).toMatchObject([{severity: 'warning', line: 2}]);
		expect(diagnostics[0]?.message).toBe(`\`${key}\` has no value, and asks for nothing`);
	});

	it('also in variables', async () => {
		const {env} = await environmentOf(
			'env:\n  VERSION: 3.10\n  CODE: 007\n  BIG: 12345678901234567890\n  HEX: 0x1F\n  YES: True\n  WORD: "007"\n',
		);
		expect(env).toEqual({
			VERSION: '3.10',
			CODE: '007',
			BIG: '12345678901234567890',
			HEX: '0x1F',
			YES: 'True',
			WORD: '007',
		});
	});

	it('also behind an anchor', async () => {
		expect((await environmentOf('env: {A: &v 3.10, B: *v}\npython: *v\n')).env).toEqual({A: '3.10', B: '3.10'});
	});

	it('a port with a colon is no number of base sixty', async () => {
		expect((await environmentOf('ports:\n  - 22:22\n  - 8080:22\n')).ports).toEqual([
			{local: 22, remote: 22},
			{local: 8080, remote: 22},
		]);
	});
});

describe('variables', () => {
	it('are a list or a map', async () => {
		expect((await environmentOf('env:\n  - A=b\n  - C=d=e\n  - E=\n')).env).toEqual({A: 'b', C: 'd=e', E: ''});
		expect((await environmentOf('env:\n  A: b\n  E: ""\n')).env).toEqual({A: 'b', E: ''});
	});

	it.each([
		['env:\n  OK: 1\n  EMPTY:\n', '4:9'],
		['env:\n  OK: 1\n  LIST: [1]\n', '4:9'],
		['env:\n  1X: a\n', '3:3'],
		['env:\n  - OK=1\n  - NO NE\n', '4:5'],
		['env:\n  - OK=1\n  - 3\n', '4:5'],
		['env: A=b\n', '2:6'],
	])('%j is refused at the very place', async (lines, place) => {
		const {environment, diagnostics} = await readText(least + lines);
		expect(environment).toBeUndefined();
		expect(diagnostics.map(each => placeOf(each))).toEqual([place]);
	});

	it('without a value are the caller’s', async () => {
		expect(await environmentOf('env:\n  - A\n  - B=c\n  - D\n')).toMatchObject({env: {B: 'c'}, callerEnv: ['A', 'D']});
	});

	it('that are there twice count as they are last', async () => {
		expect(await environmentOf('env: [A=1, A, B, B=2, C=1, C=2]\n')).toMatchObject({env: {B: '2', C: '2'}, callerEnv: ['A']});
	});

	it('of any name that a shell takes', async () => {
		expect(Object.entries((await environmentOf('env:\n  __proto__: a\n  constructor: b\n')).env)).toEqual([
			['__proto__', 'a'],
			['constructor', 'b'],
		]);
		expect(Object.entries((await environmentOf('env:\n  - __proto__=a\n')).env)).toEqual([['__proto__', 'a']]);
	});
});

describe('what is wrong', () => {
	it.each([
		['nmae: x\n', 'nmae', 'name'],
		['prots: [1]\n', 'prots', 'ports'],
		['Ports: [1]\n', 'Ports', 'ports'],
		['pyhton: "3.11"\n', 'pyhton', 'python'],
		['xyz: 1\n', 'xyz', undefined],
		['__proto__: 1\n', '__proto__', undefined],
	])('an unknown key: %j', async (lines, key, suggestion) => {
		const {environment, diagnostics} = await readText(`${least}# a comment\n${lines}`);
		expect(environment).toBeUndefined();
		expect(diagnostics).toMatchObject([{severity: 'error', line: 3, column: 1, suggestion}]);
		expect(diagnostics[0]?.message).toContain(`'${key}'`);
	});

	it('an unknown key deeper down is compared with the keys of that place', async () => {
		expect((await readText(`${least}registry_auth:\n  username: a\n  password: b\n  usrname: c\n`)).diagnostics).toMatchObject([
			{line: 5, column: 3, suggestion: 'username'},
		]);
		expect((await readText(`${least}ports:\n  - container_port: 1\n    local_prt: 2\n`)).diagnostics).toMatchObject([
			{line: 4, column: 5, suggestion: 'local_port'},
		]);
	});

	it.each([
		['name: [a]\n', '2:7', 'text'],
		['name: a b\n', '2:7', 'letters'],
		[`name: ${'x'.repeat(61)}\n`, '2:7', 'letters'],
		['ide: emacs\n', '2:6', 'vscode'],
		['image: 3\n', '2:8', 'image'],
		['image: ""\n', '2:8', 'image'],
		['setup: {a: b}\n', '2:8', 'commands'],
		['setup:\n  - ok\n  - a: b\n', '4:5', 'command'],
		['setup:\n  - ok\n  -\n', '4:4', 'command'],
		['ports: 8000\n', '2:8', 'list of ports'],
		['ports:\n  - 1\n  - 99999\n', '4:5', '65535'],
		['ports:\n  - true\n', '3:5', 'port'],
		['ports:\n  - {local_port: 70000, container_port: 1}\n', '3:18', '65535'],
		['registry_auth: me\n', '2:16', 'username'],
		['cache: a\n', '2:8', 'paths'],
	])('a wrong value: %j at %s', async (lines, place, words) => {
		const {environment, diagnostics} = await readText(least + lines);
		expect(environment).toBeUndefined();
		const errors = diagnostics.filter(({severity}) => severity === 'error');
		expect(errors.map(each => placeOf(each))).toEqual([place]);
		expect(errors[0]?.message).toContain(words);
	});

	it('a key that is missing is named, with what it has to be', async () => {
		const {diagnostics} = await readText(`${least}registry_auth:\n  username: a\n`);
		expect(diagnostics.map(({message}) => message)).toEqual([expect.stringMatching(/`password` is missing.*text/)]);
	});

	it('image and python at once: the image brings its own', async () => {
		for (const version of ['"3.11"', '3.10']) {
			const {environment, diagnostics} = await readText(`${least}image: debian\npython: ${version}\n`);
			expect(environment).toBeUndefined();
			expect(diagnostics.filter(({severity}) => severity === 'error')).toMatchObject([{line: 3}]);
		}
	});

	it('everything at once, in the order of the file', async () => {
		const {diagnostics} = await readText(`${least}prots: []\nide: emacs\nports: [0]\nxyz: 1\nname: a b\n`);
		expect(diagnostics.map(({line}) => line)).toEqual([2, 3, 4, 5, 6]);
	});
});

describe('not a dev environment', () => {
	it.each([
		['type: task\ncommands: [a]\n', '1:7', 'task'],
		['type: service\nport: 80\n', '1:7', 'service'],
		['# first\ntype: dev-enviroment\n', '2:7', 'dev-environment'],
		['type:\n', '1:6', 'dev-environment'],
		['type: [dev-environment]\n', '1:7', 'dev-environment'],
		['ide: vscode\n', '1:1', '`type`'],
		['', '1:1', 'empty'],
		['\n\n', '1:1', 'empty'],
		['# only this\n', '1:1', 'empty'],
		['- type: dev-environment\n', '1:1', 'map'],
		['hello\n', '1:1', 'map'],
		['42', '1:1', 'map'],
	])('%j at %s', async (text, place, words) => {
		const {environment, diagnostics, label} = await readText(text);
		expect(environment).toBeUndefined();
		expect(label).toBe('.dstack.yml');
		expect(diagnostics.filter(({severity}) => severity === 'error')).toHaveLength(1);
		expect(placeOf(diagnostics[0]!)).toBe(place);
		expect(diagnostics[0]?.message).toContain(words);
	});

	it('has one complaint, not one for each of its keys', async () => {
		expect((await readText('type: task\ncommands: [a]\nfoo: 1\nide: emacs\n')).diagnostics).toHaveLength(1);
	});
});

describe('not YAML', () => {
	it.each([
		['setup:\n\t- x\n', '3:1', 'tab'],
		['name: "unclosed\n', '2:', 'quote'],
		['setup: [a\n', '', 'no YAML'],
		['name: x\nide: vscode\nname: y\n', '4:1', 'twice'],
		['env:\n  A: 1\n  B: 2\n  A: 3\n', '5:3', 'twice'],
		['env: {1: a, "1": b}\n', '2:13', 'twice'],
		['name: *nowhere\n', '2:7', 'nowhere'],
		[`---\n${least}`, '2:1', 'second document'],
		['name: x: y\n', '2:', ''],
	])('%j at %s', async (lines, place, words) => {
		const {environment, diagnostics} = await readText(least + lines);
		expect(environment).toBeUndefined();
		const [first] = diagnostics.filter(({severity}) => severity === 'error');
		expect(`${placeOf(first!)} ${first!.message}`).toContain(words);
		expect(placeOf(first!).startsWith(place)).toBe(true);
		expect(first!.message).not.toMatch(/YAML\.|Excessive|stack size/);
	});

	it.each([
		[
			'anchors that multiply',
			`${least}a: &a [${'x,'.repeat(9)}]\n${'bcdefgh'.replace(/./g, (name, index: number) => `${name}: &${name} [${`*${'abcdefg'[index]},`.repeat(9)}]\n`)}`,
		],
		['brackets without end', '['.repeat(4900)],
		['maps without end', `${'a: {'.repeat(4900)}`],
		['lists in lists', `${least}setup: ${'- '.repeat(30_000)}x\n`],
		['an anchor that contains itself', 'type: dev-environment\nenv: &e {A: *e}\n'],
		['many errors', `${least}${'\tname: "\n'.repeat(5000)}`],
		['many unknown keys', least + Array.from({length: 5000}, (_, index) => `key${index}: 1`).join('\n')],
		['many double keys', least + 'a: 1\n'.repeat(12_000)],
		['many wrong variables', `${least}env:\n${'  - X Y\n'.repeat(8000)}`],
		['many wrong names of variables', `${least}env:\n${Array.from({length: 5000}, (_, index) => `  ${index}: 1\n`).join('')}`],
		['one word', `${least}name: ${'x'.repeat(60_000)}\n`],
	])('%s: some complaints, not a flood of them', async (_, text) => {
		const {environment, diagnostics} = await readText(text);
		expect(environment).toBeUndefined();
		expect(diagnostics.length).toBeGreaterThan(0);
		expect(diagnostics.length).toBeLessThan(200);
		expect(Math.max(...diagnostics.map(({message}) => message.length))).toBeLessThan(500);
	});

	it('says how many problems it left out', async () => {
		const {diagnostics} = await readText(least + Array.from({length: 1000}, (_, index) => `key${index}: 1`).join('\n'));
		expect(diagnostics.at(-1)?.message).toContain(String(1000 - (diagnostics.length - 1)));
	});

	it('does not let the YAML library write on the screen', async () => {
		const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
		const {diagnostics} = await readText(`${least}? [a, b]\n: c\nname: !strange x\n`);
		expect(warn).not.toHaveBeenCalled();
		warn.mockRestore();
		expect(diagnostics.map(each => placeOf(each))).toEqual(['2:3', '4:7']);
	});
});

describe('how the file is written', () => {
	it.each([
		['a byte order mark', `\uFEFF${least}nmae: x\n`],
		['CRLF', `${least}nmae: x\n`.replaceAll('\n', '\r\n')],
		['both', `\uFEFF${least}nmae: x\n`.replaceAll('\n', '\r\n')],
		['UTF-16, as some shells write', Buffer.from(`\uFEFF${least}nmae: x\n`, 'utf16le')],
		['no newline at its end', `${least}nmae: x`],
	])('%s changes neither meaning nor place', async (_, text) => {
		expect((await readText(text)).diagnostics).toMatchObject([
			{line: 2, column: 1, source: 'nmae: x', suggestion: 'name', severity: 'error'},
		]);
	});

	it('a byte order mark does not move the first line', async () => {
		expect((await readText('\uFEFFtype: task\n')).diagnostics).toMatchObject([{line: 1, column: 7, source: 'type: task'}]);
	});

	it('anchors and block text work as in any YAML', async () => {
		const {setup, init} = await environmentOf('setup: &steps\n  - |\n    a\n    b\n  - c\ninit: *steps\n');
		expect(setup).toEqual(['a\nb\n', 'c']);
		expect(init).toEqual(setup);
	});

	it('Windows line ends do not get into the commands', async () => {
		expect((await environmentOf('setup:\r\n  - |\r\n    a\r\n    b\r\n')).setup).toEqual(['a\nb\n']);
	});

	it('shows at most 200 lines, and nothing that a terminal would obey', async () => {
		const {text} = await readText(`${least}# \u001B]0;title\u0007\u001B[2J\u009B31m\n${'# x\n'.repeat(500)}`);
		expect(text.split('\n')).toHaveLength(200);
		expect(neutralise(text)).toBe(text);
	});

	it('neutralises what it quotes in messages and lines', async () => {
		for (const lines of [
			'"a\\u001b[2Jb": 1\n',
			'name: "\u001B[2J"\n',
			'ports: ["\\e[2J"]\n',
			'env: ["\\e[31m"]\n',
			'x\u202Ey: 1\n',
		]) {
			const {diagnostics} = await readText(least + lines);
			expect(diagnostics.length).toBeGreaterThan(0);
			for (const {message, source, suggestion} of diagnostics) {
				for (const shown of [message, source ?? '', suggestion ?? '']) {
					expect(neutraliseLine(shown)).toBe(shown);
				}
			}
		}
	});
});

describe('a file that cannot be read', () => {
	it('that is not there', async () => {
		const problem = await problemOf(async () => readConfiguration('/nowhere/.dstack.yml', '/nowhere'));
		expect(problem).toMatchObject({kind: 'configuration', message: '.dstack.yml: there is no such file'});
	});

	it('that is a folder', async () => {
		const folder = await temporaryFolder();
		await writeFiles(folder, {'a.dstack.yml/x': ''});
		const problem = await problemOf(async () => readConfiguration(path.join(folder, 'a.dstack.yml'), folder));
		expect(problem).toMatchObject({kind: 'configuration', message: 'a.dstack.yml: this is a folder'});
	});

	it('that is far too big', async () => {
		const folder = await temporaryFolder();
		const file = path.join(folder, '.dstack.yml');
		await writeFile(file, `${least}# ${'x'.repeat(5_000_000)}`);
		expect(await problemOf(async () => readConfiguration(file, folder))).toMatchObject({
			kind: 'configuration',
			message: expect.stringContaining('too big') as string,
		});
	});
});

it('any text becomes a configuration or places in it, and is safe to draw', async () => {
	const folder = await temporaryFolder();
	const file = path.join(folder, '.dstack.yml');
	const key = fc.constantFrom(
		'type',
		'name',
		'ide',
		'python',
		'env',
		'ports',
		'setup',
		'image',
		'registry_auth',
		'cache',
		'nmae',
		'"\\e"',
		'<<',
		'? [a]',
		'',
	);
	const value = fc.oneof(
		fc.constantFrom('dev-environment', '3.10', '"3.11"', '[1, 2]', '{a: b}', '&a x', '*a', '|\n  x', '~', '!t x', 'off', '*:80'),
		fc.json(),
		fc.string({unit: 'binary'}),
	);
	const line = fc.tuple(fc.constantFrom('', '  ', '- ', '\t'), key, fc.constantFrom(': ', ':', ' :\t', '=', '- '), value);
	const lines = fc.array(line, {maxLength: 8}).map(each => each.map(parts => parts.join('')).join('\n'));
	const text = fc.oneof(
		fc.string({unit: 'binary', maxLength: 200}),
		lines,
		lines.map(each => least + each),
		lines.map(each => `\uFEFF${least}${each}`.replaceAll('\n', '\r\n')),
	);
	await fc.assert(
		fc.asyncProperty(fc.oneof(text, fc.uint8Array({maxLength: 200})), async content => {
			await writeFile(file, content);
			const read = await readConfiguration(file, folder);
			const shown = [read.label, ...read.diagnostics.flatMap(({message, source}) => [message, source ?? ''])];
			expect(shown.every(each => neutraliseLine(each) === each && each.isWellFormed())).toBe(true);
			expect(neutralise(read.text)).toBe(read.text);
			expect(read.environment === undefined).toBe(read.diagnostics.some(({severity}) => severity === 'error'));
			for (const {line: row, column} of read.diagnostics) {
				expect(row).toBeGreaterThanOrEqual(1);
				expect(column).toBeGreaterThanOrEqual(1);
			}
		}),
		{numRuns: 1000},
	);
});
