import {rm} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {type Bench, findBench} from '../support/engine.js';
import {lines, makeDockerWorld} from './support.js';

const found = await findBench('Containers of another machine', ['ssh', 'git']);
const bench = found as Bench;
const here = {env: {DSTACK_TUI_MACHINE: 'laptop-b'}};

describe.skipIf(!found)(
	'a container that another machine with the same home folder and engine has started',
	{timeout: 120_000},
	() => {
		test('is shown with that machine’s name, left by `reap -y`, and ended by its name and a yes alone', async () => {
			const world = await makeDockerWorld(bench);
			world.env['DSTACK_TUI_MACHINE'] = 'laptop-a';
			await world.ready(['-n', 'one']);
			for (const args of [['ps'], ['reap', '-y']]) {
				const {code, stdout, stderr} = await world.cli(args, here);
				expect(code, stdout + stderr).toBe(0);
				expect(stdout + stderr).toContain('was started on laptop-a, and is left alone here');
			}

			const [id = ''] = await world.containers();
			expect(id).not.toBe('');
			await rm(path.join(world.home, 'dt/runs/one'), {recursive: true});
			const left = await world.cli(['reap', '-y'], here);
			expect(left.stdout).toContain(`one: local docker:${id}`);
			expect(left.stdout).toContain('started on laptop-a, another machine');
			expect(await world.containers()).toEqual([id]);
			// Named, and not agreed to: nobody can be asked here.
			await world.cli(['reap', 'one'], here);
			expect(await world.containers()).toEqual([id]);
			expect(lines(await bench.engine.docker('ps', '-q', '--no-trunc', '--filter', `id=${id}`))).toEqual([id]);
			expect(await world.cli(['reap', 'one', '-y'], here)).toMatchObject({code: 0});
			expect(await world.containers()).toEqual([]);
		});

		test('and `stop` by its name ends what its journal tells of', async () => {
			const world = await makeDockerWorld(bench);
			world.env['DSTACK_TUI_MACHINE'] = 'laptop-a';
			await world.ready(['-n', 'one']);
			expect(await world.cli(['stop', 'one', '-y', '--discard'], here)).toMatchObject({code: 0});
			expect(await world.containers()).toEqual([]);
		});
	},
);
