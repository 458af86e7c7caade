import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {EC2Client, StopInstancesCommand} from '@aws-sdk/client-ec2';
import {expect, onTestFinished, test} from 'vitest';
import {type Ec2, outcomes, usualAccount} from '../support/ec2/index.js';
import {eventually, objects} from '../support/program.js';
import {findWholeMachines, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/stopped');
const name = 'brave-ant-1';

/** What a person does in the cloud's console; resolves when it is stopped. */
async function stopBehind(ec2: Ec2): Promise<string> {
	const client = new EC2Client({region: 'us-east-1', endpoint: ec2.url, credentials: usualAccount});
	onTestFinished(() => client.destroy());
	const id = ec2.alive()[0]?.id ?? '';
	await client.send(new StopInstancesCommand({InstanceIds: [id]}));
	await eventually(
		() => ec2.state.instance(id).state,
		state => state === 'stopped',
		60_000,
	);
	return id;
}

test.skipIf(!whole)(
	'stopped behind our back, it is alive and billed, nothing ends it unasked, and it is started again with its keys and its files',
	async () => {
		const {world, ec2} = await makeAccount({machines: whole?.machines}, whole?.registry);
		await world.write({'.dstack.yml': 'type: dev-environment\n', 'a.txt': 'code\n'});
		const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '2h', '-y'];
		const begun = await world.cli(['run', '.', '-n', name, '-d', ...asked]);
		expect(`${begun.code} ${begun.stderr}`).toBe('0 ');
		const ssh = async (command: string) => world.run('ssh', [...world.sshOptions, name, command]);
		expect(await ssh('echo work > /workflow/only-there; cat /workflow/a.txt')).toMatchObject({code: 0, stdout: 'code\n'});
		const running = await world.cli(['start', name, '-y']);
		expect(running).toMatchObject({code: 0, stdout: expect.stringContaining(`${name} is not stopped`) as string});

		const id = await stopBehind(ec2);
		const address = ec2.calls.length;
		const ps = await world.cli(['ps']);
		expect(ps).toMatchObject({
			code: 0,
			stdout: expect.stringContaining('STOPPED, not ended: it was stopped through EC2') as string,
		});
		expect(ps.stdout).toContain(`Start it again: dstack-tui start ${name}. End it: dstack-tui stop ${name}`);
		const reap = await world.cli(['reap', '-y']);
		expect(reap).toMatchObject({code: 0, stdout: expect.stringContaining('1 environment alive') as string});
		expect(reap.stdout).toContain(`dstack-tui start ${name}`);
		const stop = await world.cli(['stop', name, '-y']);
		expect(stop).toMatchObject({
			code: 1,
			stderr: expect.stringContaining('its machine is stopped, so that it cannot be asked') as string,
		});
		expect(stop.stderr).toContain(`dstack-tui start ${name}`);
		expect(stop.stderr).toContain('--discard');
		expect(ec2.state.instance(id).state).toBe('stopped');
		expect(ec2.calls.slice(address).map(({action}) => action)).not.toContain('TerminateInstances');

		const question = await world.cli(['start', name]);
		expect(question).toMatchObject({code: 2, stderr: expect.stringContaining('/h again, from the request on') as string});
		expect(question.stderr).toContain('the time that it was stopped counts');
		const none = ec2.script('StartInstances', outcomes.capacity('m5.large', 'us-east-1a', []), 100);
		const refused = await world.cli(['start', name, '-y']);
		expect(refused).toMatchObject({
			code: 1,
			stderr: expect.stringContaining('was not started: InsufficientInstanceCapacity') as string,
		});
		expect(refused.stderr).toContain('It stays stopped');
		none.cancel();

		const start = await world.cli(['start', name, '-y', '--json']);
		expect(`${start.code} ${start.stderr}`).toBe('0 ');
		expect(objects<{type: string; answers?: boolean}>(start.stdout).at(-1)).toEqual({run: name, type: 'started', answers: true});
		expect(ec2.state.instance(id)).toMatchObject({state: 'running', boots: 2});
		expect(await ssh('cat /workflow/a.txt /workflow/only-there')).toMatchObject({code: 0, stdout: 'code\nwork\n'});
		expect(await world.cli(['attach', name, '-d'])).toMatchObject({code: 0});
		const types = objects<{type: string}>(await readFile(path.join(world.home, 'dt/runs', name, 'journal.jsonl'), 'utf8')).map(
			({type}) => type,
		);
		expect(types.filter(type => ['halted', 'start-requested', 'resumed', 'created'].includes(type))).toEqual([
			...['created', 'halted', 'start-requested', 'halted', 'start-requested', 'resumed'],
		]);

		await stopBehind(ec2);
		expect(await world.cli(['stop', name, '--discard', '-y'])).toMatchObject({code: 0});
		expect(ec2.state.instance(id).state).toBe('terminated');
		expect((await world.runs()).filter(({phase}) => phase !== 'gone')).toEqual([]);
		expect(await world.cli(['start', name, '-y'])).toMatchObject({
			code: 1,
			stderr: expect.stringContaining('has ended') as string,
		});
		expect(await world.cli(['start', 'no-such-1', '-y'])).toMatchObject({code: 2});
	},
	400_000,
);
