import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {neutralise, neutraliseLine} from '../../source/system/terminal-text.js';

describe('neutralise', () => {
	test.each([
		['\u001B[2J\u001B[Hgone', 'gone'],
		['\u001B]0;title\u0007text', 'text'],
		['\u001B]52;c;ZXZpbA==\u001B\\text', 'text'],
		['\u001BPdcs\u001B\\text', 'text'],
		['a\u009B31mb', 'ab'],
		['a\tb', 'a    b'],
		['bell\u0007 null\u0000 del\u007F', 'bell null del'],
		['abc\u202Egnp.exe', 'abcgnp.exe'],
		['naïve 名前 🎉', 'naïve 名前 🎉'],
		['one\r\ntwo', 'one\ntwo'],
		['unfinished \u001B[', 'unfinished '],
		['one\u2028two\u2029three', 'one two three'],
		['safe\u{E0068}\u{E0069}\u{E0001} name', 'safe name'],
		['in\u200Bvis\u2060ib\uFEFFle \u00ADhyphen \u3164filler \u{E0101}selector', 'invisible hyphen filler selector'],
		['\u061Ca\u200Eb\u200Fc\u2066d\u2069e', 'abcde'],
		['👩‍💻 ❤️ می‌خواهم क्‍ष', '👩‍💻 ❤️ می‌خواهم क्‍ष'],
	])('%j becomes %j', (text, clean) => {
		expect(neutralise(text)).toBe(clean);
	});

	test('whatever comes in, no control character but the newline comes out', () => {
		fc.assert(
			fc.property(fc.string({unit: 'binary'}), text => {
				expect(neutralise(text)).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/);
				expect(neutraliseLine(text)).not.toMatch(/[\r\n]/);
			}),
		);
	});

	test('nothing that is not seen comes out, whatever stands around it', () => {
		const hidden = fc.oneof(
			fc.constantFrom(...'\u061C\u200B\u200E\u200F\u2028\u2029\u2060\uFEFF\uFFF9'),
			fc.integer({min: 0x20_2a, max: 0x20_2e}).map(code => String.fromCodePoint(code)),
			fc.integer({min: 0x20_66, max: 0x20_6f}).map(code => String.fromCodePoint(code)),
			fc.integer({min: 0xe_00_00, max: 0xe_0f_ff}).map(code => String.fromCodePoint(code)),
		);
		fc.assert(
			fc.property(
				fc.array(fc.oneof(hidden, fc.string({unit: 'grapheme'}), fc.constantFrom('\u001B[', '\u001B]0;', '\t', '\r\n'))),
				parts => {
					for (const text of [neutralise(parts.join('')), neutraliseLine(parts.join(''))]) {
						expect(text).not.toMatch(
							/[\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E0FFF}]/u,
						);
						expect(neutralise(text)).toBe(text);
					}
				},
			),
		);
	});

	test('plain text is left as it is', () => {
		fc.assert(
			fc.property(fc.string(), text => {
				expect(neutralise(text)).toBe(text);
			}),
		);
	});
});
