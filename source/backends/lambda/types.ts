import {z} from 'zod';
import type {Gpu, Offer} from '../../offers/offer.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {gpuName} from '../../offers/gpu-names.js';
import {nominalMemory} from '../../offers/nominal.js';

const name = z
	.string()
	.transform(text => neutraliseLine(text).trim())
	.pipe(z.string().min(1).max(80));

const count = z.number().int().nonnegative();

const row = z.object({
	instance_type: z.object({
		name,
		description: z.string().default(''),
		gpu_description: z.string().nullish(),
		price_cents_per_hour: z.number().positive().finite(),
		specs: z.object({
			vcpus: count.min(1),
			memory_gib: z.number().positive(),
			storage_gib: z.number().nonnegative().nullish(),
			gpus: count.optional(),
		}),
		architecture: z.string().nullish(),
	}),
	regions_with_capacity_available: z.array(z.object({name})),
});

type Row = z.infer<typeof row>;

export type Listing = {readonly offers: Offer[]; /** Rows that could not be read. */ readonly odd: number};

/** The offers in the answer to `GET /instance-types`; undefined where it is no such answer. `date` is when it came. */
export function readTypes(body: unknown, regions: readonly string[] | undefined, date: number): Listing | undefined {
	const answer = z.object({data: z.record(z.string(), z.unknown())}).safeParse(body);
	if (!answer.success) {
		return undefined;
	}

	const offers: Offer[] = [];
	let odd = 0;
	for (const each of Object.values(answer.data.data)) {
		const parsed = row.safeParse(each);
		if (parsed.success) {
			offers.push(...offersOf(parsed.data, regions, date));
		} else {
			odd++;
		}
	}

	return {offers, odd};
}

/** One for each region that has capacity now; where none has, the type is there once, as what cannot be had. */
function offersOf(
	{instance_type: type, regions_with_capacity_available: free}: Row,
	wanted: readonly string[] | undefined,
	date: number,
) {
	const gpus = gpusOf(type);
	const offer = (region: string, isFree: boolean): Offer => ({
		id: `lambda:${region}:${type.name}:od`,
		backend: 'lambda',
		region,
		instanceType: type.name,
		cpu: type.specs.vcpus,
		architecture: architectureOf(type, gpus),
		memory: Math.round(type.specs.memory_gib * 1024),
		gpus,
		disk: type.specs.storage_gib ? Math.round(type.specs.storage_gib * 1024) : undefined,
		spot: false,
		price: type.price_cents_per_hour / 100,
		priceSource: 'lambda, live',
		priceDate: date,
		availability: isFree ? 'available' : 'unavailable',
		deadline: 'none',
		kind: 'machine',
		notes: isFree ? endsNever : isFullWith(wanted),
	});
	const names = [...new Set(free.map(region => region.name))].filter(region => wanted === undefined || wanted.includes(region));
	return names.length > 0 ? names.map(region => offer(region, true)) : [offer('any', false)];
}

const endsNever = ['Lambda cannot end an instance at a deadline: only this program or its console can.'];

const isFullWith = (wanted: readonly string[] | undefined): string[] => [
	wanted === undefined ? 'No region has capacity for it now.' : `None of ${wanted.join(', ')} has capacity for it now.`,
];

/** `H100 (80 GB SXM5)`, in older answers only the longer `1x H100 (80 GB SXM5)`. */
const described = /^(?:(\d+)x\s+)?(.+?)(?:\s*\((\d+(?:\.\d+)?)\s*GB\b[^)]*\))?$/;

function gpusOf({gpu_description: gpu, description, specs}: Row['instance_type']): Gpu[] {
	const match = described.exec(neutraliseLine(gpu || description).trim());
	const number = specs.gpus ?? Number(match?.[1] ?? 0);
	if (number === 0 || !match?.[2] || /^n\/?a$/i.test(match[2])) {
		return [];
	}

	const memory = match[3] === undefined ? 0 : nominalMemory(Number(match[3]) * 1024);
	return [{vendor: 'nvidia', name: gpuName(neutraliseLine(match[2])), count: number, memory}];
}

function architectureOf({architecture}: Row['instance_type'], gpus: readonly Gpu[]): Offer['architecture'] {
	if (architecture === 'x86_64' || architecture === 'arm64') {
		return architecture;
	}

	// Grace's own cores are ARM; everything else there was x86 before the answer said so.
	return gpus.some(each => /^G[HB]\d{3}$/.test(each.name)) ? 'arm64' : 'x86_64';
}
