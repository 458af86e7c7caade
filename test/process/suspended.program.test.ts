import {spawn} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import {expect, onTestFinished, test} from 'vitest';
import {cliFile, eventually, makeWorld, objects, type World} from '../support/program.js';
import {echoServer, roundTrip} from '../support/servers.js';
import {freePort} from '../support/sshd.js';

const limit = {timeout: 75_000};

async function ready(): Promise<World> {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\nmax_duration: 2h\n', 'a.txt': 'a\n'});
	world.git('init', '-q');
	expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
	return world;
}

/** Stops a program as the system does when its terminal sleeps; it goes on at the end of the test at the latest. */
function freeze(pid: number | undefined): () => void {
	const wake = () => {
		try {
			process.kill(pid ?? 0, 'SIGCONT');
		} catch {
			// It has ended.
		}
	};

	onTestFinished(wake);
	process.kill(pid ?? 0, 'SIGSTOP');
	return wake;
}

const echoes = async (port: number): Promise<string> => roundTrip(port, 'there').then(String, () => 'nothing');
const deadline = async (world: World): Promise<number> =>
	Math.floor((objects<{deadline: number}>((await world.cli(['ps', '--json'])).stdout)[0]?.deadline ?? 0) / 1000);

test('an owner that was stopped: followers say so and take over, and it follows when it goes on', limit, async () => {
	const world = await ready();
	const [remote, local] = [await echoServer(), await freePort()];
	const owner = world.start(['attach', 'one', '--plain', '-p', `${local}:${remote}`]);
	await owner.until(`Port: 127.0.0.1:${local}`);
	const follower = world.start(['attach', 'one', '--plain']);
	await follower.until(`Port: 127.0.0.1:${local}`);
	const before = await deadline(world);
	const begun = Date.now();
	const wake = freeze(owner.child.pid);
	await follower.until(`process ${owner.child.pid}, does not answer`);
	expect(Date.now() - begun).toBeLessThan(15_000);
	await follower.until('it is looked after again');
	await eventually(
		async () => (await world.cli(['ps', '--json'])).stdout,
		text => !text.includes(`"local":${local},`),
	);
	const {ports} = objects<{ports: Array<{local: number}>}>((await world.cli(['ps', '--json'])).stdout)[0] ?? {ports: []};
	const now = ports[0]?.local ?? 0;
	expect(now).not.toBe(local);
	expect(
		await eventually(
			async () => echoes(now),
			answer => answer === 'there',
		),
	).toBe('there');

	expect(await world.cli(['extend', 'one', '1h'])).toMatchObject({code: 0});
	wake();
	await owner.until('this one follows it');
	expect(await world.cli(['extend', 'one', '1h'])).toMatchObject({code: 0});
	expect((await deadline(world)) - before).toBe(7200);
	expect(await echoes(now)).toBe('there');
	follower.child.kill('SIGTERM');
	await follower.ended;
	await eventually(
		async () => echoes(now),
		answer => answer === 'there',
	);
	owner.child.kill('SIGTERM');
	await owner.ended;
});

test('`extend` and `stop` take the place of an owner that was stopped; when it goes on it finds the end', limit, async () => {
	const world = await ready();
	const owner = world.start(['attach', 'one', '--plain']);
	await owner.until(/ssh .*one/);
	const before = await deadline(world);
	const wake = freeze(owner.child.pid);
	const begun = Date.now();
	expect(await world.cli(['extend', 'one', '1h'])).toMatchObject({code: 0});
	expect((await deadline(world)) - before).toBe(3600);
	expect(await world.cli(['stop', 'one', '-y'])).toMatchObject({code: 0});
	expect(Date.now() - begun).toBeLessThan(60_000);
	wake();
	expect(await owner.ended).toMatchObject({stdout: expect.stringContaining('one has ended') as string});
	expect(await world.runs()).toEqual([]);
});

test('ctrl-z lets go of an environment, and fg takes it up again', limit, async () => {
	const world = await ready();
	const [remote, local] = [await echoServer(), await freePort()];
	// As a shell with jobs: the system stops none that nobody could wake.
	const shell = spawn(
		'bash',
		[
			'-c',
			'set -m; "$@" & echo "pid $!."; tail --pid=$! -f /dev/null; exit 0',
			'bash',
			process.execPath,
			cliFile,
			'attach',
			'one',
			'--plain',
			'-p',
			`${local}:${remote}`,
		],
		{cwd: world.project, env: world.env, stdio: ['ignore', 'pipe', 'inherit']},
	);
	let output = '';
	shell.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
	await eventually(
		() => output,
		text => text.includes(`Port: 127.0.0.1:${local}`),
		60_000,
	);
	const pid = Number(/pid (\d+)\./.exec(output)?.[1]);
	expect(await echoes(local)).toBe('there');
	process.kill(pid, 'SIGTSTP');
	const state = async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.[0];
	await eventually(state, letter => letter === 'T');
	expect(await echoes(local)).toBe('nothing');
	const before = await deadline(world);
	const begun = Date.now();
	expect(await world.cli(['extend', 'one', '1h'])).toMatchObject({code: 0, stderr: ''});
	expect(Date.now() - begun).toBeLessThan(10_000);
	expect((await deadline(world)) - before).toBe(3600);
	process.kill(pid, 'SIGCONT');
	await eventually(
		async () => echoes(local),
		answer => answer === 'there',
		30_000,
	);
	process.kill(pid, 'SIGTERM');
	await new Promise(resolve => shell.once('close', resolve));
});
