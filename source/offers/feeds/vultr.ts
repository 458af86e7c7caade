import {z} from 'zod';
import {HttpError} from '../../system/http.js';
import {gpuName} from '../gpu-names.js';
import {cardSizes} from '../nominal.js';
import {Collector} from './collector.js';
import type {Feed, FeedContext} from './feed.js';
import {gibibyte, type Origin, type RawGpu, type RawOffer, ImplausibleOffer} from './normalise.js';
import {hostOf, maybeNumber, maybeText, number, readDocument, readRow, text} from './rows.js';

const mostPages = 20;

const document = z.object({
	plans: z.array(z.unknown()).optional(),
	plans_metal: z.array(z.unknown()).optional(),
	meta: z.object({links: z.object({next: maybeText}).optional()}).optional(),
});

const schema = z.object({
	id: text,
	type: maybeText,
	vcpu_count: maybeNumber,
	cpu_threads: maybeNumber,
	ram: number,
	disk: maybeNumber,
	hourly_cost: number,
	locations: z.array(z.string()),
	gpu_type: maybeText,
	gpu_brand: maybeText,
	gpu_count: maybeNumber,
	gpu_vram_gb: maybeNumber,
	deploy_ondemand: z.boolean().nullish(),
});

type Plan = z.output<typeof schema>;

/** Whole machines whose plans name the card and no more, or name it wrongly. */
const metal: Readonly<Record<string, RawGpu>> = {
	'vbm-64c-2048gb-8-l40-gpu': {name: 'L40S', count: 8},
	'vbm-48c-1024gb-4-a100-gpu': {name: 'A100', count: 4, memory: 80 * gibibyte},
	'vbm-112c-2048gb-8-a100-gpu': {name: 'A100', count: 8, memory: 80 * gibibyte},
};

/** Vultr's A100 are those of 80 GB, and its MI325X have 256: `gpu_vram_gb` is of all cards, or of the part of one. */
const ownSizes: Readonly<Record<string, number>> = {A100: 80, MI325X: 256};

/** `vcg-a40-24c-120g-48vram` */
const virtual = /^\w+-([a-z\d]+)-\d+c-\d+g-(\d+)vram/;
/** `vbm-112c-2048gb-8-h100-gpu`, `vbm-72c-480gb-gh200-gpu` */
const whole = /^vbm-\d+c-\d+gb-(?:(\d+)-)?([a-z\d]+)-gpu/;

/** The cards of a plan, from its fields or else from its name. Throws Unbelievable where it has some and does not say which. */
function gpuOf(plan: Plan): RawGpu | undefined {
	const known = metal[plan.id];
	if (known) {
		return known;
	}

	const [, virtualName, virtualMemory] = virtual.exec(plan.id) ?? [];
	const [, wholeCount, wholeName] = whole.exec(plan.id) ?? [];
	const written = plan.gpu_type?.replace(/^(?:NVIDIA|AMD)_/i, '').replaceAll('_', ' ') ?? virtualName ?? wholeName;
	if (written === undefined) {
		if (plan.gpu_brand !== undefined || /gpu|vram/.test(plan.id)) {
			throw new ImplausibleOffer('a plan that does not say which GPU it has');
		}

		return undefined;
	}

	const name = gpuName(written);
	const memory = ownSizes[name] ?? cardSizes(name)[0];
	if (memory === undefined) {
		throw new ImplausibleOffer(`a GPU whose memory is not known (${name})`);
	}

	const vendor = plan.gpu_brand;
	const total = plan.gpu_vram_gb ?? (virtualMemory === undefined ? undefined : Number(virtualMemory));
	if (plan.gpu_count || total === undefined) {
		return {vendor, name, count: plan.gpu_count ?? Number(wholeCount ?? 1), memory: memory * gibibyte};
	}

	return total < memory
		? {vendor, name, count: 1, memory: total * gibibyte, part: total / memory}
		: {vendor, name, count: Math.round(total / memory), memory: memory * gibibyte};
}

function* toOffers(plan: Plan, gpu: RawGpu | undefined): Generator<RawOffer> {
	for (const region of plan.locations.filter(each => each.trim() !== '')) {
		yield {
			region,
			instanceType: plan.id,
			architecture: gpu?.name === 'GH200' ? 'arm64' : 'x86_64',
			cpu: plan.vcpu_count ?? plan.cpu_threads ?? 0,
			memory: plan.ram,
			gpu,
			disk: plan.disk === undefined ? undefined : plan.disk * gibibyte,
			spot: false,
			price: plan.hourly_cost,
		};
	}
}

async function* readPlans({http, urls, signal}: FeedContext, path: string): AsyncGenerator<unknown, void, undefined> {
	let cursor: string | undefined;
	for (let page = 0; page < mostPages; page++) {
		const url = new URL(`${urls.vultr}/${path}`);
		url.searchParams.set('per_page', '500');
		if (cursor !== undefined) {
			url.searchParams.set('cursor', cursor);
		}

		const {body} = await http.json({url, signal, limits: {size: 8 * 1024 * 1024}});
		const {plans, plans_metal: whole, meta} = readDocument(document, body, url.host);
		const rows = plans ?? whole;
		if (!rows) {
			throw new HttpError('content', url.host, 'sent no list of plans');
		}

		yield* rows;
		cursor = meta?.links?.next;
		if (cursor === undefined) {
			return;
		}
	}

	throw new HttpError('size', hostOf(urls.vultr), `sent more than ${mostPages} pages`);
}

/** Plans, virtual and whole machines, where each one is sold. */
export const vultrFeed: Feed = {
	name: 'Vultr',
	backend: 'vultr',
	async *run(context) {
		const collector = new Collector();
		const origin: Origin = {backend: 'vultr', source: 'Vultr', date: context.clock.now()};
		for (const path of ['plans?type=all', 'plans-metal']) {
			for await (const value of readPlans(context, path)) {
				const plan = readRow(schema, value, collector);
				if (plan?.deploy_ondemand === false) {
					collector.passOver('sold as preemptible only', plan.id);
				} else if (plan) {
					takePlan(plan, collector, origin);
				}
			}
		}

		yield* collector.drain();
		return collector.summary();
	},
};

function takePlan(plan: Plan, collector: Collector, origin: Origin): void {
	try {
		const gpu = gpuOf(plan);
		for (const offer of toOffers(plan, gpu)) {
			collector.take(offer, origin);
		}
	} catch (error) {
		if (!(error instanceof ImplausibleOffer)) {
			throw error;
		}

		collector.leaveOut(error.message, plan.id);
	}
}
