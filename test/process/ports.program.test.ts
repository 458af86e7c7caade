import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {eventually, makeWorld, objects, type World} from '../support/program.js';
import {echoServer, roundTrip} from '../support/servers.js';
import {freePort} from '../support/sshd.js';

type Line = {readonly type?: string; readonly name?: string; readonly ports?: unknown[]; readonly reverse?: unknown[]};

async function ready(args: readonly string[] = []): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\n', 'a.txt': 'a\n'});
	world.git('init', '-q');
	const {code, stdout, stderr} = await world.cli(['run', '.', '-n', 'one', '-y', '-d', ...args]);
	expect(code, stderr + stdout).toBe(0);
	return world;
}

const listed = async (world: World): Promise<Line> => objects<Line>((await world.cli(['ps', '--json'])).stdout)[0] ?? {};

test(
	'ports that `attach` adds are carried both ways, by whoever looks after the environment, and outlast it',
	{timeout: 120_000},
	async () => {
		const [remote, here] = [await echoServer(), await echoServer()];
		const [local, there, second] = [await freePort(), await freePort(), await freePort()];
		const world = await ready();
		const first = world.start(['attach', 'one', '--plain', '-p', `${local}:${remote}`, '-R', `${there}:${here}`]);
		await first.until(`Port: 127.0.0.1:${local} → ${remote} there (added)`);
		await first.until(`Port: ${there} there → 127.0.0.1:${here}`);
		expect((await roundTrip(local, 'into it')).toString()).toBe('into it');
		expect((await roundTrip(there, 'out of it')).toString()).toBe('out of it');

		// Another terminal shows them, and asks the first one for more.
		const other = world.start(['attach', 'one', '--json', '-p', `${second}:${remote}`]);
		await other.until('"type":"connected"');
		const connected = objects<Line>(other.output()).find(({type}) => type === 'connected');
		expect(connected).toMatchObject({
			ports: [
				{local, remote, added: true},
				{local: second, remote, added: true},
			],
			reverse: [{remote: there, local: here}],
		});
		await first.until(`[events] port 127.0.0.1:${second} → ${remote} there`);
		expect((await roundTrip(second, 'over the first')).toString()).toBe('over the first');

		// Killed, its ports are those of whoever takes over.
		first.child.kill('SIGKILL');
		await first.ended;
		await eventually(
			async () => roundTrip(local, 'taken over').then(String, String),
			text => text === 'taken over',
		);
		other.child.kill('SIGTERM');
		await other.ended;
		expect(await listed(world)).toMatchObject({ports: [{local}, {local: second}], reverse: [{remote: there, local: here}]});

		const third = world.start(['attach', 'one', '--plain']);
		await third.until(`Port: ${there} there → 127.0.0.1:${here}`);
		expect((await roundTrip(local, 'later')).toString()).toBe('later');
		third.child.kill('SIGTERM');
		await third.ended;
		const folder = path.join(world.home, 'dt/runs/one');
		expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
		await expect(readFile(path.join(folder, 'ports.json'))).rejects.toThrow('ENOENT');
	},
);

test('-R of `run` is kept; what does not read, or would lead to itself, is told', {timeout: 120_000}, async () => {
	const [here, there] = [await echoServer(), await freePort()];
	const world = await ready(['-R', `${there}:${here}`]);
	expect(await listed(world)).toMatchObject({reverse: [{remote: there, local: here}]});
	expect(await world.cli(['attach', 'one', '-d', '-R', '1:2:3'])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("-R: expected a port such as 9000, or 9000:3000 for 3000 here, found '1:2:3'") as string,
	});
	expect(await world.cli(['attach', 'one', '-d', '-p', '3000'])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining('its port 3000 is port 3000 here') as string,
	});
	expect(await world.cli(['run', '.', '-y', '-R', '9:8', '-R', '9:7'])).toMatchObject({
		code: 2,
		stderr: expect.stringContaining('port 9 of the environment can lead to one port only') as string,
	});
	for (const command of ['run', 'attach']) {
		const {stdout} = await world.cli([command, '--help']);
		expect(stdout).toMatch(/-p, --port <port>/);
		expect(stdout).toMatch(/-R, --reverse <there:here>/);
	}
});
