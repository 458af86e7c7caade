import {neutraliseLine} from '../../system/terminal-text.js';
import {plainLineOf} from '../../system/values.js';
import {gpuName, gpuVendor} from '../gpu-names.js';
import {cardSizes, knownMemory, nominalMemory} from '../nominal.js';
import type {Architecture, GpuFacts, OfferFacts} from './facts.js';

/** An offer as a feed read it: right types, nothing yet believed. */
export type RawOffer = {
	readonly region: string | undefined;
	readonly zone?: string;
	readonly instanceType: string;
	readonly architecture?: Architecture;
	readonly cpu: number;
	/** MiB. */
	readonly memory: number;
	readonly gpu?: RawGpu;
	/** MiB. */
	readonly disk?: number;
	readonly spot: boolean;
	readonly price: number;
	readonly estimated?: boolean;
	readonly availability?: OfferFacts['availability'];
	readonly interruption?: string;
};

export type RawGpu = {
	readonly vendor?: string;
	/** As the source writes it. */
	readonly name: string;
	/** Whole cards; 0 means no GPU. */
	readonly count: number;
	/** As the source reports it, of each, MiB. */
	readonly memory?: number;
	/** Which part of one card it is, where the source or its rules say so: 1/6. */
	readonly part?: number;
};

/** Where a price comes from. */
export type Origin = {readonly backend: string; readonly source: string; readonly date: number};

/** What is left out because of what it says; the message is the reason. */
export class ImplausibleOffer extends Error {}

export const gibibyte = 1024;
/** US dollars per hour: below, nothing is sold; above, only a slip of the decimal point (the dearest today is 361). */
const prices = {least: 0.0001, most: 1000};
/** MiB: the largest machine sold has 32 TiB. */
const mostMemory = 64 * 1024 * 1024;
const longestName = 100;

/** A region, a type or a name from outside, safe to draw, otherwise as it is written: wide and accented letters stay. */
export const cleanName = (text: string): string =>
	[...plainLineOf(neutraliseLine(text)).normalize('NFC').replace(/\s+/g, ' ')].slice(0, longestName).join('').trim();

/** `, US, NA` → `US, NA`; a source that says nothing means no place in particular. */
export const cleanRegion = (text: string | undefined): string => cleanName((text ?? '').replace(/^[\s,]+|[\s,]+$/g, '')) || 'any';

/** Checks one offer and turns it into our units and names. Throws Unbelievable. */
export function normalise(raw: RawOffer, {backend, source, date}: Origin): OfferFacts {
	const instanceType = cleanName(raw.instanceType);
	if (instanceType === '') {
		throw new ImplausibleOffer('no instance type');
	}

	return {
		backend,
		region: cleanRegion(raw.region),
		zone: raw.zone === undefined ? undefined : cleanName(raw.zone) || undefined,
		instanceType,
		architecture: raw.architecture ?? 'unknown',
		cpu: believableCpu(raw.cpu),
		memory: believableMemory(raw.memory),
		gpu: raw.gpu && raw.gpu.count > 0 ? normaliseGpu(raw.gpu) : undefined,
		disk: raw.disk !== undefined && Number.isFinite(raw.disk) && raw.disk > 0 ? Math.round(raw.disk) : undefined,
		spot: raw.spot,
		price: believablePrice(raw.price),
		estimated: raw.estimated ?? false,
		source,
		date,
		availability: raw.availability ?? 'unknown',
		interruption: raw.interruption === undefined ? undefined : cleanName(raw.interruption),
	};
}

/** To the millionth of a dollar: what is worked out must not show the noise of its arithmetic. */
function believablePrice(price: number): number {
	if (!(price > 0)) {
		throw new ImplausibleOffer(price === 0 ? 'a price of zero' : 'no price, or one below zero');
	}

	if (price < prices.least || price > prices.most) {
		throw new ImplausibleOffer(`a price that nobody asks ($${price} per hour)`);
	}

	return Number(price.toFixed(6));
}

function believableCpu(cpu: number): number {
	if (!(cpu >= 1 && cpu <= 4096)) {
		throw new ImplausibleOffer('less than one core, or no number of them');
	}

	return Number(cpu.toFixed(2));
}

function believableMemory(memory: number): number {
	if (!(memory >= 1 && memory <= mostMemory)) {
		throw new ImplausibleOffer('no memory, or more than is made');
	}

	return Math.round(memory);
}

/** What is known already, to be read once more: a part stays a part. */
export const rawGpu = (gpu: GpuFacts): RawGpu => (gpu.count < 1 ? {...gpu, count: 1, part: gpu.count} : {...gpu});

/** Nominal memory, the field's name, and parts of cards as parts. Throws Unbelievable. */
export function normaliseGpu({vendor, name: written, count, memory = 0, part}: RawGpu): GpuFacts {
	const name = gpuName(cleanName(written));
	if (name === '' || !Number.isFinite(count) || count > 256) {
		throw new ImplausibleOffer('a GPU without a name, or too many of them');
	}

	const facts = {vendor: gpuVendor(name, vendor === undefined ? undefined : cleanName(vendor)), name};
	const [smallest] = cardSizes(name);
	if (part !== undefined && part < 1) {
		const ofPart = memory > 0 ? memory : (smallest ?? 0) * gibibyte * part;
		return {...facts, count: rounded(part), memory: Math.round(ofPart)};
	}

	if (smallest === undefined) {
		return {...facts, count, memory: nominalMemory(Math.max(0, memory))};
	}

	// Sources differ in what the number is: of each card, of all together, or gigabytes under the name of megabytes.
	const known = [memory, memory / count, memory * gibibyte].map(each => knownMemory(each, name)).find(each => each !== undefined);
	if (known !== undefined) {
		return {...facts, count, memory: known};
	}

	if (memory === 0) {
		return {...facts, count, memory: cardSizes(name).length === 1 ? smallest * gibibyte : 0};
	}

	const parts = count === 1 && memory >= gibibyte ? partsOf(memory, smallest * gibibyte) : undefined;
	if (parts !== undefined) {
		return {...facts, count: rounded(1 / parts), memory: Math.round((smallest * gibibyte) / parts)};
	}

	if (memory < gibibyte || memory > smallest * gibibyte * 16) {
		throw new ImplausibleOffer(`${Math.round(memory)} MiB is not what a ${name} has`);
	}

	// A card that is sold with more than it was made with (there are RTX4090 of 48 GB), or with less.
	return {...facts, count, memory: nominalMemory(memory)};
}

/** Into how many parts a card of `whole` is cut whose parts report `memory`; undefined where that is no part of it. Both MiB. */
function partsOf(memory: number, whole: number): number | undefined {
	const fits = Array.from({length: 31}, (_, index) => index + 2).filter(
		parts => whole / parts >= memory * 0.98 && whole / parts <= memory * 1.12,
	);
	return fits.sort((a, b) => Math.abs(whole / a - memory) - Math.abs(whole / b - memory))[0];
}

/** A sixth is 0.1667: what is drawn, and compared. */
const rounded = (share: number): number => Number(share.toFixed(4));
