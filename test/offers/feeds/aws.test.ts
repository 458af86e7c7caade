import path from 'node:path';
import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import {awsArchitecture, awsFeed} from '../../../source/offers/feeds/aws.js';
import type {FeedContext} from '../../../source/offers/feeds/feed.js';
import {temporaryFolder} from '../../support/folders.js';
import {type Answer, json, web} from '../../support/web.js';
import {context, csv, gb, makeZip, runFeed, size} from './support.js';

const locations = {
	'US East (N. Virginia)': {
		name: 'US East (N. Virginia)',
		code: 'us-east-1',
		type: 'AWS Region',
		label: 'US East (N. Virginia)',
		continent: 'NA',
	},
	'EU (Stockholm)': {
		name: 'EU (Stockholm)',
		code: 'eu-north-1',
		type: 'AWS Region',
		label: 'Europe (Stockholm)',
		continent: 'EU',
	},
	'US East (Boston)': {name: 'US East (Boston)', code: 'us-east-1-bos-1', type: 'AWS Local Zone', label: 'US East (Boston)'},
	'AWS GovCloud (US-West)': {
		name: 'AWS GovCloud (US-West)',
		code: 'us-gov-west-1',
		type: 'AWS Region',
		label: 'AWS GovCloud (US-West)',
	},
	odd: 7,
};

/** One entry as the pricing page's file has it. */
const entry = (type: string, price: string, cpu: string, memory: string, family = 'General purpose') => ({
	rateCode: '6C86BEPQVG73ZGGR.JRTCKXETXF.6YS6EN2CT7',
	price,
	Location: 'US East (N. Virginia)',
	'Instance Family': family,
	vCPU: cpu,
	'Instance Type': type,
	Memory: memory,
	Storage: 'EBS only',
	'Network Performance': 'Up to 10 Gigabit',
	'plc:OperatingSystem': 'Linux',
	'plc:InstanceFamily': 'General Purpose',
	'Operating System': 'Linux',
	'Pre Installed S/W': 'NA',
	'License Model': 'No License required',
});

const virginia: unknown[] = [
	entry('m5.large', '0.0960000000', '2', '8 GiB'),
	entry('t4g.nano', '0.0042000000', '2', '0.5 GiB'),
	entry('a1.large', '0.0510000000', '2', '4 GiB'),
	entry('u7i-12tb.224xlarge', '152.8800000000', '896', '12,288.0 GiB', 'Memory optimized'),
	entry('g6.xlarge', '0.8048000000', '4', '16 GiB', 'GPU instance'),
	entry('g6f.large', '0.2022000000', '2', '8 GiB', 'GPU instance'),
	entry('g9.xlarge', '1.0000000000', '4', '16 GiB', 'GPU instance'),
];

const advisor = {
	global_rate: '<5%',
	ranges: [
		{index: 0, label: '<5%', dots: 0, max: 5},
		{index: 4, label: '>20%', dots: 4, max: 100},
	],
	instance_types: {'m5.large': {cores: 2, ram_gb: 8, emr: true}},
	spot_advisor: {
		'us-east-1': {
			Linux: {
				'm5.large': {s: 66, r: 0},
				'g6.xlarge': {s: 49, r: 4},
				'a1.large': {s: 0, r: 0},
				't4g.nano': {s: 'many'},
				'g6f.large': {s: 50, r: 9},
			},
			Windows: {'m5.large': {s: 10, r: 0}},
		},
		'eu-north-1': {Linux: {'m5.large': {s: 70, r: 4}}},
	},
};

type Served = {prices?: Answer; advisor?: unknown; dstack?: string};

const manifest = {serviceId: 'ec2', accessType: 'publish', hawkFilePublicationDate: '2026-11-20T21:50:09Z', currencyCode: 'USD'};

const priceFile = (region: string, rows: readonly unknown[]) => ({
	manifest,
	regions: {[region]: Object.fromEntries(rows.map((row, index) => [`row ${index}`, row]))},
});

/** The pricing page's host sends gzip without saying so. */
async function serve(served: Served = {}) {
	return web((asked, response) => {
		const path = decodeURIComponent(asked.path);
		if (path === '/locations.json') {
			response.end(gzipSync(JSON.stringify(locations)));
		} else if (path === '/advisor.json') {
			json(response, served.advisor ?? advisor);
		} else if (path === '/dstack/aws/version' && served.dstack !== undefined) {
			response.end('20261124');
		} else if (path === '/dstack/aws/20261124/catalog.zip' && served.dstack !== undefined) {
			response.end(makeZip('aws.csv', served.dstack));
		} else if (path === '/prices/US East (N. Virginia)/Linux/index.json') {
			(served.prices ?? ((_, out) => out.end(gzipSync(JSON.stringify(priceFile('US East (N. Virginia)', virginia))))))(
				asked,
				response,
			);
		} else if (path === '/prices/Europe (Stockholm)/Linux/index.json') {
			json(response, priceFile('EU (Stockholm)', [entry('m5.large', '0.1020000000', '2', '8 GiB')]));
		} else {
			response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
		}
	});
}

const urls = (url: string) => ({
	awsPrices: `${url}/prices`,
	awsLocations: `${url}/locations.json`,
	awsSpotAdvisor: `${url}/advisor.json`,
	dstack: `${url}/dstack`,
});
const l4 = {vendor: 'nvidia', name: 'L4', count: 1, memory: 22_888};
const sizes: FeedContext['sizes'] = {aws: new Map([['g6.xlarge', size({gpu: l4})]]), azure: new Map()};

async function read(served: Served = {}) {
	const {url, asked} = await serve(served);
	return {...(await runFeed(awsFeed, context(urls(url), {sizes}))), asked};
}

describe('AWS', () => {
	it("has on-demand of each region from the pricing page's files, under either of a region's names", async () => {
		const {facts, asked} = await read();
		const onDemand = facts.filter(({spot}) => !spot);
		expect(onDemand.map(({region, instanceType, price}) => [region, instanceType, price])).toEqual([
			['us-east-1', 'm5.large', 0.096],
			['us-east-1', 't4g.nano', 0.0042],
			['us-east-1', 'a1.large', 0.051],
			['us-east-1', 'u7i-12tb.224xlarge', 152.88],
			['us-east-1', 'g6.xlarge', 0.8048],
			['us-east-1', 'g6f.large', 0.2022],
			['eu-north-1', 'm5.large', 0.102],
		]);
		expect(onDemand[0]).toMatchObject({
			backend: 'aws',
			cpu: 2,
			memory: 8 * gb,
			architecture: 'x86_64',
			estimated: false,
			source: 'AWS price list',
			date: Date.parse('2026-11-20T21:50:09Z'),
			availability: 'unknown',
		});
		expect(onDemand[1]).toMatchObject({memory: 512, architecture: 'arm64'});
		expect(onDemand[3]).toMatchObject({memory: 12_288 * gb, architecture: 'x86_64'});
		expect(asked.map(({path}) => path).join(' ')).not.toMatch(/GovCloud|Boston/);
	});

	it('estimates spot by what is saved on average, with how often it is interrupted', async () => {
		const {facts, summary} = await read();
		const spot = facts.filter(each => each.spot);
		expect(
			spot.map(({region, instanceType, price, estimated, interruption}) => [
				region,
				instanceType,
				price,
				estimated,
				interruption,
			]),
		).toEqual([
			['us-east-1', 'm5.large', 0.03264, true, '<5%'],
			['us-east-1', 'g6.xlarge', 0.410448, true, '>20%'],
			['us-east-1', 'g6f.large', 0.1011, true, undefined],
			['eu-north-1', 'm5.large', 0.0306, true, '>20%'],
		]);
		expect(spot[0]?.source).toMatch(/spot advisor/);
		// a1 saves nothing: spot would cost the same.
		expect(summary.reasons.map(({reason}) => reason)).toContain('spot that costs no less than on-demand');
		expect(summary.notes).toEqual([expect.stringMatching(/^All spot prices are estimated: .* answered 403/)]);
	});

	it('shows GPUs by their nominal memory, parts as parts, and leaves out machines whose GPUs are not known', async () => {
		const {facts, summary} = await read();
		const gpus = facts.filter(({gpu, spot}) => gpu && !spot).map(({instanceType, gpu}) => [instanceType, gpu]);
		expect(gpus).toEqual([
			['g6.xlarge', {vendor: 'nvidia', name: 'L4', count: 1, memory: 24 * gb}],
			['g6f.large', {vendor: 'nvidia', name: 'L4', count: 0.125, memory: 3 * gb}],
		]);
		expect(summary.reasons).toContainEqual({
			reason: 'a type whose GPUs are not known',
			count: 1,
			example: 'g9.xlarge in us-east-1',
		});
	});

	it('takes spot as dstack saw it, and its GPUs of new types, where its catalogue can be had', async () => {
		const dstack = csv(
			'm5.large,us-east-1,0.0401,2,8.0,0,,,True,,,,x86,{}',
			'm5.large,us-east-1,0.099,2,8.0,0,,,False,,,,x86,{}',
			'g9.xlarge,us-east-1,0.31,4,16.0,1,RTXPRO4500,32.0,True,,nvidia,,x86,{}',
		);
		const {facts, summary} = await read({dstack});
		expect(summary.notes).toEqual([]);
		expect(facts.filter(({instanceType, region}) => instanceType === 'm5.large' && region === 'us-east-1')).toMatchObject([
			{spot: false, price: 0.096, source: 'AWS price list'},
			{spot: true, price: 0.0401, estimated: false, source: "dstack's catalogue", interruption: '<5%'},
		]);
		expect(facts.filter(({instanceType}) => instanceType === 'g9.xlarge')).toMatchObject([
			{spot: false, price: 1, gpu: {name: 'RTXPRO4500', memory: 32 * gb}},
			{spot: true, price: 0.31},
		]);
	});

	it('is not sent again what has not changed', async () => {
		const documents = path.join(await temporaryFolder(), 'documents');
		const texts: Record<string, unknown> = {
			'/locations.json': locations,
			'/advisor.json': advisor,
			'/prices/US East (N. Virginia)/Linux/index.json': priceFile('US East (N. Virginia)', virginia),
		};
		const sent: string[] = [];
		const {url} = await web((asked, response) => {
			const name = decodeURIComponent(asked.path);
			const text = JSON.stringify(texts[name]);
			const etag = `"${text?.length}"`;
			if (text === undefined) {
				response.writeHead(403).end();
			} else if (asked.headers['if-none-match'] === etag) {
				response.writeHead(304, {etag}).end();
			} else {
				sent.push(name);
				response.writeHead(200, {etag}).end(gzipSync(text));
			}
		});
		const run = async () => (await runFeed(awsFeed, context(urls(url), {sizes, documents}))).facts;
		const first = await run();
		expect(first.length).toBeGreaterThan(5);
		expect(sent.length).toBe(3);
		expect(await run()).toEqual(first);
		expect(sent.length).toBe(3);
		texts['/prices/US East (N. Virginia)/Linux/index.json'] = priceFile('US East (N. Virginia)', virginia.slice(1));
		expect((await run()).length).toBeLessThan(first.length);
		expect(sent.slice(3)).toEqual(['/prices/US East (N. Virginia)/Linux/index.json']);
	});

	it('goes on past odd rows', async () => {
		const rows = [
			entry('m5.large', '0.096', '2', '8 GiB'),
			'odd',
			null,
			entry('m5.xlarge', 'N/A', '4', '16 GiB'),
			entry('m5.2xlarge', '0.384', '8', 'much'),
		];
		const {facts, summary} = await read({prices: (_, response) => json(response, priceFile('US East (N. Virginia)', rows))});
		expect(facts.filter(({region}) => region === 'us-east-1').map(({instanceType}) => instanceType)).toEqual([
			'm5.large',
			'm5.large',
		]);
		expect(summary).toMatchObject({odd: 4});
	});

	it('goes on without a region that has no price list, and says so', async () => {
		const {facts, summary} = await read({prices: (_, response) => response.writeHead(404).end()});
		expect(new Set(facts.map(({region}) => region))).toEqual(new Set(['eu-north-1']));
		expect(summary.reasons).toContainEqual({
			reason: 'a region without a price list',
			count: 1,
			example: 'us-east-1 (US East (N. Virginia))',
		});
	});

	it.each<[string, Served, RegExp]>([
		['a region that fails', {prices: (_, response) => response.writeHead(500).end()}, /answered 500 .*, 2 times$/],
		[
			'a region that breaks off',
			{prices: (_, response) => response.end(gzipSync(JSON.stringify(priceFile('x', virginia))).subarray(0, 200))},
			/does not unpack, 2 times$/,
		],
		['a region that is no JSON', {prices: (_, response) => response.end('<html>')}, /sent something that is not JSON$/],
		['another form', {prices: (_, response) => json(response, {regions: []})}, /of another form than it used to \(regions: /],
		[
			'another currency',
			{prices: (_, response) => json(response, {manifest: {currencyCode: 'CNY'}, regions: {}})},
			/currencyCode/,
		],
		['an advisor of another form', {advisor: {}}, /of another form/],
		['an advisor that says nothing', {advisor: {ranges: [], spot_advisor: {}}}, /sent no saving/],
	])('is not read at all with %s', async (_, served, words) => {
		await expect(read(served)).rejects.toThrow(words);
	});
});

it.each([
	...[
		'm5.large',
		'g4dn.xlarge',
		'g6e.xlarge',
		'gr6.4xlarge',
		'g6f.large',
		'p5.48xlarge',
		'p6-b200.48xlarge',
		'c7i-flex.large',
		'u7in-32tb.224xlarge',
		'x2idn.16xlarge',
	].map(type => [type, 'x86_64']),
	...[
		'a1.large',
		'm7gd.large',
		't4g.nano',
		'g5g.xlarge',
		'im4gn.large',
		'x2gd.large',
		'c8gn.large',
		'hpc7g.4xlarge',
		'p6e-gb200.36xlarge',
	].map(type => [type, 'arm64']),
])('%s is %s', (type, architecture) => {
	expect(awsArchitecture(type)).toBe(architecture);
});
