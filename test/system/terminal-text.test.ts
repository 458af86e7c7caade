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
});
