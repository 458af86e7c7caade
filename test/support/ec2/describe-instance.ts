import type {Value} from './wire.js';
import {types} from './catalogue.js';
import {type Instance, type InstanceState, type NetworkInterface, type Region, stateCodes} from './records.js';
import {tagsOf} from './select.js';

export const stateOf = (Name: InstanceState) => ({Code: stateCodes[Name], Name});

const publicName = (ip: string, region: string): string =>
	`ec2-${ip.replace(/\./g, '-')}.${region === 'us-east-1' ? 'compute-1' : `${region}.compute`}.amazonaws.com`;

/** An instance in the words of `DescribeInstances`; of an ended one much is gone. */
export function describeInstance(instance: Instance, region: Region): Value {
	const {publicIp, spotRequest, metadata} = instance;
	const isGone = instance.state === 'terminated';
	const dns = publicIp === undefined ? '' : publicName(publicIp, region.name);
	return {
		InstanceId: instance.id,
		ImageId: instance.image.id,
		State: stateOf(instance.state),
		PrivateDnsName: isGone ? '' : `ip-${instance.privateIp.replace(/\./g, '-')}.ec2.internal`,
		PublicDnsName: dns,
		StateTransitionReason: instance.transition,
		KeyName: instance.keyName,
		AmiLaunchIndex: 0,
		ProductCodes: [],
		InstanceType: instance.type,
		LaunchTime: new Date(instance.launchTime),
		Placement: {AvailabilityZone: instance.zone, GroupName: '', Tenancy: 'default'},
		Monitoring: {State: 'disabled'},
		SubnetId: isGone ? undefined : instance.subnet.id,
		VpcId: isGone ? undefined : instance.subnet.vpc,
		PrivateIpAddress: isGone ? undefined : instance.privateIp,
		PublicIpAddress: publicIp,
		StateReason:
			instance.state === 'running'
				? undefined
				: instance.reason && {Code: instance.reason.code, Message: instance.reason.message},
		Architecture: instance.image.architecture,
		RootDeviceType: 'ebs',
		RootDeviceName: instance.image.rootDevice,
		BlockDeviceMappings: instance.devices.flatMap(({name, volume}) => {
			const found = region.volumes.get(volume);
			return found?.attachment
				? [
						{
							DeviceName: name,
							Ebs: {
								AttachTime: new Date(found.createdAt),
								DeleteOnTermination: found.attachment.deleteOnTermination,
								Status: 'attached',
								VolumeId: volume,
							},
						},
					]
				: [];
		}),
		VirtualizationType: 'hvm',
		ClientToken: instance.clientToken ?? '',
		Tags: tagsOf(instance),
		SecurityGroups: isGone ? [] : groupsOf(instance.groups, region),
		SourceDestCheck: isGone ? undefined : true,
		Hypervisor: 'xen',
		NetworkInterfaces: instance.interfaces.flatMap(id => {
			const found = region.interfaces.get(id);
			return found?.attachment ? [describeInterface(found, region, {publicIp, dns})] : [];
		}),
		EbsOptimized: instance.ebsOptimized,
		EnaSupport: true,
		InstanceLifecycle: spotRequest === undefined ? undefined : 'spot',
		SpotInstanceRequestId: spotRequest,
		CpuOptions: {CoreCount: Math.max(1, (types[instance.type]?.cpu ?? 2) / 2), ThreadsPerCore: 2},
		HibernationOptions: {Configured: false},
		MetadataOptions: {
			State: 'applied',
			HttpTokens: metadata.tokens,
			HttpPutResponseHopLimit: metadata.hops,
			HttpEndpoint: metadata.endpoint,
			HttpProtocolIpv6: 'disabled',
			InstanceMetadataTags: metadata.tags,
		},
	};
}

export const groupsOf = (ids: readonly string[], {groups}: Region): Array<{GroupId: string; GroupName: string}> =>
	ids.map(GroupId => ({GroupId, GroupName: groups.get(GroupId)?.name ?? ''}));

function describeInterface(
	card: NetworkInterface,
	region: Region,
	{publicIp, dns}: {publicIp: string | undefined; dns: string},
): Value {
	const association = publicIp === undefined ? undefined : {IpOwnerId: 'amazon', PublicDnsName: dns, PublicIp: publicIp};
	return {
		Association: association,
		Attachment: card.attachment && {
			AttachTime: new Date(card.attachedAt),
			AttachmentId: card.attachment.id,
			DeleteOnTermination: card.attachment.deleteOnTermination,
			DeviceIndex: 0,
			Status: 'attached',
		},
		Description: card.description,
		Groups: groupsOf(card.groups, region),
		Ipv6Addresses: [],
		MacAddress: macOf(card),
		NetworkInterfaceId: card.id,
		OwnerId: region.account,
		PrivateIpAddress: card.privateIp,
		PrivateIpAddresses: [{Association: association, Primary: true, PrivateIpAddress: card.privateIp}],
		SourceDestCheck: true,
		Status: 'in-use',
		SubnetId: card.subnet.id,
		VpcId: card.subnet.vpc,
		InterfaceType: 'interface',
	};
}

export const macOf = ({id}: NetworkInterface): string => `02:${id.slice(-10).replace(/(..)(?!$)/g, '$1:')}`;
