import {
	AuthorizeSecurityGroupIngressCommand,
	CreateSecurityGroupCommand,
	CreateTagsCommand,
	DeleteKeyPairCommand,
	DeleteSecurityGroupCommand,
	DeleteTagsCommand,
	DescribeAvailabilityZonesCommand,
	DescribeImagesCommand,
	DescribeInstancesCommand,
	DescribeInstanceTypeOfferingsCommand,
	DescribeInstanceTypesCommand,
	DescribeKeyPairsCommand,
	DescribeRegionsCommand,
	DescribeSecurityGroupsCommand,
	DescribeSpotPriceHistoryCommand,
	DescribeSubnetsCommand,
	DescribeVpcsCommand,
	ImportKeyPairCommand,
	paginateDescribeInstances,
	RevokeSecurityGroupIngressCommand,
	TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {describe, expect, test} from 'vitest';
import {failureOf, launch, launched, startBench, ubuntu} from './support.js';

describe('DescribeInstances', () => {
	const named = (name: string) => [{ResourceType: 'instance' as const, Tags: [{Key: 'dstack-tui:run', Value: name}]}];

	test('by tags, states, tokens and wildcards', async () => {
		const {clock, client} = await startBench();
		const first = await launched(client, {ClientToken: 'a', TagSpecifications: named('fast-moth-1')});
		const second = await launched(client, {ClientToken: 'b', TagSpecifications: named('slow-moth-2')});
		const foreign = await launched(client, {ClientToken: 'c', TagSpecifications: undefined});
		clock.pass(1000);
		await client.send(new TerminateInstancesCommand({InstanceIds: [second]}));
		const find = async (...filters: ReadonlyArray<readonly [string, ...string[]]>) => {
			const {Reservations = []} = await client.send(
				new DescribeInstancesCommand({Filters: filters.map(([Name, ...Values]) => ({Name, Values}))}),
			);
			return Reservations.flatMap(({Instances = []}) => Instances.map(({InstanceId}) => InstanceId));
		};
		expect(await find(['tag:dstack-tui:run', '*'])).toEqual([first, second]);
		expect(await find(['tag:dstack-tui:run', '*-moth-1'])).toEqual([first]);
		expect(await find(['tag-key', 'dstack-tui:run'], ['instance-state-name', 'pending', 'running'])).toEqual([first]);
		expect(await find(['client-token', 'c'])).toEqual([foreign]);
		expect(await find(['tag:dstack-tui:run', 'FAST-MOTH-1'])).toEqual([]);
		expect((await failureOf(find(['colour', 'red']))).message).toBe("The filter 'colour' is invalid");
	});

	test('in pages', async () => {
		const {client} = await startBench();
		const ids: string[] = [];
		for (let index = 0; index < 12; index++) {
			ids.push(await launched(client, {ClientToken: `token-${index}`}));
		}

		const pages: string[][] = [];
		for await (const {Reservations = []} of paginateDescribeInstances({client, pageSize: 5}, {})) {
			pages.push(Reservations.map(({Instances}) => Instances?.[0]?.InstanceId ?? ''));
		}

		expect(pages.map(({length}) => length)).toEqual([5, 5, 2]);
		expect(pages.flat()).toEqual(ids);
		expect((await failureOf(client.send(new DescribeInstancesCommand({MaxResults: 4})))).code).toBe('InvalidParameterValue');
		const both = client.send(new DescribeInstancesCommand({MaxResults: 5, InstanceIds: ids.slice(0, 1)}));
		expect((await failureOf(both)).code).toBe('InvalidParameterCombination');
	});

	test.each([
		['i-0123', 'InvalidInstanceID.NotFound'],
		['fast-moth', 'InvalidInstanceID.Malformed'],
	])('%s', async (id, code) => {
		const {client} = await startBench();
		expect((await failureOf(client.send(new DescribeInstancesCommand({InstanceIds: [id]})))).code).toBe(code);
	});

	test('tags are added, changed and taken away', async () => {
		const {ec2, client} = await startBench();
		const id = await launched(client);
		const Resources = [id];
		await client.send(
			new CreateTagsCommand({
				Resources,
				Tags: [
					{Key: 'deadline', Value: '1'},
					{Key: 'run', Value: '<&">'},
				],
			}),
		);
		const {Reservations} = await client.send(new DescribeInstancesCommand({}));
		expect(Reservations?.[0]?.Instances?.[0]?.Tags).toEqual([
			{Key: 'run', Value: '<&">'},
			{Key: 'deadline', Value: '1'},
		]);
		await client.send(new DeleteTagsCommand({Resources, Tags: [{Key: 'deadline'}, {Key: 'run', Value: 'another'}]}));
		expect([...ec2.state.instance(id).tags.keys()]).toEqual(['run']);
		expect((await failureOf(client.send(new CreateTagsCommand({Resources: ['i-0123'], Tags: []})))).code).toBe(
			'InvalidInstanceID.NotFound',
		);
	});
});

describe('network', () => {
	test('the default VPC, its subnets and group', async () => {
		const {client} = await startBench();
		const {Vpcs = []} = await client.send(new DescribeVpcsCommand({Filters: [{Name: 'is-default', Values: ['true']}]}));
		expect(Vpcs).toMatchObject([{IsDefault: true, CidrBlock: '172.31.0.0/16', State: 'available'}]);
		const [{VpcId = ''} = {}] = Vpcs;
		const {Subnets = []} = await client.send(new DescribeSubnetsCommand({Filters: [{Name: 'vpc-id', Values: [VpcId]}]}));
		expect(Subnets.map(({AvailabilityZone, MapPublicIpOnLaunch}) => [AvailabilityZone, MapPublicIpOnLaunch])).toEqual([
			['us-east-1a', true],
			['us-east-1b', true],
			['us-east-1c', true],
		]);
		const {SecurityGroups} = await client.send(new DescribeSecurityGroupsCommand({GroupNames: ['default']}));
		expect(SecurityGroups).toMatchObject([{GroupName: 'default', VpcId, IpPermissions: []}]);
		const subnet = Subnets[1];
		const {Instances} = await client.send(launch({SubnetId: subnet?.SubnetId}));
		expect(Instances?.[0]).toMatchObject({
			SubnetId: subnet?.SubnetId,
			VpcId,
			Placement: {AvailabilityZone: 'us-east-1b'},
			SecurityGroups: [{GroupName: 'default'}],
		});
	});

	test('none, where the account has none', async () => {
		const {client} = await startBench({defaultVpc: false});
		expect((await client.send(new DescribeVpcsCommand({}))).Vpcs).toEqual([]);
		const made = client.send(new CreateSecurityGroupCommand({GroupName: 'a', Description: 'a'}));
		expect((await failureOf(made)).code).toBe('VPCIdNotSpecified');
	});

	test('a security group from its making to its end', async () => {
		const {clock, client} = await startBench();
		const create = new CreateSecurityGroupCommand({
			GroupName: 'dstack-tui',
			Description: 'ssh',
			TagSpecifications: [{ResourceType: 'security-group', Tags: [{Key: 'owner', Value: 'me'}]}],
		});
		const {GroupId = ''} = await client.send(create);
		expect((await failureOf(client.send(create))).code).toBe('InvalidGroup.Duplicate');
		const IpPermissions = [
			{
				IpProtocol: 'tcp',
				FromPort: 22,
				ToPort: 22,
				IpRanges: [{CidrIp: '198.51.100.7/32', Description: 'me'}],
				Ipv6Ranges: [{CidrIpv6: '2001:db8::1/128'}],
			},
		];
		const allow = new AuthorizeSecurityGroupIngressCommand({GroupId, IpPermissions});
		expect((await client.send(allow)).SecurityGroupRules).toMatchObject([
			{CidrIpv4: '198.51.100.7/32', FromPort: 22, IsEgress: false},
			{CidrIpv6: '2001:db8::1/128'},
		]);
		expect((await failureOf(client.send(allow))).code).toBe('InvalidPermission.Duplicate');
		const described = async () =>
			(await client.send(new DescribeSecurityGroupsCommand({Filters: [{Name: 'tag:owner', Values: ['me']}]})))
				.SecurityGroups?.[0];
		expect((await described())?.IpPermissions).toMatchObject([
			{FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: '198.51.100.7/32', Description: 'me'}]},
			{Ipv6Ranges: [{CidrIpv6: '2001:db8::1/128'}]},
		]);
		await client.send(new RevokeSecurityGroupIngressCommand({GroupId, IpPermissions}));
		expect((await described())?.IpPermissions).toEqual([]);
		const id = await launched(client, {SecurityGroupIds: [GroupId]});
		const remove = new DeleteSecurityGroupCommand({GroupId});
		expect((await failureOf(client.send(remove))).code).toBe('DependencyViolation');
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		expect((await failureOf(client.send(remove))).code).toBe('DependencyViolation');
		clock.pass(1000);
		await client.send(remove);
		expect((await failureOf(client.send(remove))).code).toBe('InvalidGroup.NotFound');
	});

	test('key pairs', async () => {
		const {client} = await startBench();
		const PublicKeyMaterial = Buffer.from('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPZ me');
		await client.send(
			new ImportKeyPairCommand({
				KeyName: 'mine',
				PublicKeyMaterial,
				TagSpecifications: [{ResourceType: 'key-pair', Tags: [{Key: 'run', Value: 'x'}]}],
			}),
		);
		const find = async () =>
			(await client.send(new DescribeKeyPairsCommand({Filters: [{Name: 'tag:run', Values: ['x']}]}))).KeyPairs;
		expect(await find()).toMatchObject([{KeyName: 'mine', KeyType: 'ed25519', Tags: [{Key: 'run', Value: 'x'}]}]);
		await launched(client, {KeyName: 'mine'});
		await client.send(new DeleteKeyPairCommand({KeyName: 'mine'}));
		await client.send(new DeleteKeyPairCommand({KeyName: 'mine'}));
		expect(await find()).toEqual([]);
	});
});

describe('what the cloud has', () => {
	test('regions and zones', async () => {
		const {client} = await startBench();
		const {Regions = []} = await client.send(new DescribeRegionsCommand({}));
		expect(Regions.map(({RegionName}) => RegionName)).not.toContain('me-central-1');
		const all = await client.send(new DescribeRegionsCommand({AllRegions: true}));
		expect(all.Regions?.find(({RegionName}) => RegionName === 'me-central-1')?.OptInStatus).toBe('not-opted-in');
		const {AvailabilityZones} = await client.send(new DescribeAvailabilityZonesCommand({}));
		expect(AvailabilityZones?.map(({ZoneName}) => ZoneName)).toEqual(['us-east-1a', 'us-east-1b', 'us-east-1c']);
	});

	test('images by owner, name and architecture', async () => {
		const {client} = await startBench();
		const find = async (owner: string, name: string, architecture: string) => {
			const {Images = []} = await client.send(
				new DescribeImagesCommand({
					Owners: [owner],
					Filters: [
						{Name: 'name', Values: [name]},
						{Name: 'architecture', Values: [architecture]},
						{Name: 'state', Values: ['available']},
					],
				}),
			);
			return Images.map(({Name, BlockDeviceMappings}) => [Name, BlockDeviceMappings?.[0]?.Ebs?.VolumeSize]);
		};
		expect(await find('099720109477', 'ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-*', 'x86_64')).toEqual([
			['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260815', 8],
			['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260910', 8],
		]);
		expect(await find('amazon', 'Deep Learning*Base OSS Nvidia*(Ubuntu 22.04)*', 'arm64')).toHaveLength(2);
		expect(await find('amazon', 'ubuntu/*', 'x86_64')).toEqual([]);
		const {Images} = await client.send(new DescribeImagesCommand({ImageIds: [ubuntu().id]}));
		expect(Images).toMatchObject([{ImageId: ubuntu().id, RootDeviceName: '/dev/sda1', RootDeviceType: 'ebs'}]);
		const foreign = client.send(new DescribeImagesCommand({ImageIds: [ubuntu('eu-west-1').id]}));
		expect((await failureOf(foreign)).code).toBe('InvalidAMIID.NotFound');
	});

	test('types, where they are offered, and spot prices', async () => {
		const {client} = await startBench();
		const {InstanceTypes} = await client.send(new DescribeInstanceTypesCommand({InstanceTypes: ['g6.xlarge']}));
		expect(InstanceTypes).toMatchObject([
			{
				InstanceType: 'g6.xlarge',
				VCpuInfo: {DefaultVCpus: 4},
				MemoryInfo: {SizeInMiB: 16_384},
				GpuInfo: {Gpus: [{Name: 'L4', Count: 1, MemoryInfo: {SizeInMiB: 22_888}}]},
			},
		]);
		const bad = client.send(new DescribeInstanceTypesCommand({InstanceTypes: ['z9.huge' as 'm5.large']}));
		expect((await failureOf(bad)).code).toBe('InvalidInstanceType');
		const {InstanceTypeOfferings = []} = await client.send(
			new DescribeInstanceTypeOfferingsCommand({
				LocationType: 'availability-zone',
				Filters: [{Name: 'instance-type', Values: ['p5.*']}],
			}),
		);
		expect(InstanceTypeOfferings.map(({Location}) => Location)).toEqual(['us-east-1a', 'us-east-1b']);
		const {SpotPriceHistory = []} = await client.send(
			new DescribeSpotPriceHistoryCommand({InstanceTypes: ['g6.xlarge'], ProductDescriptions: ['Linux/UNIX']}),
		);
		expect(SpotPriceHistory.map(({AvailabilityZone, SpotPrice}) => [AvailabilityZone, SpotPrice])).toEqual([
			['us-east-1a', '0.400000'],
			['us-east-1b', '0.410000'],
			['us-east-1c', '0.420000'],
		]);
	});
});
