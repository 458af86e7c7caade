import fc from 'fast-check';
import {expect, test} from 'vitest';
import {cut, fit, width, windowTop, wrap} from '../../source/ui/text.js';

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
