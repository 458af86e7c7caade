import {execFileSync} from 'node:child_process';
import {chmod, mkdir, rm, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type BuildInputs, buildKey, explainMiss, packParts, unpackParts} from '../../../source/environment/images/build-key.js';
import {labelsOf, projectOf, readLabels} from '../../../source/environment/images/build-labels.js';
import {namedFiles} from '../../../source/environment/images/named-files.js';
import {shellWords} from '../../../source/environment/images/shell-words.js';
import {temporaryFolder} from '../../support/folders.js';

const git = (folder: string, ...args: string[]) => execFileSync('git', args, {cwd: folder, stdio: 'pipe'});

async function makeWorkspace(files: Readonly<Record<string, string>>, repository = true): Promise<string> {
	const root = await temporaryFolder();
	for (const [name, text] of Object.entries(files)) {
		await mkdir(path.dirname(path.join(root, name)), {recursive: true});
		await writeFile(path.join(root, name), text);
	}

	if (repository) {
		git(root, 'init', '-q');
		git(root, 'add', '-A');
	}

	return root;
}

const namesOf = async (commands: readonly string[], root: string, folders: readonly string[] = []) =>
	Object.keys((await namedFiles(commands, {root, folders})).files);

describe('the files that commands name', () => {
	test.each<[command: string, names: string[]]>([
		['pip install -r requirements.txt', ['requirements.txt']],
		['pip install -rrequirements.txt', ['requirements.txt']],
		['pip install --requirement=requirements.txt', ['requirements.txt']],
		['pip3.11 install -r "requirements.txt" && echo done', ['requirements.txt']],
		['pip install -r reqs/dev.txt', ['constraints.txt', 'reqs/base.txt', 'reqs/dev.txt']],
		['cd reqs && pip install -r dev.txt', ['constraints.txt', 'reqs/base.txt', 'reqs/dev.txt']],
		['(cd reqs; pip install -r base.txt)', ['reqs/base.txt']],
		['pip install -r /workflow/requirements.txt', ['requirements.txt']],
		['pip install -r $PWD/requirements.txt', ['requirements.txt']],
		['pip install -r "${PWD}/requirements.txt"', ['requirements.txt']],
		['pip install -r reqs/b*.txt', ['reqs/base.txt']],
		['cp scripts/x /usr/local/bin/', ['scripts/x']],
		['cp -r scripts /opt', ['scripts/']],
		['bash ./setup.sh', ['requirements.txt', 'setup.sh']],
		["bash -c 'bash setup.sh'", ['requirements.txt', 'setup.sh']],
		['sh < scripts/x', ['scripts/x']],
		['conda env create -f environment.yml', ['environment.yml', 'requirements.txt']],
		['conda env create', ['environment.yml', 'requirements.txt']],
		['curl -d @data.json https://x.example', ['data.json']],
		['docker run -v ./data.json:/x y', ['data.json']],
		['echo nothing', []],
		['# pip install -r requirements.txt', []],
		['cat ../outside /etc/passwd ~/.netrc', []],
		['cat .git/config', []],
	])('%s', async (command, names) => {
		const root = await makeWorkspace({
			'requirements.txt': 'torch==2.9\n',
			'reqs/dev.txt': '# first\n-r base.txt\n-c ../constraints.txt # why\npytest\n',
			'reqs/base.txt': 'numpy\n',
			'constraints.txt': 'numpy==2\n',
			'scripts/x': 'x',
			'setup.sh': '#!/bin/sh\npip install -r requirements.txt\n',
			'environment.yml': 'dependencies:\n  - python\n  - pip:\n    - -r requirements.txt\n',
			'data.json': '{}',
			'other.txt': '',
		});
		await writeFile(path.join(root, '..', 'outside'), 'x');
		expect(await namesOf([command], root)).toEqual(names);
	});

	test.each([
		['pip install .', ['pyproject.toml', 'setup.cfg', 'setup.py']],
		['pip install -e ".[dev]"', ['pyproject.toml', 'setup.cfg', 'setup.py']],
		['poetry install --no-root', ['poetry.lock', 'pyproject.toml']],
		['uv sync --frozen', ['.python-version', 'pyproject.toml', 'setup.cfg', 'setup.py', 'uv.lock']],
		['npm ci', ['package-lock.json', 'package.json']],
		['/usr/bin/npm ci', ['package-lock.json', 'package.json']],
		['make deps', ['Makefile']],
		['cd web && npm ci', ['package-lock.json', 'package.json', 'web/package-lock.json', 'web/package.json']],
	])('unasked: %s', async (command, names) => {
		const root = await makeWorkspace({
			...Object.fromEntries(
				[
					...['pyproject.toml', 'setup.py', 'setup.cfg', 'poetry.lock', 'uv.lock', '.python-version', 'package.json'],
					...['package-lock.json', 'Makefile', 'web/package.json', 'web/package-lock.json', 'source/code.py'],
				].map(name => [name, name]),
			),
		});
		expect(await namesOf([command], root)).toEqual(names);
	});

	test.each<[command: string, names: string[]]>([
		['cat services/*/requirements.txt | xargs pip install', ['services/api/requirements.txt', 'services/web/requirements.txt']],
		['cat reqs/**/*.txt', ['reqs/base.txt', 'reqs/deep/er/x.txt']],
		['cat s*/w?b/requirements.*', ['services/web/requirements.txt']],
		['cat services/[!a]*/requirements.txt', ['services/web/requirements.txt']],
		['cp -r services/*/conf /opt', ['services/api/conf/']],
		['cat .env*', ['.env.example']],
		['cat *', ['reqs/', 'requirements-base.txt', 'requirements-dev.txt', 'run.sh', 'services/', 'tools/']],
		['pip install -r requirements-{base,dev}.txt', ['requirements-base.txt', 'requirements-dev.txt']],
		['pip install -r requirements-{base,{dev,x}}.txt', ['requirements-base.txt', 'requirements-dev.txt']],
		['pip install -r{requirements-dev,reqs/base}.txt', ['reqs/base.txt', 'requirements-dev.txt']],
		['cat reqs/part-{1..3}.in', ['reqs/part-2.in']],
		['cat reqs/part-{1..9999}.in', ['reqs/part-2.in']],
		['pip install -r $(pwd)/requirements-dev.txt', ['requirements-dev.txt']],
		['pip install -r "$(pwd)/requirements-dev.txt"', ['requirements-dev.txt']],
		['pip install -r $( pwd -P )/requirements-dev.txt', ['requirements-dev.txt']],
		['pip install -r `pwd`/requirements-dev.txt', ['requirements-dev.txt']],
		['pip install -r "`pwd`/requirements-dev.txt"', ['requirements-dev.txt']],
		['pip install --requirement=${PWD}/requirements-dev.txt', ['requirements-dev.txt']],
		['docker run -v $PWD/tools/a.py:/x y', ['tools/a.py']],
		['pip install "x @ file://$PWD/services/api"', ['services/api/']],
		['cd $(pwd)/reqs && pip install -r base.txt', ['reqs/base.txt']],
		['pip install $(cat reqs/base.txt)', ['reqs/base.txt']],
		['pip install "$(cat "reqs/base.txt")"', ['reqs/base.txt']],
		['pip install `cat reqs/base.txt`', ['reqs/base.txt']],
		['for n in base dev; do pip install -r requirements-$n.txt; done', ['requirements-base.txt', 'requirements-dev.txt']],
		['pip install -r requirements-${KIND}.txt', ['requirements-base.txt', 'requirements-dev.txt']],
		['pip install -r requirements-$(uname -m).txt', ['requirements-base.txt', 'requirements-dev.txt']],
		['pip install -r requirements-`uname`.txt', ['requirements-base.txt', 'requirements-dev.txt']],
		['pip install -r ${REQUIREMENTS:-reqs/base.txt}', ['reqs/base.txt']],
		['pip install -r $DIR/base.txt', ['reqs/base.txt']],
		['pip install -r "$(dirname "$0")/../base.txt"', ['reqs/base.txt']],
		['cat reqs/$name', ['reqs/base.txt', 'reqs/deep/', 'reqs/part-2.in']],
		['python tools/$x.py', ['tools/a.py']],
		['cat {reqs,none}/$n.txt', ['reqs/base.txt']],
		['cd services/$s && pip install -r requirements.txt', ['services/api/requirements.txt', 'services/web/requirements.txt']],
		['cd services/{api,none} && npm ci', ['services/api/package.json']],
		['./run.sh', ['requirements-base.txt', 'requirements-dev.txt', 'run.sh']],
		...[
			'echo $x',
			'cat $x/*',
			'cat "${x}/$y"',
			'cat $(pwd)',
			'cat ./$x',
			'cat /workflow/$x',
			'cat ../*/outside',
			'cat $1 $@ $? $$',
		].map((command): [string, string[]] => [command, []]),
		['cat */HEAD .git/* .g*/* **/HEAD', []],
		['awk \'{print $1, $2}\'; echo "${x,,}"; cat <(true)', []],
		['curl https://x.example/$V/a-$V.tar.gz', []],
	])('patterns and variables: %s', async (command, names) => {
		const root = await makeWorkspace({
			...Object.fromEntries(
				[
					...[
						'requirements-base.txt',
						'requirements-dev.txt',
						'reqs/base.txt',
						'reqs/deep/er/x.txt',
						'reqs/part-2.in',
						'tools/a.py',
					],
					...[
						'services/api/requirements.txt',
						'services/api/conf/x',
						'services/web/requirements.txt',
						'services/api/package.json',
					],
					...['.env.example', '.gitignore'],
				].map(name => [name, name]),
			),
			'.gitignore': 'ignored\n',
			'run.sh': '#!/bin/sh\nfor n in base dev; do\n\tpip install -r "requirements-${n}.txt"\ndone\n',
		});
		for (const name of [
			'ignored/base.txt',
			'ignored/requirements.txt',
			'services/ignored/requirements.txt',
			'reqs/ignored/x.txt',
		]) {
			await mkdir(path.dirname(path.join(root, name)), {recursive: true});
			await writeFile(path.join(root, name), 'x');
		}

		await writeFile(path.join(root, '..', 'outside'), 'x');
		const wanted = command === 'cat *' ? ['ignored/', ...names] : names;
		expect(await namesOf([command], root)).toEqual(wanted);
	});

	test('patterns go through links that stay within the code, and end', async () => {
		const root = await makeWorkspace({'libs/a/x.txt': 'x', 'services/b/x.txt': 'x'});
		const elsewhere = await makeWorkspace({'c/x.txt': 'x'});
		await symlink('../libs/a', path.join(root, 'services/link'));
		await symlink('..', path.join(root, 'services/up'));
		await symlink(elsewhere, path.join(root, 'services/out'));
		expect(await namesOf(['cat services/*/x.txt'], root)).toEqual(['services/b/x.txt', 'services/link/x.txt']);
		expect(await namesOf(['cat **/x.txt services/*/*/x.txt'], root)).toEqual(['libs/a/x.txt', 'services/b/x.txt']);
	});

	test('a pattern that more is looked at for than is of use says so, and what is named itself counts nevertheless', async () => {
		const names = Array.from({length: 3}, (_, folder) =>
			Array.from({length: 2500}, (_, file) => `f${folder}/${file}.txt`),
		).flat();
		const root = await makeWorkspace({...Object.fromEntries(names.map(name => [name, ''])), 'f9/deep/a.md': 'x'}, false);
		const {files, notes} = await namedFiles(['cat $x/a.md; cat f$n/1.txt; cat f*/*.txt; cat f9/deep/a.md'], {root});
		expect(notes).toEqual([
			'**/a.md may be more files than are looked for: the others do not count',
			'f*/*.txt may be more files than are looked for: the others do not count',
		]);
		expect(Object.keys(files)).toEqual(expect.arrayContaining(['f0/1.txt', 'f1/1.txt', 'f2/1.txt', 'f9/deep/a.md']));
	});

	test('are looked for where the commands run, and where an earlier one went', async () => {
		const root = await makeWorkspace({'app/requirements.txt': 'a', 'app/sub/x.txt': 'b', 'requirements.txt': 'c'});
		expect(await namesOf(['pip install -r requirements.txt'], root, ['app'])).toEqual([
			'app/requirements.txt',
			'requirements.txt',
		]);
		expect(await namesOf(['cd sub', 'cat x.txt'], root, ['app'])).toEqual(['app/sub/x.txt']);
	});

	test('a folder counts by what belongs to the code in it, also outside of a repository', async () => {
		for (const repository of [true, false]) {
			const root = await makeWorkspace({'scripts/a': 'a', 'scripts/b/c': 'c', '.gitignore': 'scripts/ignored\n'}, repository);
			const digest = async () => (await namedFiles(['cp -r scripts /opt'], {root})).files['scripts/'];
			const first = await digest();
			expect(first).toMatch(/^[0-9a-f]{64}$/);
			await writeFile(path.join(root, 'scripts/untracked'), 'x');
			const second = await digest();
			expect(second).not.toBe(first);
			await writeFile(path.join(root, 'scripts/untracked'), 'y');
			expect(await digest()).not.toBe(second);
			await rm(path.join(root, 'scripts/untracked'));
			expect(await digest()).toBe(first);
			if (repository) {
				await writeFile(path.join(root, 'scripts/ignored'), 'x');
				expect(await digest()).toBe(first);
				await rm(path.join(root, 'scripts/a'));
				expect(await digest()).not.toBe(first);
			}
		}
	});

	test('a folder that is too big says what does not count by content', async () => {
		const root = await makeWorkspace({'data/1': 'aaaa', 'data/2': 'bbbb', 'data/3': 'cccc', big: 'x'.repeat(100)});
		const look = async () => namedFiles(['cp -r data big /opt'], {root}, {files: 2, bytes: 50});
		const {files, notes} = await look();
		expect(notes).toEqual([
			'big is too big to be read: it counts by its size, start and end',
			'data/: 1 of 3 files count by name and size alone',
		]);
		await writeFile(path.join(root, 'data/3'), 'longer');
		expect((await look()).files['data/']).not.toBe(files['data/']);
	});

	test('links count by what they lead to, within the code alone', async () => {
		const root = await makeWorkspace({'real.txt': 'a'});
		await symlink('real.txt', path.join(root, 'link.txt'));
		await symlink('/etc/passwd', path.join(root, 'out.txt'));
		await symlink('link2.txt', path.join(root, 'link2.txt'));
		const look = async () => (await namedFiles(['cat link.txt out.txt link2.txt'], {root})).files;
		const before = await look();
		expect(Object.keys(before)).toEqual(['link.txt']);
		await writeFile(path.join(root, 'real.txt'), 'b');
		expect(await look()).not.toEqual(before);
	});

	test('a script that names itself, and requirements in a circle, come to an end', async () => {
		const root = await makeWorkspace({
			'a.sh': '#!/bin/sh\n./b.sh\n',
			'b.sh': '#!/bin/sh\n./a.sh\n',
			'a.txt': '-r b.txt\n',
			'b.txt': '-r a.txt\n',
		});
		expect(await namesOf(['./a.sh; pip install -r a.txt'], root)).toEqual(['a.sh', 'a.txt', 'b.sh', 'b.txt']);
	});

	test('whether a script can be run counts', async () => {
		const root = await makeWorkspace({'a.sh': 'x'});
		const before = (await namedFiles(['./a.sh'], {root})).files;
		await chmod(path.join(root, 'a.sh'), 0o755);
		expect((await namedFiles(['./a.sh'], {root})).files).not.toEqual(before);
	});

	test('no text breaks it', async () => {
		const root = await makeWorkspace({'a.txt': 'x'});
		await fc.assert(
			fc.asyncProperty(fc.string({unit: 'binary', maxLength: 60}), async command => {
				expect(Array.isArray(shellWords(command))).toBe(true);
				const names = await namesOf([command], root);
				expect(names.filter(name => name !== 'a.txt')).toEqual([]);
			}),
			{numRuns: 200},
		);
	});

	test('no text of a shell breaks it', async () => {
		const root = await makeWorkspace({'a.txt': 'x', 'b/a.txt': 'x'});
		const piece = fc.constantFrom(
			...['$', '(', ')', '{', '}', '`', '"', "'", '\\', '*', '**', '/', ',', '..', '[', ']', '!', ' ', ':-', 'a', '1', 'x'],
		);
		await fc.assert(
			fc.asyncProperty(fc.array(piece, {maxLength: 30}), async pieces => {
				const names = await namesOf([pieces.join('')], root);
				expect(names.filter(name => !['a.txt', 'b/', 'b/a.txt'].includes(name))).toEqual([]);
			}),
			{numRuns: 300},
		);
		for (const text of ['$(', '"$(', '{a,b}', '${', '`', '$x/', '*/', '**/', '(']) {
			await namesOf([text.repeat(20_000), `${text.repeat(100)}a`], root);
		}
	});

	test('a name in quotes is found whatever is in it', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.stringMatching(/^[\w ä'"$.-]{1,20}$/).filter(name => !/^[.\s-]|\s$/.test(name)),
				async name => {
					const root = await makeWorkspace({[name]: 'x'}, false);
					const quoted = `'${name.replaceAll("'", String.raw`'\''`)}'`;
					expect(await namesOf([`cat ${quoted}`], root)).toContain(name);
				},
			),
			{numRuns: 40},
		);
	});
});

const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const word = fc.stringMatching(/^[\w./ -]{0,20}$/);
const record = fc.dictionary(fc.stringMatching(/^[A-Za-z][\w./-]{0,20}$/), digest, {maxKeys: 6});
const inputs: fc.Arbitrary<BuildInputs> = fc.record({
	base: fc.record({name: word, digest: digest.map(hex => `sha256:${hex}`)}),
	commands: fc.array(word, {minLength: 1, maxLength: 4}),
	python: fc.option(fc.constantFrom('3.10', '3.11', '3.12'), {nil: undefined}),
	architecture: fc.constantFrom('x86_64', 'arm64'),
	user: fc.option(fc.constantFrom('root', 'me'), {nil: undefined}),
	shell: fc.option(fc.constantFrom('sh', 'bash'), {nil: undefined}),
	variables: record,
	files: record,
});

describe('the key of a build', () => {
	test('is another when anything that counts is, and one reason is given for it', () => {
		const changes = fc.constantFrom<[key: keyof BuildInputs, words: string]>(
			['commands', 'commands changed'],
			['base', 'base image is newer'],
			['python', 'another Python'],
			['architecture', 'another architecture'],
			['user', 'another user'],
			['shell', 'another shell'],
			['variables', 'variables that the commands read changed'],
			['files', 'added is new'],
		);
		fc.assert(
			fc.property(inputs, changes, digest, (before, [key, words], hex) => {
				const after = {
					...before,
					[key]: {
						commands: [...before.commands, ''],
						base: {...before.base, digest: `sha256:${hex}`},
						python: before.python === '3.9' ? undefined : '3.9',
						architecture: before.architecture === 'arm64' ? 'x86_64' : 'arm64',
						user: before.user === 'x' ? undefined : 'x',
						shell: before.shell === 'x' ? undefined : 'x',
						variables: {...before.variables, '1': hex},
						files: {...before.files, added: hex},
					}[key],
				};
				fc.pre(!(key === 'base' && before.base.digest === after.base.digest) && !(key === 'files' && 'added' in before.files));
				const [one, two] = [buildKey(before), buildKey(after)];
				expect(two.key).not.toBe(one.key);
				const reasons = explainMiss(two.parts, unpackParts(packParts(one.parts)));
				expect(reasons).toHaveLength(1);
				expect(reasons[0]).toContain(words);
			}),
		);
	});

	test('two lists that read the same when joined are two', () => {
		const [one] = fc.sample(inputs, 1);
		const of = (commands: string[]) => buildKey({...(one ?? expect.fail('no sample')), commands}).key;
		expect(of(['a b'])).not.toBe(of(['a', 'b']));
		expect(of(['a', 'b'])).not.toBe(of(['b', 'a']));
		expect(of(['a', ''])).not.toBe(of(['a']));
	});

	test('does not depend on the order of maps, nor on the name of the base image', () => {
		const turned = <T>(map: Readonly<Record<string, T>>) => Object.fromEntries(Object.entries(map).toReversed());
		fc.assert(
			fc.property(inputs, word, (each, name) => {
				const other = {...each, variables: turned(each.variables), files: turned(each.files), base: {...each.base, name}};
				expect(buildKey(Object.fromEntries(Object.entries(other).toReversed()) as BuildInputs).key).toBe(buildKey(each).key);
			}),
		);
	});

	test('says what of the files changed', () => {
		const [one] = fc.sample(inputs, 1);
		const partsOf = (files: Record<string, string>) => buildKey({...(one ?? expect.fail('no sample')), files}).parts;
		const [a, b, c] = ['a', 'b', 'c'].map(letter => letter.repeat(64));
		const before = partsOf({'requirements.txt': a ?? '', 'setup.sh': b ?? ''});
		expect(explainMiss(partsOf({'requirements.txt': c ?? '', 'setup.sh': b ?? ''}), before)).toEqual([
			'requirements.txt changed',
		]);
		expect(explainMiss(partsOf({'setup.sh': b ?? ''}), before)).toEqual(['requirements.txt is no longer there']);
		expect(explainMiss(partsOf({}), undefined)).toEqual(['never built']);
		expect(explainMiss(before, before)).toEqual(['builds are made another way now']);
		const many = partsOf(Object.fromEntries(Array.from({length: 9}, (_, index) => [`f${index}`, c ?? ''])));
		expect(explainMiss(many, partsOf({}))).toEqual(['f0 is new', 'f1 is new', 'f2 is new', '6 more files changed']);
	});

	test('labels hold neither blanks nor quotes, stay small, and are read back', () => {
		fc.assert(
			fc.property(inputs, fc.string(), fc.integer({min: 0, max: 3}), (each, name, power) => {
				const files = {
					...each.files,
					...Object.fromEntries(Array.from({length: 10 ** power - 1}, (_, index) => [`file-${index}`, 'a'.repeat(64)])),
				};
				const {key, parts} = buildKey({...each, files});
				const labels = labelsOf({project: name.toWellFormed(), configuration: '.dstack.yml'}, key, parts);
				for (const value of Object.values(labels)) {
					expect(value).toMatch(/^[\w.!~*'()%-]*$/);
					expect(value.length).toBeLessThan(17_000);
				}

				const told = readLabels(labels);
				expect(told).toMatchObject({key, configuration: '.dstack.yml'});
				expect(told?.parts?.commands).toBe(parts.commands);
				expect(explainMiss(parts, told?.parts)).toEqual(['builds are made another way now']);
				const other = buildKey({...each, files: {...files, another: 'b'.repeat(64)}}).parts;
				expect(explainMiss(other, told?.parts)).toHaveLength(1);
			}),
			{numRuns: 60},
		);
	});

	test('labels of anybody else are no build, and cannot do harm', () => {
		fc.assert(
			fc.property(
				fc.dictionary(
					fc.constantFrom(
						...Object.keys(
							labelsOf({project: '', configuration: ''}, '', buildKey(fc.sample(inputs, 1)[0] ?? expect.fail()).parts),
						),
					),
					fc.string(),
				),
				labels => {
					const told = readLabels(labels);
					expect(told?.parts).toBeUndefined();
				},
			),
		);
		expect(readLabels(undefined)).toBeUndefined();
		expect(readLabels({'dstack-tui.build.key': 'a'.repeat(64), 'dstack-tui.build.project': '\u001B[2J%'})?.project).toBe('?');
	});
});

test.each([
	['https://someone:secret@GitHub.com/team/app.git', 'github.com/team/app'],
	['git@github.com:team/app.git', 'github.com/team/app'],
	['ssh://git@github.com:22/team/app', 'github.com/team/app'],
	['https://gitlab.example/group/sub/app/', 'gitlab.example/group/sub/app'],
	['../elsewhere', undefined],
	['/srv/git/app.git', undefined],
])('a project with the origin %s is %s', async (origin, project) => {
	const root = await makeWorkspace({});
	expect(await projectOf(root)).toBe(path.basename(root));
	git(root, 'remote', 'add', 'origin', origin);
	expect(await projectOf(root)).toBe(project ?? path.basename(root));
});
