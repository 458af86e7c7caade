import {pMapIterable, pMapStop} from 'p-map';
import {z} from 'zod';
import {HttpError} from '../../system/http.js';
import {Collector} from './collector.js';
import {openCatalogue} from './dstack.js';
import type {GpuFacts, SizeFacts} from './facts.js';
import type {Feed, FeedContext} from './feed.js';
import {normalise, type Origin, rawGpu, type RawOffer, ImplausibleOffer} from './normalise.js';
import {azurePartialGpus, type PartSize} from './partial-gpus.js';
import {hostOf, number, readDocument, readRow, slices, text} from './rows.js';

/** The API answers with a thousand at most, and with 429 where it is asked too fast. */
const page = {rows: 1000, atOnce: 3, most: 1000, every: 100};

const filter = [
	"serviceName eq 'Virtual Machines'",
	"priceType eq 'Consumption'",
	"contains(productName, 'Windows') eq false",
	"contains(productName, 'Dedicated') eq false",
	"contains(meterName, 'Low Priority') eq false",
].join(' and ');

const document = z.object({Items: z.array(z.unknown())});

const schema = z.object({
	armSkuName: z.string(),
	armRegionName: z.string(),
	retailPrice: number,
	meterName: text,
	productName: text,
	skuName: z.string().optional(),
	type: z.string().optional(),
	currencyCode: z.literal('USD').optional(),
	unitOfMeasure: z.string().optional(),
});

type Row = z.output<typeof schema>;

/** Why a row is of no use here although nothing is wrong with it; the server is asked for none of these, and sends some all the same. */
function unwanted({armSkuName, armRegionName, meterName, productName, skuName, type, unitOfMeasure}: Row): string | undefined {
	if (/Windows/i.test(productName)) {
		return 'Windows';
	}

	if (/Dedicated/i.test(productName) || /Low Priority/i.test(`${meterName} ${skuName}`)) {
		return 'a dedicated host, or low priority';
	}

	if ((type ?? 'Consumption') !== 'Consumption' || (unitOfMeasure ?? '1 Hour') !== '1 Hour') {
		return 'not a price per hour of use';
	}

	return armSkuName === '' || armRegionName === '' ? 'no instance type or region' : undefined;
}

type Size = SizeFacts | PartSize;

/** What dstack's catalogue says of Azure's instance types; its prices are not needed, they come from the same API. */
async function readSizes(context: FeedContext, collector: Collector): Promise<Map<string, Size>> {
	const sizes = new Map<string, Size>();
	try {
		const catalogue = await openCatalogue('azure', context);
		const origin: Origin = {backend: 'azure', source: '', date: 0};
		for await (const offer of catalogue?.rows(new Collector()) ?? []) {
			if (!sizes.has(offer.instanceType)) {
				learn(sizes, offer, origin);
			}
		}
	} catch (error) {
		if (!(error instanceof HttpError)) {
			throw error;
		}

		collector.note(`Instance types that are new to this program are left out: ${error.message}.`);
	}

	return sizes;
}

function learn(sizes: Map<string, Size>, offer: RawOffer, origin: Origin): void {
	try {
		const {architecture, cpu, memory, gpu, disk} = normalise(offer, origin);
		sizes.set(offer.instanceType, {architecture, cpu, memory, gpu, disk});
	} catch (error) {
		if (!(error instanceof ImplausibleOffer)) {
			throw error;
		}
	}
}

async function readPage({http, urls, signal}: FeedContext, index: number): Promise<readonly unknown[]> {
	const url = new URL(urls.azure);
	url.searchParams.set('api-version', '2023-01-01-preview');
	url.searchParams.set('currencyCode', 'USD');
	url.searchParams.set('$filter', filter);
	url.searchParams.set('$skip', String(index * page.rows));
	const {body} = await http.json({url, signal, pace: {lane: url.host, every: page.every}, limits: {size: 8 * 1024 * 1024}});
	return readDocument(document, body, url.host).Items;
}

function* pageNumbers(host: string): Generator<number, void, undefined> {
	for (let index = 0; index < page.most; index++) {
		yield index;
	}

	throw new HttpError('size', host, `sent more than ${page.most} pages`);
}

function toOffer(row: Row, size: Size): RawOffer {
	const {architecture, cpu, memory, gpu} = size;
	return {
		region: row.armRegionName,
		instanceType: row.armSkuName,
		architecture,
		cpu,
		memory,
		gpu: gpu && ('part' in gpu ? gpu : rawGpu(gpu as GpuFacts)),
		spot: /Spot/i.test(`${row.meterName} ${row.skuName ?? ''}`),
		price: row.retailPrice,
	};
}

/** All regions, on-demand and spot, from the retail price API; sizes from what is known of the instance types. */
export const azureFeed: Feed = {
	name: 'Azure retail prices',
	backend: 'azure',
	async *run(context) {
		const collector = new Collector();
		const learned = await readSizes(context, collector);
		const sizeOf = (name: string): Size | undefined =>
			azurePartialGpus.get(name) ?? learned.get(name) ?? context.sizes.azure.get(name);
		const origin: Origin = {backend: 'azure', source: 'Azure retail prices', date: context.clock.now()};
		const pages = pMapIterable(
			pageNumbers(hostOf(context.urls.azure)),
			async index => {
				const rows = await readPage(context, index);
				return rows.length === 0 ? pMapStop : rows;
			},
			{concurrency: page.atOnce, backpressure: page.atOnce * 2},
		);
		for await (const rows of pages) {
			for await (const some of slices(rows)) {
				for (const row of some) {
					takeRow(row, sizeOf, collector, origin);
				}
			}
		}

		yield* collector.drain();
		return collector.summary();
	},
};

function takeRow(value: unknown, sizeOf: (name: string) => Size | undefined, collector: Collector, origin: Origin): void {
	const row = readRow(schema, value, collector);
	if (!row || unwanted(row) !== undefined) {
		return;
	}

	const size = sizeOf(row.armSkuName);
	if (row.retailPrice === 0) {
		collector.passOver('a price of zero', `${row.armSkuName} in ${row.armRegionName}`);
	} else if (size) {
		collector.take(toOffer(row, size), origin);
	} else {
		collector.passOver('an instance type whose size is not known', row.armSkuName);
	}
}
