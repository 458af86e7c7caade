import {classify, type Failure} from './errors.js';
import type {Session} from './session.js';

/** A permission that listing needs, what is lost without it, and the cheapest question that tells whether it is there. */
type Need = {
	readonly permission: string;
	readonly without: string;
	/** Without it there are no offers at all. */
	readonly essential: boolean;
	readonly ask: (session: Session, region: string, signal: AbortSignal) => Promise<unknown>;
};

// A dry run answers whether the question would be allowed, and nothing else.
const dry = {DryRun: true, MaxResults: 5} as const;

const needs: readonly Need[] = [
	{
		permission: 'ec2:DescribeInstanceTypeOfferings',
		without: 'no offers',
		essential: true,
		ask: async ({sdk, ec2}, region, abortSignal) =>
			ec2(region).send(new sdk.DescribeInstanceTypeOfferingsCommand(dry), {abortSignal}),
	},
	{
		permission: 'ec2:DescribeInstanceTypes',
		without: 'no offers',
		essential: true,
		ask: async ({sdk, ec2}, region, abortSignal) => ec2(region).send(new sdk.DescribeInstanceTypesCommand(dry), {abortSignal}),
	},
	{
		permission: 'ec2:DescribeSpotPriceHistory',
		without: 'no spot offers',
		essential: false,
		ask: async ({sdk, ec2}, region, abortSignal) => ec2(region).send(new sdk.DescribeSpotPriceHistoryCommand(dry), {abortSignal}),
	},
	{
		permission: 'ec2:DescribeInstances',
		without: 'what runs is not counted against quotas',
		essential: false,
		ask: async ({sdk, ec2}, region, abortSignal) => ec2(region).send(new sdk.DescribeInstancesCommand(dry), {abortSignal}),
	},
	{
		permission: 'servicequotas:ListServiceQuotas',
		without: 'quotas are not known',
		essential: false,
		ask: async ({sdk, quotas}, region, abortSignal) =>
			quotas(region).send(new sdk.ListServiceQuotasCommand({ServiceCode: 'ec2', MaxResults: 1}), {abortSignal}),
	},
];

export type Permissions = {
	readonly missing: readonly string[];
	readonly notes: readonly string[];
	/** Whether offers can be listed. */
	readonly enough: boolean;
	readonly next: string | undefined;
};

/** Which of the permissions for listing are there, by one small question each, all at once. */
export async function checkPermissions(session: Session, region: string, signal: AbortSignal): Promise<Permissions> {
	const answers = await Promise.all(needs.map(async need => ({need, failure: await tryOut(need, session, region, signal)})));
	const failed = answers.flatMap(({need, failure}) => (failure ? [{need, failure}] : []));
	return {
		missing: failed.flatMap(({failure: {permission}}) => permission ?? []),
		notes: failed.map(({need, failure}) => `${failure.error.message}: ${need.without}`),
		enough: failed.every(({need}) => !need.essential),
		next: failed[0]?.failure.error.next,
	};
}

async function tryOut(need: Need, session: Session, region: string, signal: AbortSignal): Promise<Failure | undefined> {
	try {
		await need.ask(session, region, signal);
		return undefined;
	} catch (error) {
		signal.throwIfAborted();
		const failure = classify(error, need.permission, session.secrets);
		return failure.code === 'DryRunOperation' ? undefined : failure;
	}
}
