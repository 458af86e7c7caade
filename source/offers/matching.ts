import type {GpuRequest, Range, Requirements} from '../configuration/model.js';
import {within} from '../configuration/grammar/ranges.js';
import {formatGpus, formatMemory, formatPrice} from './format.js';
import {mayBeIn} from './facts.js';
import type {Gpu, Offer} from './offer.js';

/** Why an offer does not meet the requirements, in words; undefined when it does. */
export function mismatch(offer: Offer, requirements: Requirements): string | undefined {
	const {backends, regions, availabilityZones, instanceTypes, disk, gpu, spotPolicy, maxPrice} = requirements;
	if (backends && !backends.includes(offer.backend)) {
		return `only ${backends.join(', ')} was asked for`;
	}

	if (regions && !regions.some(region => mayBeIn(region, offer))) {
		return `only ${regions.join(', ')} was asked for`;
	}

	if (availabilityZones && offer.zone !== undefined && !availabilityZones.some(zone => same(zone, offer.zone ?? ''))) {
		return `only ${availabilityZones.join(', ')} was asked for`;
	}

	if (instanceTypes && !instanceTypes.some(type => same(type, offer.instanceType))) {
		return `only ${instanceTypes.join(', ')} was asked for`;
	}

	const hardware = cpuMismatch(offer, requirements) ?? memoryMismatch(offer, requirements);
	if (hardware !== undefined) {
		return hardware;
	}

	if (disk && offer.disk !== undefined && !within(offer.disk, disk)) {
		return `${shortOf(offer.disk, disk)} disk`;
	}

	if (gpu && !offer.gpus.some(each => fitsGpu(each, gpu))) {
		return offer.gpus.length === 0 ? 'no GPU' : `its GPUs are ${formatGpus(offer.gpus)}`;
	}

	if (spotPolicy === 'spot' && !offer.spot) {
		// Where nothing is billed there is no spot market to ask for.
		return offer.price === 0 ? undefined : 'on-demand';
	}

	if (spotPolicy === 'on-demand' && offer.spot) {
		return 'spot';
	}

	return maxPrice !== undefined && offer.price > maxPrice ? above(offer.price, maxPrice) : undefined;
}

/** Bounds that nobody asked for rule out nothing that costs nothing. */
const counts = ({price}: Offer, {assumed}: Requirements, bound: 'cpu' | 'memory'): boolean => price > 0 || !assumed.has(bound);

function cpuMismatch(offer: Offer, requirements: Requirements): string | undefined {
	const {architecture, count} = requirements.cpu;
	if (architecture !== undefined && offer.architecture !== 'unknown' && offer.architecture !== architecture) {
		return `its processor is ${offer.architecture}`;
	}

	return counts(offer, requirements, 'cpu') && !within(offer.cpu, count)
		? `${offer.cpu} ${offer.cpu < (count.min ?? 0) ? `of ${count.min} cores` : `cores, at most ${count.max}`}`
		: undefined;
}

const memoryMismatch = (offer: Offer, requirements: Requirements): string | undefined =>
	counts(offer, requirements, 'memory') && !within(offer.memory, requirements.memory)
		? `${shortOf(offer.memory, requirements.memory)} memory`
		: undefined;

/** Two sizes, exactly where rounding would make them look the same. */
function shortOf(given: number, {min = 0, max = 0}: Range): string {
	const isLess = given < min;
	const wanted = isLess ? min : max;
	const [one, other] = [formatMemory(given), formatMemory(wanted)];
	const joined = isLess ? 'of' : 'above';
	return one === other ? `${given}MB ${joined} ${wanted}MB` : `${one} ${joined} ${other}`;
}

function above(price: number, most: number): string {
	const [more, less] = [formatPrice(price), formatPrice(most)];
	return more === less ? `$${price} is above $${most}` : `${more} is above ${less}`;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Whether the GPUs of one kind are what was asked for. */
export const fitsGpu = (
	gpu: Gpu,
	{vendor, names, count = {min: 1}, memory, totalMemory, computeCapability}: GpuRequest,
): boolean =>
	within(gpu.count, count) &&
	(vendor === undefined || same(vendor, gpu.vendor)) &&
	(names === undefined || names.some(name => same(name, gpu.name))) &&
	(memory === undefined || within(gpu.memory, memory)) &&
	(totalMemory === undefined || within(gpu.memory * gpu.count, totalMemory)) &&
	(computeCapability === undefined || within(capabilityOf(gpu.name) ?? 0, computeCapability));

/** NVIDIA's compute capabilities, and the cards that have them. */
const capabilities: Readonly<Record<string, string>> = {
	'6.0': 'P100',
	'7.0': 'V100',
	'7.5': 'RTX2060 RTX2060SUPER RTX2070 RTX2070SUPER RTX2080 RTX2080SUPER RTX2080Ti RTX6000 T4 T4g',
	'8.0': 'A100',
	'8.6':
		'A10 A16 A40 A10G A4000 A4500 A5000 A6000 RTX3050 RTX3060 RTX3060Ti RTX3070 RTX3070Ti RTX3080 RTX3080Ti RTX3090 RTX3090Ti',
	'8.9':
		'L4 L40 L40S RTX4060 RTX4060Ti RTX4070 RTX4070SUPER RTX4070Ti RTX4070TiSUPER RTX4080 RTX4080SUPER RTX4090 RTX2000Ada RTX4000Ada RTX6000Ada',
	'9.0': 'H100 H100NVL H200 H200NVL GH200',
	'10.0': 'B200 GB200 B300',
	'12.0': 'RTX5060 RTX5060Ti RTX5070 RTX5070Ti RTX5080 RTX5090 RTXPRO4500 RTXPRO6000',
};

const byName = new Map(
	Object.entries(capabilities).flatMap(([capability, names]) =>
		names.split(' ').map(name => [name.toLowerCase(), Number(capability)]),
	),
);

/** The compute capability of a card by its name; undefined where it has none or is not known. */
export const capabilityOf = (name: string): number | undefined => byName.get(name.toLowerCase());
