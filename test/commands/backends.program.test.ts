import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {failure, startEc2, unauthorized} from '../backends/support/ec2.js';
import {json, serve} from '../backends/support/http.js';
import {makeWorld, objects, type World} from '../support/program.js';

const key = 'NOBODYshouldSEEthis0123456789';

const lambdaAnswer = {
	data: {
		gpu_1x_a10: {
			instance_type: {
				name: 'gpu_1x_a10',
				gpu_description: 'A10 (24 GB PCIe)',
				price_cents_per_hour: 1,
				specs: {vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1},
			},
			regions_with_capacity_available: [{name: 'us-east-1'}],
		},
	},
};

const card = {
	...{id: 'NVIDIA A40', displayName: 'A40', manufacturer: 'Nvidia', memoryInGb: 48, maxGpuCount: 1},
	...{securePrice: 0.4, secureSpotPrice: 0.2, communityPrice: 0.35, communitySpotPrice: 0},
};
const inStock = {stockStatus: 'High', minVcpu: 9, minMemory: 50, minimumBidPrice: 0.2, uninterruptablePrice: 0.4};
const runpodAnswer = (query: string) => ({
	data: query.includes('myself')
		? {myself: {id: 'user'}}
		: query.includes('dataCenters')
			? {dataCenters: [{id: 'EU-RO-1', listed: true}], gpuTypes: [card]}
			: {gpuTypes: [{id: card.id, c1: inStock}]},
});

async function settings({home}: World, text: string): Promise<void> {
	await mkdir(path.join(home, 'dt'), {recursive: true, mode: 0o700});
	await writeFile(path.join(home, 'dt/backends.yml'), text, {mode: 0o600});
}

type Line = {
	readonly type: string;
	readonly name: string;
	readonly state: string;
	readonly missing: string[];
	readonly next: string | null;
};

const states = (stdout: string) =>
	Object.fromEntries(
		objects<Line>(stdout)
			.filter(({type}) => type === 'backend')
			.map(({name, state}) => [name, state]),
	);

describe('`backends`', () => {
	test('with nothing set up says how to, and that is no failure', async () => {
		const world = await makeWorld();
		const {code, stdout, stderr} = await world.cli(['backends']);
		expect([code, stderr]).toEqual([0, '']);
		expect(stdout).toMatch(/^aws +not set up +yes +-$/m);
		expect(stdout).toMatch(/^lambda +not set up +not yet +-$/m);
		expect(stdout).toMatch(/next: .*AWS_PROFILE.*backends\.yml/);
		expect(stdout).toMatch(/next: .*LAMBDA_API_KEY/);
		expect(stdout).toMatch(/next: .*RUNPOD_API_KEY/);
		expect(states((await world.cli(['backends', '--json'])).stdout)).toEqual({
			local: 'ready',
			aws: 'not set up',
			lambda: 'not set up',
			runpod: 'not set up',
		});
	});

	test('asks each that is set up, and names the permission that is missing', async () => {
		const world = await makeWorld();
		const ec2 = await startEc2({
			script: ({action}) => (action === 'DescribeSpotPriceHistory' ? unauthorized('ec2:DescribeSpotPriceHistory') : undefined),
		});
		const lambda = await serve(() => json(lambdaAnswer));
		await settings(
			world,
			`- {type: aws, endpoint: '${ec2.url}', creds: {type: access_key, access_key: AKIA${key}, secret_key: ${key}}}\n- {type: lambda, endpoint: '${lambda.url}', creds: {api_key: ${key}}}\n`,
		);
		const {code, stdout, stderr} = await world.cli(['backends', '--json']);
		expect([code, stderr]).toEqual([0, '']);
		expect(states(stdout)).toMatchObject({aws: 'ready', lambda: 'ready'});
		expect(objects<Line>(stdout).find(({name}) => name === 'aws')).toMatchObject({
			missing: ['ec2:DescribeSpotPriceHistory'],
			next: 'Allow ec2:DescribeSpotPriceHistory for these credentials in IAM.',
		});
		expect(stdout).not.toContain(key);
	});

	test('one that fails is a failure, with its next step', async () => {
		const world = await makeWorld();
		const lambda = await serve(() => json({error: {code: 'global/invalid-api-key', message: `bad ${key}`}}, 401));
		await settings(world, `- {type: lambda, endpoint: '${lambda.url}', creds: {api_key: ${key}}}\n`);
		const {code, stdout, stderr} = await world.cli(['backends']);
		expect(code).toBe(1);
		expect(stdout).toMatch(/^lambda +failed/m);
		expect(stderr).toMatch(/Failed: lambda\nCheck the key of Lambda/);
		expect(stdout + stderr).not.toContain(key);
	});

	test('the failure of AWS keeps its next step, in the listing too', async () => {
		const world = await makeWorld();
		const ec2 = await startEc2({script: () => failure('AuthFailure', `not able to validate ${key}`, 401)});
		await settings(
			world,
			`- {type: aws, endpoint: '${ec2.url}', creds: {type: access_key, access_key: AKIA${key}, secret_key: ${key}}}\n`,
		);
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		const tested = await world.cli(['backends']);
		expect(tested.code).toBe(1);
		expect(tested.stderr).toMatch(/Failed: aws\nCheck the access key/);
		const listed = await world.cli(['offers', '--backend', 'aws']);
		expect(listed.code).toBe(0);
		expect(listed.stderr).toMatch(/aws: AuthFailure: not able to validate … Check the access key/);
		expect(tested.stdout + tested.stderr + listed.stdout + listed.stderr).not.toContain(key);
	});

	test('one that never answers holds up no other line, and only for a while the end', async () => {
		const world = await makeWorld();
		const ec2 = await startEc2({script: () => 'hang'});
		const lambda = await serve(() => json(lambdaAnswer));
		await settings(
			world,
			`- {type: aws, endpoint: '${ec2.url}', creds: {type: access_key, access_key: AKIA${key}, secret_key: ${key}}}\n- {type: lambda, endpoint: '${lambda.url}', creds: {api_key: ${key}}}\n`,
		);
		const started = world.start(['backends']);
		await Promise.all([started.until(/^local +ready/m), started.until(/^lambda +ready/m), started.until(/^runpod +not set up/m)]);
		expect(started.output()).not.toMatch(/^aws/m);
		const {code, stdout, stderr} = await started.ended;
		expect(code).toBe(1);
		expect(stdout).toMatch(/^aws +failed/m);
		expect(stdout).toMatch(/^aws:\n {2}did not answer within 10 s$/m);
		expect(stderr).toContain('Failed: aws');
	}, 30_000);

	test('`--no-test` asks nobody', async () => {
		const world = await makeWorld();
		const lambda = await serve(() => json(lambdaAnswer));
		await settings(world, `- {type: lambda, endpoint: '${lambda.url}', creds: {api_key: ${key}}}\n`);
		const {code, stdout} = await world.cli(['backends', '--no-test', '--json']);
		expect([code, lambda.heard.length]).toEqual([0, 0]);
		expect(states(stdout)).toMatchObject({lambda: 'untested'});
	});

	test('a mistake in the settings is a failure, with its place', async () => {
		const world = await makeWorld();
		await settings(world, `- {type: lamda, creds: {api_key: ${key}}}\n`);
		const {code, stdout, stderr} = await world.cli(['backends']);
		expect(code).toBe(1);
		expect(stdout).toMatch(/backends\.yml:1:10: expected a type.*did you mean lambda/);
		expect(stdout + stderr).not.toContain(key);
	});
});

describe('offers of a cloud where this version cannot launch', () => {
	const start = async () => {
		const world = await makeWorld();
		const lambda = await serve(() => json(lambdaAnswer));
		await settings(world, `- {type: lambda, endpoint: '${lambda.url}', creds: {api_key: ${key}}}\n`);
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		return world;
	};

	test('are listed beside the others', async () => {
		const world = await start();
		const {code, stdout} = await world.cli(['offers', '--gpu', '24GB', '--json']);
		expect(code).toBe(0);
		expect(objects<{id: string; usable: boolean}>(stdout).find(({id}) => id === 'lambda:us-east-1:gpu_1x_a10:od')).toMatchObject({
			usable: true,
			availability: 'available',
		});
	});

	test('are refused by the plan, in words', async () => {
		const world = await start();
		const {code, stderr} = await world.cli(['run', '.', '-y', '-d', '--backend', 'lambda']);
		expect(code).toBe(3);
		expect(stderr).toMatch(/compares the offers of lambda and cannot launch there yet/);
		expect(stderr).toMatch(/Choose an offer of local/);
		expect(await world.runs()).toEqual([]);
	});

	test('are not what `run` takes by itself where another serves', async () => {
		const world = await makeWorld();
		const runpod = await serve(({body}) => json(runpodAnswer((JSON.parse(body) as {query: string}).query)));
		await settings(world, `- {type: runpod, endpoint: '${runpod.url}/graphql', creds: {api_key: ${key}}}\n`);
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		// Spot comes first in the plan's order.
		const listed = objects<{backend: string; usable: boolean}>((await world.cli(['offers', '--spot-auto', '--json'])).stdout);
		expect(listed[0]).toMatchObject({backend: 'runpod', usable: true});
		const {code, stdout, stderr} = await world.cli(['run', '.', '--spot-auto', '-y', '-d', '--json', '-n', 'mine']);
		expect([code, stderr]).toEqual([0, '']);
		expect(stdout).toContain('"backend":"local"');
		expect(await world.runs()).toMatchObject([{name: 'mine', phase: 'ready'}]);
	});
});

test('without credentials a cloud is told as such, and holds up nobody', async () => {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	const {code, stdout, stderr} = await world.cli(['offers', '--backend', 'aws']);
	expect(code).toBe(0);
	expect(stdout).toMatch(/^aws .* \d+ months +no credentials$/m);
	expect(stderr).toMatch(/aws: no credentials: .*aws configure/);
});
