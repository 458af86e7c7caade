import type {Gpu, Offer} from '../../offers/offer.js';
import {gpuName, gpuVendor} from '../../offers/gpu-names.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {GpuType, Stock} from './query.js';

/** Where a stock was asked for: a data center of the secure cloud, or the community's machines anywhere. */
export type StockLocation = {readonly region: string; readonly secure: boolean};

const statuses = new Set(['high', 'medium', 'low']);

export const isInStock = ({stockStatus}: Stock): boolean => statuses.has(stockStatus?.toLowerCase() ?? '');

type Market = {readonly spot: boolean; readonly perCard: number};

function marketsOf(type: GpuType, {secure}: StockLocation): Market[] {
	const [fixed, spot] = secure ? [type.securePrice, type.secureSpotPrice] : [type.communityPrice, type.communitySpotPrice];
	return [
		...(fixed ? [{spot: false, perCard: fixed}] : []),
		// Zero means that there is no such market.
		...(spot ? [{spot: true, perCard: spot}] : []),
	];
}

/** What is in stock in one place, in both markets. */
export function stockOffers(type: GpuType, count: number, stock: Stock, place: StockLocation, date: number): Offer[] {
	const markets = marketsOf(type, place);
	const fixed = markets.find(({spot}) => !spot)?.perCard;
	return markets.map(({spot, perCard}) => ({
		...common(type, count, place, spot, date),
		cpu: Math.max(1, Math.floor(stock.minVcpu ?? 1)),
		memory: Math.round((stock.minMemory ?? 0) * 1024),
		price: round(perCard * count),
		// The stock is of machines to be rented at the fixed price; only a price to bid says that the other market is open.
		availability: spot && !stock.minimumBidPrice ? 'unknown' : 'available',
		notes: [
			...(stock.stockStatus?.toLowerCase() === 'low' ? ['Few are left.'] : []),
			...(spot && fixed !== undefined && perCard >= fixed ? ['Spot costs as much as on-demand here.'] : []),
			...(place.secure ? [] : ['Community cloud: a private host runs it.']),
		],
	}));
}

/** A card that is nowhere in stock: it is there once, as what cannot be had. */
export const soldOut = (type: GpuType, date: number): Offer[] => {
	const place = {region: 'any', secure: true};
	return marketsOf(type, place)
		.filter(({spot}) => !spot)
		.map(({perCard}) => ({
			...common(type, 1, place, false, date),
			cpu: 1,
			memory: 0,
			price: perCard,
			availability: 'unavailable' as const,
			notes: ['No data center has it in stock now; RunPod does not say its CPUs and memory then.'],
		}));
};

const round = (price: number): number => Math.round(price * 1e6) / 1e6;

function common(type: GpuType, count: number, {region, secure}: StockLocation, spot: boolean, date: number) {
	const gpu: Gpu = {
		vendor: gpuVendor(gpuName(neutraliseLine(type.displayName)), neutraliseLine(type.manufacturer ?? 'nvidia')),
		name: gpuName(neutraliseLine(type.displayName)),
		count,
		memory: Math.round(type.memoryInGb * 1024),
	};
	const instanceType = `${count}x_${gpu.name}_${secure ? 'SECURE' : 'COMMUNITY'}`;
	return {
		// The card's own id: two that are called the same are two offers.
		id: `runpod:${region}:${count}x${type.id}:${secure ? 'secure' : 'community'}:${spot ? 'spot' : 'od'}`,
		backend: 'runpod',
		region,
		instanceType,
		architecture: 'x86_64' as const,
		gpus: [gpu],
		disk: undefined,
		spot,
		priceSource: 'runpod, live',
		priceDate: date,
		deadline: 'provider' as const,
		kind: 'container' as const,
	};
}
