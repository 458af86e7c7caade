import {execFileSync, spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {build} from 'esbuild';
import {describe, expect, test} from 'vitest';
import {piecesOf, scriptFiles, scriptFilesForTests} from '../../scripts/script-files.js';
import {fillScript} from '../../source/system/shell.js';
import {temporaryFolder} from '../support/folders.js';

const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;
const hidden = ['shellcheck', 'ruff'].filter(tool => !has(tool));
if (hidden.length > 0) {
	console.warn(`What lint finds in shell and Python: partly skipped, missing: ${hidden.join(', ')}`);
}

/** A folder with these files. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
	const folder = await temporaryFolder();
	for (const [name, text] of Object.entries(files)) {
		writeFileSync(path.join(folder, name), text);
	}

	return folder;
}

describe('a value in a script', () => {
	const run = (script: string): string => execFileSync('sh', ['-c', script], {encoding: 'utf8'});

	test.each(["it's", '$(touch x) `id`', 'a\nb', '', '-n', '\\', '__OTHER__'])('stands for itself: %j', value => {
		expect(run(fillScript('v=__VALUE__\nprintf "%s" "$v"', {VALUE: value}))).toBe(value);
	});

	test('is a number or a truth as they are', () => {
		expect(run(fillScript('n=__N__; if __YES__; then echo $((n + 1)); fi', {N: 41, YES: true}))).toBe('42\n');
	});

	test('is refused where it is missing, would stand within a word or quotes, or is no whole number', () => {
		expect(() => fillScript('v=__VALUE__', {})).toThrow('a script has no value for __VALUE__');
		for (const script of ['echo "__VALUE__"', "echo '__VALUE__'", 'cd /x/__VALUE__', 'cd __VALUE__/x']) {
			expect(() => fillScript(script, {VALUE: 'x'}), script).toThrow('no word of its own in __VALUE__');
		}

		expect(() => fillScript('n=__N__', {N: Number.NaN})).toThrow('NaN is no whole number');
	});
});

describe('a script file', () => {
	const files = {
		'one.sh': '#!/bin/sh\n# For readers.\n\n# Sent.\n. ./two.sh\n. ./two.sh\n  # shellcheck disable=SC2086\n  echo $one\n',
		'two.sh': '# For readers.\n\none=1\n',
		'three.py': 'from four import (\n    a,\n    b,\n)\nfrom os import path\nprint(a, b, path)  # noqa: E501\n',
		'four.py': 'a = 1\nb = 2\n',
	};
	const sent = {
		'one.sh': '#!/bin/sh\n# Sent.\none=1\n  echo $one\n',
		'three.py': 'a = 1\nb = 2\nfrom os import path\nprint(a, b, path)\n',
	};

	test.each(Object.entries(sent))('is sent without what is for readers, with what it names: %s', async (name, text) => {
		const file = path.join(await folderWith(files), name);
		expect(
			piecesOf(file)
				.map(piece => piece.text)
				.join(''),
		).toBe(text);
		expect(scriptFilesForTests.load(file)).toBe(`export default ${JSON.stringify(text)};`);
	});

	test('is in the bundle once, however many name it', async () => {
		const folder = await folderWith({
			...files,
			'other.sh': '. ./two.sh\necho other\n',
			'main.js': "import a from './one.sh'; import b from './other.sh'; import c from './three.py'; export default [a, b, c];",
		});
		const {outputFiles} = await build({
			entryPoints: [path.join(folder, 'main.js')],
			bundle: true,
			format: 'esm',
			write: false,
			plugins: [scriptFiles],
		});
		const code = outputFiles[0]?.text ?? '';
		expect(code.match(/one=1/g)).toHaveLength(1);
		const {default: texts} = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {default: string[]};
		expect(texts).toEqual([sent['one.sh'], 'one=1\necho other\n', sent['three.py']]);
	});
});

describe('lint', () => {
	const lint = async (files: Readonly<Record<string, string>>, PATH = process.env['PATH']) => {
		const folder = await folderWith({...files, '.shellcheckrc': readFileSync('.shellcheckrc', 'utf8')});
		const {status, stdout, stderr} = spawnSync(process.execPath, [path.resolve('scripts/lint-scripts.js'), folder], {
			encoding: 'utf8',
			env: {...process.env, PATH},
		});
		return {status, words: stdout + stderr};
	};

	test.skipIf(hidden.includes('shellcheck'))(
		'finds a variable without quotes, one that nobody sets, and one in a part',
		async () => {
			expect(await lint({'a.sh': 'f=$1\ncat "$f"\n'})).toEqual({status: 0, words: ''});
			expect(await lint({'a.sh': 'f=$1\ncat $f\n'})).toMatchObject({
				status: 1,
				words: expect.stringContaining('a.sh:2:5: note: Double quote'),
			});
			expect(await lint({'a.sh': 'cat "$nobody"\n'})).toMatchObject({status: 1, words: expect.stringContaining('[SC2154]')});
			const part = await lint({'a.sh': 'f=$1\n. ./part.sh\n', 'b.sh': 'f=$2\n. ./part.sh\n', 'part.sh': 'cat $f\n'});
			expect(part.status).toBe(1);
			expect(part.words.match(/part\.sh:1:5/g)).toHaveLength(1);
		},
	);

	test.skipIf(hidden.includes('ruff'))('finds a name that is not there, and an import that nothing uses', async () => {
		expect(await lint({'a.py': 'print(1)\n'})).toEqual({status: 0, words: ''});
		expect(await lint({'a.py': 'print(nobody)\n'})).toMatchObject({status: 1, words: expect.stringContaining('a.py:1:7: F821')});
		expect(await lint({'a.py': 'import os\n'})).toMatchObject({status: 1, words: expect.stringContaining('F401')});
	});

	test('says in one line what is not installed', async () => {
		expect(await lint({'a.sh': 'cat $f\n', 'a.py': 'import os\n'}, '/nowhere')).toEqual({
			status: 0,
			words: 'shellcheck is not installed: shell is not checked here.\nruff is not installed: Python is not checked here.\n',
		});
	});
});
