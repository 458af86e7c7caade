import {expect, test} from 'vitest';
import {makeWorld, objects} from '../support/program.js';

test('five programs ask for another hour at once, then one after the other: each is heard, and each gets its hour', async () => {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\nmax_duration: 2h\n', 'a.txt': 'a\n'});
	world.git('init', '-q');
	const owner = world.start(['run', '.', '-n', 'one', '-y', '--plain']);
	await owner.until('[events] ready');
	const deadline = async () => objects<{deadline: number}>((await world.cli(['ps', '--json'])).stdout)[0]?.deadline ?? 0;
	const first = Math.floor((await deadline()) / 1000);
	const asked = await Promise.all(Array.from({length: 5}, async () => world.cli(['extend', 'one', '1h'])));
	expect(asked.map(({code}) => code)).toEqual([0, 0, 0, 0, 0]);
	expect(Math.floor((await deadline()) / 1000) - first).toBe(5 * 3600);
	expect(await world.cli(['extend', 'one', '1h'])).toMatchObject({code: 0});
	expect(await world.cli(['extend', 'one', '1h'])).toMatchObject({code: 0});

	expect(Math.floor((await deadline()) / 1000) - first).toBe(7 * 3600);
	owner.child.kill('SIGTERM');
	await owner.ended;
});
