import {describe, expect, it} from 'vitest';
import {azureFeed} from '../../../source/offers/feeds/azure.js';
import {inTurn, json, status, web} from '../../support/web.js';
import {context, csv, gb, makeZip, runFeed, size} from './support.js';

/** One item as the retail price API has it. */
const item = (given: Record<string, unknown> = {}) => ({
	currencyCode: 'USD',
	tierMinimumUnits: 0,
	retailPrice: 0.192,
	unitPrice: 0.192,
	armRegionName: 'eastus',
	location: 'US East',
	effectiveStartDate: '2021-11-01T00:00:00Z',
	meterId: '0084b086-37bf-4bee-b27f-6eb0f9ee4954',
	meterName: 'D4s v5',
	productId: 'DZH318Z0D1L7',
	skuId: 'DZH318Z0D1L7/018J',
	productName: 'Virtual Machines Dsv5 Series',
	skuName: 'Standard_D4s_v5',
	serviceName: 'Virtual Machines',
	serviceFamily: 'Compute',
	unitOfMeasure: '1 Hour',
	type: 'Consumption',
	isPrimaryMeterRegion: true,
	armSkuName: 'Standard_D4s_v5',
	...given,
});

const sizes = {
	aws: new Map(),
	azure: new Map([
		['Standard_D4s_v5', size()],
		[
			'Standard_NC24ads_A100_v4',
			size({cpu: 24, memory: 220 * gb, gpu: {vendor: 'nvidia', name: 'A100', count: 1, memory: 80 * gb}}),
		],
	]),
};

async function read(items: readonly unknown[], dstack?: string) {
	const {url, asked} = await web(({path}, response) => {
		const {pathname, searchParams} = new URL(path, 'http://localhost');
		if (pathname === '/prices') {
			const skip = Number(searchParams.get('$skip'));
			json(response, {
				BillingCurrency: 'USD',
				Items: items.slice(skip, skip + 1000),
				NextPageLink: 'https://elsewhere.invalid/',
				Count: 1000,
			});
		} else if (pathname === '/dstack/azure/version' && dstack !== undefined) {
			response.end('20261124');
		} else if (pathname.endsWith('catalog.zip') && dstack !== undefined) {
			response.end(makeZip('azure.csv', dstack));
		} else {
			response.writeHead(404).end();
		}
	});
	const feedContext = context({azure: `${url}/prices`, dstack: `${url}/dstack`}, {sizes});
	return {
		...(await runFeed(azureFeed, feedContext)),
		asked: asked.filter(({path}) => path.startsWith('/prices')),
		clock: feedContext.clock,
	};
}

describe('Azure', () => {
	it('joins prices with the sizes that are known', async () => {
		const {facts, summary} = await read([
			item(),
			item({meterName: 'D4s v5 Spot', skuName: 'D4s v5 Spot', retailPrice: 0.0384}),
			item({
				armSkuName: 'Standard_NC24ads_A100_v4',
				meterName: 'NC24ads A100 v4',
				retailPrice: 3.673,
				armRegionName: 'westeurope',
			}),
			item({armSkuName: 'Standard_X1_new', meterName: 'X1'}),
		]);
		expect(facts).toMatchObject([
			{backend: 'azure', region: 'eastus', instanceType: 'Standard_D4s_v5', cpu: 4, memory: 16 * gb, spot: false, price: 0.192},
			{instanceType: 'Standard_D4s_v5', spot: true, price: 0.0384, estimated: false},
			{region: 'westeurope', spot: false, gpu: {name: 'A100', count: 1, memory: 80 * gb}, source: 'Azure retail prices'},
		]);
		expect(facts[0]?.date).toBe(Date.parse('2026-11-24T12:00:00Z'));
		expect(summary).toMatchObject({rows: 3, leftOut: 1, odd: 0});
		expect(summary.reasons).toEqual([{reason: 'an instance type whose size is not known', count: 1, example: 'Standard_X1_new'}]);
		expect(summary.notes).toEqual([expect.stringMatching(/new to this program are left out/)]);
	});

	it("learns sizes from dstack's catalogue, and no prices", async () => {
		const dstack = csv(
			'Standard_X1_new,eastus,9.99,8,32.0,0,,,False,,,,arm,',
			'Standard_NV36ads_A10_v5,eastus,3.2,36,440,1,A10,24.0,False,,nvidia,,x86,',
		);
		const {facts, summary} = await read(
			[item({armSkuName: 'Standard_X1_new', retailPrice: 0.31}), item({armSkuName: 'Standard_NV36ads_A10_v5', retailPrice: 3.2})],
			dstack,
		);
		expect(facts).toMatchObject([
			{instanceType: 'Standard_X1_new', architecture: 'arm64', cpu: 8, memory: 32 * gb, price: 0.31},
			{instanceType: 'Standard_NV36ads_A10_v5', gpu: {name: 'A10', count: 1, memory: 24 * gb}},
		]);
		expect(summary.notes).toEqual([]);
	});

	it('knows that NV6ads is a sixth of an A10, whoever says otherwise', async () => {
		const dstack = csv('Standard_NV6ads_A10_v5,eastus,0.454,6,55.0,1,A10,24.0,False,,nvidia,,x86,');
		const {facts} = await read(
			[6, 12, 18].map(cpu =>
				item({armSkuName: `Standard_NV${cpu}ads_A10_v5`, meterName: `NV${cpu}ads A10 v5`, retailPrice: cpu / 13}),
			),
			dstack,
		);
		expect(facts.map(({cpu, memory, gpu}) => [cpu, memory / gb, gpu?.count, (gpu?.memory ?? 0) / gb])).toEqual([
			[6, 55, 0.1667, 4],
			[12, 110, 0.3333, 8],
			[18, 220, 0.5, 12],
		]);
	});

	it.each<[string, Record<string, unknown>]>([
		['Windows', {productName: 'Virtual Machines Dsv5 Series Windows'}],
		['dedicated hosts', {productName: 'Virtual Machines Dedicated Host Dsv5'}],
		['low priority, by its meter', {meterName: 'D4s v5 Low Priority'}],
		['low priority, by its name', {skuName: 'D4s v5 Low Priority'}],
		['reservations', {type: 'Reservation'}],
		['tests and development', {type: 'DevTestConsumption'}],
		['other units', {unitOfMeasure: '1 Month'}],
		['what has no region', {armRegionName: ''}],
		['what has no type', {armSkuName: ''}],
	])('passes over %s', async (_, given) => {
		const {facts, summary} = await read([item(given), item({armRegionName: 'westus'})]);
		expect(facts.map(({region}) => region)).toEqual(['westus']);
		expect(summary.odd).toBe(0);
	});

	it('leaves out prices of zero, spot that is not cheaper, and odd rows', async () => {
		const {facts, summary} = await read([
			item({retailPrice: 0}),
			item({armRegionName: 'a'}),
			item({armRegionName: 'a', meterName: 'D4s v5 Spot'}),
			item({armRegionName: 'b', retailPrice: null}),
			item({armRegionName: 'b', currencyCode: 'EUR'}),
			7,
		]);
		expect(facts.map(({region, spot}) => [region, spot])).toEqual([['a', false]]);
		expect(summary).toMatchObject({leftOut: 5, odd: 3});
	});

	it('reads page after page until one is empty, never by a link that the answer holds', async () => {
		const {facts, asked} = await read(Array.from({length: 2500}, (_, index) => item({armRegionName: `region${index}`})));
		expect(facts).toHaveLength(2500);
		const skips = asked
			.map(({path}) => Number(new URL(path, 'http://localhost').searchParams.get('$skip')))
			.sort((a, b) => a - b);
		expect(skips.slice(0, 4)).toEqual([0, 1000, 2000, 3000]);
		expect(skips.length).toBeLessThan(10);
		expect(new URL(asked[0]?.path ?? '', 'http://localhost').searchParams.get('$filter')).toContain(
			"contains(productName, 'Windows') eq false",
		);
	});

	it('waits where it is asked to, and fails as a whole where a page does', async () => {
		const busy = await web(inTurn(status(429, {'retry-after': '3'}), (_, response) => json(response, {Items: []})));
		const feedContext = context({azure: busy.url}, {sizes});
		expect((await runFeed(azureFeed, feedContext)).facts).toEqual([]);
		const broken = await web(({path}, response) =>
			path.includes('skip=1000') ? response.writeHead(500).end() : json(response, {Items: [item()]}),
		);
		await expect(runFeed(azureFeed, context({azure: broken.url}, {sizes}))).rejects.toThrow(/answered 500/);
		const wrong = await web((_, response) => json(response, {error: 'no'}));
		await expect(runFeed(azureFeed, context({azure: wrong.url}, {sizes}))).rejects.toThrow(/of another form .*Items/);
	});
});
