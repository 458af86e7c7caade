import type {Filter, Instance as Ec2Instance, Reservation} from '@aws-sdk/client-ec2';
import {pages} from '../pages.js';
import {callAws, isCode, type RegionAccess} from './region-access.js';
import {tagNames} from './tags.js';

/** An instance as EC2 describes it, and the account that it is in. */
export type OwnedInstance = Ec2Instance & {readonly owner: string | undefined};

/** EC2 reports the owner of a reservation, which holds its instances. */
export const instancesOf = (reservations: readonly Reservation[] | undefined): OwnedInstance[] =>
	(reservations ?? []).flatMap(({Instances: instances, OwnerId: owner}) => (instances ?? []).map(each => ({...each, owner})));

/** Instances by filters, page by page. */
export async function instancesBy(place: RegionAccess, filters: readonly Filter[]): Promise<OwnedInstance[]> {
	const {session, client, signal: abortSignal} = place;
	const list = async () => {
		const reservations = await pages(async token => {
			const command = new session.sdk.DescribeInstancesCommand({Filters: [...filters], MaxResults: 1000, NextToken: token});
			const answer = await client.send(command, {abortSignal});
			return {items: answer.Reservations, next: answer.NextToken};
		});
		return instancesOf(reservations);
	};

	return callAws(place, 'ec2:DescribeInstances', list, abortSignal);
}

/** The instance with this id; undefined while EC2 does not list it. */
export async function instanceById(place: RegionAccess, instanceId: string): Promise<OwnedInstance | undefined> {
	const {session, client, signal: abortSignal} = place;
	try {
		const command = new session.sdk.DescribeInstancesCommand({InstanceIds: [instanceId]});
		const describe = async () => client.send(command, {abortSignal});
		const {Reservations: found} = await callAws(place, 'ec2:DescribeInstances', describe, abortSignal);
		return instancesOf(found)[0];
	} catch (error) {
		if (isCode(error, 'InvalidInstanceID.NotFound')) {
			return undefined;
		}

		throw error;
	}
}

/** When what was made a moment ago is looked for again, milliseconds since the first look. */
const looks = [0, 2000, 5000, 10_000, 20_000] as const;

/**
The instance that was launched with a token, or is tagged with it. What EC2 has made a moment ago it may not list yet: it is looked for
during 20 seconds.
*/
export async function instanceOfIntent(place: RegionAccess, intentId: string): Promise<OwnedInstance | undefined> {
	let waited = 0;
	for (const look of looks) {
		await place.clock.sleep(look - waited, place.signal);
		waited = look;
		const byTag = await instancesBy(place, [{Name: `tag:${tagNames.intent}`, Values: [intentId]}]);
		// Tags can be taken away.
		const found = byTag.length > 0 ? byTag : await instancesBy(place, [{Name: 'client-token', Values: [intentId]}]);
		// One that lives counts more than one that has ended.
		const instance = found.find(({State}) => State?.Name !== 'terminated') ?? found[0];
		if (instance) {
			return instance;
		}
	}

	return undefined;
}
