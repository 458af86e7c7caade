import path from 'node:path';
import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, it} from 'vitest';
import {diagnosticsProblem, formatDiagnostic} from '../../source/configuration/files/diagnostics.js';
import type {Diagnostic} from '../../source/configuration/model.js';
import {readYaml, shownPath} from '../../source/configuration/yaml/yaml-file.js';
import {neutraliseLine} from '../../source/system/terminal-text.js';
import {temporaryFolder} from '../support/folders.js';
import {placeOf, writeFiles} from './support.js';

async function yamlOf(text: string) {
	const folder = await temporaryFolder();
	await writeFiles(folder, {'x.yml': text});
	return readYaml(path.join(folder, 'x.yml'), 'x.yml');
}

describe('places', () => {
	const text = `# a comment
top: 1
map:
  key: value
  deep: {inner: [a, b, {last: c}]}
list:
- first
-   second
- name: third
"quoted key": x
`;

	it.each<[Array<string | number>, string, string]>([
		[['top'], '2:6', '2:1'],
		[['map'], '4:3', '3:1'],
		[['map', 'key'], '4:8', '4:3'],
		[['map', 'deep', 'inner'], '5:17', '5:10'],
		[['map', 'deep', 'inner', 1], '5:21', '5:21'],
		[['map', 'deep', 'inner', 2, 'last'], '5:31', '5:25'],
		[['list', 0], '7:3', '7:3'],
		[['list', 1], '8:5', '8:5'],
		[['list', 2, 'name'], '9:9', '9:3'],
		[['quoted key'], '10:15', '10:1'],
	])('%j: the value at %s, the key at %s', async (place, value, key) => {
		const yaml = await yamlOf(text);
		expect(placeOf(yaml.at(place, 'x'))).toBe(value);
		expect(placeOf(yaml.at(place, 'x', {key: true}))).toBe(key);
	});

	it('of what is not there: the nearest that is', async () => {
		const yaml = await yamlOf(text);
		expect(yaml.at(['map', 'nothing'], 'x').line).toBeLessThanOrEqual(4);
		expect(yaml.at(['list', 9], 'x').line).toBeGreaterThanOrEqual(6);
		expect(placeOf(yaml.at([], 'x'))).toBe('2:1');
	});

	it('are the same with Windows line ends and behind a byte order mark', async () => {
		const yaml = await yamlOf(`\uFEFF${text.replaceAll('\n', '\r\n')}`);
		expect(placeOf(yaml.at(['map', 'deep', 'inner', 2, 'last'], 'x'))).toBe('5:31');
		expect(yaml.at(['top'], 'x').source).toBe('top: 1');
	});

	it('lead to every key of any flat map', async () => {
		const key = fc.stringMatching(/^[a-z]{1,8}$/).filter(each => !['true', 'false', 'null'].includes(each));
		const blank = fc.constantFrom('', '\n', '# note\n', '   # note\n\n');
		await fc.assert(
			fc.asyncProperty(
				fc.uniqueArray(fc.record({key, value: fc.stringMatching(/^[a-z]{1,8}$/), before: blank}), {
					minLength: 1,
					maxLength: 8,
					selector: each => each.key,
				}),
				fc.constantFrom('\n', '\r\n'),
				async (entries, end) => {
					const written = entries.map(({key: name, value, before}) => `${before}${name}:  ${value}\n`).join('');
					const yaml = await yamlOf(written.replaceAll('\n', end));
					const lines = written.split('\n');
					for (const {key: name, value} of entries) {
						const at = yaml.at([name], 'x');
						expect(lines[at.line - 1]).toBe(`${name}:  ${value}`);
						expect(at.source).toBe(`${name}:  ${value}`);
						expect(at.column).toBe(name.length + 4);
						expect(yaml.at([name], 'x', {key: true}).column).toBe(1);
					}
				},
			),
			{numRuns: 50},
		);
	});
});

describe('a diagnostic in lines', () => {
	const diagnostic: Diagnostic = {
		severity: 'error',
		file: 'app.dstack.yml',
		line: 3,
		column: 7,
		message: 'what is wrong',
		source: 'name: a b',
		suggestion: 'ab',
	};

	it('has its place and message, the line, a caret under the place and what was meant', () => {
		expect(formatDiagnostic(diagnostic)).toEqual([
			'app.dstack.yml:3:7: error: what is wrong',
			'   3 │ name: a b',
			'     │       ^',
			'     = did you mean ab?',
		]);
	});

	it('has no caret without a line, and no question without a suggestion', () => {
		expect(formatDiagnostic({...diagnostic, source: undefined, suggestion: undefined})).toHaveLength(1);
		expect(formatDiagnostic({...diagnostic, source: '  ', suggestion: undefined})).toHaveLength(1);
		expect(formatDiagnostic({...diagnostic, suggestion: undefined})).toHaveLength(3);
	});

	it.each([
		['a tab', 'name:\tVALUE'],
		['wide letters', '{"名前": VALUE}'],
		['a picture', '{"🎉": VALUE}'],
		['an escape sequence', '{"\u001B[31m": VALUE}'],
		['a combining accent', '{"e\u0301": VALUE}'],
		['a tag that nobody sees', '{"a\u{E0001}b": VALUE}'],
	])('its caret is under the value also behind %s', async (_, text) => {
		const yaml = await yamlOf(text);
		const [key = ''] = Object.keys(yaml.value as object);
		const place = yaml.document?.errors.length ? [] : [key];
		const found = yaml.diagnostics[0] ?? yaml.at(place, 'x');
		const [, line = '', caret = ''] = formatDiagnostic(found);
		expect(stringWidth(caret.slice(0, caret.indexOf('^')))).toBe(stringWidth(line.slice(0, line.indexOf('VALUE'))));
	});

	it('draws a line of any characters safely, and every character stays in its column', async () => {
		await fc.assert(
			fc.asyncProperty(fc.string({unit: 'binary', maxLength: 60}), async text => {
				const line = text.replace(/[\r\n\uFEFF]/g, '');
				const written = `key: x # ${line}`.toWellFormed();
				const {source = ''} = (await yamlOf(written)).at(['key'], 'x');
				expect(neutraliseLine(source)).toBe(source);
				expect(source).toHaveLength(written.length);
				for (const [index, character] of source.split('').entries()) {
					expect([' ', written[index]]).toContain(character);
				}
			}),
			{numRuns: 100},
		);
		const odd = await yamlOf('a\u0007\u009B\u202E: [x\n');
		expect(odd.diagnostics[0]?.source).toBe('a   : [x');
	});

	it('cuts a line that nobody could read', async () => {
		const yaml = await yamlOf(`key: ${'🎉'.repeat(5000)}`);
		const {source = ''} = yaml.at(['key'], 'x');
		expect(source.length).toBeLessThanOrEqual(200);
		expect(source.isWellFormed()).toBe(true);
	});

	it('a file that cannot be used is one problem with the lines of its errors', () => {
		const problem = diagnosticsProblem('app.dstack.yml', [
			diagnostic,
			{...diagnostic, severity: 'warning', message: 'only this'},
		]);
		expect(problem).toMatchObject({kind: 'configuration', message: expect.stringContaining('app.dstack.yml') as string});
		expect(problem.details).toEqual(formatDiagnostic(diagnostic));
		expect(problem.next).toMatch(/check/);
	});
});

describe('shownPath', () => {
	const here = path.resolve('/some/folder');

	it.each([
		['a.dstack.yml', 'a.dstack.yml'],
		['deep/down/a.dstack.yml', path.join('deep', 'down', 'a.dstack.yml')],
		['..a/.dstack.yml', path.join('..a', '.dstack.yml')],
		['..dstack.yml', '..dstack.yml'],
	])('%j below the folder is shown relative to it', (name, shown) => {
		expect(shownPath(path.join(here, name), here)).toBe(shown);
	});

	it.each(['/some/other/a.dstack.yml', '/some/folder-too/a.dstack.yml', '/some/a.dstack.yml'])('%j elsewhere as it is', file => {
		expect(shownPath(path.resolve(file), here)).toBe(path.resolve(file));
	});

	it('is safe to draw', () => {
		expect(shownPath(path.join(here, 'a\u001B[2J\n.dstack.yml'), here)).not.toMatch(/[\u001B\n]/);
	});
});
