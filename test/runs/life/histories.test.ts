import process from 'node:process';
import {test} from 'vitest';
import {liveThrough} from './history.js';
import {offersOf, World} from './program.js';

const isLong = process.env['LONG'] !== undefined;
const histories = isLong ? 10_000 : 250;
const others = offersOf({id: 'cloud/r1/b', instanceType: 'b'}, {id: 'cloud/r2/c', instanceType: 'c', region: 'r2'});

test(
	`${histories} random histories: nothing lives unannounced, twice, or past its deadline`,
	async () => liveThrough(histories, {make: async () => new World(), others, isTurned: true}),
	isLong ? 3_600_000 : 300_000,
);
