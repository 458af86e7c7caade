import type {Instance as Ec2Instance, Tag} from '@aws-sdk/client-ec2';
import {messageOf} from '../../../system/problem.js';
import {pages} from '../pages.js';
import {thisMachine} from '../../../system/machine-id.js';
import {instancesBy} from './lookup.js';
import {callAws, cloudNow, isCode, type RegionAccess} from './region-access.js';
import {installationFilter, tagNames, tagValue} from './tags.js';

/** What is younger may belong to an instance that EC2 does not list yet. Milliseconds. */
const young = 10 * 60_000;

/** Something that is left over, and how it is removed. */
type Leftover = {
	readonly what: string;
	readonly done: string;
	readonly action: string;
	readonly remove: () => Promise<unknown>;
};

/**
Removes what this installation has made in a region and no instance needs any more. Nothing without its tag is touched, nor what is
younger than ten minutes. Returns a line for everything that was removed or could not be.
*/
export async function sweepRegion(place: RegionAccess, installation: string): Promise<string[]> {
	const [instances, {id: machine}] = await Promise.all([instancesBy(place, [installationFilter(installation)]), thisMachine()]);
	const lines: string[] = [];
	for (const find of [volumes, spotRequests, keyPairs, securityGroups]) {
		let found: readonly Leftover[];
		try {
			found = await find(
				place,
				{installation, machine},
				instances.filter(({State}) => State?.Name !== 'terminated'),
			);
		} catch (error) {
			lines.push(`${place.region}: ${messageOf(error)}`);
			continue;
		}

		for (const leftover of found) {
			const line = await removeOne(place, leftover);
			if (line !== undefined) {
				lines.push(`${place.region}: ${line}`);
			}
		}
	}

	return lines;
}

async function removeOne(place: RegionAccess, {what, done, action, remove}: Leftover): Promise<string | undefined> {
	try {
		await callAws(place, action, remove);
		return `${what} ${done}`;
	} catch (error) {
		if (isCode(error, 'DependencyViolation', 'InvalidGroup.InUse', 'VolumeInUse')) {
			// Somebody uses it after all, or still: then it is no leftover.
			return undefined;
		}

		// Somebody else was faster.
		return isCode(
			error,
			'InvalidVolume.NotFound',
			'InvalidGroup.NotFound',
			'InvalidKeyPair.NotFound',
			'InvalidSpotInstanceRequestID.NotFound',
		)
			? undefined
			: `${what} could not be removed: ${messageOf(error)}`;
	}
}

/** What of other machines carries the same installation's tag is theirs to sweep. */
type Owner = {readonly installation: string; readonly machine: string};

const isOurs = (tags: readonly Tag[] | undefined, {machine}: Owner): boolean =>
	[undefined, machine].includes(tagValue(tags, tagNames.machine));

type Find = (place: RegionAccess, owner: Owner, alive: readonly Ec2Instance[]) => Promise<Leftover[]>;

const isYoung = (place: RegionAccess, date: Date | undefined): boolean => cloudNow(place) - (date?.getTime() ?? 0) < young;

/** Whether an instance of the same launch is there. */
const isNeeded = (tags: readonly Tag[] | undefined, alive: readonly Ec2Instance[]): boolean => {
	const intent = tagValue(tags, tagNames.intent);
	return intent !== undefined && alive.some(({Tags}) => tagValue(Tags, tagNames.intent) === intent);
};

const volumes: Find = async (place, owner, alive) => {
	const {session, client} = place;
	const found = await callAws(place, 'ec2:DescribeVolumes', async () =>
		pages(async token => {
			const filters = [installationFilter(owner.installation), {Name: 'status', Values: ['available']}];
			const answer = await client.send(new session.sdk.DescribeVolumesCommand({Filters: filters, NextToken: token}));
			return {items: answer.Volumes, next: answer.NextToken};
		}),
	);
	return found
		.filter(
			each =>
				each.State === 'available' && isOurs(each.Tags, owner) && !isYoung(place, each.CreateTime) && !isNeeded(each.Tags, alive),
		)
		.map(({VolumeId: id = '', Size: size}) => ({
			what: `the volume ${id} (${size} GiB)`,
			done: 'was deleted',
			action: 'ec2:DeleteVolume',
			remove: async () => client.send(new session.sdk.DeleteVolumeCommand({VolumeId: id})),
		}));
};

const spotRequests: Find = async (place, owner, alive) => {
	const {session, client} = place;
	const found = await callAws(place, 'ec2:DescribeSpotInstanceRequests', async () =>
		pages(async token => {
			const filters = [installationFilter(owner.installation), {Name: 'state', Values: ['open', 'active']}];
			const answer = await client.send(new session.sdk.DescribeSpotInstanceRequestsCommand({Filters: filters, NextToken: token}));
			return {items: answer.SpotInstanceRequests, next: answer.NextToken};
		}),
	);
	return found
		.filter(({InstanceId: id}) => !alive.some(({InstanceId}) => InstanceId === id))
		.filter(each => isOurs(each.Tags, owner) && !isYoung(place, each.CreateTime) && !isNeeded(each.Tags, alive))
		.map(({SpotInstanceRequestId: id = ''}) => ({
			what: `the spot request ${id}`,
			done: 'was cancelled',
			action: 'ec2:CancelSpotInstanceRequests',
			remove: async () => client.send(new session.sdk.CancelSpotInstanceRequestsCommand({SpotInstanceRequestIds: [id]})),
		}));
};

const keyPairs: Find = async (place, owner, alive) => {
	const {session, client} = place;
	const command = new session.sdk.DescribeKeyPairsCommand({Filters: [installationFilter(owner.installation)]});
	const {KeyPairs: found = []} = await callAws(place, 'ec2:DescribeKeyPairs', async () => client.send(command));
	return found
		.filter(({KeyName: name}) => !alive.some(({KeyName}) => KeyName === name))
		.filter(each => isOurs(each.Tags, owner) && !isYoung(place, each.CreateTime))
		.map(({KeyPairId: id = '', KeyName: name = ''}) => ({
			what: `the key pair ${name}`,
			done: 'was deleted',
			action: 'ec2:DeleteKeyPair',
			remove: async () => client.send(new session.sdk.DeleteKeyPairCommand(id === '' ? {KeyName: name} : {KeyPairId: id})),
		}));
};

const securityGroups: Find = async (place, owner, alive) => {
	const {session, client} = place;
	const found = await callAws(place, 'ec2:DescribeSecurityGroups', async () =>
		pages(async token => {
			const command = new session.sdk.DescribeSecurityGroupsCommand({
				Filters: [installationFilter(owner.installation)],
				NextToken: token,
			});
			const answer = await client.send(command);
			return {items: answer.SecurityGroups, next: answer.NextToken};
		}),
	);
	return found
		.filter(({GroupId: id}) => !alive.some(({SecurityGroups: groups}) => groups?.some(({GroupId}) => GroupId === id)))
		.map(({GroupId: id = '', GroupName: name = ''}) => ({
			what: `the security group ${name} (${id})`,
			done: 'was deleted',
			action: 'ec2:DeleteSecurityGroup',
			remove: async () => client.send(new session.sdk.DeleteSecurityGroupCommand({GroupId: id})),
		}));
};
