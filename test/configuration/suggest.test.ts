import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {suggest} from '../../source/configuration/schema/suggest.js';

const known = ['type', 'name', 'ide', 'image', 'python', 'env', 'build', 'setup', 'init', 'cache', 'ports', 'max_price'];

describe('suggest', () => {
	it.each([
		['pyhton', 'python'],
		['prots', 'ports'],
		['IMAGE', 'image'],
		['port', 'ports'],
		['max-price', 'max_price'],
		['maxprice', 'max_price'],
		['nmae', 'name'],
		['ides', 'ide'],
	])('%j probably means %j', (word, meant) => {
		expect(suggest(word, known)).toBe(meant);
	});

	it.each(['', 'commands', 'zzz', 'a', 'x'.repeat(10_000)])('%j means nothing that is known', word => {
		expect(suggest(word, known)).toBeUndefined();
	});

	it('knows nothing among nothing', () => {
		expect(suggest('name', [])).toBeUndefined();
	});

	it('what is known means itself, and one slip in a longer word is forgiven', () => {
		fc.assert(
			fc.property(fc.constantFrom(...known), fc.nat(), (word, at) => {
				expect(suggest(word, known)).toBe(word);
				const index = at % word.length;
				expect(suggest(word.slice(0, index) + word.slice(index + 1), [word])).toBe(word);
				expect(suggest(`${word.slice(0, index)}~${word.slice(index)}`, [word])).toBe(word);
			}),
		);
	});
});
