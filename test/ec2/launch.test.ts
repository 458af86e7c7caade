import {DescribeInstancesCommand, RunInstancesCommand, TerminateInstancesCommand} from '@aws-sdk/client-ec2';
import {describe, expect, test} from 'vitest';
import {outcomes, usualAccount} from '../support/ec2/index.js';
import {clientOf, deepLearning, failureOf, launch, launched, startBench} from './support.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('idempotency', () => {
	test('the same call with the same token is the same instance', async () => {
		const {ec2, client} = await startBench();
		const first = await client.send(launch());
		const second = await client.send(launch());
		expect(second.ReservationId).toBe(first.ReservationId);
		expect(second.Instances?.[0]?.InstanceId).toBe(first.Instances?.[0]?.InstanceId);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('other parameters with the same token are refused', async () => {
		const {ec2, client} = await startBench();
		await client.send(launch());
		const {code, status} = await failureOf(client.send(launch({InstanceType: 'm5.xlarge'})));
		expect({code, status}).toEqual({code: 'IdempotentParameterMismatch', status: 400});
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a token counts in its region, and within a zone where one is named', async () => {
		const {ec2, client} = await startBench();
		const first = await launched(client);
		const inZone = await launched(client, {Placement: {AvailabilityZone: 'us-east-1b'}});
		expect(inZone).not.toBe(first);
		expect(await launched(client, {Placement: {AvailabilityZone: 'us-east-1b'}})).toBe(inZone);
		const other = clientOf(ec2, {region: 'eu-west-1'});
		const [image] = (await import('../support/ec2/images.js')).imagesOf('eu-west-1');
		await launched(other, {ImageId: image?.id});
		expect(ec2.alive().map(({zone}) => zone)).toEqual(['us-east-1a', 'us-east-1b', 'eu-west-1a']);
	});

	test('a token outlives its instance by a day; then it launches anew', async () => {
		const {ec2, clock, client} = await startBench();
		const first = await launched(client);
		await client.send(new TerminateInstancesCommand({InstanceIds: [first]}));
		clock.pass(2000);
		const again = await client.send(launch());
		expect(again.Instances?.[0]).toMatchObject({InstanceId: first, State: {Name: 'terminated'}});
		clock.pass(25 * 3_600_000);
		expect(await launched(client)).not.toBe(first);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a refused launch does not take the token', async () => {
		const {ec2, client} = await startBench();
		ec2.script('RunInstances', outcomes.capacity('m5.large', 'us-east-1a'));
		await failureOf(client.send(launch()));
		expect(await launched(client)).toBe(ec2.alive()[0]?.id);
	});

	test('after a lost answer the same call finds what was launched', async () => {
		const {ec2, client} = await startBench();
		ec2.script('RunInstances', outcomes.lostAnswer());
		expect((await failureOf(client.send(launch()))).code).toBe('ECONNRESET');
		expect(ec2.alive()).toHaveLength(1);
		expect(await launched(client)).toBe(ec2.alive()[0]?.id);
		expect(ec2.alive()).toHaveLength(1);
		expect(ec2.calls.map(({outcome}) => outcome)).toEqual(['ok, drop', 'ok']);
	});

	test('a lost request has done nothing', async () => {
		const {ec2, client} = await startBench();
		ec2.script('RunInstances', outcomes.lostRequest());
		expect((await failureOf(client.send(launch()))).code).toBe('ECONNRESET');
		expect(ec2.alive()).toHaveLength(0);
	});
});

describe('what a launch asks for', () => {
	test('a dry run says so and launches nothing', async () => {
		const {ec2, client} = await startBench();
		const {code, status} = await failureOf(client.send(launch({DryRun: true})));
		expect({code, status}).toEqual({code: 'DryRunOperation', status: 412});
		expect(ec2.state.instances).toHaveLength(0);
	});

	test('everything that was asked for can be described', async () => {
		const {ec2, clock, client} = await startBench();
		const id = await launched(client, {
			MetadataOptions: {HttpTokens: 'required', HttpPutResponseHopLimit: 2},
			BlockDeviceMappings: [{DeviceName: '/dev/sda1', Ebs: {VolumeSize: 100, VolumeType: 'gp3', Encrypted: true}}],
			UserData: base64('#cloud-config\n'),
		});
		clock.pass(1000);
		const {Reservations = []} = await client.send(new DescribeInstancesCommand({InstanceIds: [id]}));
		expect(Reservations[0]?.Instances?.[0]).toMatchObject({
			InstanceId: id,
			State: {Code: 16, Name: 'running'},
			InstanceType: 'm5.large',
			LaunchTime: new Date(clock.now() - 1000),
			ClientToken: 'token-1',
			Architecture: 'x86_64',
			PublicIpAddress: expect.stringMatching(/^203\.0\.113\.\d+$/),
			Tags: [{Key: 'run', Value: 'fast-moth-1'}],
			MetadataOptions: {HttpTokens: 'required', HttpPutResponseHopLimit: 2},
			BlockDeviceMappings: [{DeviceName: '/dev/sda1', Ebs: {DeleteOnTermination: true}}],
			Placement: {AvailabilityZone: 'us-east-1a'},
		});
		expect(ec2.state.instance(id).userData).toBe('#cloud-config\n');
		const [volume] = ec2.state.regions.flatMap(({volumes}) => [...volumes.values()]);
		expect(volume).toMatchObject({size: 100, type: 'gp3', encrypted: true, tags: new Map([['run', 'fast-moth-1']])});
	});

	test.each([
		['no such image', {ImageId: 'ami-0123'}, 'InvalidAMIID.NotFound', '[ami-0123]'],
		['a malformed image', {ImageId: 'ubuntu'}, 'InvalidAMIID.Malformed', 'ubuntu'],
		['no such type', {InstanceType: 'z9.huge' as 'm5.large'}, 'InvalidParameterValue', "'z9.huge'"],
		['another architecture', {InstanceType: 'c7g.large' as const}, 'InvalidParameterValue', "architecture 'arm64'"],
		['a key pair that is not there', {KeyName: 'mine'}, 'InvalidKeyPair.NotFound', "'mine'"],
		['a subnet that is not there', {SubnetId: 'subnet-0123'}, 'InvalidSubnetID.NotFound', 'subnet-0123'],
		['a group that is not there', {SecurityGroupIds: ['sg-0123']}, 'InvalidGroup.NotFound', 'sg-0123'],
		['user data beyond 16 KB', {UserData: base64('x'.repeat(16_385))}, 'InvalidParameterValue', '16384'],
		['user data that is not base64', {UserData: '#cloud-config'}, 'InvalidUserData.Malformed', 'BASE64'],
		[
			'a zone that lacks the type',
			{InstanceType: 'p5.48xlarge' as const, Placement: {AvailabilityZone: 'us-east-1c'}},
			'Unsupported',
			'us-east-1a, us-east-1b',
		],
		[
			'a bid below the price',
			{InstanceMarketOptions: {MarketType: 'spot' as const, SpotOptions: {MaxPrice: '0.001'}}},
			'SpotMaxPriceTooLow',
			'0.035',
		],
		[
			'a spot tag without spot',
			{TagSpecifications: [{ResourceType: 'spot-instances-request' as const, Tags: []}]},
			'InvalidParameterValue',
			'no Spot instances requests',
		],
		[
			'a reserved tag',
			{TagSpecifications: [{ResourceType: 'instance' as const, Tags: [{Key: 'aws:x', Value: ''}]}]},
			'InvalidParameterValue',
			'aws:',
		],
	])('%s', async (_, changes, code, words) => {
		const {ec2, client} = await startBench();
		const failure = await failureOf(client.send(launch(changes)));
		expect(failure.code).toBe(code);
		expect(failure.message).toContain(words);
		expect(ec2.state.instances).toHaveLength(0);
	});

	test('a root volume smaller than the image', async () => {
		const {client} = await startBench();
		const {code, message} = await failureOf(
			client.send(
				launch({
					ImageId: deepLearning().id,
					BlockDeviceMappings: [{DeviceName: '/dev/sda1', Ebs: {VolumeSize: 50}}],
				}),
			),
		);
		expect(code).toBe('InvalidBlockDeviceMapping');
		expect(message).toMatch(/^Volume of size 50GB is smaller than snapshot 'snap-\w+', expect size >= 75GB$/);
	});

	test('without a default VPC a subnet has to be named', async () => {
		const {client} = await startBench({defaultVpc: false});
		expect((await failureOf(client.send(launch()))).code).toBe('VPCIdNotSpecified');
	});

	test('quotas count what runs, by family and market', async () => {
		const {ec2, client} = await startBench({quotas: {'L-1216C47A': 4, 'L-34B43A08': 2, 'L-DB2E81BA': 0}});
		await launched(client, {ClientToken: 'a'});
		const first = await launched(client, {ClientToken: 'b'});
		const {code, message} = await failureOf(client.send(launch({ClientToken: 'c'})));
		expect(code).toBe('VcpuLimitExceeded');
		expect(message).toContain('current vCPU limit of 4');
		const gpu = {InstanceType: 'g6.xlarge' as const, ImageId: deepLearning().id, ClientToken: 'd'};
		expect((await failureOf(client.send(launch(gpu)))).message).toContain('limit of 0');
		const spot = {InstanceMarketOptions: {MarketType: 'spot' as const}};
		await launched(client, {...spot, ClientToken: 'e'});
		expect((await failureOf(client.send(launch({...spot, ClientToken: 'f'})))).code).toBe('MaxSpotInstanceCountExceeded');
		await client.send(new TerminateInstancesCommand({InstanceIds: [first]}));
		await launched(client, {ClientToken: 'c'});
		expect(ec2.alive()).toHaveLength(3);
	});
});

describe('who calls', () => {
	test.each([
		['a wrong secret', {credentials: {...usualAccount, secretAccessKey: 'wrong'}}],
		['an unknown key', {credentials: {...usualAccount, accessKeyId: 'AKIAUNKNOWN'}}],
		['a session that nobody has', {credentials: {...usualAccount, sessionToken: 'x'}}],
		['a region that is not opted in', {region: 'me-central-1'}],
	])('%s', async (_, changes) => {
		const {ec2} = await startBench();
		expect((await failureOf(clientOf(ec2, changes).send(launch()))).code).toBe('AuthFailure');
	});

	test('a request without a signature', async () => {
		const {ec2} = await startBench();
		const response = await fetch(ec2.url, {method: 'POST', body: 'Action=DescribeRegions&Version=2016-11-15'});
		expect(response.status).toBe(401);
		expect(await response.text()).toContain('<Code>AuthFailure</Code>');
	});

	test('credentials expire in the middle, and are renewed', async () => {
		const {ec2, client} = await startBench();
		await launched(client);
		ec2.expire('RequestExpired');
		expect((await failureOf(client.send(launch()))).code).toBe('RequestExpired');
		ec2.expire('ExpiredToken');
		expect((await failureOf(client.send(launch()))).code).toBe('ExpiredToken');
		ec2.renew();
		await launched(client);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a session with its token, in an account of its own', async () => {
		const session = {...usualAccount, accessKeyId: 'ASIASESSION', sessionToken: 'a token+/=', account: '210987654321'};
		const {ec2} = await startBench({accounts: [usualAccount, session]});
		await launched(clientOf(ec2, {credentials: session}));
		expect(ec2.alive()[0]?.account).toBe('210987654321');
		const {Reservations} = await clientOf(ec2).send(new DescribeInstancesCommand({}));
		expect(Reservations).toEqual([]);
	});

	test('calls are recorded without what only the guest should see', async () => {
		const {ec2, client} = await startBench();
		await launched(client, {UserData: base64('a host key')});
		const [call] = ec2.calls;
		expect(call).toMatchObject({action: 'RunInstances', region: 'us-east-1', outcome: 'ok', input: {InstanceType: 'm5.large'}});
		expect(JSON.stringify(ec2.calls)).not.toContain(base64('a host key'));
	});

	test('a parameter that EC2 does not know', async () => {
		const {client} = await startBench();
		client.middlewareStack.add(
			next => async args => {
				const request = args.request as {body: string; headers: Record<string, string>};
				request.body += '&Colour=red';
				request.headers['content-length'] = String(request.body.length);
				return next(args);
			},
			{step: 'build', priority: 'low'},
		);
		const {code, message} = await failureOf(client.send(new RunInstancesCommand({...launch().input})));
		expect(code).toBe('UnknownParameter');
		expect(message).toContain('Colour');
	});
});
