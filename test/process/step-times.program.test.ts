import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {makeWorld, objects} from '../support/program.js';

test('a second run says what the first one took; its steps are those that were foreseen', async () => {
	const world = await makeWorld();
	onTestFinished(async () => {
		for (const name of ['one', 'two']) {
			await world.cli(['stop', name, '-y']);
		}
	});
	await world.write({
		'.dstack.yml': 'type: dev-environment\nbuild:\n  - sleep 1\nsetup:\n  - sleep 2\ninit:\n  - "true"\n',
		'a.txt': 'a\n',
	});
	const run = async (name: string) => {
		const {code, stdout, stderr} = await world.cli(['run', '.', '-n', name, '-y', '-d', '--json']);
		expect(code, stderr + stdout).toBe(0);
		return objects<{type: string; step?: string; expected?: unknown}>(stdout);
	};

	const first = await run('one');
	expect(first.find(({type}) => type === 'plan')).toMatchObject({expected: null});
	const file = path.join(world.home, 'dt/step-times.json');
	expect((await stat(file)).mode & 0o777).toBe(0o600);
	const {steps} = JSON.parse(await readFile(file, 'utf8')) as {steps: Record<string, {times: number[]}>};
	const learned: Record<string, number[]> = Object.fromEntries(
		Object.entries(steps).map(([key, {times}]) => [key.split(' ')[0] ?? '', times]),
	);
	const begun = first.filter(({type}) => type === 'step-started').map(({step}) => String(step));
	expect(new Set(Object.keys(learned))).toEqual(new Set(begun));
	expect(learned['setup']?.[0]).toBeGreaterThanOrEqual(2000);

	const second = await run('two');
	const {expected} = second.find(({type}) => type === 'plan') as {expected: number};
	const all = Object.values(learned).reduce((sum, times) => sum + (times[0] ?? 0), 0);
	expect(expected).toBe(Math.round(all / 1000));
	expect(expected).toBeGreaterThanOrEqual(3);
});
