import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {checkName, generateName} from '../../source/runs/names.js';
import {systemRandom} from '../../source/system/random.js';

describe('names', () => {
	test('a generated name is one that may be chosen, and none that is taken', () => {
		fc.assert(
			fc.property(fc.nat(10_000), fc.nat(10_000), (first, second) => {
				const numbers = [first, second];
				let turn = 0;
				const random = {...systemRandom, below: (limit: number) => (numbers[turn++ % 2] ?? 0) % limit};
				const name = generateName(random, new Set());
				checkName(name);
				turn = 0;
				expect(generateName(random, new Set([name]))).toBe(name.replace(/1$/, '2'));
			}),
		);
	});

	test.each(['', 'Upper', '-x', '1x', 'a b', '../x', 'a/b', 'x'.repeat(61), 'fast-moth-1-host', 'ü', '*'])(
		'%j is refused',
		name => {
			expect(() => checkName(name)).toThrow('cannot be');
		},
	);
});
