import type {_InstanceType, EC2Client, Instance, InstanceTypeInfo, SpotPrice} from '@aws-sdk/client-ec2';
import type {Offer} from '../../offers/offer.js';
import type {Clock} from '../../system/clock.js';
import {messageOf} from '../../system/problem.js';
import {typeName} from '../../system/values.js';
import {classify} from './errors.js';
import type {HardwareBook} from './hardware.js';
import {onDemandOffers, type PricesFor, spotOffers} from './offers.js';
import {type KnownPrice} from '../../offers/on-demand-price.js';
import {familyOf, quotaCodes, type RegionQuotas} from './quotas.js';
import {pages} from './pages.js';
import type {Session} from './session.js';
import {ownTurn} from './turns.js';

const pageSize = 1000;

export type RegionListing = {
	readonly offers: Offer[];
	/** What could not be found out here, and what follows from it. The same words in each region. */
	readonly notes: readonly string[];
	/** Types without a known on-demand price. */
	readonly unpriced: number;
};

export type RegionQuestion = {
	readonly session: Session;
	readonly region: string;
	readonly book: HardwareBook;
	readonly pricesFor: PricesFor;
	readonly clock: Clock;
	readonly signal: AbortSignal;
};

/** All offers of one region. Throws the `BackendError` of a call without which there are none; of the others it tells in notes. */
export async function listRegion(question: RegionQuestion): Promise<RegionListing> {
	const {session, region, book, pricesFor, clock, signal} = question;
	const client = session.ec2(region);
	const notes: string[] = [];
	const optional = async <T>(action: string, consequence: string, act: () => Promise<T>): Promise<T | undefined> => {
		try {
			return await act();
		} catch (error) {
			signal.throwIfAborted();
			notes.push(`${classify(error, action, session.secrets).error.message}: ${consequence}`);
			return undefined;
		}
	};

	const essential = async <T>(action: string, act: () => Promise<T>): Promise<T> => {
		try {
			return await act();
		} catch (error) {
			signal.throwIfAborted();
			throw classify(error, action, session.secrets).error;
		}
	};

	const describe = async (names: string[]) =>
		essential('ec2:DescribeInstanceTypes', async () => describeTypes(session, client, names, signal));
	const types = async () => {
		const zones = await essential('ec2:DescribeInstanceTypeOfferings', async () => offeredZones(session, client, signal));
		await book.learn([...zones.keys()], describe, clock, signal);
		return zones;
	};

	const [zones, spot, limits, instances] = await Promise.all([
		types(),
		optional('ec2:DescribeSpotPriceHistory', 'no spot offers', async () => spotPrices(session, client, clock, signal)),
		optional('servicequotas:ListServiceQuotas', 'quotas are not known', async () => readLimits(session, region, signal)),
		optional('ec2:DescribeInstances', 'what runs is not counted against quotas', async () =>
			runningInstances(session, client, signal),
		),
	]);
	const prices = await pricesFor(region, [...zones.keys()]).catch((error: unknown) => {
		notes.push(`on-demand prices cannot be read: ${messageOf(error)}`);
		return new Map<string, KnownPrice>();
	});
	await ownTurn();
	const quotas: RegionQuotas = {limits: limits ?? new Map<string, number>(), used: instances && usage(instances, book)};
	const context = {region, book, quotas, now: clock.now(), prices};
	const {offers, unpriced} = onDemandOffers(zones, context);
	return {offers: [...offers, ...spotOffers(spot ?? [], zones, context)], notes, unpriced};
}

/** Zones of the region itself by instance type. Those of cities (`us-east-1-bos-1a`) have other prices and no default network. */
async function offeredZones(session: Session, client: EC2Client, signal: AbortSignal): Promise<Map<string, string[]>> {
	const offered = await pages(async token => {
		const command = new session.sdk.DescribeInstanceTypeOfferingsCommand({
			LocationType: 'availability-zone',
			MaxResults: pageSize,
			NextToken: token,
		});
		const answer = await client.send(command, {abortSignal: signal});
		return {items: answer.InstanceTypeOfferings, next: answer.NextToken};
	});
	const zones = new Map<string, string[]>();
	for (const {InstanceType: name, Location: zone} of offered) {
		if (typeName.is(name) && zone && isPlainZone(zone)) {
			zones.set(name, [...(zones.get(name) ?? []), zone]);
		}
	}

	return zones;
}

export const isPlainZone = (zone: string): boolean => /^[a-z]{2}(?:-[a-z]+)+-\d+[a-z]$/.test(zone);

async function describeTypes(
	session: Session,
	client: EC2Client,
	names: string[],
	signal: AbortSignal,
): Promise<InstanceTypeInfo[]> {
	return pages(async token => {
		const command = new session.sdk.DescribeInstanceTypesCommand({
			InstanceTypes: names as _InstanceType[],
			NextToken: token,
		});
		const answer = await client.send(command, {abortSignal: signal});
		return {items: answer.InstanceTypes, next: answer.NextToken};
	});
}

/** The prices in force now. By parameter and not by filter: the filter is known to give fewer. */
async function spotPrices(session: Session, client: EC2Client, clock: Clock, signal: AbortSignal): Promise<SpotPrice[]> {
	const now = new Date(clock.now());
	return pages(async token => {
		const command = new session.sdk.DescribeSpotPriceHistoryCommand({
			StartTime: now,
			ProductDescriptions: ['Linux/UNIX'],
			MaxResults: pageSize,
			NextToken: token,
		});
		const answer = await client.send(command, {abortSignal: signal});
		return {items: answer.SpotPriceHistory, next: answer.NextToken};
	});
}

export async function readLimits(session: Session, region: string, signal: AbortSignal): Promise<Map<string, number>> {
	const client = session.quotas(region);
	const all = await pages(async token => {
		const command = new session.sdk.ListServiceQuotasCommand({ServiceCode: 'ec2', MaxResults: 100, NextToken: token});
		const answer = await client.send(command, {abortSignal: signal});
		return {items: answer.Quotas, next: answer.NextToken};
	});
	return new Map(
		all.flatMap(({QuotaCode: code, Value: value}) =>
			code !== undefined && typeof value === 'number' && Number.isFinite(value) && quotaCodes.has(code)
				? [[code, value] as const]
				: [],
		),
	);
}

export async function runningInstances(session: Session, client: EC2Client, signal: AbortSignal): Promise<Instance[]> {
	const reservations = await pages(async token => {
		const command = new session.sdk.DescribeInstancesCommand({
			Filters: [{Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'shutting-down']}],
			MaxResults: pageSize,
			NextToken: token,
		});
		const answer = await client.send(command, {abortSignal: signal});
		return {items: answer.Reservations, next: answer.NextToken};
	});
	return reservations.flatMap(({Instances: instances}) => instances ?? []);
}

/** vCPUs that run, by the quota they count in. */
export function usage(instances: readonly Instance[], book: HardwareBook): Map<string, number> {
	const used = new Map<string, number>();
	for (const {InstanceType: type, InstanceLifecycle: lifecycle, CpuOptions: cpu} of instances) {
		const family = familyOf(type ?? '');
		const code = lifecycle === 'spot' ? family?.spot : lifecycle === undefined ? family?.onDemand : undefined;
		if (type !== undefined && code !== undefined) {
			const own = cpu?.CoreCount && cpu.ThreadsPerCore ? cpu.CoreCount * cpu.ThreadsPerCore : undefined;
			used.set(code, (used.get(code) ?? 0) + (own ?? book.get(type)?.cpu ?? 0));
		}
	}

	return used;
}
