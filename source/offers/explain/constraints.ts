import type {Range, Requirements} from '../../configuration/model.js';
import {within} from '../../configuration/grammar/ranges.js';
import {rangeWords} from '../../configuration/grammar/requirement-words.js';
import {capabilityOf} from '../matching.js';
import {mayBeIn} from '../facts.js';
import {formatMemory, formatPrice} from '../format.js';
import type {Gpu} from '../offer.js';
import type {OfferTable} from '../table.js';
import {bits} from '../table/rows.js';
import {architectures} from '../table/shapes.js';

/** Single things that requirements ask, in the order in which they are reported: where, what, how. */
export const constraintIds = [
	'backends',
	'regions',
	'availabilityZones',
	'instanceTypes',
	'gpu',
	'gpuVendor',
	'gpuName',
	'gpuMemory',
	'gpuTotalMemory',
	'computeCapability',
	'gpuCount',
	'architecture',
	'cpu',
	'memory',
	'disk',
	'spotPolicy',
	'maxPrice',
] as const;
export type ConstraintId = (typeof constraintIds)[number];

export const bitOf = (id: ConstraintId): number => 1 << constraintIds.indexOf(id);
const bit = Object.fromEntries(constraintIds.map(id => [id, bitOf(id)])) as Readonly<Record<ConstraintId, number>>;

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const noneOf = (wanted: readonly string[] | undefined, given: string): boolean =>
	wanted !== undefined && !wanted.some(each => same(each, given));
const outside = (value: number, range: Range | undefined): boolean => range !== undefined && !within(value, range);

/** Bits of the constraints that GPUs of one kind fail. */
export function gpuMask(gpu: Gpu, {gpu: wanted}: Requirements): number {
	return wanted === undefined
		? 0
		: (wanted.vendor !== undefined && !same(wanted.vendor, gpu.vendor) ? bit.gpuVendor : 0) |
				(noneOf(wanted.names, gpu.name) ? bit.gpuName : 0) |
				(outside(gpu.memory, wanted.memory) ? bit.gpuMemory : 0) |
				(outside(gpu.memory * gpu.count, wanted.totalMemory) ? bit.gpuTotalMemory : 0) |
				(outside(capabilityOf(gpu.name) ?? 0, wanted.computeCapability) ? bit.computeCapability : 0) |
				(outside(gpu.count, wanted.count ?? {min: 1}) ? bit.gpuCount : 0);
}

export const countBits = (mask: number): number => {
	let count = 0;
	for (let rest = mask; rest !== 0; rest &= rest - 1) {
		count++;
	}

	return count;
};

/** Of several kinds the one that fails least. */
const gpusMask = (gpus: readonly Gpu[], requirements: Requirements): number =>
	requirements.gpu === undefined
		? 0
		: gpus
				.map(gpu => gpuMask(gpu, requirements))
				.reduce((least, mask) => (least === bit.gpu || countBits(mask) < countBits(least) ? mask : least), bit.gpu);

/** What each row fails, as bits of the constraints: the same as asking `mismatch` one thing at a time. */
export function failures(table: OfferTable, requirements: Requirements): (row: number) => number {
	const {place, shape, price, flags} = table.columns;
	const {spotPolicy, maxPrice = Number.POSITIVE_INFINITY} = requirements;
	const places = placeMasks(table, requirements);
	const shapes = shapeMasks(table, requirements);
	const assumed = (requirements.assumed.has('cpu') ? bit.cpu : 0) | (requirements.assumed.has('memory') ? bit.memory : 0);
	return row => {
		const cost = price[row] as number;
		const isSpot = ((flags[row] as number) & bits.spot) !== 0;
		const hardware = shapes[shape[row] as number] as number;
		const isWrongMarket = spotPolicy === 'spot' ? !isSpot && cost !== 0 : spotPolicy === 'on-demand' && isSpot;
		return (
			(places[place[row] as number] as number) |
			(cost > 0 ? hardware : hardware & ~assumed) |
			(isWrongMarket ? bit.spotPolicy : 0) |
			(cost > maxPrice ? bit.maxPrice : 0)
		);
	};
}

function placeMasks({places}: OfferTable, {backends, regions, availabilityZones}: Requirements): Uint32Array {
	return Uint32Array.from({length: places.size}, (_, code) => {
		const {backend, region, zone} = places.at(code);
		return (
			(backends !== undefined && !backends.includes(backend) ? bit.backends : 0) |
			(regions !== undefined && !regions.some(each => mayBeIn(each, {backend, region})) ? bit.regions : 0) |
			(zone !== undefined && noneOf(availabilityZones, zone) ? bit.availabilityZones : 0)
		);
	});
}

function shapeMasks({shapes}: OfferTable, requirements: Requirements): Uint32Array {
	const {instanceTypes, cpu, memory, disk} = requirements;
	const cards = shapes.gpuLists.values.map(list => gpusMask(list, requirements));
	const types = shapes.types.values.map(type => (noneOf(instanceTypes, type) ? bit.instanceTypes : 0));
	const masks = new Uint32Array(shapes.size);
	for (let code = 0; code < masks.length; code++) {
		const kind = architectures[shapes.architecture[code] ?? 0];
		const size = shapes.disk[code] ?? Number.NaN;
		masks[code] =
			(cards[shapes.gpus[code] ?? 0] ?? 0) |
			(types[shapes.type[code] ?? 0] ?? 0) |
			(cpu.architecture !== undefined && kind !== 'unknown' && kind !== cpu.architecture ? bit.architecture : 0) |
			(outside(shapes.cpu[code] ?? 0, cpu.count) ? bit.cpu : 0) |
			(outside(shapes.memory[code] ?? 0, memory) ? bit.memory : 0) |
			(!Number.isNaN(size) && outside(size, disk) ? bit.disk : 0);
	}

	return masks;
}

const list = (values: readonly string[] = []): string => values.join(', ');

/** A constraint of these requirements in words; undefined where they do not have it. */
export function constraintWords(id: ConstraintId, requirements: Requirements): string | undefined {
	const {backends, regions, availabilityZones, instanceTypes, gpu, cpu, memory, disk, spotPolicy, maxPrice} = requirements;
	const sized = (what: string, range: Range | undefined) => range && `${what} ${rangeWords(range, formatMemory)}`;
	const isBounded = ({min, max}: Range) => min !== undefined || max !== undefined;
	switch (id) {
		case 'backends': {
			return backends && `backend ${list(backends)}`;
		}

		case 'regions': {
			return regions && `region ${list(regions)}`;
		}

		case 'availabilityZones': {
			return availabilityZones && `zone ${list(availabilityZones)}`;
		}

		case 'instanceTypes': {
			return instanceTypes && `instance type ${list(instanceTypes)}`;
		}

		case 'gpu': {
			return gpu && 'a GPU at all';
		}

		case 'gpuVendor': {
			return gpu?.vendor && `GPU by ${gpu.vendor}`;
		}

		case 'gpuName': {
			return gpu?.names && `GPU ${list(gpu.names)}`;
		}

		case 'gpuMemory': {
			return sized('memory of each GPU', gpu?.memory);
		}

		case 'gpuTotalMemory': {
			return sized('memory of all GPUs', gpu?.totalMemory);
		}

		case 'computeCapability': {
			return gpu?.computeCapability && `compute capability ${rangeWords(gpu.computeCapability)}`;
		}

		case 'gpuCount': {
			return gpu && `number of GPUs ${rangeWords(gpu.count ?? {min: 1})}`;
		}

		case 'architecture': {
			return cpu.architecture && `${cpu.architecture} processor`;
		}

		case 'cpu': {
			return isBounded(cpu.count) ? `cores ${rangeWords(cpu.count)}` : undefined;
		}

		case 'memory': {
			return isBounded(memory) ? sized('memory', memory) : undefined;
		}

		case 'disk': {
			return sized('disk', disk);
		}

		case 'spotPolicy': {
			return spotPolicy === 'auto' ? undefined : `${spotPolicy} only`;
		}

		case 'maxPrice': {
			return maxPrice === undefined ? undefined : `max price ${formatPrice(maxPrice)}`;
		}
	}
}
