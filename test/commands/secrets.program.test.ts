import {chmod, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, test} from 'vitest';
import {cliFile, makeWorld, objects, type Result, type World} from '../support/program.js';

const value = 'hunter2-never-shown';
const fileOf = (world: World): string => path.join(world.home, 'dt', 'secrets');

const keep = async (world: World, name: string, input: string, ...more: string[]): Promise<Result> =>
	world.run(process.execPath, [cliFile, 'secrets', 'set', name, ...more], {input});

describe('secrets', () => {
	test('are kept from standard input, listed by name, and forgotten', async () => {
		const world = await makeWorld();
		expect(await world.cli(['secrets', 'list'])).toMatchObject({
			code: 0,
			stdout: expect.stringContaining('No secrets') as string,
		});
		const kept = await keep(world, 'TOKEN', `${value}\n`);
		expect(kept).toEqual({code: 0, stdout: 'TOKEN is kept.\n', stderr: ''});
		await keep(world, 'A_KEY', 'two\nlines\n');
		expect(JSON.parse(await readFile(fileOf(world), 'utf8'))).toEqual({TOKEN: value, A_KEY: 'two\nlines'});
		expect((await stat(fileOf(world))).mode & 0o777).toBe(0o600);
		const listed = await world.cli(['secrets', 'list']);
		expect(listed).toEqual({code: 0, stdout: 'A_KEY\nTOKEN\n', stderr: ''});
		expect(await world.cli(['secrets', 'delete', 'TOKEN'])).toMatchObject({code: 0, stdout: 'TOKEN is forgotten.\n'});
		expect(await world.cli(['secrets', 'list'])).toMatchObject({stdout: 'A_KEY\n'});
	});

	test('with --json: names as objects, never a value', async () => {
		const world = await makeWorld();
		const kept = await keep(world, 'TOKEN', value, '--json');
		expect(objects(kept.stdout)).toEqual([{secret: 'TOKEN', kept: true}]);
		expect(objects((await world.cli(['secrets', 'list', '--json'])).stdout)).toEqual([{secret: 'TOKEN'}]);
		expect(objects((await world.cli(['secrets', 'delete', 'TOKEN', '--json'])).stdout)).toEqual([{secret: 'TOKEN', kept: false}]);
		expect((await world.cli(['secrets', 'list', '--json'])).stdout).toBe('');
	});

	test('what cannot be is wrong usage, says why, and keeps nothing', async () => {
		const world = await makeWorld();
		for (const result of [
			await keep(world, 'TOKEN', ''),
			await keep(world, 'TOKEN', '\n'),
			await keep(world, '1A', value),
			await keep(world, 'A B', value),
			await world.cli(['secrets', 'delete', 'NONE']),
			await world.cli(['secrets', 'set']),
			await world.cli(['secrets', 'set', 'TOKEN', value]),
		]) {
			expect(result.code).toBe(2);
			expect(result.stderr).toMatch(/^dstack-tui: \S/);
		}

		expect(await stat(fileOf(world)).catch(() => 'none')).toBe('none');
	});

	test('a file that is damaged or open to others is refused by every command, and nothing of it is shown', async () => {
		const world = await makeWorld();
		await keep(world, 'TOKEN', value);
		await world.write({'.dstack.yml': 'type: dev-environment\nenv:\n  A: ${{ secrets.TOKEN }}\n'});
		const spoil = [
			async () => chmod(fileOf(world), 0o644),
			async () => {
				await chmod(fileOf(world), 0o600);
				await writeFile(fileOf(world), `{"TOKEN": "${value}"`);
			},
		];
		for (const act of spoil) {
			await act();
			for (const args of [['secrets', 'list'], ['check'], ['run', '.', '-y', '-d'], ['offers']]) {
				const {code, stdout, stderr} = await world.cli(args);
				expect([args.join(' '), code]).toEqual([args.join(' '), 2]);
				expect(stderr).toContain(fileOf(world));
				expect(stdout + stderr).not.toContain(value);
			}
		}
	});

	test('no command shows a value that a configuration refers to', async () => {
		const world = await makeWorld();
		await keep(world, 'TOKEN', value);
		await world.write({
			'.dstack.yml': 'type: dev-environment\nenv:\n  A: ${{ secrets.TOKEN }}\nsetup:\n  - echo ${{ secrets.TOKEN }}\n',
		});
		for (const args of [['check'], ['check', '--json'], ['offers', '--json'], ['run', '.', '-y', '-d'], [], ['--json']]) {
			const {stdout, stderr} = await world.cli(args);
			expect(stdout + stderr).not.toContain(value);
		}
	});
});
