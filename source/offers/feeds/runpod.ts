import {pMapIterable} from 'p-map';
import {z} from 'zod';
import {HttpError} from '../../system/http.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {Collector} from './collector.js';
import type {Feed, FeedContext} from './feed.js';
import {gibibyte, type Origin, type RawOffer} from './normalise.js';
import {hostOf, maybeNumber, maybeText, number, readDocument, readRow, text} from './rows.js';

/** One question for each place; all of them together take some seconds. */
const pace = {atOnce: 4, every: 100};
/** How many cards one pod may have. */
const counts = [1, 2, 3, 4, 5, 6, 7, 8] as const;
type StockKey = `n${(typeof counts)[number]}`;

const placesQuery = 'query Places { countryCodes dataCenters { id listed } }';

const stockQuery = `query Stock(${counts.map(count => `$n${count}: GpuLowestPriceInput`).join(', ')}) {
	gpuTypes {
		id displayName manufacturer memoryInGb maxGpuCount securePrice secureSpotPrice communityPrice communitySpotPrice
		${counts.map(count => `n${count}: lowestPrice(input: $n${count}) { stockStatus minVcpu minMemory }`).join('\n\t\t')}
	}
}`;

const flavorsQuery = `query Flavors($dataCenterId: String!) {
	cpuFlavors { id minVcpu maxVcpu ramMultiplier diskLimitPerVcpu specifics(input: {dataCenterId: $dataCenterId}) { stockStatus securePrice } }
}`;

const answer = z.object({
	data: z.record(z.string(), z.unknown()).nullish(),
	errors: z.array(z.object({message: z.string()})).optional(),
});

const placesSchema = z.object({
	countryCodes: z.array(z.string().nullable()).nullish(),
	dataCenters: z.array(z.object({id: text, listed: z.boolean().nullish()})),
});

const stock = z.object({stockStatus: maybeText, minVcpu: maybeNumber, minMemory: maybeNumber}).nullish();

const gpuSchema = z.object({
	id: text,
	displayName: text,
	manufacturer: maybeText,
	memoryInGb: number,
	maxGpuCount: maybeNumber,
	securePrice: maybeNumber,
	secureSpotPrice: maybeNumber,
	communityPrice: maybeNumber,
	communitySpotPrice: maybeNumber,
	...(Object.fromEntries(counts.map(count => [`n${count}`, stock])) as Record<StockKey, typeof stock>),
});

const flavorSchema = z.object({
	id: text,
	minVcpu: maybeNumber,
	maxVcpu: maybeNumber,
	ramMultiplier: maybeNumber,
	diskLimitPerVcpu: maybeNumber,
	specifics: z.object({stockStatus: maybeText, securePrice: maybeNumber}).nullish(),
});

/** A data centre of RunPod's own, or a country of its community. */
type DataCenter = {readonly id: string; readonly secure: boolean};

/** What the server says is wrong with a question that it understood. */
class Refused extends Error {}

async function ask({http, urls, signal}: FeedContext, query: string, variables: unknown): Promise<Record<string, unknown>> {
	const {body} = await http.json({
		url: urls.runpod,
		json: {query, variables},
		repeatable: true,
		signal,
		pace: {lane: hostOf(urls.runpod), every: pace.every},
		limits: {size: 8 * 1024 * 1024},
	});
	const {data, errors} = readDocument(answer, body, hostOf(urls.runpod));
	if (errors?.length || !data) {
		throw new Refused(neutraliseLine(errors?.[0]?.message ?? 'no data').slice(0, 120));
	}

	return data;
}

async function readPlaces(context: FeedContext): Promise<DataCenter[]> {
	const host = hostOf(context.urls.runpod);
	try {
		const {countryCodes, dataCenters} = readDocument(placesSchema, await ask(context, placesQuery, {}), host);
		return [
			...dataCenters.filter(({listed}) => listed !== false).map(({id}) => ({id, secure: true})),
			...(countryCodes ?? []).flatMap(id => (id ? [{id, secure: false}] : [])),
		];
	} catch (error) {
		throw error instanceof Refused ? new HttpError('content', host, `answers: ${error.message}`) : error;
	}
}

type Stock = {
	readonly place: DataCenter;
	readonly gpus: readonly unknown[];
	readonly flavors: readonly unknown[];
	readonly refused?: string;
};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

async function readStock(context: FeedContext, place: DataCenter): Promise<Stock> {
	const input = (gpuCount: number) => ({
		gpuCount,
		secureCloud: place.secure,
		[place.secure ? 'dataCenterId' : 'countryCode']: place.id,
	});
	const variables = Object.fromEntries(counts.map(count => [`n${count}`, input(count)]));
	try {
		const gpus = await ask(context, stockQuery, variables);
		const flavors = place.secure ? await ask(context, flavorsQuery, {dataCenterId: place.id}) : {};
		return {place, gpus: list(gpus['gpuTypes']), flavors: list(flavors['cpuFlavors'])};
	} catch (error) {
		if (error instanceof Refused) {
			return {place, gpus: [], flavors: [], refused: error.message};
		}

		throw error;
	}
}

/** Pods with cards: only those in stock are offers, of the others only the price is known. */
function* gpuOffers(gpu: z.output<typeof gpuSchema>, {id: region, secure}: DataCenter): Generator<RawOffer> {
	const [onDemand, spot] = secure ? [gpu.securePrice, gpu.secureSpotPrice] : [gpu.communityPrice, gpu.communitySpotPrice];
	for (const count of counts.filter(each => each <= (gpu.maxGpuCount ?? counts.length))) {
		const here = gpu[`n${count}`];
		if (!here?.stockStatus || !here.minVcpu || !here.minMemory) {
			continue;
		}

		const offer = {
			region,
			instanceType: `${count}x ${gpu.id}`,
			architecture: 'x86_64' as const,
			cpu: here.minVcpu,
			memory: here.minMemory * gibibyte,
			gpu: {vendor: gpu.manufacturer, name: gpu.displayName, count, memory: gpu.memoryInGb * gibibyte},
			availability: 'available' as const,
		};
		// Null and zero both mean that there is no such market.
		for (const [price, isSpot] of [[onDemand, false] as const, [spot, true] as const]) {
			if (price) {
				yield {...offer, spot: isSpot, price: price * count};
			}
		}
	}
}

/** Pods without cards come in steps of twice the cores, priced by the core. */
function* flavorOffers(
	{id, minVcpu, maxVcpu, ramMultiplier, diskLimitPerVcpu, specifics}: z.output<typeof flavorSchema>,
	{id: region}: DataCenter,
): Generator<RawOffer> {
	const price = specifics?.securePrice;
	if (!specifics?.stockStatus || !price || !minVcpu || !maxVcpu || !ramMultiplier || minVcpu < 1) {
		return;
	}

	for (let cpu = minVcpu; cpu <= Math.min(maxVcpu, 512); cpu *= 2) {
		const memory = cpu * ramMultiplier;
		yield {
			region,
			instanceType: `${id}-${cpu}-${memory}`,
			architecture: 'x86_64',
			cpu,
			memory: memory * gibibyte,
			disk: diskLimitPerVcpu ? cpu * diskLimitPerVcpu * gibibyte : undefined,
			spot: false,
			price: (price * cpu) / minVcpu,
			availability: 'available',
		};
	}
}

/** What is in stock in each data centre and each country of the community. */
export const runpodFeed: Feed = {
	name: 'RunPod',
	backend: 'runpod',
	async *run(context) {
		const collector = new Collector();
		const origin: Origin = {backend: 'runpod', source: 'RunPod', date: context.clock.now()};
		const places = await readPlaces(context);
		const stocks = pMapIterable(places, async place => readStock(context, place), {
			concurrency: pace.atOnce,
			backpressure: pace.atOnce * 2,
		});
		for await (const {place, gpus, flavors, refused} of stocks) {
			if (refused !== undefined) {
				collector.leaveOut(`RunPod answers: ${refused}`, place.id);
			}

			for (const row of gpus) {
				const gpu = readRow(gpuSchema, row, collector);
				for (const offer of gpu ? gpuOffers(gpu, place) : []) {
					collector.take(offer, origin);
				}
			}

			for (const row of flavors) {
				const flavor = readRow(flavorSchema, row, collector);
				for (const offer of flavor ? flavorOffers(flavor, place) : []) {
					collector.take(offer, origin);
				}
			}

			yield* collector.drain();
		}

		return collector.summary();
	},
};
