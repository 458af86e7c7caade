import {isDeepStrictEqual} from 'node:util';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse, parseDocument} from 'yaml';
import {appendTo, EditError, removeIn, setIn} from '../../source/configuration/yaml/edit.js';
import {anyMap, anyValue, keyOf, type Path, text, type Value, write, type Written} from './random-yaml.js';

const numRuns = Number(process.env['DSTACK_TUI_TEST_RUNS'] ?? 300);

const document = fc.record({map: anyMap, seed: fc.integer()}).map(({map, seed}) => write(map, seed));

const read = (written: string): Value => parseDocument(written.replace(/^\uFEFF/, ''), {uniqueKeys: false}).toJS() as Value;

const at = (value: Value, path: Path): Value | undefined =>
	path.reduce<Value | undefined>((inner, step) => (inner as Record<string, Value> | undefined)?.[step as string], value);

/** The same value with something else at a path; `undefined` takes it out. Written here anew, so that it does not err with the code. */
function changed(value: Value, path: Path, wanted: Value | undefined): Value {
	if (path.length === 0) {
		return wanted!;
	}

	const copy = structuredClone(value);
	const parent = at(copy, path.slice(0, -1));
	const last = path.at(-1)!;
	if (Array.isArray(parent)) {
		parent.splice(last as number, 1, ...(wanted === undefined ? [] : [wanted]));
		return copy;
	}

	const map = parent as Record<string, Value>;
	delete map[last as string];
	if (wanted !== undefined) {
		Object.defineProperty(map, last, {value: wanted, enumerable: true, configurable: true, writable: true});
	}

	return copy;
}

const isBelow = (path: Path, top: Path): boolean => top.every((step, index) => path[index] === step);

/** All lines without those of `place` stand in the result as they were, and in order. */
function expectLinesKept({text: before, spans}: Written, after: string, place: Path, extra = 0): void {
	const [old, now] = [before.split('\n'), after.split('\n')];
	const [first, last] = place.length === 0 ? [0, old.length] : spans.get(keyOf(place))!;
	// With no line end at the end of the file, the last line gets one when others follow; Windows' is two characters.
	// Between brackets, what became the last entry may lose its comma.
	const bare = (line: string) => line.replace(/\r$/, '').replace(/,(?=\s*(?:#|$))/, '');
	expect(now.slice(0, Math.max(0, first - extra)).map(bare)).toEqual(old.slice(0, Math.max(0, first - extra)).map(bare));
	const tail = old.slice(last + 1);
	expect(now.slice(now.length - tail.length).map(bare)).toEqual(tail.map(bare));
}

function expectCommentsKept({comments}: Written, after: string, gone: (comment: Written['comments'][number]) => boolean): void {
	const left = comments.filter(comment => !gone(comment));
	const found = [...after.matchAll(/#\d+ note/g)].map(([mark]) => mark);
	expect(left.filter(({mark}) => !found.includes(mark)).map(({mark}) => mark)).toEqual([]);
}

const isScalar = (value: Value | undefined): boolean => typeof value !== 'object' || value === null;

const isFull = (value: Value | undefined): boolean => !isScalar(value) && Object.keys(value as object).length > 0;

/** Line ends are all of one kind, and the end of the file is as it was. */
function expectSameEnds(before: string, after: string): void {
	if (before.replace('\uFEFF', '') === '') {
		return;
	}

	expect(after.startsWith('\uFEFF')).toBe(before.startsWith('\uFEFF'));
	if (before.includes('\r\n')) {
		expect(/(?<!\r)\n/.test(after)).toBe(false);
	} else if (before.includes('\n')) {
		expect(after.includes('\r')).toBe(false);
	}

	expect(after.endsWith('\n')).toBe(before.endsWith('\n'));
}

describe('random documents', () => {
	it('mean what was written into them', async () => {
		await fc.assert(
			fc.property(document, written => {
				expect(read(written.text) ?? {}).toEqual(written.value);
			}),
			{numRuns},
		);
	});

	it('a value is replaced, and nothing else', async () => {
		await fc.assert(
			fc.property(document, fc.nat(), anyValue, (written, pick, wanted) => {
				const path = written.paths[pick % written.paths.length]!;
				fc.pre(path.length > 0);
				const after = setIn(written.text, path, wanted);
				expect(read(after)).toEqual(changed(written.value, path, wanted));
				expectSameEnds(written.text, after);
				expectLinesKept(written, after, path);
				const old = at(written.value, path);
				// What is inside of something that becomes something else goes with it.
				expectCommentsKept(
					written,
					after,
					({owner, trails}) => isFull(old) && isBelow(owner, path) && !(trails && owner.length === path.length && isScalar(old)),
				);
			}),
			{numRuns},
		);
	});

	it('an entry is added, and nothing else', async () => {
		await fc.assert(
			fc.property(document, fc.nat(), text, anyValue, (written, pick, name, wanted) => {
				const path = written.paths[pick % written.paths.length]!;
				const parent = at(written.value, path)!;
				fc.pre(!isScalar(parent) && !Object.hasOwn(parent as object, name));
				const place = [...path, Array.isArray(parent) ? parent.length : name];
				const after = setIn(written.text, place, wanted);
				expect(read(after)).toEqual(changed(written.value, place, wanted));
				expectSameEnds(written.text, after);
				expectCommentsKept(written, after, () => false);
				if (isFull(parent)) {
					expectLinesKept(written, after, path);
					// Nothing was taken away: what was there is what is left when the new is left out.
					let index = 0;
					for (const character of after) {
						index += character === String.fromCodePoint(written.text.codePointAt(index) ?? 0) ? character.length : 0;
					}

					expect(index).toBe(written.text.length);
				}

				if (Array.isArray(parent)) {
					expect(appendTo(written.text, path, wanted)).toBe(after);
				}

				// What was added can be taken out again, and then nothing has happened.
				const again = removeIn(after, place);
				expect(read(again) ?? {}).toEqual(written.value);
				if (isFull(parent) && isScalar(wanted)) {
					// But for the empty line that an entry gets where the others have one.
					expect(again.replaceAll(/(?:\r?\n)+/g, '\n')).toBe(written.text.replaceAll(/(?:\r?\n)+/g, '\n'));
				}
			}),
			{numRuns},
		);
	});

	it('an entry is taken out, and nothing else', async () => {
		await fc.assert(
			fc.property(document, fc.nat(), (written, pick) => {
				const path = written.paths[pick % written.paths.length]!;
				fc.pre(path.length > 0);
				const after = removeIn(written.text, path);
				expect(read(after)).toEqual(changed(written.value, path, undefined));
				expectSameEnds(written.text, after);
				expectCommentsKept(written, after, ({owner}) => isBelow(owner, path));
				const parent = path.slice(0, -1);
				const [first] = Object.keys(at(written.value, parent)!);
				// The last leaves an empty one, and the first may leave its dash to the next.
				expectLinesKept(written, after, String(path.at(-1)) === first ? parent : path, 1);
			}),
			{numRuns},
		);
	});

	it('many edits one after the other', async () => {
		await fc.assert(
			fc.property(document, fc.array(fc.tuple(fc.nat(), anyValue), {maxLength: 6}), (written, edits) => {
				let now = written.text;
				let value = written.value;
				for (const [pick, wanted] of edits) {
					const path = written.paths[pick % written.paths.length]!;
					if (path.length > 0 && !isScalar(at(value, path.slice(0, -1))) && at(value, path) !== undefined) {
						now = setIn(now, path, wanted);
						value = changed(value, path, wanted);
						expect(read(now)).toEqual(value);
					}
				}
			}),
			{numRuns},
		);
	});

	it('one whole value becomes another', async () => {
		await fc.assert(
			fc.property(document, anyMap, (written, wanted) => {
				const after = setIn(written.text, [], wanted);
				expect(read(after)).toEqual(wanted);
				expectSameEnds(written.text, after);
			}),
			{numRuns},
		);
	});
});

describe('any text', () => {
	const broken = fc.oneof(
		fc.string({maxLength: 60}),
		fc.string({
			unit: fc.constantFrom(
				'a',
				':',
				' ',
				'\n',
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
				'\t',
				'1',
			),
			maxLength: 40,
		}),
		fc.tuple(document, fc.nat(), fc.string({maxLength: 3})).map(([{text: written}, place, more]) => {
			const cut = place % (written.length + 1);
			return written.slice(0, cut) + more + written.slice(cut + (place % 3));
		}),
	);
	const step = fc.oneof(fc.constantFrom<string | number>('a', 'b', '', 0, 1), fc.nat({max: 3}));

	it('is edited rightly or not at all', async () => {
		await fc.assert(
			fc.property(broken, fc.array(step, {maxLength: 3}), fc.option(anyValue, {nil: undefined}), (before, path, wanted) => {
				let after: string;
				try {
					after = wanted === undefined ? removeIn(before, path) : setIn(before, path, wanted);
				} catch (error) {
					expect(error).toBeInstanceOf(EditError);
					return;
				}

				const value = parse(after.replace(/^\uFEFF/, ''), {uniqueKeys: false, maxAliasCount: 50}) as Value;
				if (wanted !== undefined) {
					expect(isDeepStrictEqual(at(value, path), wanted)).toBe(true);
				} else if (path.length > 0 && after !== before && typeof path.at(-1) === 'string') {
					expect(at(value, path)).toBe(undefined);
				}
			}),
			{numRuns},
		);
	});
});

describe('any value', () => {
	it.each(['1.1', '1.2'] as const)('reads the same as YAML %s', async version => {
		await fc.assert(
			fc.property(anyValue, text, fc.constantFrom('', 'a: {d: 1}\n', 'a: {b: {c: 1}}\n', 'x:\n- 1\n'), (wanted, name, before) => {
				const after = setIn(before, ['a', 'b', name], wanted);
				const result = parse(after, {version, logLevel: 'error'}) as {a: {b: Record<string, Value>}};
				expect(result.a.b[name]).toEqual(wanted);
			}),
			{numRuns},
		);
	});

	it.each([
		['3.10', '"3.10"'],
		['off', '"off"'],
		['yes', '"yes"'],
		['y', '"y"'],
		['22:22', '"22:22"'],
		['3333:8000', '3333:8000'],
		['*:8000', '"*:8000"'],
		['24GB', '24GB'],
		['24GB..80GB:1..4', '24GB..80GB:1..4'],
		['A100:2:40GB', 'A100:2:40GB'],
		['A10G,A100', 'A10G,A100'],
		['1d', '1d'],
		['1e3', '"1e3"'],
		['0o7', '"0o7"'],
		['010', '"010"'],
		['1_000', '"1_000"'],
		['2024-01-01', '"2024-01-01"'],
		['pip install -r requirements.txt', 'pip install -r requirements.txt'],
		['echo "a: b" # c', '"echo \\"a: b\\" # c"'],
		['a\nb', '|-'],
		['~', '"~"'],
		['', '""'],
		[' x', '" x"'],
		['- x', '"- x"'],
		['-x', '-x'],
		['a: b', '"a: b"'],
		['a:', '"a:"'],
		['a #b', '"a #b"'],
		['a#b', 'a#b'],
		['debian:bookworm', 'debian:bookworm'],
		['NULL', '"NULL"'],
		['=', '"="'],
		['<<', '"<<"'],
		['tab\there', '"tab\\there"'],
		['ünïcode 🙂', 'ünïcode 🙂'],
		['\uD800', String.raw`"\ud800"`],
	])('%j is written %s', (value, expected) => {
		expect(setIn('', ['key'], value).split('\n')[0]).toBe(`key: ${expected}`);
	});
});
