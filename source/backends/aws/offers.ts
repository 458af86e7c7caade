import type {KnownPrice, OnDemandPriceLookup} from '../../offers/on-demand-price.js';
import type {SpotPrice} from '@aws-sdk/client-ec2';
import {offerId} from '../../offers/facts.js';
import type {Offer} from '../../offers/offer.js';
import type {Hardware, HardwareBook} from './hardware.js';
import {quotaFor, type RegionQuotas} from './quotas.js';

/** The known prices of one region's types, by type: asked for together, as they may be in another process. */
export type PricesFor = (region: string, instanceTypes: readonly string[]) => Promise<ReadonlyMap<string, KnownPrice>>;

/** The prices that `prices` reads when the first are needed. */
export const pricesFrom =
	(prices: () => Promise<OnDemandPriceLookup>): PricesFor =>
	async (region, instanceTypes) => {
		const priceOf = await prices();
		return new Map(
			instanceTypes.flatMap(name => {
				const known = priceOf(region, name);
				return known ? [[name, known] as const] : [];
			}),
		);
	};

export type OfferContext = {
	readonly region: string;
	readonly book: HardwareBook;
	readonly quotas: RegionQuotas;
	/** Milliseconds since the epoch. */
	readonly now: number;
	/** By instance type. */
	readonly prices: ReadonlyMap<string, KnownPrice>;
};

/** Zones by instance type. */
export type Zones = ReadonlyMap<string, readonly string[]>;

/** One for each type that the region has and whose price is known. AWS never says what is in stock: the launch does. */
export function onDemandOffers(zones: Zones, context: OfferContext): {offers: Offer[]; unpriced: number} {
	const {region, book, prices: known} = context;
	const offers: Offer[] = [];
	let unpriced = 0;
	for (const name of zones.keys()) {
		const hardware = book.get(name);
		if (!hardware?.onDemand) {
			continue;
		}

		const fixed = known.get(name);
		if (!fixed || !(fixed.price > 0)) {
			unpriced++;
			continue;
		}

		offers.push({
			...common(name, hardware, false, context, []),
			id: offerId({backend: 'aws', region, zone: undefined, instanceType: name, spot: false}),
			price: fixed.price,
			priceSource: fixed.source,
			priceDate: fixed.date,
		});
	}

	return {offers, unpriced};
}

/** One for each type and zone: the price is the zone's, and so is the capacity. */
export function spotOffers(prices: readonly SpotPrice[], zones: Zones, context: OfferContext): Offer[] {
	const {region, book, prices: known, now} = context;
	const offers: Offer[] = [];
	for (const {type, zone, price} of latest(prices)) {
		const hardware = book.get(type);
		if (!hardware?.spot || !zones.get(type)?.includes(zone)) {
			continue;
		}

		const onDemand = known.get(type)?.price;
		const notes = onDemand !== undefined && price >= onDemand ? dear : none;
		offers.push({
			...common(type, hardware, true, context, notes),
			id: offerId({backend: 'aws', region, zone, instanceType: type, spot: true}),
			zone,
			price,
			priceSource: 'aws spot, live',
			priceDate: now,
		});
	}

	return offers;
}

// Shared by many thousand offers.
const none: readonly string[] = [];
const dear: readonly string[] = ['Spot costs as much as on-demand here.'];

function common(
	name: string,
	{cpu, memory, architecture, gpus}: Hardware,
	spot: boolean,
	{region, quotas}: OfferContext,
	notes: readonly string[],
) {
	const quota = quotaFor(quotas, region, name, cpu, spot);
	return {
		backend: 'aws',
		region,
		instanceType: name,
		cpu,
		architecture,
		memory,
		gpus,
		// Its disk is a volume of the size that is asked for.
		disk: undefined,
		spot,
		availability: quota?.note === undefined ? ('unknown' as const) : ('no quota' as const),
		deadline: 'guest' as const,
		kind: 'machine' as const,
		...(quota && {quota: {limit: quota.limit, used: quota.used}}),
		notes: quota?.note === undefined ? notes : [quota.note, ...notes],
	};
}

type ZonePrice = {readonly type: string; readonly zone: string; readonly price: number; readonly since: number};

/** The last price of each type and zone. A market without a price, or with none at all, is none. */
function latest(prices: readonly SpotPrice[]): Iterable<ZonePrice> {
	const found = new Map<string, ZonePrice>();
	for (const {InstanceType: type, AvailabilityZone: zone, SpotPrice: said, Timestamp: at} of prices) {
		const price = Number(said);
		if (type && zone && Number.isFinite(price) && price > 0) {
			const since = at?.getTime() ?? 0;
			const key = `${zone} ${type}`;
			if ((found.get(key)?.since ?? -1) < since) {
				found.set(key, {type, zone, price, since});
			}
		}
	}

	return found.values();
}
