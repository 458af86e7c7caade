import {spawnSync} from 'node:child_process';
import {mkdir, readdir} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, test} from 'vitest';
import {cliFile, objects, type Result, type World} from '../support/program.js';
import {outcomes} from '../support/ec2/index.js';
import {type Account, killRunAt, makeAccount} from './support.js';

const name = 'brave-ant-1';
const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y'];

/** A file system of its own for one command is only had with the rights for it. */
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
if (!canMount) {
	process.stdout.write('Left out: ends on a full or read-only disk; needs the right to mount (root).\n');
}

/** A run whose instance is there, and whose program was killed. */
async function launched(): Promise<Account> {
	const account = await makeAccount({delays: {boot: 100, end: 100, visible: 0}});
	const {world} = account;
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	await killRunAt(world, name, '"type":"created"', asked);
	expect(account.ec2.alive()).toHaveLength(1);
	return account;
}

/** What is done to the home before the program starts in it, in a file system that is the command's alone. */
const disks = {
	'a read-only disk': 'mount --bind "$HOME" "$HOME" && mount -o remount,ro,bind "$HOME"',
	'a full disk':
		'mount -t tmpfs -o size=1m none "$ASIDE" && cp -a "$HOME/." "$ASIDE" && { head -c 9m /dev/zero > "$ASIDE/fill" 2>/dev/null; true; } && mount --bind "$ASIDE" "$HOME"',
} as const;

async function on(disk: keyof typeof disks, world: World, ...args: string[]): Promise<Result> {
	const aside = path.join(path.dirname(world.home), 'aside');
	await mkdir(aside, {recursive: true});
	const script = `${disks[disk]} && exec "$@"`;
	return world.run('unshare', ['-m', 'sh', '-c', script, 'sh', process.execPath, cliFile, ...args], {env: {ASIDE: aside}});
}

describe.skipIf(!canMount).each(Object.keys(disks) as Array<keyof typeof disks>)('on %s', disk => {
	const code = disk === 'a full disk' ? 'ENOSPC' : 'EROFS';

	test('`stop -y` ends the instance, says what could not be written, and `reap` sets it right afterwards', async () => {
		const {world, ec2} = await launched();
		const stopped = await on(disk, world, 'stop', name, '-y', '--json');
		expect(ec2.alive(), stopped.stderr + stopped.stdout).toEqual([]);
		const [gone] = objects<{type: string; unwritten: string[]}>(stopped.stdout).filter(({type}) => type === 'gone');
		if (disk === 'a read-only disk') {
			expect(stopped.code).toBe(1);
			expect(gone?.unwritten.join('\n')).toContain(code);
			expect(gone?.unwritten.join('\n')).toContain('its journal does not tell of the end');
		}

		expect(await world.cli(['reap'])).toMatchObject({code: 0, stdout: expect.stringContaining('0 environments alive')});
		expect((await readdir(path.join(world.home, 'dt/runs', name))).filter(file => /key|secret|id_/.test(file))).toEqual([]);
		expect(objects<{name: string; phase: string}>((await world.cli(['ps', '-a', '--json'])).stdout)).toMatchObject([
			{phase: 'gone'},
		]);
	}, 60_000);

	test('an end that fails says the command by hand, and `reap` never says that all is well', async () => {
		const {world, ec2} = await launched();
		ec2.script('TerminateInstances', outcomes.unauthorized('ec2:TerminateInstances'));
		const stopped = await on(disk, world, 'stop', name, '-y');
		expect(stopped.code).toBe(1);
		expect(stopped.stderr).toContain('End it by hand: aws ec2 terminate-instances');
		expect(ec2.alive()).toHaveLength(1);
		// The journal on this disk knows of no end; the instance is alive, and that is what is said.
		const reaped = await on(disk, world, 'reap');
		expect(reaped).toMatchObject({code: 0, stdout: expect.stringContaining('1 environment alive')});
		await world.cli(['stop', name, '-y']);
		expect(ec2.alive()).toEqual([]);
	}, 60_000);
});
