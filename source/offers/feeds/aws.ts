import {pMapIterable} from 'p-map';
import {z} from 'zod';
import {HttpError} from '../../system/http.js';
import {readAdvisor, readPrices, readRegions, type SpotAdvice} from './aws-documents.js';
import {Collector} from './collector.js';
import {dstackSource, openCatalogue} from './dstack.js';
import type {Architecture, SizeFacts} from './facts.js';
import type {Feed, FeedContext} from './feed.js';
import {gibibyte, type Origin, type RawGpu, rawGpu, type RawOffer} from './normalise.js';
import {awsPartialGpus} from './partial-gpus.js';
import {number, readRow, slices, text} from './rows.js';

const regionsAtOnce = 4;

const schema = z.object({
	'Instance Type': text,
	price: number,
	vCPU: number,
	Memory: z
		.string()
		.regex(/^[\d.,]+ GiB$/, 'expected so many GiB')
		.transform(value => Number(value.replace(/[, GiB]/g, '')) * gibibyte),
	'Instance Family': z.string().optional(),
	'Operating System': z.literal('Linux').optional(),
	'Pre Installed S/W': z.enum(['NA', '']).optional(),
});

/** AWS's naming: a `g` right after the generation is Graviton; so are the first ones, and Grace beside its GPUs. */
export const awsArchitecture = (type: string): Architecture =>
	/^(?:a1\.|[a-z]+\d+g|[a-z]+\d+[a-z]*-gb\d)/.test(type) ? 'arm64' : 'x86_64';

/** What dstack's catalogue adds: prices of spot that were asked for, and GPUs. */
type Known = {readonly spot: Map<string, RawOffer[]>; readonly gpus: Map<string, RawGpu>; readonly date: number};

/** It needs no more than one file, but that one may be missing: then spot is estimated, and new GPU types are left out. */
async function readKnown(context: FeedContext, collector: Collector): Promise<Known> {
	const known: Known = {spot: new Map(), gpus: new Map(), date: context.clock.now()};
	try {
		const catalogue = await openCatalogue('aws', context);
		// Its odd rows are no rows of this feed: they are counted apart and not reported.
		for await (const offer of catalogue?.rows(new Collector()) ?? []) {
			if (offer.gpu) {
				known.gpus.set(offer.instanceType, offer.gpu);
			}

			if (offer.spot) {
				const region = offer.region ?? '';
				const offers = known.spot.get(region) ?? [];
				offers.push(offer);
				known.spot.set(region, offers);
			}
		}

		return {...known, date: catalogue?.date ?? known.date};
	} catch (error) {
		if (!(error instanceof HttpError)) {
			throw error;
		}

		collector.note(`All spot prices are estimated: ${error.message}.`);
		return known;
	}
}

function gpuOf(type: string, known: Known, sizes: ReadonlyMap<string, SizeFacts>): RawGpu | undefined {
	const size = sizes.get(type)?.gpu;
	return awsPartialGpus.get(type) ?? known.gpus.get(type) ?? (size && rawGpu(size));
}

/** A machine with GPUs must not be sold as one without. */
const hasGpu = (family: string | undefined, type: string): boolean => family === 'GPU instance' || /^(?:g|gr|p)\d/.test(type);

function readOffer(row: unknown, region: string, known: Known, context: FeedContext, collector: Collector): RawOffer | undefined {
	const data = readRow(schema, row, collector);
	if (!data) {
		return undefined;
	}

	const instanceType = data['Instance Type'];
	const gpu = gpuOf(instanceType, known, context.sizes.aws);
	if (!gpu && hasGpu(data['Instance Family'], instanceType)) {
		collector.passOver('a type whose GPUs are not known', `${instanceType} in ${region}`);
		return undefined;
	}

	const architecture = awsArchitecture(instanceType);
	return {region, instanceType, architecture, cpu: data.vCPU, memory: data.Memory, gpu, spot: false, price: data.price};
}

/** What on-demand costs less what is saved on average, where there is a spot market for the type. */
const estimate = (offer: RawOffer, advice: SpotAdvice): RawOffer => ({
	...offer,
	spot: true,
	estimated: true,
	price: offer.price * (1 - advice.saving),
	interruption: advice.interruption,
});

/** On-demand from the pricing page's own files, region by region; spot as dstack saw it, or estimated from the spot advisor. */
export const awsFeed: Feed = {
	name: 'AWS price list and spot advisor',
	backend: 'aws',
	async *run(context) {
		const collector = new Collector();
		const [regions, advisor, known] = await Promise.all([
			readRegions(context),
			readAdvisor(context),
			readKnown(context, collector),
		]);
		const quoted: Origin = {backend: 'aws', source: dstackSource, date: known.date};
		const prices = pMapIterable(regions, async region => ({region, map: await readPrices(context, region)}), {
			concurrency: regionsAtOnce,
			backpressure: regionsAtOnce * 2,
		});
		for await (const {
			region: {code, name},
			map,
		} of prices) {
			if (!map) {
				collector.passOver('a region without a price list', `${code} (${name})`);
				continue;
			}

			const date = map.date ?? context.clock.now();
			const listed: Origin = {backend: 'aws', source: 'AWS price list', date};
			const estimated: Origin = {backend: 'aws', source: 'AWS price list and spot advisor', date};
			const offers: RawOffer[] = [];
			for await (const some of slices(map.rows)) {
				offers.push(...some.flatMap(row => readOffer(row, code, known, context, collector) ?? []));
			}

			for (const offer of offers) {
				collector.take(offer, listed);
			}

			for (const offer of known.spot.get(code) ?? []) {
				collector.take({...offer, interruption: advisor.get(`${code} ${offer.instanceType}`)?.interruption}, quoted);
			}

			for (const offer of offers) {
				const advice = advisor.get(`${code} ${offer.instanceType}`);
				if (advice) {
					collector.take(estimate(offer, advice), estimated);
				}
			}

			yield* collector.drain();
		}

		return collector.summary();
	},
};
