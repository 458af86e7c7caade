import type {GpuRequest, Requirements} from '../configuration/model.js';
import {formatGpus, formatMemory, formatPrice} from './format.js';
import type {Gpu, Offer} from './offer.js';

/** Why an offer does not meet the requirements, in words; undefined when it does. */
export function mismatch(offer: Offer, requirements: Requirements): string | undefined {
	const {backends, regions, cpu, memory, disk, gpu, spotPolicy, maxPrice} = requirements;
	if (backends && !backends.includes(offer.backend)) {
		return `only ${backends.join(', ')} was asked for`;
	}

	if (regions && !regions.includes(offer.region)) {
		return `only ${regions.join(', ')} was asked for`;
	}

	if (offer.cpu < cpu) {
		return `${offer.cpu} of ${cpu} cores`;
	}

	if (offer.memory < memory) {
		return `${shortOf(offer.memory, memory)} memory`;
	}

	if (disk !== undefined && offer.disk !== undefined && offer.disk < disk) {
		return `${shortOf(offer.disk, disk)} disk`;
	}

	if (gpu && gpu.count > 0 && !offer.gpus.some(each => fits(each, gpu))) {
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

/** Two sizes, exactly where rounding would make them look the same. */
function shortOf(given: number, wanted: number): string {
	const [less, more] = [formatMemory(given), formatMemory(wanted)];
	return less === more ? `${given}MB of ${wanted}MB` : `${less} of ${more}`;
}

function above(price: number, most: number): string {
	const [more, less] = [formatPrice(price), formatPrice(most)];
	return more === less ? `$${price} is above $${most}` : `${more} is above ${less}`;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const fits = (gpu: Gpu, {vendor, names, count, memory}: GpuRequest): boolean =>
	gpu.count >= count &&
	(vendor === undefined || same(vendor, gpu.vendor)) &&
	(names.length === 0 || names.some(name => same(name, gpu.name))) &&
	(memory === undefined || gpu.memory >= memory);
