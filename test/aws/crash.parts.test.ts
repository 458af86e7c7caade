import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {usualAccount} from '../support/ec2/index.js';
import {objects, type World, withoutWaits} from '../support/program.js';
import {findWholeMachines, killRunAt, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/crash');
const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y'];
const name = 'brave-ant-1';
const configuration = 'type: dev-environment\nsetup:\n  - echo once >> /workflow/count\n  - sleep 2\n';

const killAt = async (world: World, sign: string): Promise<void> => killRunAt(world, name, sign, asked);

/** All that a home keeps, but what is meant to hold keys. */
async function textsOf(folder: string): Promise<string[]> {
	const entries = await readdir(folder, {recursive: true, withFileTypes: true});
	const files = entries.filter(
		entry => entry.isFile() && !/^(?:backends\.yml|host_key|environment_host_key|id_ed25519|secrets\.json)/.test(entry.name),
	);
	return Promise.all(files.map(async entry => readFile(path.join(entry.parentPath, entry.name), 'utf8')));
}

for (const sign of ['"type":"requested"', '"type":"created"', '"type":"host-key-replaced"', '"step":"setup"']) {
	test.skipIf(!whole)(
		`a whole machine, the program killed at ${sign}: one instance, and everything ran once`,
		async () => {
			const {world, ec2} = await makeAccount({machines: whole?.machines}, whole?.registry);
			await world.write({'.dstack.yml': configuration, 'a.txt': 'a\n'});
			await killAt(world, sign);
			expect(ec2.alive().length).toBeLessThanOrEqual(1);
			const again = await world.cli(['run', '.', '-d', '-n', name, ...asked]);
			expect(`${again.code} ${withoutWaits(again.stderr)}`).toBe('0 ');
			expect(ec2.alive()).toHaveLength(1);
			const shell = await world.run('ssh', [...world.sshOptions, name, 'cat /workflow/count']);
			expect(shell.stdout).toBe('once\n');
			const texts = await textsOf(path.join(world.home, 'dt'));
			for (const secret of [usualAccount.secretAccessKey, 'PRIVATE KEY']) {
				expect(texts.filter(text => text.includes(secret))).toEqual([]);
			}

			expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
			expect(ec2.alive()).toEqual([]);
		},
		200_000,
	);
}

test('what is foreign stands beside ours untouched; what no journal tells of is ended by `reap -y` alone', async () => {
	const {world, ec2} = await makeAccount({delays: {boot: 100, end: 100, visible: 0}});
	await world.write({'.dstack.yml': configuration});
	// Nobody answers on the address of a simulated machine: it is killed when it has one.
	await killAt(world, '"type":"created"');
	expect(ec2.alive()).toHaveLength(1);
	const known = objects<{type: string; instance: string}>((await world.cli(['reap', '--json'])).stdout);
	expect(known.filter(({type}) => type === 'alive')).toHaveLength(1);
	expect(ec2.alive()).toHaveLength(1);
	const journals = path.join(world.home, 'dt/runs');
	await world.run('rm', ['-r', path.join(journals, name)]);
	// Its region is known from another run.
	await killAt(world, '"type":"created"');
	const asking = await world.cli(['reap']);
	expect(asking.code).not.toBe(0);
	expect(asking.stderr + asking.stdout).toContain('which no journal here tells of');
	expect(ec2.alive()).toHaveLength(2);
	expect(await world.cli(['reap', '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toHaveLength(1);
	expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
}, 200_000);
