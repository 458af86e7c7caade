import {existsSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {eventually, makeWorld, objects} from '../support/program.js';

const limit = {timeout: 60_000};
const there = {env: {DSTACK_TUI_MACHINE: 'laptop-a'}};
const here = {env: {DSTACK_TUI_MACHINE: 'laptop-b'}};

/** An environment that is processes of laptop-a, in a home folder that laptop-b has, too. */
async function ready() {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\nmax_duration: 2h\n', 'a.txt': 'a\n'});
	world.git('init', '-q');
	expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'], there)).toMatchObject({code: 0});
	const folder = path.join(world.home, 'dt/runs/one');
	return {...world, folder, isThere: () => existsSync(path.join(folder, 'instance/one/a.txt'))};
}

test('processes of another machine are shown, left alone and never called gone; they are ended there', limit, async () => {
	const world = await ready();
	for (const args of [
		['ps', '--json'],
		['reap', '-y', '--json'],
	]) {
		const {code, stdout, stderr} = await world.cli(args, here);
		expect(code, stdout).toBe(0);
		expect(stdout + stderr).toContain(
			'was started on laptop-a, and is left alone here: `dstack-tui stop one` ends it all the same, unless only that machine can',
		);
		expect(objects<{phase?: string}>(stdout).map(({phase}) => phase)).toContain('ready');
	}

	const stopped = await world.cli(['stop', 'one', '-y', '--discard'], here);
	expect(stopped.code).toBe(1);
	expect(stopped.stderr + stopped.stdout).toMatch(/on laptop-a, and what is set up here leads to .* on laptop-b/);
	expect(world.isThere()).toBe(true);
	expect(await world.strays()).not.toEqual([]);
	expect(await world.cli(['stop', 'one', '-y', '--discard'], there)).toMatchObject({code: 0});
	expect(await world.strays()).toEqual([]);
});

test(
	'where its journal is lost, `reap -y` of another machine leaves it, and by name it refuses to take its folder away',
	limit,
	async () => {
		const world = await ready();
		await rm(path.join(world.folder, 'journal.jsonl'));
		const left = await world.cli(['reap', '-y'], here);
		expect(left.stdout).toContain('started on laptop-a, another machine');
		expect(left.stdout).toContain('It is left to that machine');
		expect(world.isThere()).toBe(true);
		const named = await world.cli(['reap', 'one', '-y'], here);
		expect(named.code).toBe(1);
		expect(named.stderr + named.stdout).toContain('on laptop-a, and what is set up here leads to');
		expect(world.isThere()).toBe(true);
		expect(await world.strays()).not.toEqual([]);
		await world.cli(['reap', '-y'], there);
		expect(await eventually(world.strays, found => found.length === 0)).toEqual([]);
	},
);

test('a program on another machine follows the one that looks after it, and what it asks for is done there', limit, async () => {
	const world = await ready();
	const owner = world.start(['attach', 'one', '--plain'], there.env);
	await owner.until(/ssh .*one/);
	const follower = world.start(['attach', 'one', '--plain'], here.env);
	await follower.until(/ssh .*one/);
	const deadline = async () =>
		Math.floor((objects<{deadline: number}>((await world.cli(['ps', '--json'], there)).stdout)[0]?.deadline ?? 0) / 1000);
	const before = await deadline();
	expect(await world.cli(['extend', 'one', '1h'], here)).toMatchObject({code: 0});
	expect((await deadline()) - before).toBe(3600);
	expect(await world.cli(['stop', 'one', '-y'], here)).toMatchObject({code: 0});
	expect(await owner.ended).toMatchObject({stdout: expect.stringContaining('one has ended') as string});
	expect(await world.strays()).toEqual([]);
});
