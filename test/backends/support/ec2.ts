import {type Heard, json, type Reply, serve, type Server} from './http.js';

/** One call of EC2 or Service Quotas, as the stand-in understands it. */
export type Call = {
	readonly region: string;
	readonly action: string;
	readonly parameters: URLSearchParams;
	readonly request: Heard;
};

/** An answer instead of the usual one; undefined leaves the usual. */
export type Script = (call: Call) => Reply | undefined | Promise<Reply | undefined>;

type Type = {
	readonly cpu: number;
	readonly memory: number;
	readonly architecture?: string;
	readonly usages?: readonly string[];
	readonly gpu?: {
		readonly name: string;
		readonly maker?: string;
		readonly count: number;
		readonly memory: number;
		readonly logical?: number;
		readonly part?: number;
	};
};

/** Real types, in the words of EC2's `DescribeInstanceTypes`. */
export const types: Readonly<Record<string, Type>> = {
	'm5.xlarge': {cpu: 4, memory: 16_384},
	'c7g.large': {cpu: 2, memory: 4096, architecture: 'arm64'},
	'g5.xlarge': {cpu: 4, memory: 16_384, gpu: {name: 'A10G', count: 1, memory: 22_888}},
	'g6.xlarge': {cpu: 4, memory: 16_384, gpu: {name: 'L4', count: 1, memory: 22_888}},
	'g6f.large': {cpu: 2, memory: 8192, gpu: {name: 'L4', count: 0, memory: 2861, logical: 1, part: 0.125}},
	'g6e.12xlarge': {cpu: 48, memory: 393_216, gpu: {name: 'L40S', count: 4, memory: 45_776}},
	'p4d.24xlarge': {cpu: 96, memory: 1_179_648, gpu: {name: 'A100', count: 8, memory: 40_960}},
	'p5.48xlarge': {cpu: 192, memory: 2_097_152, gpu: {name: 'H100', count: 8, memory: 81_920}},
	'g4ad.xlarge': {cpu: 4, memory: 16_384, gpu: {name: 'Radeon Pro V520', maker: 'AMD', count: 1, memory: 8192}},
	'p6-b300.48xlarge': {cpu: 192, memory: 4_194_304, usages: ['capacity-block'], gpu: {name: 'B300', count: 8, memory: 275_040}},
	'mac2.metal': {cpu: 8, memory: 16_384, architecture: 'arm64', usages: ['on-demand']},
};

export const spotPrices: Readonly<Record<string, number>> = {
	'm5.xlarge': 0.07,
	'g5.xlarge': 0.45,
	'g6.xlarge': 0.9,
	'p5.48xlarge': 20,
	'p4d.24xlarge': 0,
};

const escape = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const element = (name: string, inner: string): string => `<${name}>${inner}</${name}>`;
const items = (inner: readonly string[]): string => inner.map(each => element('item', each)).join('');

const answer = (action: string, inner: string): Reply => ({
	status: 200,
	body: `<?xml version="1.0" encoding="UTF-8"?><${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${inner}</${action}Response>`,
});

/** An error in EC2's form. */
export const failure = (code: string, message: string, status = 400): Reply => ({
	status,
	body: `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error>${element('Code', code)}${element('Message', escape(message))}</Error></Errors><RequestID>r</RequestID></Response>`,
});

export const unauthorized = (action: string): Reply =>
	failure(
		'UnauthorizedOperation',
		`You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/someone is not authorized to perform: ${action} because no identity-based policy allows the ${action} action. Encoded authorization failure message: abc123`,
		403,
	);

const typeXml = (name: string, {cpu, memory, architecture = 'x86_64', usages = ['on-demand', 'spot'], gpu}: Type): string =>
	[
		element('instanceType', name),
		element('supportedUsageClasses', items(usages)),
		element('processorInfo', element('supportedArchitectures', items([architecture]))),
		element('vCpuInfo', element('defaultVCpus', String(cpu))),
		element('memoryInfo', element('sizeInMiB', String(memory))),
		gpu
			? element(
					'gpuInfo',
					element(
						'gpus',
						items([
							[
								element('name', gpu.name),
								element('manufacturer', gpu.maker ?? 'NVIDIA'),
								element('count', String(gpu.count)),
								element('logicalGpuCount', String(gpu.logical ?? gpu.count)),
								element('gpuPartitionSize', String(gpu.part ?? 1)),
								element('memoryInfo', element('sizeInMiB', String(gpu.memory))),
							].join(''),
						]),
					),
				)
			: '',
	].join('');

export type Account = {
	/** Regions with their state; `opt-in-not-required` by default. */
	readonly regions?: Readonly<Record<string, string>>;
	/** vCPUs by quota code. */
	readonly quotas?: Readonly<Record<string, number>>;
	/** What runs: instance type and market. */
	readonly running?: readonly {readonly type: string; readonly spot?: boolean}[];
	readonly script?: Script;
};

/** EC2 and Service Quotas for one account, over all regions at one address: the region is read from the signature. */
export async function startEc2({script, ...account}: Account = {}): Promise<Server & {readonly calls: Call[]}> {
	const calls: Call[] = [];
	const server = await serve(async request => {
		const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(String(request.headers['authorization']))?.[1] ?? '';
		const target = String(request.headers['x-amz-target'] ?? '');
		const parameters = new URLSearchParams(target ? '' : request.body);
		const call = {region, action: target ? (target.split('.')[1] ?? '') : (parameters.get('Action') ?? ''), parameters, request};
		calls.push(call);
		return (await script?.(call)) ?? usual(call, account);
	});
	return {...server, calls};
}

function usual({region, action, parameters}: Call, {regions, quotas = {}, running = []}: Account): Reply {
	if (parameters.get('DryRun') === 'true') {
		return failure('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
	}

	const names = Object.keys(types);
	switch (action) {
		case 'DescribeRegions': {
			const states = Object.entries(regions ?? {'us-east-1': 'opt-in-not-required', 'eu-west-1': 'opt-in-not-required'});
			const rows = states.map(([name, state]) => element('regionName', name) + element('optInStatus', state));
			return answer(action, element('regionInfo', items(rows)));
		}

		case 'DescribeInstanceTypeOfferings': {
			const zones = [`${region}a`, `${region}b`, `${region}-bos-1a`];
			// In pages, as EC2 does: the second zone and the city come with the token.
			const wanted = parameters.get('NextToken') === null ? zones.slice(0, 1) : zones.slice(1);
			const rows = wanted.flatMap(zone =>
				names.map(
					name => element('instanceType', name) + element('locationType', 'availability-zone') + element('location', zone),
				),
			);
			const next = parameters.get('NextToken') === null ? element('nextToken', 'more') : '';
			return answer(action, element('instanceTypeOfferingSet', items(rows)) + next);
		}

		case 'DescribeInstanceTypes': {
			const asked = [...parameters].filter(([key]) => key.startsWith('InstanceType.')).map(([, value]) => value);
			const unknown = asked.find(name => !types[name]);
			if (unknown) {
				return failure('InvalidInstanceType', `The following supplied instance types do not exist: [${unknown}]`);
			}

			return answer(action, element('instanceTypeSet', items(asked.map(name => typeXml(name, types[name] as Type)))));
		}

		case 'DescribeSpotPriceHistory': {
			const asked = new Set([...parameters].filter(([key]) => key.startsWith('InstanceType.')).map(([, value]) => value));
			const only = parameters.get('AvailabilityZone');
			const zones = ['a', 'b', '-bos-1a'].map((zone, index) => ({zone, index}));
			const rows = zones
				.filter(({zone}) => only === null || only === `${region}${zone}`)
				.flatMap(({zone, index}) =>
					Object.entries(spotPrices)
						.filter(([name]) => asked.size === 0 || asked.has(name))
						.flatMap(([name, price]) => {
							const row = (cost: number, date: string) =>
								[
									element('instanceType', name),
									element('productDescription', 'Linux/UNIX'),
									element('spotPrice', (cost === 0 ? 0 : cost + index * 0.01).toFixed(6)),
									element('timestamp', date),
									element('availabilityZone', `${region}${zone}`),
								].join('');
							// An older price of the same zone comes along, as it does.
							return [row(price, '2026-11-24T10:00:00.000Z'), row(price * 9, '2026-11-20T10:00:00.000Z')];
						}),
				);
			return answer(action, element('spotPriceHistorySet', items(rows)));
		}

		case 'DescribeInstances': {
			const rows = running.map(({type, spot}, index) =>
				[
					element('instanceId', `i-${index}`),
					element('instanceType', type),
					element('instanceState', element('name', 'running')),
					spot ? element('instanceLifecycle', 'spot') : '',
				].join(''),
			);
			return answer(action, element('reservationSet', items([element('instancesSet', items(rows))])));
		}

		case 'ListServiceQuotas': {
			return json({
				Quotas: Object.entries(quotas).map(([QuotaCode, Value]) => ({ServiceCode: 'ec2', QuotaCode, Value})),
			});
		}

		default: {
			return failure('InvalidAction', `The action ${action} is not valid for this web service.`);
		}
	}
}
