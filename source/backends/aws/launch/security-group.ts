import type {IpPermission, SecurityGroup} from '@aws-sdk/client-ec2';
import {messageOf} from '../../../system/problem.js';
import type {AwsLaunchSettings} from '../../settings/index.js';
import {type AllowedRanges, everywhere, findAllowedRanges} from './address.js';
import {inRegion} from './network.js';
import {callAws, isCode, type RegionAccess} from './region-access.js';
import {installationFilter, tagNames, tagValue} from './tags.js';

/** A group that a new instance is put into, and what a person should know of it. */
export type Group = {readonly id: string; readonly notes: readonly string[]};

const settling = 10;
const pause = 1000;

const nameFor = (installation: string): string => `dstack-tui-${installation.replace(/[^\w-]/g, '-')}`;

/**
The security group of the settings, which is left as it is, else this installation's own in the VPC: made where there is none, with SSH let
in from where the person is now.
*/
export async function findGroup(
	place: RegionAccess,
	settings: AwsLaunchSettings,
	vpc: string,
	installation: string,
	signal: AbortSignal,
): Promise<Group> {
	const fixed = inRegion(settings.security_group_id, place.region);
	if (fixed !== undefined) {
		return {id: fixed, notes: []};
	}

	const [found, callers] = await Promise.all([ownGroup(place, vpc, installation, signal), findAllowedRanges(settings, signal)]);
	const group = found ?? (await makeGroup(place, vpc, installation, signal));
	return {id: group.GroupId ?? '', notes: await allowSsh(place, group, callers, signal)};
}

/** This installation's group in a VPC; undefined where there is none. */
async function ownGroup(
	place: RegionAccess,
	vpc: string,
	installation: string,
	signal: AbortSignal,
): Promise<SecurityGroup | undefined> {
	const {session, client} = place;
	const command = new session.sdk.DescribeSecurityGroupsCommand({
		Filters: [
			{Name: 'vpc-id', Values: [vpc]},
			{Name: 'group-name', Values: [nameFor(installation)]},
			installationFilter(installation),
		],
	});
	const {SecurityGroups: [group] = []} = await callAws(
		place,
		'ec2:DescribeSecurityGroups',
		async () => client.send(command, {abortSignal: signal}),
		signal,
	);
	return group;
}

/** Lets SSH in from where the person is now, into the groups of an instance that are this installation's. Returns what they should know. */
export async function allowRanges(
	place: RegionAccess,
	settings: AwsLaunchSettings,
	groups: readonly string[],
	signal: AbortSignal,
): Promise<readonly string[]> {
	const {session, client} = place;
	const command = new session.sdk.DescribeSecurityGroupsCommand({GroupIds: [...groups]});
	const {SecurityGroups: found = []} = await callAws(
		place,
		'ec2:DescribeSecurityGroups',
		async () => client.send(command, {abortSignal: signal}),
		signal,
	);
	const own = found.filter(({Tags, GroupName}) => {
		const installation = tagValue(Tags, tagNames.installation);
		return installation !== undefined && GroupName === nameFor(installation);
	});
	if (own.length === 0) {
		return [];
	}

	const callers = await findAllowedRanges(settings, signal);
	const notes: string[] = [];
	for (const group of own) {
		notes.push(...(await allowSsh(place, group, callers, signal)));
	}

	return notes;
}

/** What making a group is asked with; with `DryRun` nothing is made. */
export const groupRequest = (vpc: string, installation: string) => ({
	GroupName: nameFor(installation),
	Description: 'dstack-tui: SSH to development environments',
	VpcId: vpc,
	TagSpecifications: [
		{
			ResourceType: 'security-group' as const,
			Tags: [
				{Key: 'Name', Value: nameFor(installation)},
				{Key: tagNames.installation, Value: installation},
			],
		},
	],
});

async function makeGroup(place: RegionAccess, vpc: string, installation: string, signal: AbortSignal): Promise<SecurityGroup> {
	const {session, client, clock} = place;
	try {
		const command = new session.sdk.CreateSecurityGroupCommand(groupRequest(vpc, installation));
		const {GroupId} = await callAws(
			place,
			'ec2:CreateSecurityGroup',
			async () => client.send(command, {abortSignal: signal}),
			signal,
		);
		return {GroupId};
	} catch (error) {
		if (!isCode(error, 'InvalidGroup.Duplicate')) {
			throw error;
		}

		// Another launch made it meanwhile, or EC2 did not tell of it yet.
		for (let tries = 0; tries < settling; tries++) {
			const group = await ownGroup(place, vpc, installation, signal);
			if (group) {
				return group;
			}

			await clock.sleep(pause, signal);
		}

		throw error;
	}
}

/** Opens SSH to the callers; what was open to everybody only because they were not known is closed again. Returns what a person should know. */
async function allowSsh(
	place: RegionAccess,
	{GroupId, IpPermissions = []}: SecurityGroup,
	{ranges, note}: AllowedRanges,
	signal: AbortSignal,
): Promise<string[]> {
	const open = new Set(
		IpPermissions.filter(({IpProtocol, FromPort, ToPort}) => IpProtocol === 'tcp' && FromPort === 22 && ToPort === 22).flatMap(
			({IpRanges = []}) => IpRanges.map(({CidrIp}) => CidrIp),
		),
	);
	for (const range of ranges) {
		if (!open.has(range)) {
			await authorize(place, GroupId ?? '', IpPermissions, rule(range), signal);
		}
	}

	if (note === undefined && open.has(everywhere) && !ranges.includes(everywhere)) {
		try {
			await revoke(place, GroupId ?? '', [rule(everywhere)], signal);
		} catch (error) {
			signal.throwIfAborted();
			return [`SSH stays open to the whole internet, for the one key of the run: ${messageOf(error)}`];
		}
	}

	return note === undefined ? [] : [note];
}

const rule = (range: string): IpPermission => ({
	IpProtocol: 'tcp',
	FromPort: 22,
	ToPort: 22,
	IpRanges: [{CidrIp: range, Description: 'SSH'}],
});

async function authorize(
	place: RegionAccess,
	group: string,
	before: readonly IpPermission[],
	permission: IpPermission,
	signal: AbortSignal,
): Promise<void> {
	const {session, client, clock} = place;
	for (let tries = 0; ; tries++) {
		try {
			const command = new session.sdk.AuthorizeSecurityGroupIngressCommand({GroupId: group, IpPermissions: [permission]});
			await callAws(place, 'ec2:AuthorizeSecurityGroupIngress', async () => client.send(command, {abortSignal: signal}), signal);
			return;
		} catch (error) {
			if (isCode(error, 'InvalidPermission.Duplicate')) {
				return;
			}

			if (isCode(error, 'InvalidGroup.NotFound', 'InvalidGroupId.Malformed') && tries < settling) {
				// It was made a moment ago.
				await clock.sleep(pause, signal);
			} else if (isCode(error, 'RulesPerSecurityGroupLimitExceeded') && tries === 0 && before.length > 0) {
				// Addresses that this machine had before.
				await revoke(place, group, before, signal);
			} else {
				throw error;
			}
		}
	}
}

async function revoke(
	place: RegionAccess,
	group: string,
	permissions: readonly IpPermission[],
	signal: AbortSignal,
): Promise<void> {
	const {session, client} = place;
	const command = new session.sdk.RevokeSecurityGroupIngressCommand({GroupId: group, IpPermissions: [...permissions]});
	try {
		await callAws(place, 'ec2:RevokeSecurityGroupIngress', async () => client.send(command, {abortSignal: signal}), signal);
	} catch (error) {
		if (!isCode(error, 'InvalidPermission.NotFound')) {
			throw error;
		}
	}
}
