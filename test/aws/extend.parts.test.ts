import {expect, test} from 'vitest';
import {objects, withoutWaits} from '../support/program.js';
import {findWholeMachines, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/extend');

test.skipIf(!whole)(
	'extend moves the deadline on the machine itself, and the journal tells what holds there',
	async () => {
		const {world} = await makeAccount({machines: whole?.machines}, whole?.registry);
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h'];
		expect(await world.cli(['run', '.', '-y', '-d', '-n', 'brave-ant-1', ...asked])).toMatchObject({code: 0});
		const there = async (): Promise<number> => {
			const {stdout} = await world.run('ssh', [...world.sshOptions, 'brave-ant-1-host', 'cat /dstack-tui/deadline']);
			return Number(stdout);
		};

		const here = async (): Promise<number> => {
			const {stdout} = await world.cli(['ps', '--json']);
			return objects<{deadline: number}>(stdout)[0]?.deadline ?? 0;
		};

		const [before, told] = [await there(), await here()];
		const {code, stdout, stderr} = await world.cli(['extend', 'brave-ant-1', '2h']);
		expect(`${code} ${withoutWaits(stderr)}`).toBe('0 ');
		expect(stdout).toMatch(/^brave-ant-1 ends itself \d{4}-/);
		expect((await there()) - before).toBe(7200);
		expect((await here()) - told).toBe(7_200_000);
		const {stdout: status} = await world.run('ssh', [...world.sshOptions, 'brave-ant-1-host', '/dstack-tui/guard status']);
		expect(JSON.parse(status)).toMatchObject({lease: null, ends: {why: 'deadline', at: before + 7200}});
		expect(await world.cli(['stop', 'brave-ant-1', '-y'])).toMatchObject({code: 0});
	},
	300_000,
);
