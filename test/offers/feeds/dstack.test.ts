import {describe, expect, it} from 'vitest';
import {dstackFeed, type DstackProvider} from '../../../source/offers/feeds/dstack.js';
import type {FeedContext} from '../../../source/offers/feeds/feed.js';
import {type Answer, status, web} from '../../support/web.js';
import {context, csv, gb, header, makeZip, runFeed} from './support.js';

const version = '20261124-42';
const modified = 'Tue, 24 Nov 2026 01:05:07 GMT';

/** What the bucket answers: the version, and the zip. */
const bucket =
	(zip: Buffer, headers: Record<string, string> = {etag: '"z1"', 'last-modified': modified}): Answer =>
	({path, headers: asked}, response) => {
		if (path.endsWith('/version')) {
			response.writeHead(200).end(`${version}\n`);
		} else if (!path.endsWith(`/${version}/catalog.zip`)) {
			response.writeHead(404).end();
		} else if (asked['if-none-match'] === '"z1"') {
			response.writeHead(304).end();
		} else {
			response.writeHead(200, headers).end(zip);
		}
	};

async function read(provider: DstackProvider, table: string, given: Partial<FeedContext> = {}) {
	const {url, asked} = await web(bucket(makeZip(`${provider}.csv`, table)));
	return {...(await runFeed(dstackFeed(provider), context({dstack: url}, given))), asked};
}

describe("dstack's catalogue", () => {
	it('is read from the version and its zip', async () => {
		const {facts, summary, asked} = await read(
			'aws',
			csv(
				'm5.large,us-east-1,0.096,2,8.0,0,,,False,,,,x86,{}',
				'g5g.xlarge,us-east-1,0.42,4,8.0,1,T4g,16.0,False,,nvidia,,arm,{}',
				'g6.xlarge,us-east-1,0.3013,4,16.0,1,L4,24.0,True,,nvidia,,x86,"{""a"": ""b, c""}"',
			),
		);
		expect(asked.map(({path}) => path)).toEqual(['/aws/version', `/aws/${version}/catalog.zip`]);
		expect(facts).toMatchObject([
			{
				backend: 'aws',
				region: 'us-east-1',
				instanceType: 'm5.large',
				architecture: 'x86_64',
				cpu: 2,
				memory: 8 * gb,
				gpu: undefined,
			},
			{instanceType: 'g5g.xlarge', architecture: 'arm64', gpu: {vendor: 'nvidia', name: 'T4g', count: 1, memory: 16 * gb}},
			{instanceType: 'g6.xlarge', spot: true, price: 0.3013, estimated: false, gpu: {name: 'L4', memory: 24 * gb}},
		]);
		expect(facts[0]).toMatchObject({
			source: "dstack's catalogue",
			date: Date.parse(modified),
			availability: 'unknown',
			spot: false,
		});
		expect(summary).toMatchObject({rows: 3, leftOut: 0, mark: `${version} "z1"`});
	});

	it('is unchanged where the version is the same, without its zip, or where the zip is', async () => {
		const same = await read('gcp', csv(), {mark: `${version} "z1"`});
		expect(same.summary).toMatchObject({unchanged: true, mark: `${version} "z1"`, rows: 0});
		expect(same.asked).toHaveLength(1);
		const older = await read('gcp', csv(), {mark: '20261123-41 "z1"'});
		expect(older.summary.unchanged).toBe(true);
		expect(older.asked).toHaveLength(2);
	});

	it('dates itself by its version where the zip carries no date', async () => {
		const {url} = await web(bucket(makeZip('oci.csv', csv('VM.Standard,eu,0.1,2,16,0,,,False,,,,x86,')), {}));
		const {facts, summary} = await runFeed(dstackFeed('oci'), context({dstack: url}));
		expect(facts[0]?.date).toBe(Date.parse('2026-11-24T00:00:00Z'));
		expect(summary.mark).toBe(version);
	});

	it("puts GCP's zones together into regions", async () => {
		const {facts} = await read(
			'gcp',
			csv(
				'n2-standard-4,us-east1-b,0.194236,4,16.0,0,,,False,,,,x86,',
				'n2-standard-4,us-east1-c,0.194236,4,16.0,0,,,False,,,,x86,',
				'a2-highgpu-1g,us-east1-b,3.67339,12,85.0,1,A100,40.0,False,,nvidia,,x86,',
			),
		);
		expect(facts).toMatchObject([
			{region: 'us-east1', zone: undefined, instanceType: 'n2-standard-4'},
			{region: 'us-east1', zone: 'us-east1-b', instanceType: 'a2-highgpu-1g'},
		]);
	});

	it("turns Lambda's decimal gigabytes back into what they were", async () => {
		const {facts} = await read('lambdalabs', csv('gpu_1x_a10,us-east-1,1.29,30,214.8,1,A10,24.0,False,1503.6,nvidia,,x86,'));
		expect(facts).toMatchObject([{backend: 'lambda', memory: 200 * gb, disk: 1400 * gb}]);
	});

	it("counts RunPod's cards in the name, which is that of one", async () => {
		const {facts} = await read(
			'runpod',
			csv(
				'NVIDIA A100 80GB PCIe,EU-RO-1,1.39,8,117,1,A100,80,False,,nvidia,,x86,',
				'NVIDIA A100 80GB PCIe,EU-RO-1,2.78,16,234,2,A100,80,False,,nvidia,,x86,',
				'NVIDIA A100 80GB PCIe,EU-RO-1,1.39,8,117,1,A100,80,True,,nvidia,,x86,',
			),
		);
		expect(facts.map(({instanceType, spot}) => [instanceType, spot])).toEqual([
			['1x NVIDIA A100 80GB PCIe', false],
			['2x NVIDIA A100 80GB PCIe', false],
		]);
	});

	it("shows a sixth of Azure's A10 as that", async () => {
		const {facts} = await read('azure', csv('Standard_NV6ads_A10_v5,eastus,0.454,6,55.0,1,A10,4.0,False,,nvidia,,x86,'));
		expect(facts).toMatchObject([{gpu: {name: 'A10', count: 0.1667, memory: 4 * gb}}]);
	});

	it('leaves out what needs more than one instance from stock, or what nobody here understands', async () => {
		const {facts, summary} = await read(
			'gcp',
			csv(
				'a4-highgpu-8g,us-east1-b,50,224,3968,8,B200,180,False,,nvidia,gcp-a4,x86,',
				'a3-ultragpu-8g,us-east1-b,50,224,2952,8,H200,141,False,,nvidia,gcp-a4 gcp-dws-calendar-mode,x86,',
				'x1,us-east1-b,50,224,2952,0,,,False,,,something-new,x86,',
			),
		);
		expect(facts.map(({instanceType}) => instanceType)).toEqual(['a4-highgpu-8g']);
		expect(summary).toMatchObject({leftOut: 2, odd: 0});
		expect(summary.reasons.map(({reason}) => reason).join()).toMatch(/gcp-dws-calendar-mode.*something-new/);
	});
});

describe('an odd row never empties it', () => {
	it.each([
		['a price of words', 'm5.large,us-east-1,cheap,2,8.0,0,,,False,,,,x86,', /^price: expected a number/],
		['no price (Verda has such)', '2B300,FIN-01,,60,480,2,B300,270,True,,nvidia,,x86,', /^price: expected a number/],
		['a price of zero', 'm5.large,us-east-1,0,2,8.0,0,,,False,,,,x86,', /price of zero/],
		['a negative price', 'm5.large,us-east-1,-3,2,8.0,0,,,False,,,,x86,', /below zero/],
		['infinite memory', 'm5.large,us-east-1,1,2,Infinity,0,,,False,,,,x86,', /^memory/],
		['too few fields', 'm5.large,us-east-1', /expected a number/],
		['no name', ',us-east-1,1,2,8.0,0,,,False,,,,x86,', /^instance_name: empty/],
		['a quote that is never closed', '"m5.large,us-east-1,1,2,8.0,0,,,False', /cannot be read|price/],
	])('%s', async (_, line, reason) => {
		const good = 'm5.xlarge,us-east-1,0.192,4,16.0,0,,,False,,,,x86,{}';
		const {facts, summary} = await read('verda', csv(good, `${good.replace('xlarge', '2xlarge')},more,fields`, line));
		expect(facts.map(({instanceType}) => instanceType)).toEqual(['m5.xlarge', 'm5.2xlarge']);
		expect(summary.leftOut).toBe(1);
		expect(summary.reasons[0]?.reason).toMatch(reason);
	});

	it('not a byte order mark, nor other columns or another order of them', async () => {
		const {facts} = await read(
			'nebius',
			'\uFEFFnew,spot,memory,cpu,price,location,instance_name\n1,True,16,4,0.05,eu-north1,cpu-d3\n',
		);
		expect(facts).toMatchObject([
			{instanceType: 'cpu-d3', spot: true, price: 0.05, memory: 16 * gb, gpu: undefined, architecture: 'unknown'},
		]);
	});

	it('a line without an end is stopped', async () => {
		const {facts, summary} = await read('oci', csv('a,eu,0.1,2,16,0,,,False,,,,x86,', `"${'x'.repeat(1024 * 1024)}`));
		expect(facts).toHaveLength(1);
		expect(summary.leftOut).toBeGreaterThan(0);
	});
});

describe('what breaks is said, with the host', () => {
	const table = csv('a,eu,0.1,2,16,0,,,False,,,,x86,');
	const whole = makeZip('oci.csv', table);
	it.each<[string, Buffer, RegExp]>([
		['half a zip', whole.subarray(0, whole.length / 2), /sent something that is not a whole zip$/],
		['a page instead of a zip', Buffer.from('<html>sorry</html>'), /not a whole zip$/],
		['nothing', Buffer.alloc(0), /not a whole zip$/],
		['another file in it', makeZip('readme.txt', table), /sent a zip without oci\.csv$/],
		['a wrong sum', makeZip('oci.csv', table, {sum: 1}), /oci\.csv is damaged$/],
		['a size that is a lie', makeZip('oci.csv', table, {size: 5}), /oci\.csv is damaged$/],
		['a table of something else', makeZip('oci.csv', 'a,b\n1,2\n'), /sent a table without the column instance_name$/],
		['a bomb that says so', makeZip('oci.csv', table, {size: 4_000_000_000}), /oci\.csv is too large$/],
		['a bomb', makeZip('oci.csv', Buffer.alloc(200 * 1024 * 1024, ' ')), /oci\.csv is too large$/],
	])('%s', async (_, zip, words) => {
		const {url, host} = await web(bucket(zip));
		await expect(runFeed(dstackFeed('oci'), context({dstack: url}))).rejects.toThrow(words);
		await expect(runFeed(dstackFeed('oci'), context({dstack: url}))).rejects.toThrow(host);
	});

	it('a zip with bytes gone wrong in its middle', async () => {
		const damaged = Buffer.from(
			makeZip(
				'oci.csv',
				`${header}\n${Array.from({length: 500}, (_, n) => `t${n},eu,0.${n + 1},2,16,0,,,False,,,,x86,`).join('\n')}`,
			),
		);
		damaged.fill(0xff, 400, 420);
		const {url} = await web(bucket(damaged));
		await expect(runFeed(dstackFeed('oci'), context({dstack: url}))).rejects.toThrow(/oci\.csv is damaged$/);
	});

	it('no version, or one that leads elsewhere', async () => {
		const missing = await web(status(403));
		await expect(runFeed(dstackFeed('oci'), context({dstack: missing.url}))).rejects.toThrow(/answered 403/);
		for (const evil of ['../../other', '<html>', '', 'x'.repeat(100)]) {
			const {url, asked} = await web((_, response) => response.end(evil));
			await expect(runFeed(dstackFeed('oci'), context({dstack: url}))).rejects.toThrow(/not a version$/);
			expect(asked).toHaveLength(1);
		}
	});
});
