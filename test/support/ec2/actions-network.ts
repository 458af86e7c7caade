import type {
	AuthorizeSecurityGroupIngressRequest,
	CreateSecurityGroupRequest,
	DeleteNetworkInterfaceRequest,
	DeleteSecurityGroupRequest,
	DescribeNetworkInterfacesRequest,
	DescribeSecurityGroupsRequest,
	DescribeSubnetsRequest,
	DescribeVpcsRequest,
	IpPermission,
	RevokeSecurityGroupIngressRequest,
} from '@aws-sdk/client-ec2';
import type {Place} from './actions.js';
import {groupsOf, macOf} from './describe-instance.js';
import {Ec2Error, invalid} from './errors.js';
import {addGroup} from './network.js';
import type {NetworkInterface, Region, Rule, SecurityGroup, Subnet, Vpc} from './records.js';
import {type Aspects, byIds, filtered, page, tagList, tagsFor, tagsOf} from './select.js';
import type {Value} from './wire.js';

const groupKind = {prefix: 'sg', code: 'InvalidGroup', words: 'The security group'};
const cardKind = {prefix: 'eni', code: 'InvalidNetworkInterfaceID', words: 'The networkInterface ID'};

const vpcAspects: Aspects<Vpc> = {
	'vpc-id': ({id}) => [id],
	'is-default': ({isDefault}) => [String(isDefault)],
	isDefault: ({isDefault}) => [String(isDefault)],
	state: () => ['available'],
};
const subnetAspects: Aspects<Subnet> = {
	'subnet-id': ({id}) => [id],
	'vpc-id': ({vpc}) => [vpc],
	'availability-zone': ({zone}) => [zone],
	'default-for-az': ({isDefault}) => [String(isDefault)],
	'map-public-ip-on-launch': ({isPublic}) => [String(isPublic)],
	state: () => ['available'],
};
const groupAspects: Aspects<SecurityGroup> = {
	'group-id': ({id}) => [id],
	'group-name': ({name}) => [name],
	'vpc-id': ({vpc}) => [vpc],
};
const cardAspects: Aspects<NetworkInterface> = {
	'network-interface-id': ({id}) => [id],
	status: ({attachment}) => [attachment ? 'in-use' : 'available'],
	'attachment.instance-id': ({attachment}) => [attachment?.instance],
	'group-id': ({groups}) => groups,
};

const permission = ({protocol, from, to, peer, description}: Rule) => ({
	IpProtocol: protocol,
	...(protocol === '-1' ? {} : {FromPort: from, ToPort: to}),
	UserIdGroupPairs: [],
	IpRanges: peer.includes(':') ? [] : [{Description: description, CidrIp: peer}],
	Ipv6Ranges: peer.includes(':') ? [{Description: description, CidrIpv6: peer}] : [],
	PrefixListIds: [],
});

const describeGroup = (group: SecurityGroup, region: Region): Value => ({
	Description: group.description,
	GroupId: group.id,
	GroupName: group.name,
	IpPermissions: group.rules.map(permission),
	IpPermissionsEgress: [permission({id: '', protocol: '-1', from: -1, to: -1, peer: '0.0.0.0/0', description: undefined})],
	OwnerId: region.account,
	Tags: tagsOf(group),
	VpcId: group.vpc,
});

/** One rule for each peer of each permission. */
function rulesOf(permissions: readonly IpPermission[] | undefined): Array<Omit<Rule, 'id'>> {
	return (permissions ?? []).flatMap(
		({IpProtocol: protocol = '', FromPort: from = -1, ToPort: to = -1, IpRanges = [], Ipv6Ranges = []}) =>
			[
				...IpRanges.map(({CidrIp, Description}) => ({peer: CidrIp ?? '', description: Description})),
				...Ipv6Ranges.map(({CidrIpv6, Description}) => ({peer: CidrIpv6 ?? '', description: Description})),
			].map(({peer, description}) => {
				if (!/^[\d.]+\/\d+$|^[\da-f:]+\/\d+$/i.test(peer)) {
					throw invalid(`CIDR block ${peer} is malformed`);
				}

				return {protocol, from, to, peer, description};
			}),
	);
}

const same = (a: Omit<Rule, 'id'>, b: Omit<Rule, 'id'>): boolean =>
	a.protocol === b.protocol && a.from === b.from && a.to === b.to && a.peer === b.peer;

const groupOf = ({groups}: Region, id: string | undefined): SecurityGroup =>
	byIds(groups, [id ?? ''], groupKind)[0] as SecurityGroup;

function authorize({GroupId, IpPermissions}: AuthorizeSecurityGroupIngressRequest, {world, region}: Place): Value {
	const group = groupOf(region, GroupId);
	const added = rulesOf(IpPermissions).map(rule => ({...rule, id: world.newId('sgr')}));
	const twice = added.find(rule => group.rules.some(own => same(own, rule)));
	if (twice) {
		throw new Ec2Error(
			'InvalidPermission.Duplicate',
			`the specified rule "peer: ${twice.peer}, ${twice.protocol.toUpperCase()}, from port: ${twice.from}, to port: ${twice.to}, ALLOW" already exists`,
		);
	}

	group.rules.push(...added);
	return {
		Return: true,
		SecurityGroupRules: added.map(({id, protocol, from, to, peer, description}) => ({
			SecurityGroupRuleId: id,
			GroupId: group.id,
			GroupOwnerId: region.account,
			IsEgress: false,
			IpProtocol: protocol,
			FromPort: from,
			ToPort: to,
			...(peer.includes(':') ? {CidrIpv6: peer} : {CidrIpv4: peer}),
			Description: description,
		})),
	};
}

function createGroup(input: CreateSecurityGroupRequest, {world, region}: Place): Value {
	const {GroupName: name = '', Description: description = ''} = input;
	const vpc = input.VpcId ?? [...region.vpcs.values()].find(({isDefault}) => isDefault)?.id;
	if (vpc === undefined) {
		throw new Ec2Error('VPCIdNotSpecified', 'No default VPC for this user');
	}

	byIds(region.vpcs, [vpc], {prefix: 'vpc', code: 'InvalidVpcID', words: 'The vpc ID'});
	if (/^sg-/.test(name)) {
		throw invalid(`Invalid group name '${name}': it cannot start with sg-`);
	}

	if ([...region.groups.values()].some(group => group.name === name && group.vpc === vpc)) {
		throw new Ec2Error('InvalidGroup.Duplicate', `The security group '${name}' already exists for VPC '${vpc}'`);
	}

	const tags = tagsFor('security-group', input.TagSpecifications);
	const id = addGroup(region, world.newId, vpc, name, description);
	for (const [key, value] of tags) {
		groupOf(region, id).tags.set(key, value);
	}

	return {GroupId: id, Tags: tagsOf(groupOf(region, id))};
}

function deleteGroup({GroupId}: DeleteSecurityGroupRequest, {region}: Place): Value {
	const group = groupOf(region, GroupId);
	if (group.name === 'default') {
		throw new Ec2Error('CannotDelete', `the specified group: "${group.id}" name: "default" cannot be deleted by a user`);
	}

	// Its interfaces hold it, and those go when the instance has ended altogether.
	if ([...region.interfaces.values()].some(({groups}) => groups.includes(group.id))) {
		throw new Ec2Error('DependencyViolation', `resource ${group.id} has a dependent object`);
	}

	region.groups.delete(group.id);
	return {Return: true, GroupId: group.id};
}

export const networkActions = {
	DescribeVpcs(input: DescribeVpcsRequest, {region}: Place): Value {
		const {VpcIds: ids} = input;
		const chosen = ids
			? byIds(region.vpcs, ids, {prefix: 'vpc', code: 'InvalidVpcID', words: 'The vpc ID'})
			: [...region.vpcs.values()];
		const {rows, NextToken} = page(filtered(chosen, input.Filters, vpcAspects), input);
		return {
			Vpcs: rows.map(vpc => ({
				...{OwnerId: region.account, InstanceTenancy: 'default', IsDefault: vpc.isDefault, Tags: tagsOf(vpc)},
				...{VpcId: vpc.id, State: 'available', CidrBlock: vpc.cidr, DhcpOptionsId: 'dopt-0'},
			})),
			NextToken,
		};
	},
	DescribeSubnets(input: DescribeSubnetsRequest, {region}: Place): Value {
		const ids = input.SubnetIds;
		const kind = {prefix: 'subnet', code: 'InvalidSubnetID', words: 'The subnet ID'};
		const chosen = ids ? byIds(region.subnets, ids, kind) : [...region.subnets.values()];
		const {rows, NextToken} = page(filtered(chosen, input.Filters, subnetAspects), input);
		return {
			Subnets: rows.map(subnet => ({
				...{OwnerId: region.account, SubnetId: subnet.id, VpcId: subnet.vpc, AvailabilityZone: subnet.zone},
				...{DefaultForAz: subnet.isDefault, MapPublicIpOnLaunch: subnet.isPublic, CidrBlock: subnet.cidr},
				...{State: 'available', AvailableIpAddressCount: 4091, AssignIpv6AddressOnCreation: false, Tags: tagsOf(subnet)},
			})),
			NextToken,
		};
	},
	DescribeSecurityGroups(input: DescribeSecurityGroupsRequest, {region}: Place): Value {
		const {GroupIds: ids, GroupNames: names} = input;
		const all = ids ? byIds(region.groups, ids, groupKind) : [...region.groups.values()];
		const absent = names?.find(name => !all.some(group => group.name === name));
		if (absent !== undefined) {
			throw new Ec2Error('InvalidGroup.NotFound', `The security group '${absent}' does not exist in default VPC`);
		}

		const chosen = all.filter(({name}) => names?.includes(name) ?? true);
		const {rows, NextToken} = page(filtered(chosen, input.Filters, groupAspects), input);
		return {SecurityGroups: rows.map(group => describeGroup(group, region)), NextToken};
	},
	CreateSecurityGroup: createGroup,
	AuthorizeSecurityGroupIngress: authorize,
	RevokeSecurityGroupIngress({GroupId, IpPermissions}: RevokeSecurityGroupIngressRequest, {region}: Place): Value {
		const {rules} = groupOf(region, GroupId);
		for (const rule of rulesOf(IpPermissions)) {
			const index = rules.findIndex(own => same(own, rule));
			if (index === -1) {
				throw new Ec2Error('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
			}

			rules.splice(index, 1);
		}

		return {Return: true};
	},
	DeleteSecurityGroup: deleteGroup,
	DescribeNetworkInterfaces(input: DescribeNetworkInterfacesRequest, {region}: Place): Value {
		const ids = input.NetworkInterfaceIds;
		const chosen = ids ? byIds(region.interfaces, ids, cardKind) : [...region.interfaces.values()];
		const {rows, NextToken} = page(filtered(chosen, input.Filters, cardAspects), input);
		return {
			NetworkInterfaces: rows.map(card => ({
				NetworkInterfaceId: card.id,
				Status: card.attachment ? 'in-use' : 'available',
				Attachment: card.attachment && {
					AttachmentId: card.attachment.id,
					InstanceId: card.attachment.instance,
					DeleteOnTermination: card.attachment.deleteOnTermination,
					DeviceIndex: 0,
					Status: 'attached',
				},
				Groups: groupsOf(card.groups, region),
				MacAddress: macOf(card),
				PrivateIpAddress: card.privateIp,
				SubnetId: card.subnet.id,
				VpcId: card.subnet.vpc,
				AvailabilityZone: card.subnet.zone,
				Description: card.description,
				TagSet: tagList(card),
			})),
			NextToken,
		};
	},
	DeleteNetworkInterface({NetworkInterfaceId: id = ''}: DeleteNetworkInterfaceRequest, {region}: Place): Value {
		const [card] = byIds(region.interfaces, [id], cardKind);
		if (card?.attachment) {
			throw new Ec2Error('InvalidParameterValue', `Network interface '${id}' is currently in use.`);
		}

		region.interfaces.delete(id);
		return {};
	},
};
