import type {RunInstancesRequest} from '@aws-sdk/client-ec2';
import {spotPrices, types} from './catalogue.js';
import {Ec2Error, invalid, spotPriceTooLow, unsupportedInZone} from './errors.js';
import {type Image, imagesOf} from './images.js';
import type {Region, Subnet} from './records.js';
import {byIds} from './select.js';
import type {World} from './world.js';

const mostUserData = 16_384;
const taggable = new Set(['instance', 'volume', 'network-interface', 'spot-instances-request']);

export type Launch = {
	readonly image: Image;
	readonly type: string;
	readonly userData: string | undefined;
	readonly subnet: Subnet;
	readonly groups: readonly string[];
	readonly isPublic: boolean;
	/** Dollars an hour that are the most for a spot instance; undefined for an on-demand one. */
	readonly bid: number | undefined;
};

/** Reads what a launch asks for, with every complaint that EC2 has about it. */
export function readLaunch(world: World, region: Region, input: RunInstancesRequest): Launch {
	const {InstanceType: type = 'm1.small', InstanceMarketOptions: market} = input;
	if (input.MinCount !== 1 || input.MaxCount !== 1) {
		throw invalid('This stand-in launches one instance at a time: MinCount and MaxCount have to be 1');
	}

	if ((input.ClientToken ?? '').length > 64) {
		throw invalid('Client token is too long: at most 64 ASCII characters');
	}

	if (market !== undefined && market.MarketType !== 'spot') {
		throw invalid(`Market type '${market.MarketType ?? ''}' is not supported`);
	}

	checkTags(input);
	const image = imageOf(region, input.ImageId);
	checkType(type, image, market !== undefined);
	checkKey(region, input.KeyName);
	const network = readNetwork(world, region, input, type);
	checkDevices(input, image);
	return {
		image,
		type,
		userData: readUserData(input.UserData),
		...network,
		bid: market ? readBid(world, type, network.subnet.zone, market.SpotOptions?.MaxPrice) : undefined,
	};
}

function checkTags({TagSpecifications = [], InstanceMarketOptions}: RunInstancesRequest): void {
	for (const {ResourceType = ''} of TagSpecifications) {
		if (!taggable.has(ResourceType)) {
			throw invalid(`'${ResourceType}' is not a valid taggable resource type for this operation.`);
		}

		if (ResourceType === 'spot-instances-request' && !InstanceMarketOptions) {
			throw invalid(
				'You cannot specify tags for Spot instances requests if there are no Spot instances requests being created by the request.',
			);
		}
	}
}

function imageOf({name}: Region, id = ''): Image {
	if (!/^ami-[0-9a-f]+$/.test(id)) {
		throw new Ec2Error('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`);
	}

	const found = imagesOf(name).find(image => image.id === id);
	if (!found) {
		throw new Ec2Error('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
	}

	return found;
}

function checkType(name: string, image: Image, spot: boolean): void {
	const type = types[name];
	if (!type) {
		throw invalid(`Invalid value '${name}' for InstanceType.`);
	}

	const own = type.architecture ?? 'x86_64';
	if (own !== image.architecture) {
		throw invalid(
			`The architecture '${own}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
		);
	}

	if (spot && spotPrices[name] === undefined) {
		throw new Ec2Error('Unsupported', 'The requested configuration is currently not supported. Please check the documentation.');
	}
}

function checkKey({keyPairs}: Region, name: string | undefined): void {
	if (name !== undefined && ![...keyPairs.values()].some(pair => pair.name === name)) {
		throw new Ec2Error('InvalidKeyPair.NotFound', `The key pair '${name}' does not exist`);
	}
}

function readUserData(text: string | undefined): string | undefined {
	if (text === undefined || text === '') {
		return undefined;
	}

	const bytes = Buffer.from(text, 'base64');
	if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
		throw new Ec2Error('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
	}

	if (bytes.length > mostUserData) {
		throw invalid(`User data is limited to ${mostUserData} bytes`);
	}

	return bytes.toString('utf8');
}

function checkDevices({BlockDeviceMappings = []}: RunInstancesRequest, {rootDevice, size, snapshot}: Image): void {
	for (const {DeviceName = '', Ebs} of BlockDeviceMappings) {
		const isRoot = DeviceName === rootDevice;
		if (!isRoot && Ebs?.VolumeSize === undefined) {
			throw new Ec2Error('InvalidBlockDeviceMapping', `Either snapshot ID or volume size must be provided for: ${DeviceName}`);
		}

		if (isRoot && Ebs?.VolumeSize !== undefined && Ebs.VolumeSize < size) {
			throw new Ec2Error(
				'InvalidBlockDeviceMapping',
				`Volume of size ${Ebs.VolumeSize}GB is smaller than snapshot '${snapshot}', expect size >= ${size}GB`,
			);
		}
	}
}

function readNetwork(
	world: World,
	region: Region,
	input: RunInstancesRequest,
	type: string,
): Pick<Launch, 'subnet' | 'groups' | 'isPublic'> {
	const [card, ...others] = input.NetworkInterfaces ?? [];
	if (others.length > 0) {
		throw invalid('This stand-in has instances of one network interface');
	}

	if (card && (input.SubnetId !== undefined || input.SecurityGroupIds !== undefined || input.SecurityGroups !== undefined)) {
		throw new Ec2Error(
			'InvalidParameterCombination',
			'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
		);
	}

	const subnet = subnetOf(world, region, card?.SubnetId ?? input.SubnetId, input.Placement?.AvailabilityZone, type);
	const ids = card?.Groups ?? input.SecurityGroupIds ?? [];
	const named = (input.SecurityGroups ?? []).map(name => groupNamed(region, name));
	byIds(region.groups, ids, {prefix: 'sg', code: 'InvalidGroup', words: 'The security group'});
	const wrong = [...ids, ...named].find(id => region.groups.get(id)?.vpc !== subnet.vpc);
	if (wrong !== undefined) {
		throw invalid(`Security group ${wrong} and subnet ${subnet.id} belong to different networks.`);
	}

	const usual = [...region.groups.values()].filter(({vpc, name}) => vpc === subnet.vpc && name === 'default');
	const groups = [...ids, ...named];
	return {
		subnet,
		groups: groups.length > 0 ? groups : usual.map(({id}) => id),
		isPublic: card?.AssociatePublicIpAddress ?? subnet.isPublic,
	};
}

function groupNamed({groups}: Region, name: string): string {
	const found = [...groups.values()].find(group => group.name === name);
	if (!found) {
		throw new Ec2Error('InvalidGroup.NotFound', `The security group '${name}' does not exist in default VPC`);
	}

	return found.id;
}

function subnetOf(world: World, region: Region, id: string | undefined, zone: string | undefined, type: string): Subnet {
	if (zone !== undefined && !region.zones.includes(zone)) {
		throw invalid(`Invalid availability zone: [${zone}]`);
	}

	const zones = world.zonesOf(type, region);
	const offered = (subnet: Subnet): Subnet => {
		if (!zones.includes(subnet.zone)) {
			throw unsupportedInZone(type, subnet.zone, zones);
		}

		return subnet;
	};

	if (id !== undefined) {
		const [subnet] = byIds(region.subnets, [id], {prefix: 'subnet', code: 'InvalidSubnetID', words: 'The subnet ID'});
		if (zone !== undefined && subnet?.zone !== zone) {
			throw invalid(`The subnet ${id} is not in the availability zone ${zone}`);
		}

		return offered(subnet as Subnet);
	}

	const usual = [...region.subnets.values()].filter(({isDefault}) => isDefault);
	if (usual.length === 0) {
		throw new Ec2Error(
			'VPCIdNotSpecified',
			'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.',
		);
	}

	const own = usual.find(subnet => (zone === undefined ? zones.includes(subnet.zone) : subnet.zone === zone));
	if (!own) {
		throw new Ec2Error('MissingInput', `No default subnet for availability zone: '${zone ?? ''}'.`);
	}

	return offered(own);
}

function readBid(world: World, type: string, zone: string, text: string | undefined): number {
	const price = world.spotPrice(type, zone);
	if (text === undefined) {
		return price * 10;
	}

	const bid = Number(text);
	if (!(bid > 0)) {
		throw invalid(`Invalid value '${text}' for the spot price.`);
	}

	if (bid < price) {
		throw spotPriceTooLow(bid, price);
	}

	return bid;
}
