import {EC2Client, StopInstancesCommand} from '@aws-sdk/client-ec2';
import {expect, onTestFinished, test} from 'vitest';
import type {Instance} from '../../source/backends/backend.js';
import {type Ec2, outcomes, usualAccount} from '../support/ec2/index.js';
import {calm, launch, refusal, startBench} from './support/launch.js';

// What every cloud must do whose instances can be stopped behind our back, and started again.

const other = {
	accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
	secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
	account: '210987654321',
};
const ours = {id: '123456789012', label: 'AWS account 123456789012'};
const minute = 60_000;
const nobody = () => undefined;

async function stopBehind(ec2: Ec2, {id}: Instance): Promise<void> {
	const client = new EC2Client({region: 'us-east-1', endpoint: ec2.url, credentials: usualAccount, maxAttempts: 1});
	onTestFinished(() => client.destroy());
	await client.send(new StopInstancesCommand({InstanceIds: [id.split('/')[1] ?? '']}));
}

async function stoppedOne(isStopped = true) {
	const bench = await startBench('', {accounts: [usualAccount, other]});
	const {instance} = await launch(bench.aws, {account: ours});
	await stopBehind(bench.ec2, instance);
	if (isStopped) {
		bench.clock.pass(minute);
	}

	return {...bench, instance};
}

test('it runs again, at another address, with the id and the disk that it had; what was waited for is told', async () => {
	const {aws, ec2, instance} = await stoppedOne();
	expect(await aws.describe(instance.id)).toMatchObject({state: 'stopped', reason: 'it was stopped through EC2'});
	const told: string[] = [];
	const again = await aws.start(instance.id, ours, calm(), ({text}) => told.push(text));
	expect(again).toMatchObject({id: instance.id, state: 'running', account: ours, replaceHostKey: true});
	expect(again.endpoint?.host).toBeDefined();
	expect(again.endpoint?.host).not.toBe(instance.endpoint?.host);
	expect(told[0]).toBe('asking EC2 to start it');
	expect(told.at(-1)).toBe(`runs at ${again.endpoint?.host}`);
	expect(ec2.alive()).toHaveLength(1);
});

test('one that runs is not asked for; one that is being stopped is started after that', async () => {
	const {aws, ec2, count, instance} = await stoppedOne(false);
	const told: string[] = [];
	expect(await aws.start(instance.id, ours, calm(), ({text}) => told.push(text))).toMatchObject({state: 'running'});
	expect(told[0]).toBe('EC2 is still stopping it');
	expect(count('StartInstances')).toBe(1);
	expect(await aws.start(instance.id, ours, calm(), nobody)).toMatchObject({state: 'running'});
	expect(count('StartInstances')).toBe(1);
	expect(ec2.alive()).toHaveLength(1);
});

test('under the keys of another account nothing is started, and both are named; what has ended is said to have', async () => {
	const {aws, ec2, count, instance, setKeys} = await stoppedOne();
	await setKeys(other);
	expect(await refusal(aws.start(instance.id, ours, calm(), nobody))).toMatchObject({
		class: 'permission',
		message: expect.stringMatching(/123456789012.*210987654321/) as string,
	});
	expect(await refusal(aws.start(instance.id, undefined, calm(), nobody))).toMatchObject({class: 'permission'});
	expect(count('StartInstances')).toBe(0);
	await setKeys(usualAccount);
	await aws.terminate(instance.id, ours);
	expect(await refusal(aws.start(instance.id, ours, calm(), nobody))).toMatchObject({
		class: 'configuration',
		message: expect.stringContaining('has ended') as string,
	});
	expect(ec2.alive()).toEqual([]);
});

test.each([
	['no capacity', outcomes.capacity('m5.large', 'us-east-1a', []), 'capacity', 'It stays stopped'],
	['the quota', outcomes.vcpuLimit(0), 'quota', 'It stays stopped'],
	['no permission', outcomes.unauthorized('StartInstances'), 'permission', 'ec2:StartInstances'],
])('refused for %s it stays stopped, and can be started later', async (_, outcome, kind, next) => {
	const {aws, ec2, instance} = await stoppedOne();
	ec2.script('StartInstances', outcome, 10);
	expect(await refusal(aws.start(instance.id, ours, calm(), nobody))).toMatchObject({
		class: kind,
		next: expect.stringContaining(next) as string,
	});
	expect(await aws.describe(instance.id)).toMatchObject({state: 'stopped'});
	expect(ec2.alive()).toEqual([]);
});

test('an answer that is lost is no second start; left before the request, nothing is asked for', async () => {
	const {aws, ec2, count, instance} = await stoppedOne();
	const left = new AbortController();
	left.abort(new Error('left'));
	await expect(aws.start(instance.id, ours, left.signal, nobody)).rejects.toThrow('left');
	expect(count('StartInstances')).toBe(0);
	ec2.script('StartInstances', outcomes.lostAnswer());
	expect(await aws.start(instance.id, ours, calm(), nobody)).toMatchObject({state: 'running'});
	expect(ec2.alive()).toHaveLength(1);
});
