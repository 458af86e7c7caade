import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {appendTo, EditError, removeIn, setIn} from '../../source/configuration/yaml/edit.js';
import {Problem} from '../../source/system/problem.js';

type Path = ReadonlyArray<string | number>;
type Case = [what: string, before: string, path: Path, value: unknown, after: string];

const profiles = `# My profiles
profiles:
  - name: large   # the big one
    # What it needs.
    resources:
      gpu: 24GB   # at least
      memory: "32GB"

    spot_policy: auto
  # The small one.
  - name: small
    resources: {gpu: 'A10', cpu: 4} # cheap
`;

const billion = `a: &a [x, x, x, x, x, x, x, x, x]
${Array.from('bcdefghi', (name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]}, `.repeat(9)}]`).join('\n')}
`;

describe('a value in its place', () => {
	it.each<Case>([
		['keeps what trails it', 'a: 1  # one\nb: 2\n', ['a'], 5, 'a: 5  # one\nb: 2\n'],
		['keeps its quotes', `a: "x" # c\nb: 'v'\n`, ['a'], 'z', `a: "z" # c\nb: 'v'\n`],
		['keeps single ones', "b: 'v'\n", ['b'], "it's", "b: 'it''s'\n"],
		['takes others where single ones cannot hold it', "b: 'v'\n", ['b'], 'a\nb c\t', 'b: "a\\nb c\\t"\n'],
		['gets quotes when it needs them', 'python: 3.11\n', ['python'], '3.10', 'python: "3.10"\n'],
		['a number needs none', 'a: "1"\n', ['a'], 1, 'a: 1\n'],
		['a text over lines', 'a: |\n  one\n  two\nb: 1\n', ['a'], 'three\nfour\n', 'a: |\n  three\n  four\nb: 1\n'],
		['with what trails its mark', 'a: |- # c\n  one\n  two\nb: 1\n', ['a'], 'three', 'a: three # c\nb: 1\n'],
		['one that becomes longer', 'a: x # c\nb: 1\n', ['a'], 'one\ntwo\n', 'a: | # c\n  one\n  two\nb: 1\n'],
		['a folded one', 'a: >\n  one\n  two\n\nb: 1\n', ['a'], 7, 'a: 7\n\nb: 1\n'],
		['over lines without a mark', 'a: one\n  two # c\nb: 1\n', ['a'], 'x', 'a: x # c\nb: 1\n'],
		['nothing', 'a:\nb: 1\n', ['a'], 'x', 'a: x\nb: 1\n'],
		['nothing with a note', 'a: # c\nb: 1\n', ['a'], 'x', 'a: x # c\nb: 1\n'],
		['a written nothing', 'a: ~ # c\nb: null\n', ['a'], 'x', 'a: x # c\nb: null\n'],
		['the same needs no edit', 'a: 0x10 # c\n', ['a'], 16, 'a: 0x10 # c\n'],
		[
			'deep in a profile',
			profiles,
			['profiles', 0, 'resources', 'gpu'],
			'A100:2:40GB',
			profiles.replace('24GB ', 'A100:2:40GB '),
		],
		['between brackets', profiles, ['profiles', 1, 'resources', 'gpu'], 'L4', profiles.replace("'A10'", "'L4'")],
		['of a list', 'a:\n  - x # one\n  - v\n', ['a', 1], 'z', 'a:\n  - x # one\n  - z\n'],
		['of a list in a list', '- - a\n  - b\n- c\n', [0, 1], 'x', '- - a\n  - x\n- c\n'],
		['behind a JSON key', '{"a":1,"b":2}\n', ['a'], 'x', '{"a": x,"b":2}\n'],
		['a quoted key', '"a b": 1\n', ['a b'], 2, '"a b": 2\n'],
		['a number for a key', 'a: {80: x}\n', ['a', '80'], 'v', 'a: {80: v}\n'],
		['an anchor that nobody uses', 'a: &x 1 # c\n', ['a'], 2, 'a: &x 2 # c\n'],
		['an alias gives way itself', 'a: &x 1\nb: *x # c\n', ['b'], 2, 'a: &x 1\nb: 2 # c\n'],
		['Windows lines', 'a: 1 # c\r\nb: 2\r\n', ['a'], 3, 'a: 3 # c\r\nb: 2\r\n'],
		['without a line end', 'a: 1', ['a'], 3, 'a: 3'],
		['a text over lines at such an end', 'a: x', ['a'], 'one\ntwo\n', 'a: "one\\ntwo\\n"'],
	])('%s', (_, before, path, value, after) => {
		expect(setIn(before, path, value)).toBe(after);
	});
});

describe('a value of another kind', () => {
	it.each<Case>([
		['a map for one value', 'a: 24GB # c\nb: 1\n', ['a'], {x: 1, v: 2}, 'a: # c\n  x: 1\n  v: 2\nb: 1\n'],
		['one value for a map', 'a: # c\n  x: 1\n  # own\n  v: 2\n# other\nb: 1\n', ['a'], 5, 'a: 5 # c\n# other\nb: 1\n'],
		['a list for a map', 'a:\n  x: 1\nb: 1\n', ['a'], ['x', 'v'], 'a:\n  - x\n  - v\nb: 1\n'],
		['an empty map', 'a:\n  x: 1\nb: 1\n', ['a'], {}, 'a: {}\nb: 1\n'],
		['an empty list', 'a: [1, 2] # c\n', ['a'], [], 'a: [] # c\n'],
		['in a list', 'a:\n  - x # c\n  - v\n', ['a', 0], {k: 1, l: 2}, 'a:\n  - # c\n    k: 1\n    l: 2\n  - v\n'],
		['in a list, without a note', 'a:\n  - x\n  - v\n', ['a', 0], {k: 1, l: 2}, 'a:\n  - k: 1\n    l: 2\n  - v\n'],
		['one value for a map of a list', 'a:\n  - k: 1\n    l: 2\n  - v\n', ['a', 0], 'x', 'a:\n  - x\n  - v\n'],
		['a list for a map of a list', 'a:\n  - k: 1\n    l: 2\n  - v\n', ['a', 0], ['x', 'z'], 'a:\n  - - x\n    - z\n  - v\n'],
		['between brackets', 'a: {x: 1, v: 2}\n', ['a', 'x'], {z: [1, 'b c']}, 'a: {x: {z: [1, b c]}, v: 2}\n'],
		['brackets stay brackets', 'a: [1, 2] # c\n', ['a'], {x: 1}, 'a: {x: 1} # c\n'],
		['one value for brackets over lines', 'a: [\n  1, # c\n  2\n] # d\nb: 1\n', ['a'], 'x', 'a: x # d\nb: 1\n'],
	])('%s', (_, before, path, value, after) => {
		expect(setIn(before, path, value)).toBe(after);
	});
});

describe('a key that is missing', () => {
	it.each<Case>([
		['comes last', 'a: 1\nb: 2\n', ['c'], 3, 'a: 1\nb: 2\nc: 3\n'],
		['without a line end', 'a: 1', ['c'], 3, 'a: 1\nc: 3'],
		['Windows lines', 'a: 1\r\nb:\r\n  c: 1\r\n', ['b', 'd'], 3, 'a: 1\r\nb:\r\n  c: 1\r\n  d: 3\r\n'],
		['Windows lines without a line end', 'a:\r\n  c: 1', ['a', 'd'], [1, 2], 'a:\r\n  c: 1\r\n  d:\r\n    - 1\r\n    - 2'],
		['before what is separate', 'a: 1\n\n# The end.\n', ['b'], 2, 'a: 1\nb: 2\n\n# The end.\n'],
		['behind what belongs to the last', 'a: 1 # one\n     # more\n# vim\n', ['b'], 2, 'a: 1 # one\n     # more\n# vim\nb: 2\n'],
		[
			'behind the notes of its own map',
			'a:\n  x: 1\n  # v: 2\n# For b.\nb: 2\n',
			['a', 'z'],
			3,
			'a:\n  x: 1\n  # v: 2\n  z: 3\n# For b.\nb: 2\n',
		],
		[
			'behind a text over lines',
			'a:\n  x: |\n    one\n\n    two\n\nb: 2\n',
			['a', 'z'],
			3,
			'a:\n  x: |\n    one\n\n    two\n  z: 3\n\nb: 2\n',
		],
		[
			'behind one that keeps its lines',
			'a:\n  x: |+\n    one\n\nb: 2\n',
			['a', 'z'],
			3,
			'a:\n  x: |+\n    one\n\n  z: 3\nb: 2\n',
		],
		['behind nothing', 'a:\n  x:\nb: 2\n', ['a', 'z'], 3, 'a:\n  x:\n  z: 3\nb: 2\n'],
		[
			'of a map behind a dash',
			'p:\n  - name: x\n  - name: v\n',
			['p', 0, 'd'],
			true,
			'p:\n  - name: x\n    d: true\n  - name: v\n',
		],
		['indented as elsewhere', 'a:\n    x: 1\nb: 2\n', ['c'], {d: {e: 1}}, 'a:\n    x: 1\nb: 2\nc:\n    d:\n        e: 1\n'],
		['a list as elsewhere', 'a:\n- x\nb: 2\n', ['c'], ['v', {z: 1, w: 2}], 'a:\n- x\nb: 2\nc:\n- v\n- z: 1\n  w: 2\n'],
		['in what has nothing yet', 'a:\nb: 2\n', ['a', 'x'], 1, 'a:\n  x: 1\nb: 2\n'],
		['behind notes in it', 'a: # c\n  # x: 2\nb: 2\n', ['a', 'x'], 1, 'a: # c\n  # x: 2\n  x: 1\nb: 2\n'],
		['in an empty map', 'a: {} # c\nb: 2\n', ['a', 'x'], 1, 'a: # c\n  x: 1\nb: 2\n'],
		['in an empty file', '', ['a', 'x'], 1, 'a:\n  x: 1\n'],
		['in a file of notes', '# One.\n\n# Two.\n', ['a'], 1, '# One.\n\n# Two.\na: 1\n'],
		['in one without a line end', '# One.', ['a'], 1, '# One.\na: 1'],
		['in one that is marked', '---\n', ['a'], 1, '---\na: 1\n'],
		['in an empty map as a file', '{}\n', ['a'], [1], 'a:\n  - 1\n'],
		['behind a byte order mark', '\uFEFF', ['a'], 1, '\uFEFFa: 1\n'],
		['behind a byte order mark and more', '\uFEFFx: 1\n', ['a'], 1, '\uFEFFx: 1\na: 1\n'],
		['between brackets', 'a: {x: 1} # c\n', ['a', 'v'], 'b', 'a: {x: 1, v: b} # c\n'],
		['between wide brackets', 'a: { x: 1 }\n', ['a', 'v'], 'b', 'a: { x: 1, v: b }\n'],
		['between brackets over lines', 'a: {\n  x: 1 # c\n}\n', ['a', 'v'], 2, 'a: {\n  x: 1, # c\n  v: 2\n}\n'],
		['with their comma', 'a: {\n  x: 1, # c\n}\n', ['a', 'v'], 2, 'a: {\n  x: 1, # c\n  v: 2,\n}\n'],
		['with their comma in a line', 'a: [1, 2,]\n', ['a', 2], 3, 'a: [1, 2, 3,]\n'],
		['in empty brackets in brackets', 'a: {x: {}}\n', ['a', 'x', 'v'], 1, 'a: {x: {v: 1}}\n'],
		['in nothing in brackets', 'a: {x: , z: 1}\n', ['a', 'x', 'v'], 1, 'a: {x: {v: 1} , z: 1}\n'],
		['in a bare key in brackets', 'a: {x, z: 1}\n', ['a', 'x'], 1, 'a: {x: 1, z: 1}\n'],
		['with parents', 'a: 1\n', ['b', 'c', 0, 'd'], 1, 'a: 1\nb:\n  c:\n    - d: 1\n'],
		['that other readers take for something else', 'env: {}\n', ['env', 'y'], 'no', 'env:\n  "y": "no"\n'],
		['a text over lines', 'a: 1\n', ['b'], ['x', 'one\n  two\n'], 'a: 1\nb:\n  - x\n  - |\n    one\n      two\n'],
		['before the end of the document', 'a: 1\n...\n', ['b'], 2, 'a: 1\nb: 2\n...\n'],
	])('%s', (_, before, path, value, after) => {
		expect(setIn(before, path, value)).toBe(after);
	});
});

describe('a map or list that changes in part', () => {
	it.each<Case>([
		[
			'keeps the notes of what stays',
			'r:\n  gpu: 24GB # big\n  cpu: 4 # few\n  # disk\n  disk: 100GB\n',
			['r'],
			{gpu: '24GB', disk: '200GB', memory: '8GB'},
			'r:\n  gpu: 24GB # big\n  # disk\n  disk: 200GB\n  memory: 8GB\n',
		],
		['a list loses its first', 'b:\n  - aws # a\n  - gcp # b\n', ['b'], ['gcp'], 'b:\n  - gcp # b\n'],
		['a list gets one before', 'b:\n  - gcp # b\n', ['b'], ['aws', 'gcp'], 'b:\n  - aws\n  - gcp # b\n'],
		['a list gets one between', 'b: [aws, gcp]\n', ['b'], ['aws', 'azure', 'gcp'], 'b: [aws, azure, gcp]\n'],
		[
			'over lines',
			'b: [\n  aws, # a\n  gcp, # b\n]\n',
			['b'],
			['aws', 'azure', 'gcp'],
			'b: [\n  aws, # a\n  azure,\n  gcp, # b\n]\n',
		],
		[
			'a profile in its list',
			profiles,
			['profiles', 1],
			{name: 'small', resources: {gpu: 'A10', cpu: 8}},
			profiles.replace('cpu: 4', 'cpu: 8'),
		],
		['the whole file', 'a: 1 # c\nb: 2\n', [], {a: 1, c: 3}, 'a: 1 # c\nc: 3\n'],
	])('%s', (_, before, path, value, after) => {
		expect(setIn(before, path, value)).toBe(after);
	});
});

describe('what is taken out', () => {
	it.each<[what: string, before: string, path: Path, after: string]>([
		['a key with its line', 'a: 1 # c\nb: 2\n', ['a'], 'b: 2\n'],
		['and not the note above', 'a: 1\n# For b.\nb: 2\n# For c.\nc: 3\n', ['b'], 'a: 1\n# For b.\n# For c.\nc: 3\n'],
		['with all that is below', 'a:\n  x: 1\n  # own\n\n  # too\nb: 2\n', ['a'], 'b: 2\n'],
		['the last leaves an empty map', 'a: # c\n  # d\n  x: 1\nb: 2\n', ['a', 'x'], 'a: {} # c\n  # d\nb: 2\n'],
		['the last of a file too', '# c\na: 1\n# d\n', ['a'], '# c\n{}\n# d\n'],
		['and of a list', 'a:\n  - 1\n', ['a', 0], 'a: []\n'],
		['and of a map behind a dash', '- a: 1 # c\n- 2\n', [0, 'a'], '- {} # c\n- 2\n'],
		['the first behind a dash', '- a: 1\n  b: 2\n', [0, 'a'], '- b: 2\n'],
		['the first behind a dash with notes', '- a: 1 # one\n  # two\n  b: 2\n', [0, 'a'], '- # one\n  # two\n  b: 2\n'],
		['the last behind a dash', '- a: 1\n  b: 2\n- c\n', [0, 'b'], '- a: 1\n- c\n'],
		['an item', 'a:\n  - x\n  - v # c\n  - z\n', ['a', 1], 'a:\n  - x\n  - z\n'],
		['a text over lines', 'a: |\n  x\n\n  v\nb: 1\n', ['a'], 'b: 1\n'],
		['without a line end', 'a: 1\nb: 2', ['b'], 'a: 1'],
		['Windows lines', 'a: 1\r\nb: 2\r\nc: 3\r\n', ['b'], 'a: 1\r\nc: 3\r\n'],
		['between brackets, first', 'a: {x: 1, v: 2}\n', ['a', 'x'], 'a: {v: 2}\n'],
		['between brackets, last', 'a: { x: 1, v: 2 } # c\n', ['a', 'v'], 'a: { x: 1 } # c\n'],
		['between brackets, all', 'a: { x: 1, } # c\n', ['a', 'x'], 'a: {} # c\n'],
		[
			'between brackets over lines',
			'a: [\n  1, # one\n  2, # two\n  3 # three\n]\n',
			['a', 1],
			'a: [\n  1, # one\n  3 # three\n]\n',
		],
		['the last of them', 'a: [\n  1, # one\n  3 # three\n]\n', ['a', 1], 'a: [\n  1 # one\n]\n'],
		['before a line break', 'a: [1, 2, # c\n  3]\n', ['a', 1], 'a: [1, # c\n  3]\n'],
		['what is not there', 'a: 1 # c', ['b', 'c'], 'a: 1 # c'],
	])('%s', (_, before, path, after) => {
		expect(removeIn(before, path)).toBe(after);
	});
});

describe('one more of a list', () => {
	it.each<Case>([
		['comes last', 'a:\n  - x # c\nb: 1\n', ['a'], 'v', 'a:\n  - x # c\n  - v\nb: 1\n'],
		[
			'behind the notes of the list',
			'a:\n  - x\n  # - z\n# For b.\nb: 1\n',
			['a'],
			'v',
			'a:\n  - x\n  # - z\n  - v\n# For b.\nb: 1\n',
		],
		['not behind those of the next', 'a:\n- x\n# For b.\nb: 1\n', ['a'], 'v', 'a:\n- x\n- v\n# For b.\nb: 1\n'],
		['makes the list', 'b: 1\n', ['a'], 'v', 'b: 1\na:\n  - v\n'],
		['in an empty one', 'a: [] # c\n', ['a'], {k: 1, m: 2}, 'a: # c\n  - k: 1\n    m: 2\n'],
		['in nothing', 'a:\n', ['a'], 'v', 'a:\n  - v\n'],
		['in brackets', 'a: [x]\n', ['a'], 'v z', 'a: [x, v z]\n'],
		[
			'makes the document',
			'',
			['profiles'],
			{name: 'x', resources: {gpu: '24GB'}},
			'profiles:\n  - name: x\n    resources:\n      gpu: 24GB\n',
		],
		['a file that is a list', '- 1\n', [], 2, '- 1\n- 2\n'],
		[
			'with an empty line where they have them',
			'p:\n  - a: 1\n\n  - b: 1\n',
			['p'],
			{c: 1},
			'p:\n  - a: 1\n\n  - b: 1\n\n  - c: 1\n',
		],
	])('%s', (_, before, path, value, after) => {
		expect(appendTo(before, path, value)).toBe(after);
	});

	it('a profile', () => {
		expect(appendTo(profiles, ['profiles'], {name: 'tiny', max_duration: 'off'})).toBe(
			`${profiles}  - name: tiny\n    max_duration: "off"\n`,
		);
	});
});

describe('what is refused', () => {
	it.each<[what: string, before: string, path: Path, message: string]>([
		['below an alias', 'a: &x {k: 1}\nb: *x\n', ['b', 'k'], 'alias *x'],
		['below an anchor that is used', 'a: &x {k: 1}\nb: *x\n', ['a', 'k'], 'anchor &x'],
		['an anchor that is used', 'a: &x 1\nb: *x\n', ['a'], 'anchor &x'],
		['something around such an anchor', 'a:\n  k: &x 1\nb: *x\n', ['a'], 'anchor &x'],
		['what a merge brings', 'a: &x {k: 1}\nb:\n  <<: *x\n  l: 1\n', ['b', 'k'], '<<'],
		['two documents', 'a: 1\n---\nb: 1\n', ['a'], 'more than one document'],
		['broken YAML', 'a: [1\n', ['a'], 'no sound YAML'],
		['a key that is there twice', 'a: 1\na: 2\n', ['a'], 'twice'],
		['below one value', 'a: 24GB\n', ['a', 'count'], 'single value'],
		['a key of a list', 'a: [1]\n', ['a', 'x'], 'list'],
		['a place that a list does not have', 'a: [1]\n', ['a', 5], 'no place 5'],
		['a place that a list does not have', 'a:\n', ['a', 1], 'no place 1'],
		['what has a tag', 'a: !!str 1\n', ['a'], 'tag'],
		['too much', `a: ${'x'.repeat(2 ** 21)}\n`, ['a'], 'too big'],
		['a billion of them', billion, ['other'], 'multiply'],
		['what is nested too deeply', `a: ${'['.repeat(20_000)}`, ['a'], 'YAML'],
	])('%s', (_, before, path, message) => {
		const act = () => setIn(before, path, 7);
		expect(act).toThrow(EditError);
		expect(act).toThrow(message);
		expect(act).toThrow(Problem);
	});

	it('what no file can hold', () => {
		const loop: Record<string, unknown> = {};
		loop['loop'] = loop;
		for (const value of [undefined, () => 1, 1n, new Date(), new Map(), Symbol('x'), loop]) {
			expect(() => setIn('a: 1\n', ['a'], value)).toThrow(EditError);
			expect(() => setIn('a: 1\n', ['b'], [value])).toThrow(EditError);
		}

		expect(() => setIn('', [], 'x')).toThrow(EditError);
		expect(() => removeIn('a: 1\n', [])).toThrow(EditError);
	});

	it('taking out what others use', () => {
		expect(() => removeIn('a: &x 1\nb: *x\n', ['a'])).toThrow('anchor &x');
		expect(() => removeIn('a: &x {k: 1}\nb:\n  <<: *x\n', ['b', 'k'])).toThrow('<<');
		expect(() => appendTo('a: 1\n', ['a'], 1)).toThrow('no list');
	});

	it('says to edit by hand', () => {
		expect(new EditError('x')).toMatchObject({kind: 'configuration', next: 'Edit the file by hand.'});
	});

	it('keys that are left undefined are left out', () => {
		expect(parse(setIn('', ['a'], {b: 1, c: undefined}))).toEqual({a: {b: 1}});
	});
});
