import {expect, test} from 'vitest';
import {otherAccount} from '../../source/backends/backend.js';
import {outcomes, usualAccount} from '../support/ec2/index.js';
import {calm, installation, intentOf, launch, offerOf, refusal, startBench} from './support/launch.js';

// What every cloud must do whose account can be switched while a run is there.

const other = {
	accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
	secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
	account: '210987654321',
};
const rotated = {...usualAccount, accessKeyId: 'AKIAIOSFODNN8EXAMPLE'};
const ours = {id: '123456789012', label: 'AWS account 123456789012'};
const theirs = {id: '210987654321', label: 'AWS account 210987654321'};
const options = {accounts: [usualAccount, other, rotated]};
const both = {class: 'permission', message: expect.stringMatching(/123456789012.*210987654321/) as string};

test('the account is told, and comes with each instance', async () => {
	const {aws, setKeys} = await startBench('', options);
	expect(await aws.account(offerOf(), calm())).toEqual(ours);
	const {instance} = await launch(aws, {account: ours});
	expect(instance.account).toEqual(ours);
	expect(await aws.list(installation, ['us-east-1'])).toMatchObject([{account: ours}]);
	await setKeys(other);
	expect(await aws.account(offerOf(), calm())).toEqual(theirs);
	expect(await aws.list(installation, ['us-east-1'])).toEqual([]);
});

test('switched between two questions: describing, finding, ending and launching refuse, and name both', async () => {
	const {aws, ec2, clock, count, setKeys} = await startBench('', options);
	const {instance} = await launch(aws, {account: ours});
	await setKeys(other);
	const before = clock.now();
	for (let times = 0; times < 3; times++) {
		clock.pass(5 * 60_000);
		expect(await refusal(aws.describe(instance.id, ours))).toMatchObject(both);
	}

	expect(await refusal(aws.find(intentOf().id, offerOf(), ours))).toMatchObject(both);
	const asked = clock.now();
	expect(await refusal(aws.terminate(instance.id, ours))).toMatchObject(both);
	expect(clock.now()).toBe(asked);
	const made = count('RunInstances');
	expect(await refusal(launch(aws, {id: 'another', account: ours}))).toMatchObject(both);
	expect(count('RunInstances')).toBe(made);
	expect(ec2.alive(before)).toHaveLength(1);
	expect(ec2.alive()).toHaveLength(1);
});

test('other keys of the same account are no other account', async () => {
	const {aws, ec2, setKeys} = await startBench('', options);
	const {instance} = await launch(aws, {account: ours});
	await setKeys(rotated);
	expect(await aws.describe(instance.id, ours)).toMatchObject({state: 'running'});
	expect(await aws.find(intentOf().id, offerOf(), ours)).toMatchObject({id: instance.id});
	await aws.terminate(instance.id, ours);
	expect(ec2.alive()).toEqual([]);
});

test('rights that are lost, a region that is switched off and credentials that ran out prove nothing', async () => {
	const {aws, ec2} = await startBench('', options);
	const {instance} = await launch(aws, {account: ours});
	const unproven = async () => {
		expect(await refusal(aws.describe(instance.id, ours))).toMatchObject({class: 'permission'});
		expect(await refusal(aws.find(intentOf().id, offerOf(), ours))).toMatchObject({class: 'permission'});
		expect(await refusal(aws.terminate(instance.id, ours))).toMatchObject({class: 'permission'});
		const unanswered: string[] = [];
		expect(await aws.list(installation, ['us-east-1'], region => unanswered.push(region))).toEqual([]);
		expect(unanswered).toEqual(['us-east-1']);
	};

	ec2.decide = ({action}) => outcomes.unauthorized(action);
	await unproven();
	ec2.decide = undefined;
	ec2.state.regionStates['us-east-1'] = 'not-opted-in';
	await unproven();
	ec2.state.regionStates['us-east-1'] = 'opt-in-not-required';
	ec2.expire('ExpiredToken');
	await unproven();
	ec2.renew();
	expect(await aws.describe(instance.id, ours)).toMatchObject({state: 'running'});
});

test('a region that is switched off is said to be so, once for all that is asked there, with the way to switch it on', async () => {
	const {aws, ec2, count} = await startBench('', {
		...options,
		regions: {'us-east-1': 'opt-in-not-required', 'eu-west-1': 'opt-in-not-required', 'me-south-1': 'opted-in'},
	});
	const {instance} = await launch(aws, {account: ours});
	const there = `me-south-1/${instance.id.split('/')[1] ?? ''}`;
	ec2.state.regionStates['me-south-1'] = 'not-opted-in';
	const off = {
		class: 'permission',
		message:
			'region me-south-1 is not enabled in this account (AuthFailure): nothing there can be seen or ended, and what runs there goes on and is billed',
		next: 'Enable it in the AWS console (Account, AWS Regions), or: aws account enable-region --region-name me-south-1',
	};
	expect(await refusal(aws.describe(there, ours))).toMatchObject(off);
	expect(await refusal(aws.terminate(there, ours))).toMatchObject(off);
	expect(await refusal(aws.find(intentOf().id, {...offerOf(), region: 'me-south-1'}, ours))).toMatchObject(off);
	const before = count('DescribeRegions');
	const unanswered: string[] = [];
	const listed = await aws.list(installation, ['us-east-1', 'me-south-1', 'eu-west-1'], (region, {message}) =>
		unanswered.push(`${region}: ${message}`),
	);
	expect(listed).toMatchObject([{id: instance.id}]);
	expect(unanswered).toEqual([`me-south-1: ${off.message}`]);
	expect(count('DescribeRegions')).toBe(before + 1);
	// Keys that serve nowhere are no matter of regions.
	ec2.decide = () => outcomes.fail('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
	expect(await refusal(aws.describe(there, ours))).toMatchObject({
		class: 'permission',
		message: expect.stringMatching(/^AuthFailure/) as string,
	});
});

test('where the account cannot be told, what is not there proves nothing', async () => {
	const {aws, ec2} = await startBench('', options);
	ec2.decide = ({action}) => (action === 'DescribeSecurityGroups' ? outcomes.unauthorized(action) : undefined);
	expect(await refusal(aws.describe('us-east-1/i-0123456789abcdef0', ours))).toMatchObject({class: 'permission'});
	expect(await refusal(aws.account(offerOf(), calm()))).toMatchObject({class: 'permission'});
	ec2.decide = undefined;
	for (const region of ec2.state.regions) {
		region.groups.clear();
	}

	expect(await aws.account(offerOf(), calm())).toBeUndefined();
	expect(await refusal(aws.find('nothing', offerOf(), ours))).toMatchObject({
		class: 'permission',
		message: expect.stringContaining('does not tell which account is set up here') as string,
	});
});

test('the refusal names both accounts and the way on', () => {
	expect(otherAccount('i-1', ours, theirs)).toMatchObject({
		class: 'permission',
		message: 'i-1 is in AWS account 123456789012, and what is set up here leads to AWS account 210987654321',
		next: 'It is left alone until what is set up here leads to AWS account 123456789012 again.',
	});
});
