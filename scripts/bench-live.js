// Measures the built program while EC2 is asked in 17 regions, against a stand-in on this machine, and prints the figures; asserts nothing.
// usage: node scripts/bench-live.js
import {mkdtempSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {URLSearchParams} from 'node:url';
import {makeSession} from './session.js';

const regions = [
	...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1'],
	...['eu-central-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-north-1'],
	...['ap-south-1', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-southeast-2'],
];
const zones = ['a', 'b', 'c', 'd'];
const rounds = Number(process.env['ROUNDS'] ?? 3);
const say = (what, text) => process.stdout.write(`${what.padEnd(42)} ${text}\n`);
const mb = kib => `${(kib / 1024).toFixed(0)} MB`;
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
const pause = async milliseconds =>
	new Promise(resolve => {
		setTimeout(resolve, milliseconds);
	});

const tag = (name, inner) => `<${name}>${inner}</${name}>`;
const items = list => list.map(each => tag('item', each)).join('');
const answer = (action, inner) =>
	`<?xml version="1.0" encoding="UTF-8"?><${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${inner}</${action}Response>`;

/** As much as EC2 says of a type, of which most is not read. */
const cards = items(
	Array.from({length: 4}, (_, index) =>
		[
			tag('networkCardIndex', index),
			tag('networkPerformance', 'Up to 25 Gigabit'),
			tag('maximumNetworkInterfaces', 8),
			tag('baselineBandwidthInGbps', '6.25'),
			tag('peakBandwidthInGbps', '25.0'),
		].join(''),
	),
);
const padding = [
	tag('currentGeneration', true),
	tag('freeTierEligible', false),
	tag('supportedRootDeviceTypes', items(['ebs'])),
	tag('supportedVirtualizationTypes', items(['hvm'])),
	tag('bareMetal', false),
	tag('hypervisor', 'nitro'),
	tag('instanceStorageSupported', false),
	tag(
		'ebsInfo',
		tag('ebsOptimizedSupport', 'default') +
			tag('encryptionSupport', 'supported') +
			tag('nvmeSupport', 'required') +
			tag(
				'ebsOptimizedInfo',
				['baselineBandwidthInMbps', 'baselineIops', 'maximumBandwidthInMbps', 'maximumIops']
					.map(each => tag(each, 4750))
					.join(''),
			),
	),
	tag('networkInfo', tag('networkPerformance', 'Up to 25 Gigabit') + tag('networkCards', cards)),
	tag('placementGroupInfo', tag('supportedStrategies', items(['cluster', 'partition', 'spread']))),
	tag('hibernationSupported', false),
	tag('burstablePerformanceSupported', false),
	tag('supportedBootModes', items(['legacy-bios', 'uefi'])),
	tag('nitroEnclavesSupport', 'supported'),
].join('');

const typeXml = ({instanceType, cpu, memory, architecture, gpus}) =>
	[
		tag('instanceType', instanceType),
		padding,
		tag('supportedUsageClasses', items(['on-demand', 'spot'])),
		tag('processorInfo', tag('supportedArchitectures', items([architecture])) + tag('sustainedClockSpeedInGhz', '3.1')),
		tag('vCpuInfo', tag('defaultVCpus', cpu) + tag('validCores', items(['1', '2', '4', '8']))),
		tag('memoryInfo', tag('sizeInMiB', memory)),
		...gpus.map(gpu =>
			tag(
				'gpuInfo',
				tag(
					'gpus',
					items([
						tag('name', gpu.name) +
							tag('manufacturer', 'NVIDIA') +
							tag('count', gpu.count) +
							tag('memoryInfo', tag('sizeInMiB', gpu.memory)),
					]),
				),
			),
		),
	].join('');

/** Answers in pages of 1000, as EC2 does. */
const page = (name, all, token) => {
	const from = Number(token ?? 0);
	const next = from + 1000 < all.length ? tag('nextToken', from + 1000) : '';
	return tag(name, items(all.slice(from, from + 1000))) + next;
};

const startEc2 = async types => {
	const answerTo = (region, parameters) => {
		const action = parameters.get('Action');
		const token = parameters.get('NextToken');
		switch (action) {
			case 'DescribeRegions': {
				return tag('regionInfo', items(regions.map(name => tag('regionName', name) + tag('optInStatus', 'opt-in-not-required'))));
			}

			case 'DescribeInstanceTypeOfferings': {
				const all = zones.flatMap(zone =>
					[...types.keys()].map(
						name => tag('instanceType', name) + tag('locationType', 'availability-zone') + tag('location', region + zone),
					),
				);
				return page('instanceTypeOfferingSet', all, token);
			}

			case 'DescribeInstanceTypes': {
				const asked = [...parameters].filter(([key]) => key.startsWith('InstanceType.')).map(([, value]) => value);
				return tag('instanceTypeSet', items(asked.map(name => typeXml(types.get(name)))));
			}

			case 'DescribeSpotPriceHistory': {
				const all = zones.flatMap((zone, index) =>
					[...types.values()].map(({instanceType, price}) =>
						[
							tag('instanceType', instanceType),
							tag('productDescription', 'Linux/UNIX'),
							tag('spotPrice', (price * (0.3 + index / 20)).toFixed(6)),
							tag('timestamp', '2026-11-24T10:00:00.000Z'),
							tag('availabilityZone', region + zone),
						].join(''),
					),
				);
				return page('spotPriceHistorySet', all, token);
			}

			default: {
				return tag('reservationSet', '');
			}
		}
	};

	const server = createServer((request, response) => {
		let body = '';
		request.setEncoding('utf8').on('data', text => {
			body += text;
		});
		request.on('end', () => {
			if (request.headers['x-amz-target']) {
				response
					.setHeader('content-type', 'application/x-amz-json-1.1')
					.end(JSON.stringify({Quotas: ['L-1216C47A', 'L-34B43A08', 'L-DB2E81BA'].map(QuotaCode => ({QuotaCode, Value: 640}))}));
				return;
			}

			const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(String(request.headers.authorization))?.[1] ?? '';
			const parameters = new URLSearchParams(body);
			response.setHeader('content-type', 'text/xml').end(answer(parameters.get('Action'), answerTo(region, parameters)));
		});
	});
	await new Promise(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return {server, url: `http://127.0.0.1:${server.address().port}`};
};

// Tells from within the program how late its own timers are, ten times a second.
const probe = `
const isMain = !/aws-worker/.test(process.argv[1] ?? '');
import {appendFileSync} from 'node:fs';
if (isMain && process.env.PROBE_FILE) {
	let last = performance.now();
	const gaps = [];
	setInterval(() => {
		const now = performance.now();
		gaps.push(now - last);
		last = now;
	}, 1).unref();
	setInterval(() => {
		const late = gaps.splice(0);
		const worst = Math.max(0, ...late);
		appendFileSync(process.env.PROBE_FILE, JSON.stringify({at: Date.now(), worst, over16: late.filter(each => each > 16).length}) + '\\n');
		last = performance.now();
	}, 100).unref();
}
`;

const status = (pid, key) =>
	Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

if (process.platform !== 'linux') {
	say('live offers of AWS', 'not measured: only Linux tells the memory of a process');
	process.exit();
}

const folder = mkdtempSync(path.join(tmpdir(), 'bench-live-'));
const probeFile = path.join(folder, 'probe.mjs');
writeFileSync(probeFile, probe);
const session = makeSession(path.join(folder, 'session'), {'.dstack.yml': 'type: dev-environment\nide: vscode\n'});
let ec2;
try {
	const known = session
		.cli('offers', '--backend', 'aws', '--region', 'us-east-1', '--on-demand', '--cpu', '1..', '--memory', '0.1GB..', '--json')
		.split('\n')
		.filter(Boolean)
		.map(line => JSON.parse(line));
	const types = new Map(known.map(each => [each.instanceType, each]));
	while (types.size > 850) {
		types.delete([...types.keys()].at(-1));
	}

	ec2 = await startEc2(types);
	const settings = `- {type: aws, endpoint: '${ec2.url}', creds: {type: access_key, access_key: AKIA0000000000000000, secret_key: none}}\n`;
	const config = path.join(session.home, '.config/dstack-tui');
	mkdirSync(config, {recursive: true});
	writeFileSync(path.join(config, 'backends.yml'), settings, {mode: 0o600});
	say('stand-in', `${regions.length} regions, ${types.size} types, ${zones.length} zones`);
	const all = [];
	for (let round = 0; round < rounds; round++) {
		all.push(await measure(round));
	}

	const figures = key => all.map(each => each[key]);
	const told = (what, key, words) =>
		say(
			what,
			`median ${words(median(figures(key)))}, least ${words(Math.min(...figures(key)))}, most ${words(Math.max(...figures(key)))} (${rounds} runs)`,
		);
	told('offers shown', 'count', String);
	told('until all have answered', 'took', ms => `${(ms / 1000).toFixed(1)} s`);
	told('resident before it was asked', 'before', mb);
	told('most resident', 'peak', mb);
	told('resident when all have answered', 'after', mb);
	told('resident 5 s later', 'later', mb);
	told('most resident of the process that asks', 'apart', mb);
	told('longest pause while AWS answers', 'answering', ms => `${ms.toFixed(0)} ms`);
	told('longest pause of the main thread', 'worst', ms => `${ms.toFixed(0)} ms`);
	told('pauses above 16 ms', 'over16', String);
} finally {
	ec2?.server.close();
	ec2?.server.closeAllConnections();
	session.remove();
}

async function measure(round) {
	const log = path.join(folder, `log-${round}`);
	Object.assign(session.env, {NODE_OPTIONS: `--import ${probeFile}`, PROBE_FILE: log});
	const terminal = session.open(['.'], {columns: 120, rows: 40});
	try {
		await terminal.until(/dstack-tui/);
		await pause(2500);
		const pid = terminal.process.pid;
		const before = status(pid, 'VmRSS');
		const started = Date.now();
		terminal.press('\r');
		await terminal.until(/aws ✓ [\d,]+ live/, 120_000);
		const took = Date.now() - started;
		await pause(300);
		const after = status(pid, 'VmRSS');
		const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
		const apart = Math.max(0, ...children.map(child => status(child, 'VmHWM')));
		const [, count = '0'] = /aws ✓ ([\d,]+) live/.exec(terminal.text()) ?? [];
		const samples = readFileSync(log, 'utf8')
			.split('\n')
			.filter(Boolean)
			.map(line => JSON.parse(line))
			.filter(({at}) => at >= started);
		await pause(5000);
		const later = status(pid, 'VmRSS');
		return {
			count: Number(count.replaceAll(',', '')),
			took,
			before,
			after,
			later,
			apart,
			peak: status(pid, 'VmHWM'),
			worst: Math.max(...samples.map(({worst}) => worst)),
			// The catalogue is read and the first rows are there by then.
			answering: Math.max(...samples.filter(({at}) => at >= started + 500).map(({worst}) => worst)),
			over16: samples.reduce((sum, each) => sum + each.over16, 0),
		};
	} finally {
		terminal.press('\u0003');
		terminal.press('q');
		await terminal.ended;
		session.env.NODE_OPTIONS = '';
	}
}
