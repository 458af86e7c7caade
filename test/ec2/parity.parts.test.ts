import {
	AuthorizeSecurityGroupIngressCommand,
	CreateSecurityGroupCommand,
	CreateTagsCommand,
	DeleteKeyPairCommand,
	DeleteSecurityGroupCommand,
	DescribeAvailabilityZonesCommand,
	DescribeImagesCommand,
	DescribeInstanceAttributeCommand,
	DescribeInstancesCommand,
	DescribeInstanceTypeOfferingsCommand,
	DescribeInstanceTypesCommand,
	DescribeKeyPairsCommand,
	DescribeNetworkInterfacesCommand,
	DescribeRegionsCommand,
	DescribeSecurityGroupsCommand,
	DescribeSpotPriceHistoryCommand,
	DescribeSubnetsCommand,
	DescribeVolumesCommand,
	DescribeVpcsCommand,
	EC2Client,
	GetConsoleOutputCommand,
	ImportKeyPairCommand,
	TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {expect, onTestFinished, test} from 'vitest';
import {startEc2, usualAccount} from '../support/ec2/index.js';
import {startMoto} from '../support/ec2/moto.js';
import {hasCommand} from '../support/program.js';
import {freePort} from '../support/sshd.js';
import {failureOf, launch} from './support.js';

const hasMoto = hasCommand('moto_server');
if (!hasMoto) {
	console.warn('the EC2 stand-in beside moto: skipped, missing: moto_server');
}

type Answers = Record<string, unknown>;

const tags = (kind: 'instance' | 'volume' | 'security-group' | 'key-pair') => ({
	ResourceType: kind,
	Tags: [{Key: 'run', Value: 'x'}],
});
const run = [{Name: 'tag:run', Values: ['x']}];

/** A life as a client drives it; every answer, and every failure's code. */
async function live(endpoint: string): Promise<Answers> {
	const client = new EC2Client({region: 'us-east-1', endpoint, credentials: usualAccount, maxAttempts: 1});
	onTestFinished(() => client.destroy());
	const send = client.send.bind(client) as (command: unknown) => Promise<Record<string, unknown>>;
	const answers: Answers = {};
	const keep = async <T extends object>(name: string, call: Promise<T>): Promise<T> => {
		const {$metadata: _, ...answer} = (await call) as T & {$metadata: unknown};
		answers[name] = answer;
		return answer as unknown as T;
	};
	const fail = async (name: string, call: Promise<unknown>) => {
		const {code, status} = await failureOf(call);
		answers[name] = {code, status};
	};

	await keep('regions', send(new DescribeRegionsCommand({})));
	await keep('zones', send(new DescribeAvailabilityZonesCommand({})));
	await keep('types', send(new DescribeInstanceTypesCommand({InstanceTypes: ['g6.xlarge']})));
	const byType = [{Name: 'instance-type', Values: ['g6.xlarge']}];
	await keep('offerings', send(new DescribeInstanceTypeOfferingsCommand({LocationType: 'availability-zone', Filters: byType})));
	await keep('prices', send(new DescribeSpotPriceHistoryCommand({InstanceTypes: ['m5.large']})));
	const {Images = []} = await keep(
		'images',
		client.send(new DescribeImagesCommand({Owners: ['099720109477'], Filters: [{Name: 'architecture', Values: ['x86_64']}]})),
	);
	const vpcs = await keep('vpcs', client.send(new DescribeVpcsCommand({Filters: [{Name: 'is-default', Values: ['true']}]})));
	const vpc = [{Name: 'vpc-id', Values: [vpcs.Vpcs?.[0]?.VpcId ?? '']}];
	await keep('subnets', send(new DescribeSubnetsCommand({Filters: vpc})));

	const group = {GroupName: 'dstack-tui', Description: 'ssh', TagSpecifications: [tags('security-group')]};
	const {GroupId} = await keep('create group', client.send(new CreateSecurityGroupCommand(group)));
	await fail('create group twice', send(new CreateSecurityGroupCommand(group)));
	const IpPermissions = [
		{IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: '198.51.100.7/32', Description: 'me'}]},
	];
	await keep('allow', send(new AuthorizeSecurityGroupIngressCommand({GroupId, IpPermissions})));
	await fail('allow twice', send(new AuthorizeSecurityGroupIngressCommand({GroupId, IpPermissions})));
	await keep('groups', send(new DescribeSecurityGroupsCommand({Filters: run})));

	const PublicKeyMaterial = Buffer.from('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEmUSFe3VPDFqkOjxJBBD1JYd0zp1aq9NDcj/wSPzyxF me');
	await keep(
		'import key',
		send(new ImportKeyPairCommand({KeyName: 'mine', PublicKeyMaterial, TagSpecifications: [tags('key-pair')]})),
	);
	await keep('keys', send(new DescribeKeyPairsCommand({Filters: run})));

	const asked = {
		ImageId: Images[0]?.ImageId,
		KeyName: 'mine',
		SecurityGroupIds: [GroupId ?? ''],
		TagSpecifications: [tags('instance'), tags('volume')],
		UserData: Buffer.from('#cloud-config\n').toString('base64'),
		MetadataOptions: {HttpTokens: 'required' as const, HttpPutResponseHopLimit: 2},
		BlockDeviceMappings: [
			{DeviceName: '/dev/sda1', Ebs: {VolumeSize: 100, VolumeType: 'gp3' as const, Encrypted: true, DeleteOnTermination: true}},
		],
	};
	await fail('dry run', client.send(launch({...asked, DryRun: true})));
	const made = await keep('launch', client.send(launch(asked)));
	const id = made.Instances?.[0]?.InstanceId ?? '';
	const InstanceIds = [id];
	await expect
		.poll(
			async () => (await client.send(new DescribeInstancesCommand({InstanceIds}))).Reservations?.[0]?.Instances?.[0]?.State?.Name,
		)
		.toBe('running');
	await keep('running', send(new DescribeInstancesCommand({InstanceIds})));
	await keep(
		'by tag',
		send(new DescribeInstancesCommand({Filters: [...run, {Name: 'instance-state-name', Values: ['running']}]})),
	);
	await keep('none by tag', send(new DescribeInstancesCommand({Filters: [{Name: 'tag:run', Values: ['nobody']}]})));
	await fail('unknown', send(new DescribeInstancesCommand({InstanceIds: ['i-0123456789abcdef0']})));
	await keep(
		'behaviour',
		send(new DescribeInstanceAttributeCommand({InstanceId: id, Attribute: 'instanceInitiatedShutdownBehavior'})),
	);
	await keep('console', send(new GetConsoleOutputCommand({InstanceId: id})));
	await keep('volumes', send(new DescribeVolumesCommand({Filters: [{Name: 'attachment.instance-id', Values: [id]}]})));
	await keep(
		'interfaces',
		send(new DescribeNetworkInterfacesCommand({Filters: [{Name: 'attachment.instance-id', Values: [id]}]})),
	);
	await keep('tag', send(new CreateTagsCommand({Resources: [id], Tags: [{Key: 'deadline', Value: '1'}]})));

	const spot = {ImageId: Images[0]?.ImageId, ClientToken: 'spot', InstanceMarketOptions: {MarketType: 'spot' as const}};
	const spotMade = await keep('spot', client.send(launch(spot)));
	const both = [id, spotMade.Instances?.[0]?.InstanceId ?? ''];
	await fail('terminate unknown', send(new TerminateInstancesCommand({InstanceIds: ['i-0123456789abcdef0']})));
	await keep('terminate', send(new TerminateInstancesCommand({InstanceIds: both})));
	await expect
		.poll(
			async () => (await client.send(new DescribeInstancesCommand({InstanceIds}))).Reservations?.[0]?.Instances?.[0]?.State?.Name,
		)
		.toBe('terminated');
	await keep('terminated', send(new DescribeInstancesCommand({InstanceIds})));
	await keep('volumes afterwards', send(new DescribeVolumesCommand({Filters: run})));
	await keep('delete group', send(new DeleteSecurityGroupCommand({GroupId})));
	await keep('delete key', send(new DeleteKeyPairCommand({KeyName: 'mine'})));
	return answers;
}

const failures: Answers = {
	'create group twice': {code: 'InvalidGroup.Duplicate', status: 400},
	'allow twice': {code: 'InvalidPermission.Duplicate', status: 400},
	'dry run': {code: 'DryRunOperation', status: 412},
	unknown: {code: 'InvalidInstanceID.NotFound', status: 400},
	'terminate unknown': {code: 'InvalidInstanceID.NotFound', status: 400},
};

/** Where an answer has something, and of what kind: `Reservations[].Instances[].State.Name: string`. */
function pathsOf(value: unknown, at = ''): string[] {
	if (Array.isArray(value)) {
		return [`${at}: list`, ...value.flatMap(each => pathsOf(each, `${at}[]`))];
	}

	if (value instanceof Date) {
		return [`${at}: date`];
	}

	return value && typeof value === 'object'
		? Object.entries(value).flatMap(([key, each]) => pathsOf(each, at === '' ? key : `${at}.${key}`))
		: [`${at}: ${typeof value}`];
}

const instance = [
	...[
		'InstanceId: string',
		'ImageId: string',
		'InstanceType: string',
		'LaunchTime: date',
		'State.Name: string',
		'State.Code: number',
	],
	...['ClientToken: string', 'Architecture: string', 'Placement.AvailabilityZone: string', 'RootDeviceName: string'],
	...['Tags[].Key: string', 'Tags[].Value: string', 'StateTransitionReason: string', 'MetadataOptions.HttpTokens: string'],
];
const alive = [
	...['PublicIpAddress: string', 'PublicDnsName: string', 'PrivateIpAddress: string', 'VpcId: string', 'SubnetId: string'],
	...['SecurityGroups[].GroupId: string', 'KeyName: string', 'NetworkInterfaces[].NetworkInterfaceId: string'],
	...['BlockDeviceMappings[].DeviceName: string', 'BlockDeviceMappings[].Ebs.VolumeId: string'],
	'BlockDeviceMappings[].Ebs.DeleteOnTermination: boolean',
];
const under = (place: string, paths: readonly string[]) => paths.map(path => `${place}.${path}`);

/** What a client reads of each answer. */
const read: Readonly<Record<string, readonly string[]>> = {
	regions: ['Regions[].RegionName: string', 'Regions[].OptInStatus: string'],
	zones: ['AvailabilityZones[].ZoneName: string', 'AvailabilityZones[].State: string'],
	types: [
		...['InstanceTypes[].VCpuInfo.DefaultVCpus: number', 'InstanceTypes[].MemoryInfo.SizeInMiB: number'],
		...['InstanceTypes[].SupportedUsageClasses[]: string', 'InstanceTypes[].ProcessorInfo.SupportedArchitectures[]: string'],
		...['InstanceTypes[].GpuInfo.Gpus[].Count: number', 'InstanceTypes[].GpuInfo.Gpus[].MemoryInfo.SizeInMiB: number'],
	],
	offerings: ['InstanceTypeOfferings[].InstanceType: string', 'InstanceTypeOfferings[].Location: string'],
	prices: [
		'SpotPriceHistory[].SpotPrice: string',
		'SpotPriceHistory[].AvailabilityZone: string',
		'SpotPriceHistory[].Timestamp: date',
	],
	images: [
		...under('Images[]', [
			'ImageId: string',
			'Name: string',
			'CreationDate: string',
			'Architecture: string',
			'RootDeviceName: string',
		]),
		...['Images[].BlockDeviceMappings[].DeviceName: string', 'Images[].BlockDeviceMappings[].Ebs.VolumeSize: number'],
	],
	vpcs: ['Vpcs[].VpcId: string', 'Vpcs[].IsDefault: boolean'],
	subnets: under('Subnets[]', [
		'SubnetId: string',
		'AvailabilityZone: string',
		'DefaultForAz: boolean',
		'MapPublicIpOnLaunch: boolean',
	]),
	'create group': ['GroupId: string'],
	groups: [
		...under('SecurityGroups[]', ['GroupId: string', 'GroupName: string', 'VpcId: string', 'Tags[].Key: string']),
		...under('SecurityGroups[].IpPermissions[]', ['FromPort: number', 'ToPort: number', 'IpRanges[].CidrIp: string']),
	],
	keys: ['KeyPairs[].KeyName: string', 'KeyPairs[].KeyPairId: string', 'KeyPairs[].Tags[].Key: string'],
	launch: under('Instances[]', instance),
	running: under('Reservations[].Instances[]', [...instance, ...alive]),
	'by tag': under('Reservations[].Instances[]', [...instance, ...alive]),
	terminated: under('Reservations[].Instances[]', [...instance, 'StateReason.Code: string', 'StateReason.Message: string']),
	'none by tag': ['Reservations: list'],
	behaviour: ['InstanceInitiatedShutdownBehavior.Value: string'],
	console: ['Output: string'],
	volumes: under('Volumes[]', [
		'VolumeId: string',
		'State: string',
		'Size: number',
		'Attachments[].InstanceId: string',
		'Tags[].Key: string',
	]),
	interfaces: under('NetworkInterfaces[]', ['NetworkInterfaceId: string', 'Status: string']),
	spot: ['Instances[].InstanceLifecycle: string'],
	terminate: ['TerminatingInstances[].CurrentState.Name: string', 'TerminatingInstances[].PreviousState.Name: string'],
	'volumes afterwards': ['Volumes: list'],
};

/** What AWS describes and this stand-in answers, and moto does not. */
const moreThanMoto = [
	...['EnaSupport', 'SriovNetSupport', 'CpuOptions.CoreCount', 'CpuOptions.ThreadsPerCore', 'HibernationOptions.Configured'],
	...['OptInStatus', 'GroupName', 'GroupId', 'NetworkBorderGroup', 'NextToken', 'PlatformDetails', 'UsageOperation', 'Encrypted'],
	...['VirtualName', 'Tags', 'Tags[].Key', 'Tags[].Value', 'GroupOwnerId', 'MultiAttachEnabled', 'Throughput', 'SnapshotId'],
	...['DeleteOnTermination', 'SpotInstanceRequestId', 'PublicDnsName', 'Return'],
];

test.skipIf(!hasMoto)('the stand-in and moto answer alike', {timeout: 120_000}, async () => {
	const ec2 = await startEc2({delays: {boot: 200, end: 200}});
	onTestFinished(async () => ec2.close());
	const moto = await startMoto(await freePort());
	onTestFinished(() => moto.close());
	const [ours, theirs] = [await live(ec2.url), await live(moto.url)];
	for (const [step, answer] of Object.entries(ours)) {
		if (step in failures) {
			expect({[step]: answer}).toEqual({[step]: failures[step]});
			expect({[step]: theirs[step]}).toEqual({[step]: failures[step]});
			continue;
		}

		const [own, other] = [pathsOf(answer), pathsOf(theirs[step])];
		expect(own, step).toEqual(expect.arrayContaining([...(read[step] ?? [])]));
		expect(other, `${step} of moto`).toEqual(expect.arrayContaining([...(read[step] ?? [])]));
		const more = own.filter(path => !other.includes(path)).map(path => path.replace(/: \w+$/, ''));
		const odd = more.filter(path => !moreThanMoto.some(known => path === known || path.endsWith(`.${known}`)));
		expect({[step]: odd}).toEqual({[step]: []});
	}

	expect(Object.keys(ours)).toEqual(expect.arrayContaining([...Object.keys(read), ...Object.keys(failures)]));
	expect(ec2.alive()).toEqual([]);
});
