import {afterEach, describe, expect, test, vi} from 'vitest';
import {createAwsSource} from '../../source/backends/aws/index.js';
import {createAwsProcess} from '../../source/backends/aws/process.js';
import type {Surroundings} from '../../source/backends/settings/index.js';
import {type Account, failure, startEc2, unauthorized} from './support/ec2.js';
import {hasMoto, startMoto} from './support/moto.js';
import {makeSurroundings} from './support/surroundings.js';

const keys = 'creds: {type: access_key, access_key: AKIANOBODYSHOULDSEE1, secret_key: nobodyShouldSeeThisSecretKey123}';
const market = {region: 'eu-west-1', zone: 'eu-west-1b', instanceType: 'g5.xlarge'};
const now = Date.parse('2026-11-24T12:00:00Z');
const day = 24 * 3_600_000;

const around = async (url: string): Promise<Surroundings> =>
	makeSurroundings({'config/backends.yml': `- {type: aws, endpoint: '${url}', ${keys}}\n`});

const signal = () => new AbortController().signal;
const limits = {connect: 300, request: 400, region: 5000};

async function sourceOf(account: Account = {}) {
	const server = await startEc2(account);
	return {server, aws: createAwsSource({surroundings: await around(server.url), limits, pricesFor: async () => new Map()})};
}

afterEach(() => {
	vi.useRealTimers();
});

describe('the past of a spot market', () => {
	test('one question by parameters for one type and zone of one region; the oldest price first', async () => {
		vi.setSystemTime(now);
		const {server, aws} = await sourceOf();
		expect(await aws.priceHistory?.(market, signal())).toEqual({
			from: now - day,
			to: now,
			points: [
				{at: Date.parse('2026-11-20T10:00:00Z'), price: 0.45 * 9 + 0.01},
				{at: Date.parse('2026-11-24T10:00:00Z'), price: 0.46},
			],
		});
		expect(server.calls.map(({region, action}) => [region, action])).toEqual([['eu-west-1', 'DescribeSpotPriceHistory']]);
		expect(Object.fromEntries(server.calls[0]?.parameters ?? [])).toMatchObject({
			'InstanceType.1': 'g5.xlarge',
			'ProductDescription.1': 'Linux/UNIX',
			AvailabilityZone: 'eu-west-1b',
			StartTime: '2026-11-23T12:00:00Z',
		});
	});

	test('a market of no price has no past', async () => {
		const {aws} = await sourceOf();
		expect((await aws.priceHistory?.({...market, instanceType: 'p4d.24xlarge'}, signal()))?.points).toEqual([]);
	});

	test.each<[string, Account['script'], RegExp]>([
		['a permission that is missing', () => unauthorized('ec2:DescribeSpotPriceHistory'), /^may not ec2:DescribeSpotPriceHistory/],
		['an unknown account', () => failure('AuthFailure', 'AWS was not able to validate it', 401), /^AuthFailure: /],
		['silence', () => 'hang', /^did not answer within 0\.4 s$|400 ms/],
		['half an answer', () => ({half: '<DescribeSpotPriceHistoryResponse>'}), /ECONNRESET|aborted/],
	])('%s is said in one line', async (_, script, words) => {
		const {aws} = await sourceOf({script});
		const error = await aws.priceHistory?.(market, signal()).catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({name: 'BackendError', message: expect.stringMatching(words)});
		expect((error as Error).message).not.toContain('\n');
	});

	test('whoever goes on ends the question', async () => {
		const {aws} = await sourceOf({script: () => 'hang'});
		const leaving = new AbortController();
		const asking = aws.priceHistory?.(market, leaving.signal);
		setTimeout(() => leaving.abort(new Error('went on')), 50);
		await expect(asking).rejects.toThrow('went on');
	});

	test('without credentials nobody is asked', async () => {
		const aws = createAwsSource({surroundings: await makeSurroundings(), pricesFor: async () => new Map()});
		await expect(aws.priceHistory?.(market, signal())).rejects.toThrow(/no credentials/);
	});

	test('asked in a process of its own it is the same, and so is a failure', async () => {
		const {server, aws} = await sourceOf();
		const worker = new URL('../../dist/aws-worker.js', import.meta.url);
		const apart = createAwsProcess({
			surroundings: await around(server.url),
			prices: async () => () => undefined,
			worker,
		});
		const told = await apart.priceHistory?.(market, signal());
		expect(told?.points).toEqual((await aws.priceHistory?.(market, signal()))?.points);
		expect(told?.points).toHaveLength(2);
		const denied = await startEc2({script: () => unauthorized('ec2:DescribeSpotPriceHistory')});
		const refused = createAwsProcess({surroundings: await around(denied.url), prices: async () => () => undefined, worker});
		await expect(refused.priceHistory?.(market, signal())).rejects.toMatchObject({name: 'BackendError', class: 'permission'});
	}, 30_000);
});

describe.skipIf(!hasMoto)('against moto_server', () => {
	test('its spot market has one price all the time', async () => {
		const url = await startMoto();
		const aws = createAwsSource({
			surroundings: await around(url),
			limits: {connect: 10_000, request: 120_000, region: 240_000},
			pricesFor: async () => new Map(),
		});
		const {points = []} = (await aws.priceHistory?.({...market, region: 'us-east-1', zone: 'us-east-1a'}, signal())) ?? {};
		expect(points.length).toBeGreaterThan(0);
		expect(new Set(points.map(({price}) => price)).size).toBe(1);
	}, 300_000);
});
