import fc from 'fast-check';
import {expect, test} from 'vitest';
import stringWidth from 'string-width';
import {cut, cutMiddle, fit, width, windowTop, wrap} from '../../source/ui/drawing/cells.js';
import {isPlain} from '../../source/ui/drawing/plain-width.js';

const text = fc
	.array(fc.constantFrom('a', 'Z', ' ', 'ä', 'e\u0301', '日', '👩‍💻', '…', 'ß'), {maxLength: 80})
	.map(parts => parts.join(''));
const cells = fc.integer({min: 1, max: 100});

test('cut text is never wider than asked, and whole where there is room', () => {
	fc.assert(
		fc.property(text, cells, (value, limit) => {
			const shown = cut(value, limit);
			expect(width(shown)).toBeLessThanOrEqual(limit);
			if (width(value) <= limit) {
				expect(shown).toBe(value);
			}
		}),
	);
});

test('what is cut in the middle keeps both ends', () => {
	expect(cutMiddle('northamerica-northeast2', 14)).toBe('northam…heast2');
	expect(cutMiddle('us-east-1', 14)).toBe('us-east-1');
	fc.assert(
		fc.property(text, cells, (value, limit) => {
			const shown = cutMiddle(value, limit);
			expect(width(shown)).toBeLessThanOrEqual(limit);
			if (width(value) <= limit) {
				expect(shown).toBe(value);
			}
		}),
	);
});

test('what is seen to take one cell a character takes one', () => {
	const wrong = Array.from({length: 0xff_ff}, (_, code) => String.fromCharCode(code)).filter(
		character => isPlain(character) && stringWidth(character) !== 1,
	);
	expect(wrong).toEqual([]);
	// With everything else beside it as well.
	const mixed = fc.array(fc.oneof(text, fc.constantFrom('\u001B[7m', '\u001B[22m', '●', '✗', '─', '\uFE0F', '\u200D')));
	fc.assert(
		fc.property(mixed, parts => {
			const value = parts.join('');
			expect(width(value)).toBe(stringWidth(value));
		}),
		{numRuns: 1000},
	);
});

test('fitted text has exactly its cells', () => {
	fc.assert(
		fc.property(text, cells, (value, limit) => {
			expect(width(fit(value, limit))).toBe(limit);
		}),
	);
});

test('wrapped lines fit, and lose nothing but blanks', () => {
	const words = fc.array(fc.stringMatching(/^[a-z/:+-]{1,30}$/), {maxLength: 12});
	fc.assert(
		fc.property(words, fc.integer({min: 2, max: 40}), (list, limit) => {
			const lines = wrap(list.join(' '), limit);
			expect(lines.every(line => width(line) <= limit)).toBe(true);
			expect(lines.join('').replaceAll(' ', '')).toBe(list.join(''));
		}),
	);
});

test('the window shows the cursor, stays within the list, and moves as little as possible', () => {
	fc.assert(
		fc.property(
			fc.nat(1000),
			fc.integer({min: 1, max: 1000}),
			fc.integer({min: 1, max: 60}),
			fc.nat(1000),
			(at, count, height, before) => {
				const cursor = Math.min(at, count - 1);
				const top = windowTop(cursor, count, height, before);
				expect(top).toBeGreaterThanOrEqual(0);
				expect(cursor).toBeGreaterThanOrEqual(top);
				expect(cursor).toBeLessThan(top + height);
				if (cursor >= before && cursor < before + height && before <= Math.max(0, count - height)) {
					expect(top).toBe(before);
				}
			},
		),
	);
});
