import {describe, expect, test} from 'vitest';
import {classify} from '../../source/backends/aws/errors.js';
import {HardwareBook, hardwareOf} from '../../source/backends/aws/hardware.js';
import {createAwsSource} from '../../source/backends/aws/index.js';
import {pricesFrom} from '../../source/backends/aws/offers.js';
import {type OnDemandPriceLookup} from '../../source/offers/on-demand-price.js';
import {familyOf, quotaFor} from '../../source/backends/aws/quotas.js';
import type {BackendErrorClass} from '../../source/backends/backend.js';
import {mismatch} from '../../source/offers/matching.js';
import type {Offer} from '../../source/offers/offer.js';
import {requirements} from '../offers/support.js';
import {TestClock} from '../support/ui.js';
import {type Account, failure, startEc2, unauthorized} from './support/ec2.js';
import {hasMoto, startMoto} from './support/moto.js';
import {listAll, makeSurroundings, status} from './support/surroundings.js';

const gb = 1024;
const accessKey = 'AKIANOBODYSHOULDSEE1';
const secretKey = 'nobodyShouldSeeThisSecretKey123';

const prices: Readonly<Record<string, number>> = {
	'm5.xlarge': 0.192,
	'c7g.large': 0.0725,
	'g5.xlarge': 1.006,
	'g6.xlarge': 0.8048,
	'g6f.large': 0.2,
	'g6e.12xlarge': 10.49,
	'p4d.24xlarge': 21.96,
	'g4ad.xlarge': 0.379,
};
const priceOf: OnDemandPriceLookup = (_region, type) => {
	const price = prices[type];
	return price === undefined ? undefined : {price, source: 'test catalogue', date: 1000};
};

const limits = {connect: 300, request: 400, region: 5000};

async function source(url: string, extra = '') {
	const surroundings = await makeSurroundings({
		'config/backends.yml': `backends:
  - type: aws
    creds: {type: access_key, access_key: ${accessKey}, secret_key: ${secretKey}}
    endpoint: ${url}
${extra}`,
	});
	return createAwsSource({surroundings, limits, pricesFor: pricesFrom(async () => priceOf)});
}

const start = async (account: Account = {}, extra = '') => {
	const server = await startEc2(account);
	return {server, aws: await source(server.url, extra)};
};

const byId = (offers: readonly Offer[], id: string): Offer => {
	const offer = offers.find(each => each.id === id);
	expect(offer, id).toBeDefined();
	return offer as Offer;
};

describe('offers of EC2', () => {
	test('types, zones and both prices', async () => {
		const {aws} = await start({quotas: {'L-1216C47A': 128, 'L-DB2E81BA': 8}, running: [{type: 'g5.xlarge'}]});
		const {offers, notes} = await listAll(aws);
		expect(byId(offers, 'aws/us-east-1/g6.xlarge/on-demand')).toEqual({
			id: 'aws/us-east-1/g6.xlarge/on-demand',
			backend: 'aws',
			region: 'us-east-1',
			instanceType: 'g6.xlarge',
			kind: 'machine',
			cpu: 4,
			architecture: 'x86_64',
			memory: 16 * gb,
			gpus: [{vendor: 'nvidia', name: 'L4', count: 1, memory: 24 * gb}],
			disk: undefined,
			spot: false,
			price: 0.8048,
			priceSource: 'test catalogue',
			priceDate: 1000,
			availability: 'unknown',
			deadline: 'guest',
			quota: {limit: 8, used: 4},
			notes: [],
		});
		const spot = byId(offers, 'aws/eu-west-1/eu-west-1b/g5.xlarge/spot');
		expect(spot).toMatchObject({
			zone: 'eu-west-1b',
			spot: true,
			price: 0.46,
			availability: 'unknown',
			priceSource: 'aws spot, live',
		});
		expect(byId(offers, 'aws/us-east-1/c7g.large/on-demand').architecture).toBe('arm64');
		expect(byId(offers, 'aws/us-east-1/g4ad.xlarge/on-demand').gpus).toEqual([
			{vendor: 'amd', name: 'V520', count: 1, memory: 8 * gb},
		]);
		expect(new Set(offers.map(({id}) => id)).size).toBe(offers.length);
		// p5 has no known price; in two regions.
		expect(notes).toEqual(['2 on-demand offers have no known price and are left out']);
	});

	test('`--gpu 24GB` finds an A10G and an L4, though both report less', async () => {
		const {aws} = await start();
		const {offers} = await listAll(aws);
		const asked = requirements({gpu: {memory: {min: 24 * gb}}, maxPrice: 1.5, spotPolicy: 'on-demand'});
		const found = offers.filter(offer => mismatch(offer, asked) === undefined).map(({instanceType}) => instanceType);
		expect(new Set(found)).toEqual(new Set(['g5.xlarge', 'g6.xlarge']));
	});

	test('part of a card is a fraction with the memory of that part', async () => {
		const {aws} = await start();
		const {offers} = await listAll(aws);
		expect(byId(offers, 'aws/us-east-1/g6f.large/on-demand').gpus).toEqual([
			{vendor: 'nvidia', name: 'L4', count: 0.125, memory: 3 * gb},
		]);
	});

	test('what cannot be had as an instance is not listed, nor are cities, nor prices of zero', async () => {
		const {aws} = await start();
		const {offers} = await listAll(aws);
		const listed = new Set(offers.map(({instanceType}) => instanceType));
		expect(listed).not.toContain('mac2.metal');
		expect(listed).not.toContain('p6-b300.48xlarge');
		expect(offers.filter(({zone}) => zone?.includes('bos'))).toEqual([]);
		expect(offers.filter(({price}) => price <= 0)).toEqual([]);
		expect(offers.some(({spot, instanceType}) => spot && instanceType === 'p4d.24xlarge')).toBe(false);
	});

	test('spot that costs more than on-demand says so', async () => {
		const {aws} = await start();
		const {offers} = await listAll(aws);
		expect(byId(offers, 'aws/us-east-1/us-east-1a/g6.xlarge/spot').notes).toEqual(['Spot costs as much as on-demand here.']);
		expect(byId(offers, 'aws/us-east-1/us-east-1a/g5.xlarge/spot').notes).toEqual([]);
	});

	test('a quota that leaves no room says how much there is, and where to ask for more', async () => {
		const quotas = {'L-417A185B': 0, 'L-DB2E81BA': 8, 'L-3819A6DF': 4};
		const {aws} = await start({quotas, running: [{type: 'g6.xlarge'}, {type: 'g5.xlarge', spot: true}, {type: 'm5.xlarge'}]});
		const {offers} = await listAll(aws);
		expect(byId(offers, 'aws/us-east-1/p4d.24xlarge/on-demand')).toMatchObject({
			availability: 'no quota',
			quota: {limit: 0, used: 0},
			notes: [expect.stringMatching(/P on-demand .* is 0 vCPUs: https:\/\/us-east-1\.console.*L-417A185B$/)],
		});
		expect(byId(offers, 'aws/us-east-1/g6.xlarge/on-demand')).toMatchObject({
			availability: 'unknown',
			quota: {limit: 8, used: 4},
		});
		expect(byId(offers, 'aws/us-east-1/g6e.12xlarge/on-demand')).toMatchObject({availability: 'no quota'});
		expect(byId(offers, 'aws/us-east-1/us-east-1a/g5.xlarge/spot')).toMatchObject({
			availability: 'no quota',
			notes: [expect.stringContaining('is 4 vCPUs, 4 of them in use; this needs 4')],
		});
		// A family whose quota AWS did not list is not known to have none.
		expect(byId(offers, 'aws/us-east-1/m5.xlarge/on-demand')).toMatchObject({availability: 'unknown'});
		expect(byId(offers, 'aws/us-east-1/m5.xlarge/on-demand').quota).toBeUndefined();
	});

	test('each type is described once, not once in each region', async () => {
		const regions = Object.fromEntries(['us-east-1', 'us-west-2', 'eu-west-1', 'eu-west-2'].map(name => [name, 'opted-in']));
		const {aws, server} = await start({regions});
		const {offers, batches} = await listAll(aws);
		expect(batches).toBe(4);
		expect(new Set(offers.map(({region}) => region)).size).toBe(4);
		const asked = server.calls.filter(({action}) => action === 'DescribeInstanceTypes');
		expect(asked.length).toBe(1);
		await listAll(aws);
		expect(server.calls.filter(({action}) => action === 'DescribeInstanceTypes').length).toBe(1);
	});

	test('only the regions that are asked for are asked', async () => {
		const regions = {'us-east-1': 'opt-in-not-required', 'eu-west-1': 'opt-in-not-required', 'me-south-1': 'not-opted-in'};
		const {aws, server} = await start({regions});
		const {notes} = await listAll(aws, {regions: ['eu-west-1']});
		const asked = server.calls.filter(({action}) => action === 'DescribeSpotPriceHistory').map(({region}) => region);
		expect(asked).toEqual(['eu-west-1']);
		expect(notes.filter(line => line.includes('me-south-1'))).toEqual([]);
	});

	test('a region that is off is quiet, unless the settings name it', async () => {
		const regions = {'us-east-1': 'opt-in-not-required', 'me-south-1': 'not-opted-in'};
		const {aws, server} = await start({regions}, '    regions: [us-east-1, me-south-1, mars-1]\n');
		const {notes} = await listAll(aws);
		expect(server.calls.filter(({region}) => region === 'me-south-1')).toEqual([]);
		expect(notes).toContain('me-south-1: this region is not enabled for the account');
		expect(notes).toContain('mars-1: there is no such region');
	});
});

describe('a region that fails hides no other', () => {
	const regions = {'us-east-1': 'opt-in-not-required', 'eu-west-1': 'opt-in-not-required', 'ap-south-1': 'opt-in-not-required'};

	test.each<[string, Account['script'], RegExp]>([
		['hangs', ({region}) => (region === 'ap-south-1' ? 'hang' : undefined), /^ap-south-1: .*400 ms/],
		[
			'breaks off',
			({region}) => (region === 'ap-south-1' ? {half: '<DescribeInstanceTypeOfferingsResponse>'} : undefined),
			/^ap-south-1: .*(?:ECONNRESET|aborted)/,
		],
		[
			'answers with HTML',
			({region}) =>
				region === 'ap-south-1' ? {status: 500, body: '<html><body>oops</body></html>', type: 'text/html'} : undefined,
			/^ap-south-1: the answer is none of AWS's \(500\)/,
		],
		[
			'throttles',
			({region}) => (region === 'ap-south-1' ? failure('RequestLimitExceeded', 'Request limit exceeded.', 503) : undefined),
			/^ap-south-1: RequestLimitExceeded/,
		],
		['answers 429', ({region}) => (region === 'ap-south-1' ? {status: 429, body: ''} : undefined), /^ap-south-1: .*429/],
		[
			'does not know the account',
			({region}) =>
				region === 'ap-south-1'
					? failure('AuthFailure', 'AWS was not able to validate the provided access credentials', 401)
					: undefined,
			/^ap-south-1: AuthFailure/,
		],
	])('one that %s', async (_, script, note) => {
		const {aws} = await start({regions, script});
		const {offers, notes} = await listAll(aws);
		expect(new Set(offers.map(({region}) => region))).toEqual(new Set(['us-east-1', 'eu-west-1']));
		expect(offers.some(({spot}) => spot)).toBe(true);
		expect(notes).toContainEqual(expect.stringMatching(note));
	});

	test('the offers of the others come before a slow one answers', async () => {
		let release: (() => void) | undefined;
		const gate = new Promise<void>(resolve => {
			release = resolve;
		});
		const server = await startEc2({
			regions,
			async script({region, action}) {
				if (region === 'ap-south-1' && action === 'DescribeInstanceTypeOfferings') {
					await gate;
				}

				return undefined;
			},
		});
		const surroundings = await makeSurroundings({
			'config/backends.yml': `- {type: aws, endpoint: '${server.url}', creds: {type: access_key, access_key: ${accessKey}, secret_key: ${secretKey}}}\n`,
		});
		const patient = {connect: 5000, request: 30_000, region: 60_000};
		const aws = createAwsSource({surroundings, limits: patient, pricesFor: pricesFrom(async () => priceOf)});
		const seen: string[] = [];
		for await (const batch of aws.offers(requirements(), new AbortController().signal)) {
			seen.push(batch[0]?.region ?? '');
			if (seen.length === 2) {
				release?.();
			}
		}

		expect(seen.at(-1)).toBe('ap-south-1');
		expect(seen.length).toBe(3);
	});

	test('one that describes types for all others and hangs holds nobody up for long', async () => {
		let first: string | undefined;
		const {aws} = await start({
			regions,
			script({region, action}) {
				if (action === 'DescribeInstanceTypes') {
					first ??= region;
					return region === first ? 'hang' : undefined;
				}

				return undefined;
			},
		});
		const {offers, notes} = await listAll(aws);
		expect(new Set(offers.map(({region}) => region)).size).toBe(2);
		expect(notes).toContainEqual(expect.stringMatching(new RegExp(`^${first}: `)));
	});

	test('the same failure everywhere is one line', async () => {
		const {aws} = await start({
			regions,
			script: ({action}) => (action === 'DescribeSpotPriceHistory' ? unauthorized('ec2:DescribeSpotPriceHistory') : undefined),
		});
		const {offers, notes} = await listAll(aws);
		expect(offers.every(({spot}) => !spot)).toBe(true);
		expect(notes.filter(line => line.includes('Spot'))).toEqual([
			'every region: may not ec2:DescribeSpotPriceHistory (UnauthorizedOperation): no spot offers',
		]);
	});

	test('who leaves ends the questions', async () => {
		const {aws} = await start({regions, script: ({action}) => (action === 'DescribeRegions' ? undefined : 'hang')});
		const leaving = new AbortController();
		const listing = listAll(aws, {}, leaving.signal);
		setTimeout(() => leaving.abort(new Error('left')), 50);
		await expect(listing).rejects.toThrow();
	});
});

describe('the status', () => {
	test('an account that may do everything', async () => {
		const {aws} = await start();
		expect(await status(aws)).toMatchObject({ready: true, missing: [], notes: [expect.stringMatching(/2 regions$/)]});
	});

	test('missing permissions by their names', async () => {
		const denied = new Set(['ec2:DescribeSpotPriceHistory', 'ec2:DescribeInstances', 'ec2:DescribeRegions']);
		const {aws} = await start({
			script: ({action}) =>
				denied.has(`ec2:${action}`)
					? unauthorized(`ec2:${action}`)
					: action === 'ListServiceQuotas'
						? {
								status: 400,
								type: 'application/x-amz-json-1.1',
								body: '{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/x is not authorized to perform: servicequotas:ListServiceQuotas because no identity-based policy allows it"}',
							}
						: undefined,
		});
		const found = await status(aws);
		expect(new Set(found.missing)).toEqual(new Set([...denied, 'servicequotas:ListServiceQuotas']));
		expect(found.ready).toBe(true);
		expect(found.next).toMatch(/^Allow .*servicequotas:ListServiceQuotas/);
		const {offers, notes} = await listAll(aws, {regions: ['us-east-1', 'eu-west-1']});
		expect(offers.length).toBeGreaterThan(0);
		expect(notes).toContainEqual(expect.stringContaining('the usual regions are asked'));
	});

	test('without the types there are no offers', async () => {
		const {aws} = await start({
			script: ({action}) => (action === 'DescribeInstanceTypes' ? unauthorized('ec2:DescribeInstanceTypes') : undefined),
		});
		expect(await status(aws)).toMatchObject({ready: false, missing: ['ec2:DescribeInstanceTypes']});
		const {offers, notes} = await listAll(aws);
		expect(offers).toEqual([]);
		expect(notes).toEqual(['every region: may not ec2:DescribeInstanceTypes (UnauthorizedOperation)']);
	});

	test.each<[string, Account['script'], BackendErrorClass, RegExp]>([
		[
			'wrong keys',
			() => failure('AuthFailure', 'AWS was not able to validate the provided access credentials', 401),
			'permission',
			/access key/,
		],
		[
			'an expired session',
			() => failure('ExpiredToken', 'The security token included in the request is expired', 400),
			'permission',
			/sso login/,
		],
		['a wrong clock', () => failure('RequestExpired', 'Request has expired.', 400), 'permission', /clock/],
		['an endpoint that is another program', () => ({status: 200, body: '<html>hello</html>'}), 'unknown', /endpoint/],
		['nobody there', () => 'hang', 'transient', /network/],
	])('%s is a failure with its next step', async (_, script, kind, next) => {
		const {aws} = await start({script});
		const found = await status(aws);
		expect(found.ready).toBe(false);
		expect(found.noCredentials).toBeUndefined();
		expect(found.next).toMatch(next);
		await expect(listAll(aws)).rejects.toMatchObject({name: 'BackendError', class: kind});
	});

	test('without credentials nobody is asked, and there is no failure', async () => {
		const aws = createAwsSource({surroundings: await makeSurroundings(), pricesFor: pricesFrom(async () => priceOf)});
		expect(await status(aws)).toMatchObject({
			ready: false,
			noCredentials: true,
			notes: [expect.stringMatching(/^no credentials: .*aws configure/)],
		});
		expect(await listAll(aws)).toEqual({offers: [], batches: 0, notes: []});
	});

	test('a profile of the shared files is used', async () => {
		const server = await startEc2();
		const surroundings = await makeSurroundings(
			{
				'.aws/config': '[profile work]\nregion = eu-west-1\n',
				'.aws/credentials': `[work]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`,
				'config/backends.yml': `- {type: aws, creds: {type: default, profile: work}, endpoint: '${server.url}'}\n`,
			},
			{AWS_ACCESS_KEY_ID: 'AKIAOTHER', AWS_SECRET_ACCESS_KEY: 'other'},
		);
		const aws = createAwsSource({surroundings, limits, pricesFor: pricesFrom(async () => priceOf)});
		expect(await status(aws)).toMatchObject({ready: true, origin: 'profile work of ~/.aws'});
		expect(server.calls[0]).toMatchObject({region: 'eu-west-1'});
		expect(String(server.heard[0]?.headers['authorization'])).toContain(accessKey);
	});
});

test('no key is in anything that is said', async () => {
	const echo = `Authorization=AWS4-HMAC-SHA256 Credential=${accessKey}/x, ${secretKey} ${encodeURIComponent(secretKey)}`;
	const server = await startEc2({
		regions: {'us-east-1': 'opted-in', 'eu-west-1': 'opted-in'},
		script: ({action, region}) =>
			action === 'DescribeRegions'
				? undefined
				: region === 'eu-west-1'
					? failure('IncompleteSignature', echo, 400)
					: failure('InternalError', echo, 500),
	});
	const aws = await source(server.url);
	const said = JSON.stringify([await status(aws), await listAll(aws), await aws.setup?.()]);
	expect(said).toContain('IncompleteSignature');
	expect(said).not.toContain(accessKey);
	expect(said).not.toContain(secretKey);
	const all = await startEc2({script: () => failure('AuthFailure', echo, 401)});
	const refused = await source(all.url);
	const error = (await listAll(refused).catch((thrown: unknown) => thrown)) as Error;
	expect(error.message).toContain('AuthFailure');
	expect(error.message + String(error.stack) + JSON.stringify(error)).not.toMatch(new RegExp(`${accessKey}|${secretKey}`));
});

describe('quotas', () => {
	// As AWS's console lists them; one public table had columns swapped.
	test.each([
		['m7i.large', 'L-1216C47A', 'L-34B43A08'],
		['im4gn.large', 'L-1216C47A', 'L-34B43A08'],
		['i7ie.large', 'L-1216C47A', 'L-34B43A08'],
		['t3.micro', 'L-1216C47A', 'L-34B43A08'],
		['g6e.xlarge', 'L-DB2E81BA', 'L-3819A6DF'],
		['gr6.4xlarge', 'L-DB2E81BA', 'L-3819A6DF'],
		['vt1.3xlarge', 'L-DB2E81BA', 'L-3819A6DF'],
		['p4d.24xlarge', 'L-417A185B', 'L-7212CCBC'],
		['p5en.48xlarge', 'L-417A185B', 'L-C4BD4855'],
		['p6-b200.48xlarge', 'L-417A185B', undefined],
		['x2idn.16xlarge', 'L-7295265B', 'L-E3A00192'],
		['f2.6xlarge', 'L-74FC7D96', 'L-88CF9481'],
		['inf2.xlarge', 'L-1945791B', 'L-B5D1601B'],
		['trn1.2xlarge', 'L-2C3B7624', 'L-6B0D517C'],
		['dl1.24xlarge', 'L-6E869C2A', 'L-85EED4F7'],
		['u7i-12tb.224xlarge', 'L-43DA4232', undefined],
		['u-6tb1.metal', 'L-43DA4232', undefined],
		['hpc7a.96xlarge', 'L-F7808C92', undefined],
	])('%s', (type, onDemand, spot) => {
		expect(familyOf(type)).toMatchObject({onDemand, spot});
	});

	test('a Mac is not counted in vCPUs', () => {
		expect(familyOf('mac2.metal')).toBeUndefined();
	});

	test('what runs is not known: the limit alone counts', () => {
		const quotas = {limits: new Map([['L-1216C47A', 4]]), used: undefined};
		expect(quotaFor(quotas, 'us-east-1', 'm5.xlarge', 4, false)).toEqual({limit: 4, used: undefined, note: undefined});
		expect(quotaFor(quotas, 'us-east-1', 'm5.2xlarge', 8, false)?.note).toMatch(/is 4 vCPUs; this needs 8/);
	});
});

describe('errors', () => {
	test.each<[string, number, BackendErrorClass]>([
		['InsufficientInstanceCapacity', 500, 'capacity'],
		['Unsupported', 400, 'capacity'],
		['SpotMaxPriceTooLow', 400, 'capacity'],
		['VcpuLimitExceeded', 400, 'quota'],
		['MaxSpotInstanceCountExceeded', 400, 'quota'],
		['UnauthorizedOperation', 403, 'permission'],
		['OptInRequired', 401, 'permission'],
		['ExpiredToken', 400, 'permission'],
		['InvalidAMIID.NotFound', 400, 'configuration'],
		['InvalidParameterValue', 400, 'configuration'],
		['VPCIdNotSpecified', 400, 'configuration'],
		['Throttling', 400, 'transient'],
		['ThrottlingException', 400, 'transient'],
		['Unavailable', 503, 'transient'],
		['SomethingNew', 500, 'transient'],
		['SomethingNew', 400, 'unknown'],
	])('%s with %i is %s', (name, httpStatusCode, kind) => {
		const {error} = classify({name, message: 'words of AWS', $metadata: {httpStatusCode}}, 'ec2:RunInstances', new Set());
		expect(error.class).toBe(kind);
		// A missing permission is said by its name; AWS's own sentence about it is long.
		expect(error.message).toContain(name === 'UnauthorizedOperation' ? 'ec2:RunInstances' : 'words of AWS');
	});
	test.each([
		[{code: 'ENOTFOUND', hostname: 'ec2.eu-west-1.amazonaws.com'}, /^ec2\.eu-west-1\.amazonaws\.com is not known by that name/],
		[{code: 'ECONNREFUSED', address: '127.0.0.1', port: 1}, /^127\.0\.0\.1:1 refused the connection$/],
	])('%j is told as it is of every other cloud', (facts, words) => {
		const thrown = Object.assign(new Error('connect E 127.0.0.1:1'), facts);
		const {error} = classify(thrown, 'ec2:DescribeRegions', new Set());
		expect(error).toMatchObject({class: 'transient', message: expect.stringMatching(words)});
	});
});

test('a type whose description lacks something is left out', () => {
	expect(hardwareOf({InstanceType: 'm5.large'})).toBeUndefined();
	expect(hardwareOf({InstanceType: 'm5.large', VCpuInfo: {DefaultVCpus: 2}, MemoryInfo: {SizeInMiB: 8192}})).toMatchObject({
		cpu: 2,
		gpus: [],
		architecture: 'unknown',
		onDemand: false,
	});
});

test('a region that asks first and hears nothing holds another up for a few seconds, and no longer', async () => {
	const book = new HardwareBook();
	const clock = new TestClock();
	const {signal} = new AbortController();
	const asked: string[] = [];
	const never = new Promise<never>(() => undefined);
	const infos = [{InstanceType: 'm5.large' as const, VCpuInfo: {DefaultVCpus: 2}, MemoryInfo: {SizeInMiB: 8192}}];
	void book.learn(['m5.large'], async () => never, clock, signal);
	const second = book.learn(
		['m5.large'],
		async names => {
			asked.push(...names);
			return infos;
		},
		clock,
		signal,
	);
	await new Promise(resolve => setImmediate(resolve));
	expect(asked).toEqual([]);
	clock.pass(5000);
	await second;
	expect(asked).toEqual(['m5.large']);
	expect(book.get('m5.large')?.cpu).toBe(2);
});

describe.skipIf(!hasMoto)('against moto_server', () => {
	test('the real types of a region', async () => {
		const url = await startMoto();
		const aws = createAwsSource({
			surroundings: await makeSurroundings({
				'config/backends.yml': `- {type: aws, regions: [us-east-1], endpoint: '${url}', creds: {type: access_key, access_key: ${accessKey}, secret_key: ${secretKey}}}\n`,
			}),
			limits: {connect: 10_000, request: 120_000, region: 240_000},
			pricesFor: pricesFrom(async () => priceOf),
		});
		expect(await status(aws)).toMatchObject({ready: true});
		const {offers, notes} = await listAll(aws);
		expect(offers.length).toBeGreaterThan(3000);
		expect(byId(offers, 'aws/us-east-1/g6.xlarge/on-demand').gpus).toEqual([
			{vendor: 'nvidia', name: 'L4', count: 1, memory: 24 * gb},
		]);
		expect(offers.find(({instanceType}) => instanceType === 'g6f.large')?.gpus).toEqual([
			{vendor: 'nvidia', name: 'L4', count: 0.125, memory: 3 * gb},
		]);
		expect(offers.find(({instanceType}) => instanceType === 'p4de.24xlarge')?.gpus[0]?.memory ?? 80 * gb).toBe(80 * gb);
		// It has no list of quotas, and says so in HTML.
		expect(notes).toContainEqual("us-east-1: the answer is none of AWS's (500): quotas are not known");
	}, 300_000);
});
