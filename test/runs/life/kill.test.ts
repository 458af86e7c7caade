import {describe, test} from 'vitest';
import {killEverywhere, weathers} from './killing.js';
import {offersOf, World} from './program.js';

const others = offersOf({id: 'cloud/r1/b', instanceType: 'b'}, {id: 'cloud/r2/c', instanceType: 'c', region: 'r2'});

describe('killed at every position, and started again: one instance or none, and none after the end', () => {
	for (const weather of weathers) {
		test(weather.name, async () => killEverywhere({weather, make: async () => new World(), others, isTorn: [false, true]}));
	}
});
