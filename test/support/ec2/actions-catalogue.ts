import type {
	DescribeAvailabilityZonesRequest,
	DescribeImagesRequest,
	DescribeInstanceTypeOfferingsRequest,
	DescribeInstanceTypesRequest,
	DescribeRegionsRequest,
	DescribeSpotPriceHistoryRequest,
} from '@aws-sdk/client-ec2';
import type {Place} from './actions.js';
import {type InstanceType, spotPrices, types} from './catalogue.js';
import {Ec2Error, invalid} from './errors.js';
import {type Image, imagesOf} from './images.js';
import {type Aspects, filtered, page} from './select.js';
import type {Value} from './wire.js';

const noTags = new Map<string, string>();
/** What is named only, so that filters can be put on it. */
const named = (ids: readonly string[]) => ids.map(id => ({id, tags: noTags}));

const imageAspects: Aspects<Image & {tags: Map<string, string>}> = {
	name: ({name}) => [name],
	'image-id': ({id}) => [id],
	architecture: ({architecture}) => [architecture],
	state: () => ['available'],
	'is-public': () => ['true'],
	'image-type': () => ['machine'],
	'owner-id': ({owner}) => [owner],
	'owner-alias': ({alias}) => [alias],
	'root-device-type': () => ['ebs'],
	'virtualization-type': () => ['hvm'],
};

const describeImage = (image: Image): Value => ({
	Architecture: image.architecture,
	CreationDate: image.createdAt,
	ImageId: image.id,
	ImageLocation: `${image.alias ?? image.owner}/${image.name}`,
	ImageType: 'machine',
	Public: true,
	OwnerId: image.owner,
	PlatformDetails: 'Linux/UNIX',
	UsageOperation: 'RunInstances',
	State: 'available',
	BlockDeviceMappings: [
		{
			DeviceName: image.rootDevice,
			Ebs: {DeleteOnTermination: true, SnapshotId: image.snapshot, VolumeSize: image.size, VolumeType: 'gp3', Encrypted: false},
		},
		{DeviceName: '/dev/sdb', VirtualName: 'ephemeral0'},
	],
	Description: image.description,
	EnaSupport: true,
	Hypervisor: 'xen',
	ImageOwnerAlias: image.alias,
	Name: image.name,
	RootDeviceName: image.rootDevice,
	RootDeviceType: 'ebs',
	SriovNetSupport: 'simple',
	VirtualizationType: 'hvm',
});

function describeImages(input: DescribeImagesRequest, {region}: Place): Value {
	const all = imagesOf(region.name).map(image => ({...image, tags: noTags}));
	const ids = input.ImageIds;
	const absent = ids?.find(id => !all.some(image => image.id === id));
	if (absent !== undefined) {
		throw new Ec2Error('InvalidAMIID.NotFound', `The image id '[${absent}]' does not exist`);
	}

	const chosen = all
		.filter(({id}) => ids?.includes(id) ?? true)
		.filter(
			({owner, alias}) => !input.Owners || input.Owners.includes(owner) || (alias !== undefined && input.Owners.includes(alias)),
		);
	const {rows, NextToken} = page(filtered(chosen, input.Filters, imageAspects), input, 1);
	return {Images: rows.map(describeImage), NextToken};
}

const describeType = (
	name: string,
	{cpu, memory, architecture = 'x86_64', usages = ['on-demand', 'spot'], gpu}: InstanceType,
): Value => ({
	InstanceType: name,
	CurrentGeneration: true,
	FreeTierEligible: name === 't3.micro',
	SupportedUsageClasses: usages,
	SupportedRootDeviceTypes: ['ebs'],
	SupportedVirtualizationTypes: ['hvm'],
	BareMetal: false,
	ProcessorInfo: {SupportedArchitectures: [architecture], SustainedClockSpeedInGhz: 3.1},
	VCpuInfo: {DefaultVCpus: cpu, DefaultCores: Math.max(1, cpu / 2), DefaultThreadsPerCore: 2},
	MemoryInfo: {SizeInMiB: memory},
	InstanceStorageSupported: false,
	GpuInfo: gpu && {
		Gpus: [
			{
				...{Name: gpu.name, Manufacturer: gpu.maker ?? 'NVIDIA', Count: gpu.count},
				...{LogicalGpuCount: gpu.logical ?? gpu.count, GpuPartitionSize: gpu.part ?? 1},
				MemoryInfo: {SizeInMiB: gpu.memory},
			},
		],
		TotalGpuMemoryInMiB: gpu.memory * Math.max(1, gpu.count),
	},
	HibernationSupported: false,
	BurstablePerformanceSupported: name.startsWith('t'),
	DedicatedHostsSupported: false,
	AutoRecoverySupported: true,
});

function describeTypes(input: DescribeInstanceTypesRequest, _: Place): Value {
	const {InstanceTypes: asked} = input;
	if (asked && input.MaxResults !== undefined) {
		throw new Ec2Error('InvalidParameterCombination', 'The parameter instanceTypes cannot be used with the parameter maxResults');
	}

	const unknown = (asked ?? []).filter(name => !types[name]);
	if (unknown.length > 0) {
		throw new Ec2Error('InvalidInstanceType', `The following supplied instance types do not exist: [${unknown.join(', ')}]`);
	}

	const chosen = filtered(named(asked ?? Object.keys(types)), input.Filters, {
		'instance-type': ({id}) => [id],
		'current-generation': () => ['true'],
		'processor-info.supported-architecture': ({id}) => [types[id]?.architecture ?? 'x86_64'],
	});
	const {rows, NextToken} = page(chosen, input);
	return {InstanceTypes: rows.map(({id}) => describeType(id, types[id] as InstanceType)), NextToken};
}

function offerings(input: DescribeInstanceTypeOfferingsRequest, {world, region}: Place): Value {
	const kind = input.LocationType ?? 'region';
	if (kind !== 'region' && kind !== 'availability-zone') {
		throw invalid(`This stand-in has no location type ${kind}`);
	}

	const all = Object.keys(types).flatMap(id =>
		(kind === 'region' ? [region.name] : world.zonesOf(id, region)).map(location => ({id, location, tags: noTags})),
	);
	const chosen = filtered(all, input.Filters, {
		'instance-type': ({id}) => [id],
		location: each => [(each as {location: string}).location],
	});
	const {rows, NextToken} = page(chosen, input);
	return {
		InstanceTypeOfferings: rows.map(({id, location}) => ({InstanceType: id, LocationType: kind, Location: location})),
		NextToken,
	};
}

function priceHistory(input: DescribeSpotPriceHistoryRequest, {world, region}: Place): Value {
	const asked = input.InstanceTypes ?? Object.keys(spotPrices);
	const zone = input.AvailabilityZone;
	const all = asked.flatMap(type =>
		world
			.zonesOf(type, region)
			.filter(each => zone === undefined || each === zone)
			.map(each => ({
				...{AvailabilityZone: each, InstanceType: type, ProductDescription: 'Linux/UNIX'},
				...{SpotPrice: world.spotPrice(type, each).toFixed(6), Timestamp: new Date(world.now() - 3_600_000)},
			})),
	);
	const {rows, NextToken} = page(all, input, 1);
	// EC2 has the element even where there is no further page.
	return {SpotPriceHistory: rows, NextToken: NextToken ?? ''};
}

export const catalogueActions = {
	DescribeImages: describeImages,
	DescribeInstanceTypes: describeTypes,
	DescribeInstanceTypeOfferings: offerings,
	DescribeSpotPriceHistory: priceHistory,
	DescribeRegions({AllRegions, RegionNames, Filters}: DescribeRegionsRequest, {world}: Place): Value {
		const ids = Object.keys(world.regionStates)
			.filter(id => RegionNames?.includes(id) ?? true)
			.filter(id => AllRegions === true || RegionNames !== undefined || world.regionStates[id] !== 'not-opted-in');
		const absent = RegionNames?.find(name => !ids.includes(name));
		if (absent !== undefined) {
			throw invalid(`Invalid region provided: [${absent}]`);
		}

		const chosen = filtered(named(ids), Filters, {
			'region-name': ({id}) => [id],
			'opt-in-status': ({id}) => [world.regionStates[id]],
		});
		return {
			Regions: chosen.map(({id}) => ({RegionName: id, Endpoint: `ec2.${id}.amazonaws.com`, OptInStatus: world.regionStates[id]})),
		};
	},
	DescribeAvailabilityZones({ZoneNames, Filters}: DescribeAvailabilityZonesRequest, {region}: Place): Value {
		const zones = byNames(region.zones, ZoneNames);
		return {
			AvailabilityZones: filtered(named(zones), Filters, {
				'zone-name': ({id}) => [id],
				'region-name': () => [region.name],
				state: () => ['available'],
				'zone-type': () => ['availability-zone'],
				'opt-in-status': () => ['opt-in-not-required'],
			}).map(({id}) => ({
				...{ZoneName: id, ZoneId: `${region.name}-az${id.charCodeAt(id.length - 1) - 96}`, ZoneType: 'availability-zone'},
				...{
					RegionName: region.name,
					State: 'available',
					OptInStatus: 'opt-in-not-required',
					GroupName: region.name,
					Messages: [],
				},
				NetworkBorderGroup: region.name,
			})),
		};
	},
};

function byNames(zones: readonly string[], names: readonly string[] | undefined): readonly string[] {
	const absent = names?.find(name => !zones.includes(name));
	if (absent !== undefined) {
		throw invalid(`Invalid availability zone: [${absent}]`);
	}

	return names ?? zones;
}
