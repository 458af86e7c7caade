import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {bucketLine, makeBucket} from '../support/bucket.js';
import {makeWorld, objects} from '../support/program.js';
import {web} from '../support/web.js';

type Line = {readonly type: string; readonly backend?: string; readonly state?: string; readonly why?: string};

async function prepare() {
	const world = await makeWorld();
	const bucket = makeBucket('nebius', [bucketLine('gpu-l4', 'eu-test1', 1), 'broken,eu-test1,x,8,32,0,,,False,,,,x86,{}']);
	const server = await web(bucket.answer);
	const folder = path.join(world.home, 'dt/catalog');
	const env = {DSTACK_TUI_FEED_DSTACK: server.url};
	const update = async (...args: string[]) => world.cli(['catalog', 'update', ...args], {env});
	return {world, bucket, server, folder, env, update};
}

describe('`catalog update`', () => {
	test('tells what came of each cloud, and `offers` shows it', async () => {
		const {world, folder, update} = await prepare();
		const {code, stdout, stderr} = await update('--cloud', 'nebius');
		expect([code, stderr]).toEqual([0, '']);
		expect(stdout).toMatch(/^nebius: 1 offer, 1 row left out \(.+\)$/m);
		expect(stdout).toMatch(/^ {2}1 × price: expected a number, such as /m);
		expect(stdout).toMatch(/^1 of 1 cloud refreshed with 1 offer, 0 had nothing new, 0 failed\.$/m);
		expect((await readdir(folder)).sort()).toEqual(['nebius.bin', 'state.json']);
		await world.write({'.dstack.yml': 'type: dev-environment\nide: vscode\n'});
		const offers = await world.cli(['offers', '--backend', 'nebius', '--json']);
		expect(offers.stdout).toContain('"instanceType":"gpu-l4"');
		const again = await update('--cloud', 'nebius');
		expect([again.code, again.stderr]).toEqual([0, '']);
		expect(again.stdout).toMatch(/^nebius: nothing new/m);
	}, 60_000);

	test('with --json tells all of it as objects, and one that fails says why and takes nothing away', async () => {
		const {bucket, folder, update} = await prepare();
		await update('--cloud', 'nebius');
		const kept = await readFile(path.join(folder, 'nebius.bin'));
		bucket.broken = 404;
		const {code, stdout} = await update('--cloud', 'nebius', '--json');
		expect(code).toBe(1);
		const lines = objects<Line>(stdout);
		expect(lines.map(({type, state}) => state ?? type)).toEqual(['running', 'failed', 'summary', 'error']);
		expect(lines[1]?.why).toMatch(/^127\.0\.0\.1:\d+ answered 404/);
		expect(lines.at(-1)).toMatchObject({kind: 'failed', message: 'No cloud could be refreshed; the catalogue stays as it was'});
		expect(await readFile(path.join(folder, 'nebius.bin'))).toEqual(kept);
	}, 60_000);

	test('ends well when one of two clouds does', async () => {
		const {update} = await prepare();
		const {code, stdout} = await update('--cloud', 'nebius', '--cloud', 'verda');
		expect(code).toBe(0);
		expect(stdout).toMatch(/^verda: failed: 127\.0\.0\.1:\d+ answered 404 Not Found\. What was here stays\.$/m);
		expect(stdout).toMatch(/^nebius: 1 offer\b/m);
	}, 60_000);

	test('refuses a cloud it does not know, and a mirror that is none without repeating it', async () => {
		const {world, server, update} = await prepare();
		const stranger = await update('--cloud', 'nebios');
		expect([stranger.code, stranger.stdout]).toEqual([2, '']);
		expect(stranger.stderr).toContain("No prices of 'nebios' are published\nDid you mean nebius?");
		const secret = 'https://me:hunter2@mirror.example';
		const mirror = await world.cli(['catalog', 'update'], {env: {DSTACK_TUI_FEED_DSTACK: secret}});
		expect(mirror.code).toBe(2);
		expect(mirror.stderr).toContain('DSTACK_TUI_FEED_DSTACK');
		expect(mirror.stderr + mirror.stdout).not.toContain('hunter2');
		expect(server.asked).toEqual([]);
	}, 60_000);

	test('reads mirrors from the settings, and says nothing of what is in their address', async () => {
		const {world, bucket, server} = await prepare();
		await mkdir(path.join(world.home, 'dt'), {recursive: true, mode: 0o700});
		const feeds = {dstack: `${server.url}/token-hunter2`};
		await writeFile(path.join(world.home, 'dt/config.json'), JSON.stringify({last: {}, feeds}));
		const good = await world.cli(['catalog', 'update', '--cloud', 'nebius']);
		expect(good.code).toBe(0);
		expect(server.asked[0]?.path).toBe('/token-hunter2/nebius/version');
		bucket.broken = 403;
		const bad = await world.cli(['catalog', 'update', '--cloud', 'nebius', '--json']);
		expect(bad.code).toBe(1);
		expect(good.stdout + good.stderr + bad.stdout + bad.stderr).not.toContain('hunter2');
	}, 60_000);

	test('is ended by ctrl-c with the files as they were', async () => {
		const {world, folder} = await prepare();
		const silent = await web(() => undefined);
		const started = world.start(['catalog', 'update', '--cloud', 'nebius', '--json'], {DSTACK_TUI_FEED_DSTACK: silent.url});
		await started.until('"running"');
		const second = await world.cli(['catalog', 'update', '--cloud', 'nebius'], {env: {DSTACK_TUI_FEED_DSTACK: silent.url}});
		expect([second.code, second.stderr]).toEqual([
			1,
			'dstack-tui: Another update of the catalogue is under way\nWait for its end.\n',
		]);
		started.child.kill('SIGINT');
		const {code, stderr} = await started.ended;
		expect([code, stderr]).toEqual([130, '']);
		expect(await readdir(folder)).toEqual([]);
	}, 60_000);
});
