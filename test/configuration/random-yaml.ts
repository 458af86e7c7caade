import fc from 'fast-check';

export type Value = string | number | boolean | null | Value[] | {[key: string]: Value};
export type Path = Array<string | number>;

/** A document as a person may have written it, and where its parts are. */
export type Written = {
	readonly text: string;
	readonly value: Value;
	/** The first and the last line of every value, its key and its own comments with it; by `keyOf` its path. */
	readonly spans: ReadonlyMap<string, readonly [first: number, last: number]>;
	/** Every comment with the path of the value that it is in, or trails. */
	readonly comments: ReadonlyArray<{readonly mark: string; readonly owner: Path; readonly trails: boolean}>;
	readonly paths: readonly Path[];
};

export const keyOf = (path: Path): string => JSON.stringify(path);

const words = [
	'off',
	'3.10',
	'yes',
	'22:22',
	'A100:2:40GB',
	'a b',
	"it's",
	'- x',
	'# x',
	'k: v',
	'{x}',
	'*a',
	'&a',
	'!t',
	'%d',
	'@x',
	'`x',
];
const odd = [
	'',
	' ',
	'~',
	'null',
	'0x1F',
	'1_000',
	'1e3',
	'.inf',
	'2001-01-01',
	'<<',
	'=',
	'a\tb',
	'x ',
	'\u0085',
	'\u2028',
	'ü',
	'🙂',
	'---',
];

export const text = fc.oneof(
	fc.stringMatching(/^[a-z]{2,8}$/),
	fc.constantFrom(...words, ...odd),
	fc.string({unit: 'binary', maxLength: 12}),
	fc.string({maxLength: 20}),
	fc.array(fc.stringMatching(/^[a-z #:-]{0,8}$/), {minLength: 2, maxLength: 4}).map(lines => lines.join('\n')),
);

const scalar = fc.oneof(text, fc.integer(), fc.double({noNaN: true}), fc.boolean(), fc.constant(null));
const key = fc.oneof(
	{arbitrary: fc.stringMatching(/^[a-z_]{2,7}$/), weight: 6},
	{arbitrary: text.filter(each => each.length < 20), weight: 1},
);

export const {value: anyValue, map: anyMap} = fc.letrec<{value: Value; map: {[key: string]: Value}}>(tie => ({
	value: fc.oneof(
		{maxDepth: 4, depthSize: 'small'},
		scalar,
		fc.array(tie('value') as fc.Arbitrary<Value>, {maxLength: 4}),
		tie('map'),
	),
	map: fc.dictionary(key, tie('value') as fc.Arbitrary<Value>, {maxKeys: 5, noNullPrototype: true}),
}));

/** Chance from a seed: the same document for the same seed. */
function chanceOf(seed: number) {
	let state = seed >>> 0;
	const below = (limit: number): number => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * limit);
	};

	return {below, one: <T>(...from: readonly T[]): T => from[below(from.length)]!, maybe: (share: number) => below(100) < share};
}

const isPlainWord = (each: string): boolean =>
	/^[a-z]{2,8}(?: [a-z]{1,8})?$/.test(each) && !['yes', 'no', 'on', 'off', 'true', 'false', 'null'].includes(each);

/** Writes a map the way people do: comments, empty lines, brackets over one line and several, quotes of both kinds, any indentation. */
export function write(value: {[key: string]: Value}, seed: number): Written {
	const {below, one, maybe} = chanceOf(seed);
	const step = one(2, 2, 2, 3, 4);
	const flush = maybe(30);
	const eol = maybe(20) ? '\r\n' : '\n';
	const lines: string[] = [];
	const spans = new Map<string, readonly [number, number]>();
	const comments: Array<{mark: string; owner: Path; trails: boolean}> = [];
	const paths: Path[] = [];

	const comment = (owner: Path, trails: boolean): string => {
		const mark = `#${comments.length} note`;
		comments.push({mark, owner, trails});
		return mark;
	};

	const trail = (owner: Path, share = 20): string => (maybe(share) ? `${' '.repeat(1 + below(3))}${comment(owner, true)}` : '');

	const quoted = (each: string, isKey: boolean, inFlow: boolean): string => {
		const asJson = JSON.stringify(each).replace(
			/[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
			character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
		);
		if (isPlainWord(each) && maybe(70)) {
			return each;
		}

		return /^[ -~]*$/.test(each) && maybe(50) && !(isKey && inFlow) ? `'${each.replaceAll("'", "''")}'` : asJson;
	};

	const scalarText = (each: Value, inFlow: boolean): string =>
		typeof each === 'string'
			? quoted(each, false, inFlow)
			: typeof each === 'number'
				? Object.is(each, -0)
					? '-0.0'
					: String(each)
							.replace(/^Infinity/, '.inf')
							.replace(/^-Infinity/, '-.inf')
				: String(each);

	const flowLine = (each: Value, path: Path): string => {
		spans.set(keyOf(path), [lines.length, lines.length]);
		paths.push(path);
		if (typeof each !== 'object' || each === null) {
			return scalarText(each, true);
		}

		const pad = one('', '', ' ');
		const comma = one(', ', ', ', ',  ');
		if (Array.isArray(each)) {
			const inner = each.map((item, index) => flowLine(item, [...path, index]));
			return `[${pad}${inner.join(comma)}${inner.length > 0 && maybe(20) ? ',' : ''}${pad}]`;
		}

		const inner = Object.entries(each).map(([name, item]) => `${quoted(name, true, true)}: ${flowLine(item, [...path, name])}`);
		return `{${pad}${inner.join(comma)}${inner.length > 0 && maybe(20) ? ',' : ''}${pad}}`;
	};

	const flowOver = (head: string, each: Value[] | {[key: string]: Value}, path: Path, column: number): void => {
		const isList = Array.isArray(each);
		const pad = ' '.repeat(Math.max(column, 0) + step);
		lines.push(`${head}${isList ? '[' : '{'}${maybe(20) ? ` ${comment(path, false)}` : ''}`);
		const entries: Array<[string | number, Value]> = isList ? each.map((item, index) => [index, item]) : Object.entries(each);
		const last = maybe(50);
		for (const [index, [name, item]] of entries.entries()) {
			if (maybe(10)) {
				lines.push(`${pad}${comment(path, false)}`);
			}

			const inner = [...path, name];
			const line = `${isList ? '' : `${quoted(String(name), true, true)}: `}${flowLine(item, inner)}`;
			const comma = last || index < entries.length - 1 ? ',' : '';
			lines.push(`${pad}${line}${comma}${trail(inner)}`);
		}

		lines.push(`${' '.repeat(Math.max(column, 0) + one(0, step))}${isList ? ']' : '}'}${trail(path)}`);
	};

	/** `head` is the line as far as it goes: the indentation with the key or the dash. */
	const value_ = (head: string, each: Value, path: Path, column: number): void => {
		const first = lines.length;
		const space = one(' ', ' ', '  ');
		paths.push(path);
		if (typeof each === 'object' && each !== null) {
			const isList = Array.isArray(each);
			const isEmpty = Object.keys(each).length === 0;
			if (!isEmpty && maybe(65)) {
				const isCompact = head.trimEnd().endsWith('-') && maybe(70);
				const inner = isCompact ? head.length + 1 : column + (isList && flush && !head.trimEnd().endsWith('-') ? 0 : step);
				if (!isCompact) {
					lines.push(`${head}${trail(path)}`);
				}

				block(each, path, inner, isCompact ? `${head} ` : undefined, inner > column);
			} else if (!isEmpty && maybe(40)) {
				flowOver(`${head}${space}`, each, path, column);
			} else {
				paths.pop();
				const line = `${head}${space}${flowLine(each, path)}`;
				lines.push(`${line}${trail(path)}`);
			}
		} else if (
			typeof each === 'string' &&
			/^[a-z]/.test(each) &&
			/^[a-z][^\n]*\n/.test(each) &&
			!/[ \t]$/m.test(each) &&
			!each.endsWith('\n\n')
		) {
			lines.push(`${head}${space}${each.endsWith('\n') ? '|' : '|-'}${trail(path)}`);
			lines.push(
				...each
					.replace(/\n$/, '')
					.split('\n')
					.map(line => (line === '' ? '' : ' '.repeat(column + step) + line)),
			);
		} else if (each === null && maybe(60)) {
			lines.push(`${head}${trail(path)}`);
		} else if (typeof each === 'string' && isPlainWord(each) && each.includes(' ') && maybe(30)) {
			const [one_, two] = each.split(' ');
			lines.push(`${head} ${one_}`, `${' '.repeat(column + step)}${two}${trail(path)}`);
		} else {
			lines.push(`${head}${space}${scalarText(each, false)}${trail(path)}`);
		}

		spans.set(keyOf(path), [first, lines.length - 1]);
	};

	const block = (
		each: Value[] | {[key: string]: Value},
		path: Path,
		column: number,
		compact: string | undefined,
		isDeeper: boolean,
	): void => {
		const pad = ' '.repeat(column);
		let head = compact;
		const isList = Array.isArray(each);
		const entries: Array<[string | number, Value]> = isList ? each.map((item, index) => [index, item]) : Object.entries(each);
		for (const [name, item] of entries) {
			if (head === undefined && maybe(15)) {
				lines.push('');
			}

			if (head === undefined && maybe(20)) {
				lines.push(`${pad}${comment(path, false)}`);
			}

			value_(`${head ?? pad}${isList ? '-' : `${quoted(String(name), true, false)}:`}`, item, [...path, name], column);
			head = undefined;
		}

		if (isDeeper && maybe(20)) {
			lines.push(`${pad}${comment(path, false)}`);
		}
	};

	if (maybe(40)) {
		lines.push(comment([], false), '');
	}

	if (Object.keys(value).length === 0) {
		lines.push(one('{}', '{}', ''));
		if (lines.at(-1) === '') {
			// An empty file means nothing at all.
			lines.pop();
		}
	} else {
		block(value, [], 0, undefined, true);
	}

	const end = maybe(80) ? eol : '';
	const joined = lines.join(eol);
	return {
		// What ends in a line of its own text needs that line's end.
		text: (maybe(10) ? '\uFEFF' : '') + (joined === '' ? '' : joined + end),
		value,
		spans,
		comments,
		paths: [[], ...paths],
	};
}
