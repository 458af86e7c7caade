import type {RouteTable, Subnet} from '@aws-sdk/client-ec2';
import {BackendError} from '../../backend.js';
import type {AwsLaunchSettings} from '../../settings/index.js';
import {pages} from '../pages.js';
import {callAws, type RegionAccess} from './region-access.js';

/** Where an instance is put. Without a subnet EC2 chooses one of the default VPC's, in a zone that has capacity. */
export type Network = {readonly vpc: string; readonly subnet: string | undefined};

/** A setting that is one value, or one for each region. */
export const inRegion = (value: string | Readonly<Record<string, string>> | undefined, region: string): string | undefined =>
	typeof value === 'string' ? value : value?.[region];

const filter = (name: string, ...values: readonly string[]) => ({Name: name, Values: [...values]});

/**
The network for an instance: the subnet or VPC of the settings, else the default VPC. `zone` is where it must be, where one was named;
`seed` chooses among several subnets that would do, the same for the same text. Throws a `configuration` error where there is none.
*/
export async function findNetwork(
	place: RegionAccess,
	settings: AwsLaunchSettings,
	zone: string | undefined,
	seed: string,
	signal: AbortSignal,
): Promise<Network> {
	const {region} = place;
	const fixed = inRegion(settings.subnet_id, region);
	if (fixed !== undefined) {
		const [subnet] = await subnetsOf(place, {SubnetIds: [fixed]}, signal);
		return pick(place, subnet ? [subnet] : [], zone, seed, `the subnet ${fixed}`);
	}

	const own =
		settings.vpc_ids?.[region] ?? (settings.vpc_name === undefined ? undefined : await named(place, settings.vpc_name, signal));
	if (own !== undefined) {
		const subnets = await subnetsOf(place, {Filters: [filter('vpc-id', own), filter('state', 'available')]}, signal);
		const usable = settings.public_ips === false ? subnets : await publicOnes(place, own, subnets, signal);
		if (usable.length === 0) {
			throw new BackendError('configuration', `the VPC ${own} has no ${settings.public_ips === false ? '' : 'public '}subnet`, {
				next: 'Give it a subnet with a route to an internet gateway, or set `public_ips: false` in backends.yml if you reach it through a VPN.',
			});
		}

		return pick(place, usable, zone, seed, `the VPC ${own}`);
	}

	return defaultNetwork(place, settings, zone, seed, signal);
}

async function defaultNetwork(
	place: RegionAccess,
	settings: AwsLaunchSettings,
	zone: string | undefined,
	seed: string,
	signal: AbortSignal,
): Promise<Network> {
	const {session, client, region} = place;
	const isAllowed = settings.default_vpcs ?? true;
	const command = new session.sdk.DescribeVpcsCommand({Filters: [filter('is-default', 'true')]});
	const {Vpcs: [vpc] = []} = isAllowed
		? await callAws(place, 'ec2:DescribeVpcs', async () => client.send(command, {abortSignal: signal}), signal)
		: {};
	if (!vpc?.VpcId) {
		throw new BackendError(
			'configuration',
			isAllowed ? `${region} has no default VPC` : `no VPC is named for ${region}, and the default one is not to be used`,
			{
				next: `${isAllowed ? `Make one (\`aws ec2 create-default-vpc --region ${region}\`), or name` : 'Name'} one in backends.yml: vpc_ids, vpc_name or subnet_id.`,
			},
		);
	}

	const subnets = await subnetsOf(place, {Filters: [filter('vpc-id', vpc.VpcId), filter('default-for-az', 'true')]}, signal);
	if (subnets.length === 0) {
		throw new BackendError('configuration', `the default VPC of ${region} has no public subnet`, {
			next: `Make one (\`aws ec2 create-default-subnet --region ${region} --availability-zone ${zone ?? `${region}a`}\`), or name one in backends.yml: subnet_id.`,
		});
	}

	const isPlain = settings.public_ips !== false && subnets.every(({MapPublicIpOnLaunch}) => MapPublicIpOnLaunch);
	return isPlain && zone === undefined
		? {vpc: vpc.VpcId, subnet: undefined}
		: pick(place, subnets, zone, seed, `the default VPC of ${region}`);
}

function pick(
	{region}: RegionAccess,
	subnets: readonly Subnet[],
	zone: string | undefined,
	seed: string,
	where: string,
): Network {
	const sorted = [...subnets].sort((a, b) => key(a).localeCompare(key(b)));
	if (sorted.length === 0) {
		throw new BackendError('configuration', `${where} is not there in ${region}`, {
			next: 'Look at the entry of aws in backends.yml.',
		});
	}

	const there = sorted.filter(({AvailabilityZone}) => zone === undefined || AvailabilityZone === zone);
	const sum = [...seed].reduce((total, letter) => (total * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003, 7);
	const chosen = there[sum % Math.max(1, there.length)];
	if (!chosen?.SubnetId || !chosen.VpcId) {
		// Another zone's offer may do: that is what lack of capacity means to whoever tries them.
		throw new BackendError('capacity', `${where} has no public subnet in ${zone ?? region}`, {
			zones: sorted.flatMap(({AvailabilityZone}) => AvailabilityZone ?? []),
		});
	}

	return {vpc: chosen.VpcId, subnet: chosen.SubnetId};
}

const key = ({AvailabilityZone: zone = '', SubnetId: id = ''}: Subnet): string => `${zone} ${id}`;

async function subnetsOf(
	place: RegionAccess,
	question: {SubnetIds: string[]} | {Filters: Array<{Name: string; Values: string[]}>},
	signal: AbortSignal,
): Promise<Subnet[]> {
	const {session, client} = place;
	return callAws(
		place,
		'ec2:DescribeSubnets',
		async () =>
			pages(async token => {
				const answer = await client.send(new session.sdk.DescribeSubnetsCommand({...question, NextToken: token}), {
					abortSignal: signal,
				});
				return {items: answer.Subnets, next: answer.NextToken};
			}),
		signal,
	);
}

async function named(place: RegionAccess, name: string, signal: AbortSignal): Promise<string> {
	const {session, client, region} = place;
	const command = new session.sdk.DescribeVpcsCommand({Filters: [filter('tag:Name', name)]});
	const {Vpcs: found = []} = await callAws(
		place,
		'ec2:DescribeVpcs',
		async () => client.send(command, {abortSignal: signal}),
		signal,
	);
	const [vpc] = found;
	if (found.length !== 1 || !vpc?.VpcId) {
		throw new BackendError(
			'configuration',
			`${found.length === 0 ? `no VPC in ${region} is` : `${found.length} VPCs in ${region} are`} called ${name}`,
			{
				next: 'Name it by its id in backends.yml: vpc_ids.',
			},
		);
	}

	return vpc.VpcId;
}

/** Those from which the internet is reached: their route table, or else the VPC's main one, leads to an internet gateway. */
async function publicOnes(place: RegionAccess, vpc: string, subnets: readonly Subnet[], signal: AbortSignal): Promise<Subnet[]> {
	const {session, client} = place;
	const tables = await callAws(
		place,
		'ec2:DescribeRouteTables',
		async () =>
			pages(async token => {
				const command = new session.sdk.DescribeRouteTablesCommand({Filters: [filter('vpc-id', vpc)], NextToken: token});
				const answer = await client.send(command, {abortSignal: signal});
				return {items: answer.RouteTables, next: answer.NextToken};
			}),
		signal,
	);
	const main = tables.find(({Associations}) => Associations?.some(({Main}) => Main));
	return subnets.filter(({SubnetId: id}) => {
		const own = tables.find(({Associations}) => Associations?.some(({SubnetId}) => SubnetId === id));
		return leadsOut(own ?? main);
	});
}

const leadsOut = (table: RouteTable | undefined): boolean =>
	table?.Routes?.some(
		({DestinationCidrBlock, GatewayId}) => DestinationCidrBlock === '0.0.0.0/0' && GatewayId?.startsWith('igw-'),
	) ?? false;
