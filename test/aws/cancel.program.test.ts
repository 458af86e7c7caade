import {expect, test} from 'vitest';
import {outcomes} from '../support/ec2/index.js';
import {eventually} from '../support/program.js';
import {isReal, makeAccount} from './support.js';

const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y', '--plain'];
const name = 'brave-ant-1';
const start = async () => {
	const account = await makeAccount({delays: {boot: 300, end: 300, visible: 3000}});
	await account.world.write({'.dstack.yml': 'type: dev-environment\n'});
	return {...account, run: () => account.world.start(['run', '.', '-n', name, ...asked])};
};

test('ctrl-c while SSH is waited for ends the instance, and says so when EC2 does', async () => {
	const {world, ec2, run} = await start();
	const program = run();
	await program.until('Reach it over SSH');
	program.child.kill('SIGINT');
	const {code, stdout} = await program.ended;
	expect(code).not.toBe(0);
	expect(stdout).toContain(`${name} is gone.`);
	expect(ec2.alive()).toEqual([]);
	expect(await world.runs()).toEqual([]);
});

test('ctrl-c between the request and its answer: what was made is known, and ended', async () => {
	const {ec2, run} = await start();
	ec2.script('RunInstances', isReal, {after: 3000});
	const program = run();
	await eventually(
		() => ec2.alive().length,
		count => count === 1,
	);
	program.child.kill('SIGINT');
	const {stdout} = await program.ended;
	expect(stdout).toContain(`${name} is gone.`);
	expect(ec2.alive()).toEqual([]);
	expect(ec2.calls.filter(call => call.action === 'RunInstances' && isReal(call))).toHaveLength(1);
});

test('ctrl-c when the answer was lost: the instance is found by its tag, and ended', async () => {
	const {ec2, run} = await start();
	ec2.script('RunInstances', isReal, outcomes.lostAnswer(), 20);
	const program = run();
	await eventually(
		() => ec2.alive().length,
		count => count === 1,
	);
	program.child.kill('SIGINT');
	const {stdout} = await program.ended;
	expect(stdout).toContain(`${name} is gone.`);
	expect(ec2.alive()).toEqual([]);
}, 150_000);

test('an end that EC2 refuses stays, with the way to do it by hand; the next look tries again', async () => {
	const {world, ec2, run} = await start();
	const program = run();
	await program.until('Reach it over SSH');
	ec2.script('TerminateInstances', undefined, outcomes.unauthorized('ec2:TerminateInstances'));
	program.child.kill('SIGINT');
	const {code, stderr} = await program.ended;
	expect(code).not.toBe(0);
	const [machine] = ec2.alive();
	expect(stderr).toContain(`aws ec2 terminate-instances --region us-east-1 --instance-ids ${machine?.id}`);
	expect(stderr).toContain('/h');
	expect(await world.cli(['reap'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
});
