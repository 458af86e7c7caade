import {expect, test} from 'vitest';
import {outcomes} from '../support/ec2/index.js';
import {eventually, objects} from '../support/program.js';
import {findWholeMachines, isReal, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/run');

test.skipIf(!whole)(
	'from an offer through two refusals to a shell on a booted machine, which ends itself with nobody watching',
	async () => {
		const {world, ec2} = await makeAccount({machines: whole?.machines}, whole?.registry);
		await world.write({'.dstack.yml': 'type: dev-environment\nsetup:\n  - echo ready > /workflow/set-up\n', 'a.txt': 'code\n'});
		ec2.script('RunInstances', isReal, outcomes.capacity('m5.large', 'us-east-1a', []));
		ec2.script('RunInstances', isReal, outcomes.capacity('m5.xlarge', 'us-east-1a', []));
		const started = Date.now();
		const types = ['m5.large', 'm5.xlarge', 'm5.2xlarge'].flatMap(type => ['--instance-type', type]);
		const asked = ['--backend', 'aws', '--on-demand', '--max-price', '1', '--max-duration', '3m', ...types];
		const {code, stdout, stderr} = await world.cli(['run', '.', '-y', '-d', '--json', '-n', 'brave-ant-1', ...asked]);
		expect(`${stderr}${code}${code === 0 ? '' : stdout}`).toBe('0');
		const events = objects<{type: string; offer?: {instanceType: string}}>(stdout);
		expect(events.filter(({type}) => type === 'attempt-failed')).toHaveLength(2);
		expect(events.filter(({type}) => type === 'requested')).toHaveLength(3);
		expect(ec2.alive()).toHaveLength(1);
		const shell = await world.run('ssh', [...world.sshOptions, 'brave-ant-1', 'cat /workflow/set-up /workflow/a.txt']);
		expect(shell.stdout).toBe('ready\ncode\n');
		// No program of ours looks: the machine has to do it alone.
		await eventually(
			() => ec2.alive().length,
			count => count === 0,
			300_000,
		);
		expect(Date.now() - started).toBeGreaterThan(170_000);
		// A list that EC2 answers too late shows the journal's state, with a mark; the next one knows of the end.
		await eventually(
			async () => (await world.runs()).filter(({phase}) => phase !== 'gone').length,
			left => left === 0,
			60_000,
		);
		const ledger = objects<{type: string; run?: string}>((await world.cli(['ledger', '--json'])).stdout);
		expect(ledger.filter(({run}) => run === 'brave-ant-1')).toHaveLength(1);
	},
	500_000,
);
