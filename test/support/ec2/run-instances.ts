import type {RunInstancesRequest} from '@aws-sdk/client-ec2';
import {quotaOf, types} from './catalogue.js';
import {Ec2Error, spotLimit, vcpuLimit} from './errors.js';
import {type Launch, readLaunch} from './launch.js';
import {start} from './life.js';
import type {Instance, Region} from './records.js';
import {tagsFor} from './select.js';
import type {World} from './world.js';

const day = 24 * 3_600_000;

/** Launches an instance, or finds the one that the same call launched before. */
export function runInstances(world: World, region: Region, input: RunInstancesRequest): Instance {
	const {ClientToken: token, ...rest} = input;
	const zone = input.Placement?.AvailabilityZone;
	const key = `${zone ?? ''} ${token ?? ''}`;
	const parameters = canonical(rest);
	const known = token === undefined ? undefined : region.tokens.get(key);
	const before = known ? region.instances.get(known.instance) : undefined;
	const isStale = before?.state === 'terminated' && (before.history.at(-1)?.at ?? 0) + day < world.now();
	if (known && before && !isStale) {
		if (known.parameters !== parameters) {
			throw new Ec2Error(
				'IdempotentParameterMismatch',
				'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
			);
		}

		return before;
	}

	const launch = readLaunch(world, region, input);
	checkQuota(world, region, launch);
	if (input.DryRun) {
		throw new Ec2Error('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
	}

	const instance = make(world, region, input, launch);
	if (token !== undefined) {
		region.tokens.set(key, {parameters, instance: instance.id});
	}

	start(world, instance);
	return instance;
}

/** The same text for the same parameters, in whatever order they came. */
const canonical = (value: unknown): string =>
	JSON.stringify(value, (_, each: unknown) =>
		each && typeof each === 'object' && !Array.isArray(each)
			? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
			: each,
	);

/** Throws where one more of that type would be more than the quota. */
export function checkQuota(world: World, region: Region, {type, bid}: Pick<Launch, 'type' | 'bid'>): void {
	const isSpot = bid !== undefined;
	const code = quotaOf(type, isSpot);
	const limit = world.quotas[code] ?? 0;
	const used = [...region.instances.values()]
		.filter(each => each.state === 'pending' || each.state === 'running')
		.filter(each => quotaOf(each.type, each.spotRequest !== undefined) === code)
		.reduce((sum, {vcpus}) => sum + vcpus, 0);
	if (used + (types[type]?.cpu ?? 0) > limit) {
		throw isSpot ? spotLimit() : vcpuLimit(limit);
	}
}

function make(world: World, region: Region, input: RunInstancesRequest, launch: Launch): Instance {
	const {image, type, subnet, groups} = launch;
	const {newId} = world;
	const id = newId('i');
	const now = world.now();
	const tags = (kind: string) => tagsFor(kind, input.TagSpecifications);
	const number = Number.parseInt(id.slice(2), 16);
	const privateIp = `172.31.${(number >> 8) & 0xff}.${number & 0xff}`;
	const instance: Instance = {
		id,
		tags: tags('instance'),
		account: region.account,
		region: region.name,
		zone: subnet.zone,
		type,
		vcpus: types[type]?.cpu ?? 0,
		image,
		reservation: newId('r'),
		launchTime: now,
		clientToken: input.ClientToken,
		keyName: input.KeyName,
		userData: launch.userData,
		subnet,
		groups,
		isPublic: launch.isPublic,
		privateIp,
		spotRequest: launch.bid === undefined ? undefined : newId('sir'),
		metadata: {
			tokens: input.MetadataOptions?.HttpTokens ?? 'optional',
			hops: input.MetadataOptions?.HttpPutResponseHopLimit ?? 1,
			endpoint: input.MetadataOptions?.HttpEndpoint ?? 'enabled',
			tags: input.MetadataOptions?.InstanceMetadataTags ?? 'disabled',
		},
		ebsOptimized: input.EbsOptimized ?? false,
		devices: addVolumes(world, region, input, launch, id),
		interfaces: [addInterface(world, region, input, launch, id, privateIp)],
		behaviour: input.InstanceInitiatedShutdownBehavior ?? 'stop',
		isProtected: input.DisableApiTermination ?? false,
		publicIp: undefined,
		state: 'pending',
		history: [{state: 'pending', at: now}],
		reason: {code: 'pending', message: 'pending'},
		transition: '',
		boots: 0,
		notice: undefined,
		machine: undefined,
	};
	region.instances.set(id, instance);
	if (instance.spotRequest !== undefined) {
		region.spotRequests.set(instance.spotRequest, {
			id: instance.spotRequest,
			tags: tags('spot-instances-request'),
			instance: id,
			type: input.InstanceMarketOptions?.SpotOptions?.SpotInstanceType ?? 'one-time',
			maxPrice: launch.bid ?? 0,
			createdAt: now,
			zone: subnet.zone,
			imageId: image.id,
			instanceType: type,
			state: 'active',
			status: 'fulfilled',
			statusAt: now,
		});
	}

	return instance;
}

function addVolumes(
	world: World,
	region: Region,
	{BlockDeviceMappings = [], TagSpecifications}: RunInstancesRequest,
	{image, subnet}: Launch,
	instance: string,
): Instance['devices'] {
	const hasRoot = BlockDeviceMappings.some(({DeviceName}) => DeviceName === image.rootDevice);
	return [...(hasRoot ? [] : [{DeviceName: image.rootDevice, Ebs: undefined}]), ...BlockDeviceMappings].map(
		({DeviceName: name = '', Ebs}) => {
			const isRoot = name === image.rootDevice;
			const id = world.newId('vol');
			region.volumes.set(id, {
				id,
				tags: tagsFor('volume', TagSpecifications),
				zone: subnet.zone,
				size: Ebs?.VolumeSize ?? image.size,
				type: Ebs?.VolumeType ?? 'gp3',
				encrypted: Ebs?.Encrypted ?? false,
				snapshot: isRoot ? image.snapshot : Ebs?.SnapshotId,
				createdAt: world.now(),
				attachment: {instance, device: name, deleteOnTermination: Ebs?.DeleteOnTermination ?? isRoot},
			});
			return {name, volume: id};
		},
	);
}

function addInterface(
	world: World,
	region: Region,
	{NetworkInterfaces = [], TagSpecifications}: RunInstancesRequest,
	{subnet, groups}: Launch,
	instance: string,
	privateIp: string,
): string {
	const id = world.newId('eni');
	region.interfaces.set(id, {
		id,
		tags: tagsFor('network-interface', TagSpecifications),
		subnet,
		groups,
		privateIp,
		description: NetworkInterfaces[0]?.Description ?? '',
		attachedAt: world.now(),
		attachment: {
			id: world.newId('eni-attach'),
			instance,
			deleteOnTermination: NetworkInterfaces[0]?.DeleteOnTermination ?? true,
		},
	});
	return id;
}
