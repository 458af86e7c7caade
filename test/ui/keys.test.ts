import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {bindings} from '../../source/ui/bindings/index.js';
import {keyTable} from '../../source/ui/keymap.js';
import {type ScreenName} from '../../source/ui/store/state.js';

const screens: readonly ScreenName[] = ['configurations', 'profiles', 'offers', 'plan', 'run', 'environments'];

describe('keys', () => {
	test('no key means two things on one screen, unless they never apply together', () => {
		for (const screen of screens) {
			const seen = new Map<string, string>();
			for (const {id, keys, screens: where, when} of bindings) {
				for (const key of where === 'all' || where.includes(screen) ? keys : []) {
					expect(!seen.has(key) || when !== undefined, `${key} on ${screen}: ${seen.get(key)} and ${id}`).toBe(true);
					seen.set(key, id);
				}
			}
		}
	});

	test('ids are unique', () => {
		const ids = bindings.map(({id}) => id);
		expect(new Set(ids).size).toBe(ids.length);
	});

	test('the README shows the keys that there are', () => {
		expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(keyTable(bindings));
	});
});
