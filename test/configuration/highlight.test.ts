import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {highlightYaml} from '../../source/configuration/yaml/highlight.js';

/** `kind:text` of each piece but blanks. */
const kindsOf = (text: string): string[][] =>
	highlightYaml(text).map(line => line.filter(piece => piece.text.trim() !== '').map(piece => `${piece.kind}:${piece.text}`));

const expectWhole = (text: string): void => {
	const lines = highlightYaml(text);
	expect(lines.map(line => line.map(piece => piece.text).join(''))).toEqual(
		text.split('\n').map(line => line.replace(/\r$/, '')),
	);
	expect(lines.flat().every(piece => piece.text.length > 0)).toBe(true);
	expect(lines.every(line => line.length <= 500)).toBe(true);
};

describe('highlightYaml', () => {
	it.each<[text: string, ...lines: string[][]]>([
		['type: dev-environment # c', ['key:type', 'punctuation::', 'string:dev-environment', 'comment:# c']],
		['python: 3.10', ['key:python', 'punctuation::', 'number:3.10']],
		['a: off', ['key:a', 'punctuation::', 'keyword:off']],
		['"a b": \'c\'', ['key:"a b"', 'punctuation::', "string:'c'"]],
		['- 8000', ['punctuation:-', 'number:8000']],
		['- 3333:8000', ['punctuation:-', 'string:3333:8000']],
		['- k: ~', ['punctuation:-', 'key:k', 'punctuation::', 'keyword:~']],
		[
			'a: {b: [1, c]}',
			[
				'key:a',
				'punctuation::',
				'punctuation:{',
				'key:b',
				'punctuation::',
				'punctuation:[',
				'number:1',
				'punctuation:,',
				'string:c',
				'punctuation:]}',
			],
		],
		['a: &x !!str 1', ['key:a', 'punctuation::', 'anchor:&x', 'keyword:!!str', 'number:1']],
		['b: *x', ['key:b', 'punctuation::', 'anchor:*x']],
		[
			'a: |\n  one: two\n  # three\nb:',
			['key:a', 'punctuation::', 'punctuation:|'],
			['string:  one: two'],
			['string:  # three'],
			['key:b', 'punctuation::'],
		],
		['a: one\n  two', ['key:a', 'punctuation::', 'string:one'], ['string:  two']],
		['a: "one\n  two" # c', ['key:a', 'punctuation::', 'string:"one'], ['string:  two"', 'comment:# c']],
		['---\n# c\n...', ['punctuation:---'], ['comment:# c'], ['punctuation:...']],
		['%YAML 1.2\n---', ['keyword:%YAML 1.2'], ['punctuation:---']],
		['a: 1\r\nb: 2\r\n', ['key:a', 'punctuation::', 'number:1'], ['key:b', 'punctuation::', 'number:2'], []],
		['a: ]', ['key:a', 'punctuation::', 'error:]']],
		['${{ env.X }}', ['string:${{ env.X }}']],
		['', []],
	])('%j', (text, ...lines) => {
		expect(kindsOf(text)).toEqual(lines);
		expectWhole(text);
	});

	it('a tab that indents is an error, one elsewhere is not', () => {
		expect(highlightYaml('a:\n\tb: 1')[1]?.[0]).toEqual({text: '\t', kind: 'error'});
		expect(highlightYaml('a:\t1')[0]?.some(({kind}) => kind === 'error')).toBe(false);
		expect(highlightYaml('a: {\n\tb: 1}')[1]?.[0]?.kind).not.toBe('error');
		expect(highlightYaml('a:\n\t# c\n\t\n')[1]?.[0]?.kind).not.toBe('error');
	});

	it('whatever it is given, the pieces are the text', () => {
		const odd = fc.constantFrom(
			'a',
			':',
			' ',
			'\n',
			'\r\n',
			'\t',
			'-',
			'{',
			'}',
			'[',
			']',
			',',
			'"',
			"'",
			'#',
			'&',
			'*',
			'!',
			'|',
			'>',
			'?',
			'%',
			'\u001F',
			'\u0002',
			'\u0018',
			'\uFEFF',
			'---\n',
			'...',
		);
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string({unit: 'binary'}),
					fc.string(),
					fc.array(odd, {maxLength: 60}).map(all => all.join('')),
				),
				expectWhole,
			),
			{numRuns: 3000},
		);
	});

	it.each(['[', '{a: ', '- ', '\t', '"', "'a ", 'a: b\n', '{a: [b, c], }\n', 'a: {\n', '&a ', '|\n', '\u001F', '\\"', 'x'])(
		'a quarter of a million characters of %j',
		one => {
			expectWhole(one.repeat(250_000 / one.length));
		},
	);

	it('a very long line is drawn plain, and the others keep their kinds', () => {
		const lines = highlightYaml(`a: 1\nb: ${'x'.repeat(10_000)}\nc: 2\n`);
		expect(lines[0]?.[0]).toEqual({text: 'a', kind: 'key'});
		expect(lines[1]?.map(({kind}) => kind)).toEqual(['plain']);
		expect(lines[2]?.[0]).toEqual({text: 'c', kind: 'key'});
	});
});
