import fc from 'fast-check';
import {expect, test} from 'vitest';
import {type Canvas, withWholeLines} from '../../source/ui/drawing/line-cache.js';

type CanvasClass = Parameters<typeof withWholeLines>[0];

// Ink does not export it.
const inkOutput = new URL('../../node_modules/ink/build/output.js', import.meta.url).href;
const {default: Whole} = (await import(inkOutput)) as {default: CanvasClass};

const piece = fc.constantFrom(
	'gcp',
	' ',
	'     ',
	'▶',
	'●',
	'日本',
	'e\u0301',
	'👩‍💻',
	'…',
	'\u001B[7mx y\u001B[27m',
	'\u001B[2m',
	'\u001B[22m',
	'\u001B[31mred\u001B[39m ',
);
const text = fc.array(piece, {maxLength: 8}).map(parts => parts.join(''));
const transformers = fc.constantFrom(
	[],
	[(line: string) => line],
	[(line: string) => `\u001B[1m${line}\u001B[22m`],
	[(line: string) => `<${line}>`, (line: string, index: number) => `${index}${line}`],
);
const operation = fc.oneof(
	{
		weight: 20,
		arbitrary: fc.record({x: fc.integer({min: 0, max: 12}), y: fc.integer({min: -1, max: 5}), text, transformers}),
	},
	{weight: 1, arbitrary: fc.constant({x: 1, y: 1, text: 'two\nlines', transformers: []})},
);

const draw = (
	Class: CanvasClass,
	width: number,
	operations: ReadonlyArray<typeof operation extends fc.Arbitrary<infer T> ? T : never>,
) => {
	const canvas: Canvas = new Class({width, height: 5});
	for (const {x, y, text: own, transformers: styles} of operations) {
		canvas.write(x, y, own, {transformers: styles});
	}

	return canvas.get();
};

test("frames are those of Ink's own canvas, whatever is drawn where", () => {
	const Lines = withWholeLines(Whole);
	fc.assert(
		fc.property(fc.array(operation, {maxLength: 10}), fc.constantFrom(20, 9), (operations, width) => {
			const expected = draw(Whole, width, operations);
			expect(draw(Lines, width, operations)).toEqual(expected);
			// As it is remembered.
			expect(draw(Lines, width, operations)).toEqual(expected);
		}),
		{numRuns: 1000},
	);
});

test('what lies outside of a clip is not drawn', () => {
	const of = (Class: CanvasClass) => {
		const canvas = new Class({width: 20, height: 3}) as Canvas & {clip(area: object): void; unclip(): void};
		canvas.clip({x1: 0, x2: 4, y1: 0, y2: 2});
		canvas.write(0, 0, 'abcdefgh', {transformers: []});
		canvas.write(0, 2, 'below', {transformers: []});
		canvas.unclip();
		return canvas.get();
	};

	expect(of(withWholeLines(Whole))).toEqual(of(Whole));
	expect(of(Whole).output).toBe('abcd\n\n');
});

test('a line that is as it was is not drawn anew', () => {
	let drawn = 0;
	class Counting extends Whole {
		override get() {
			drawn++;
			return super.get();
		}
	}

	const Lines = withWholeLines(Counting as unknown as CanvasClass);
	const frame = (cursor: number) =>
		draw(
			Lines,
			20,
			[0, 1, 2, 3].map(y => ({x: 0, y, text: `${y === cursor ? '>' : ' '} row ${y}`, transformers: []})),
		);
	frame(0);
	expect(drawn).toBe(4);
	frame(1);
	// The row that the cursor left, and the one that it came to.
	expect(drawn).toBe(6);
	frame(0);
	expect(drawn).toBe(6);
});
