import {DescribeInstancesCommand, DescribeRegionsCommand, TerminateInstancesCommand} from '@aws-sdk/client-ec2';
import {GetServiceQuotaCommand, ListServiceQuotasCommand} from '@aws-sdk/client-service-quotas';
import {describe, expect, test} from 'vitest';
import {outcomes} from '../support/ec2/index.js';
import {clientOf, failureOf, launch, launched, quotasOf, startBench} from './support.js';

const regions = new DescribeRegionsCommand({});

describe('scripted failures', () => {
	test.each([
		[
			'InsufficientInstanceCapacity',
			500,
			'choosing us-east-1b, us-east-1c.',
			outcomes.capacity('m5.large', 'us-east-1a', ['us-east-1b', 'us-east-1c']),
		],
		['InsufficientInstanceCapacity', 500, 'no Spot capacity', outcomes.noSpotCapacity()],
		['VcpuLimitExceeded', 400, 'vCPU limit of 0', outcomes.vcpuLimit(0)],
		['MaxSpotInstanceCountExceeded', 400, 'Max spot instance count exceeded', outcomes.spotLimit()],
		['UnauthorizedOperation', 403, 'ec2:RunInstances', outcomes.unauthorized('RunInstances')],
		['RequestLimitExceeded', 503, 'limit', outcomes.throttled()],
		['InternalError', 500, 'internal', outcomes.internalError()],
		['PendingVerification', 400, 'Your request', outcomes.fail('PendingVerification', 'Your request is pending verification.')],
	])('%s', async (code, status, words, outcome) => {
		const {ec2, client} = await startBench();
		ec2.script('RunInstances', outcome);
		const failure = await failureOf(client.send(launch()));
		expect(failure).toMatchObject({code, status});
		expect(failure.message).toContain(words);
		expect(ec2.state.instances).toHaveLength(0);
		await launched(client);
	});

	test('two refusals, then success, in the order of the script; other actions and calls are let through', async () => {
		const {ec2, client} = await startBench();
		ec2.script('RunInstances', ({input}) => input['InstanceType'] === 'm5.xlarge', outcomes.vcpuLimit(2));
		ec2.script('RunInstances', outcomes.capacity('m5.large', 'us-east-1a'), 2);
		await client.send(regions);
		expect((await failureOf(client.send(launch()))).code).toBe('InsufficientInstanceCapacity');
		expect((await failureOf(client.send(launch({InstanceType: 'm5.xlarge'})))).code).toBe('VcpuLimitExceeded');
		expect(ec2.unmet).toEqual(['RunInstances × 1']);
		expect((await failureOf(client.send(launch()))).code).toBe('InsufficientInstanceCapacity');
		await launched(client);
		expect(ec2.unmet).toEqual([]);
	});

	test("the SDK's own retries ride out a throttle, on one token", async () => {
		const {ec2} = await startBench();
		ec2.script('RunInstances', outcomes.throttled(), 2);
		await launched(clientOf(ec2, {maxAttempts: 3}));
		expect(ec2.calls.map(({outcome}) => outcome)).toEqual(['RequestLimitExceeded', 'RequestLimitExceeded', 'ok']);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a page of HTML and a body of nothing', async () => {
		const {ec2, client} = await startBench();
		ec2.script('DescribeRegions', outcomes.html(502));
		expect((await failureOf(client.send(regions))).status).toBe(502);
		ec2.script('*', outcomes.garbage());
		await expect(client.send(regions)).rejects.toThrow();
	});

	test('an answer that is torn: the work is done', async () => {
		const {ec2, client} = await startBench();
		ec2.script('RunInstances', outcomes.tornAnswer());
		await expect(client.send(launch())).rejects.toThrow();
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a launch may plan its own interruption', async () => {
		const {ec2, clock, client} = await startBench();
		ec2.script('RunInstances', {launched: ({id}) => ec2.interrupt(id, clock.now() + 10_000)});
		await launched(client, {InstanceMarketOptions: {MarketType: 'spot'}});
		clock.pass(10_000);
		expect(ec2.alive()[0]?.notice).toBeDefined();
		clock.pass(120_000);
		expect(ec2.alive()).toHaveLength(0);
	});

	test('what no line is for meets `decide`', async () => {
		const {ec2, client} = await startBench({
			decide: ({action}) => (action === 'DescribeRegions' ? outcomes.throttled() : undefined),
		});
		expect((await failureOf(client.send(regions))).code).toBe('RequestLimitExceeded');
		await launched(client);
		ec2.decide = undefined;
		await client.send(regions);
	});
});

describe('time', () => {
	test('an answer that comes after the work and after the time-out', async () => {
		const {ec2, clock, client} = await startBench();
		ec2.script('RunInstances', outcomes.lateAnswer(60_000));
		const controller = new AbortController();
		const call = failureOf(client.send(launch(), {abortSignal: controller.signal}));
		await expect.poll(() => ec2.alive().length).toBe(1);
		controller.abort();
		expect((await call).code).toBe('AbortError');
		clock.pass(60_000);
		await launched(client);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a request that arrives late works late', async () => {
		const {ec2, clock, client} = await startBench();
		ec2.script('RunInstances', outcomes.slow(30_000));
		const call = launched(client);
		await expect.poll(() => ec2.calls.length).toBe(1);
		expect(ec2.alive()).toHaveLength(0);
		clock.pass(30_000);
		const id = await call;
		expect(ec2.state.instance(id).launchTime).toBe(clock.now());
	});

	test('without a socket the time-out is by the clock', async () => {
		const {ec2, clock} = await startBench({listen: false});
		const client = clientOf(ec2, {endpoint: 'http://ec2.test', requestHandler: ec2.handler(10_000)});
		ec2.script('RunInstances', outcomes.silentAnswer());
		const call = failureOf(client.send(launch()));
		await expect.poll(() => ec2.alive().length).toBe(1);
		clock.pass(10_000);
		expect(await call).toMatchObject({code: 'ETIMEDOUT'});
		expect(await launched(client)).toBe(ec2.alive()[0]?.id);
		ec2.script('DescribeRegions', outcomes.lostAnswer());
		expect(await failureOf(client.send(regions))).toMatchObject({code: 'ECONNRESET'});
		await ec2.cut('refused', 3_600_000);
		expect(await failureOf(client.send(regions))).toMatchObject({code: 'ECONNREFUSED'});
		clock.pass(3_600_000);
		await client.send(regions);
	});
});

describe('no network', () => {
	test.each([
		['refused' as const, 'ECONNREFUSED'],
		['reset' as const, 'ECONNRESET'],
	])('%s, for an hour', async (how, code) => {
		const {ec2, clock, client} = await startBench();
		const id = await launched(client);
		await ec2.cut(how, 3_600_000);
		const end = async () => failureOf(client.send(new TerminateInstancesCommand({InstanceIds: [id]})));
		// A kept connection may be found broken first.
		expect([code, 'ECONNRESET']).toContain((await end()).code);
		expect((await end()).code).toBe(code);
		expect(ec2.alive()).toHaveLength(1);
		clock.pass(3_600_000);
		await expect
			.poll(async () =>
				client.send(new DescribeInstancesCommand({})).then(
					() => 'up',
					() => 'down',
				),
			)
			.toBe('up');
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		expect(ec2.alive()).toHaveLength(0);
	});

	test('a black hole', async () => {
		const {ec2} = await startBench();
		const client = clientOf(ec2, {requestHandler: {requestTimeout: 50, throwOnRequestTimeout: true}});
		await ec2.cut('hang');
		expect((await failureOf(client.send(regions))).code).toBe('ETIMEDOUT');
		await ec2.restore();
		await client.send(regions);
	});
});

describe('Service Quotas', () => {
	test('one quota, all, and one that is not there', async () => {
		const {ec2} = await startBench({quotas: {'L-DB2E81BA': 0}});
		const quotas = quotasOf(ec2);
		const get = (QuotaCode: string) => quotas.send(new GetServiceQuotaCommand({ServiceCode: 'ec2', QuotaCode}));
		expect((await get('L-DB2E81BA')).Quota).toMatchObject({QuotaCode: 'L-DB2E81BA', Value: 0, ServiceCode: 'ec2'});
		expect((await get('L-1216C47A')).Quota?.Value).toBe(256);
		expect((await failureOf(get('L-00000000'))).code).toBe('NoSuchResourceException');
		const {Quotas = []} = await quotas.send(new ListServiceQuotasCommand({ServiceCode: 'ec2'}));
		expect(Quotas).toHaveLength(16);
		ec2.script('GetServiceQuota', outcomes.fail('AccessDeniedException', 'no', 400));
		expect((await failureOf(get('L-DB2E81BA'))).code).toBe('AccessDeniedException');
		ec2.expire();
		expect((await failureOf(get('L-DB2E81BA'))).code).toBe('ExpiredTokenException');
	});
});
