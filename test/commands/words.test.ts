import {expect, test} from 'vitest';
import {sentences} from '../../source/commands/words.js';

test('notes follow each other as sentences', () => {
	expect(sentences(['127.0.0.1:1 refused the connection', 'Try again.', 'or not'])).toBe(
		'127.0.0.1:1 refused the connection. Try again. or not',
	);
	expect(sentences(['one'])).toBe('one');
	expect(sentences([])).toBe('');
});
