import {readFileSync} from 'node:fs';
import process from 'node:process';
import * as sdk from '@aws-sdk/client-ec2';
import {describe, expect, onTestFinished, test} from 'vitest';
import {createAwsBackend} from '../../source/backends/aws/launch/backend.js';
import {createAwsOperations} from '../../source/backends/aws/launch/operations.js';
import {createAwsProcess} from '../../source/backends/aws/process.js';
import {systemClock} from '../../source/system/clock.js';
import {type Ec2Options, outcomes, startEc2, usualAccount} from '../support/ec2/index.js';
import {
	accountOf,
	calm,
	installation,
	intentOf,
	launch,
	offerOf,
	onDemandPrice,
	refusal,
	spotOffer,
	startCheckip,
} from './support/launch.js';
import {hasMoto, startMoto} from './support/moto.js';

const children = (): number[] =>
	readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** The backend as the program has it: the SDK is in a process of its own. */
async function startProcess(options: Ec2Options = {}) {
	const ec2 = await startEc2({delays: {boot: 300, end: 300}, ...options});
	onTestFinished(async () => ec2.close());
	const checkip = await startCheckip();
	const before = new Set(children());
	const asked = createAwsProcess({
		surroundings: await accountOf(ec2.url, `checkip: ${checkip.url}\n`),
		prices: async () => () => onDemandPrice,
		worker: new URL('../../dist/aws-worker.js', import.meta.url),
	});
	const own = () => children().filter(pid => !before.has(pid));
	return {ec2, own, aws: createAwsBackend(asked, asked.operations, systemClock)};
}

const until = async (isSo: () => boolean): Promise<void> => {
	while (!isSo()) {
		await new Promise(resolve => setTimeout(resolve, 10));
	}
};

describe('asked in a process of its own', () => {
	test('a whole life: launched, described, listed, ended, swept', async () => {
		const {aws, ec2} = await startProcess();
		expect(await aws.check(offerOf(), calm())).toHaveLength(2);
		const {instance, progress} = await launch(aws, {offer: spotOffer()});
		const [made] = ec2.alive();
		expect(instance).toMatchObject({id: `us-east-1/${made?.id}`, state: 'running', endpoint: {host: made?.publicIp}});
		expect(progress.map(({text}) => text)).toContain('EC2 is starting it');
		expect(made?.userData).toMatch(/^#cloud-config\n/);
		expect(made?.userData).toContain(intentOf().authorizedKey);
		expect([...ec2.state.region('123456789012', 'us-east-1').spotRequests.values()][0]?.maxPrice).toBe(0.1);
		// The cloud's clock goes on between the answers.
		const same = {...instance, toldAt: expect.any(Number)};
		expect(await aws.describe(instance.id)).toEqual(same);
		expect(await aws.find(intentOf().id, offerOf())).toEqual(same);
		expect(await aws.list(installation, ['us-east-1', 'eu-west-1'])).toEqual([same]);
		expect(await aws.admit(instance.id, calm())).toEqual([]);
		await aws.terminate(instance.id);
		expect(ec2.state.instances.map(({state}) => state)).toEqual(['terminated']);
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([expect.stringMatching(/security group .* was deleted$/)]);
		expect(await aws.list(installation, ['us-east-1', 'eu-west-1'])).toEqual([]);
	});

	test('a refusal keeps its class, its words, its advice and its zones', async () => {
		const {aws, ec2} = await startProcess();
		ec2.script('RunInstances', outcomes.capacity('m5.large', 'us-east-1a', ['us-east-1c']));
		expect(await refusal(launch(aws))).toMatchObject({
			...{name: 'BackendError', class: 'capacity', zones: ['us-east-1c']},
			message: expect.stringMatching(/^InsufficientInstanceCapacity: We currently/) as string,
		});
		ec2.script('RunInstances', outcomes.vcpuLimit(2));
		expect(await refusal(launch(aws))).toMatchObject({class: 'quota', next: expect.stringContaining('servicequotas') as string});
	});

	test('leaving is heard there: the request is heard out, and the instance comes back', async () => {
		const {aws, ec2} = await startProcess({delays: {boot: 60_000, end: 300}});
		ec2.script('RunInstances', outcomes.lateAnswer(500));
		const leaving = new AbortController();
		const launching = launch(aws, {}, leaving.signal);
		await until(() => ec2.state.instances.length > 0);
		leaving.abort(new Error('left'));
		expect((await launching).instance).toMatchObject({id: `us-east-1/${ec2.alive()[0]?.id}`, state: 'pending'});
	});

	test.skipIf(process.platform !== 'linux')(
		'Ctrl+C of the terminal does not end it; when it is ended, nothing is known',
		async () => {
			const {aws, ec2, own} = await startProcess();
			ec2.script('RunInstances', outcomes.silentAnswer());
			const launching = refusal(launch(aws));
			await until(() => ec2.state.instances.length > 0);
			const [pid, ...others] = own();
			expect(others).toEqual([]);
			process.kill(pid ?? 0, 'SIGINT');
			process.kill(pid ?? 0, 'SIGHUP');
			await new Promise(resolve => setTimeout(resolve, 300));
			expect(own()).toEqual([pid]);
			process.kill(pid ?? 0, 'SIGKILL');
			expect(await launching).toMatchObject({name: 'BackendError', class: 'transient'});
			const {instance} = await launch(aws);
			expect(ec2.alive().map(({id}) => `us-east-1/${id}`)).toEqual([instance.id]);
			expect(own()).not.toContain(pid);
		},
	);
});

describe.skipIf(!hasMoto)('against moto_server', () => {
	test('a whole life', async () => {
		const url = await startMoto();
		const checkip = await startCheckip();
		const surroundings = await accountOf(
			url,
			`checkip: ${checkip.url}\nos_images: {cpu: {name: "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-*", owner: "099720109477"}}\n`,
		);
		const operations = createAwsOperations({
			...{surroundings, pricesFor: async () => new Map(), userData: () => '#cloud-config\n'},
			limits: {connect: 10_000, request: 120_000, region: 240_000},
		});
		const idle = {
			...{name: 'aws', deadline: 'guest' as const, status: async () => ({backend: 'aws', ready: true, notes: []})},
			async *offers() {
				yield [];
			},
		};
		const aws = createAwsBackend(idle, operations, systemClock);
		// Its quotas answer with a page of HTML.
		expect((await aws.check(offerOf(), calm()))[0]).toMatch(/^Whether the quota has room is not known: /);
		const {instance} = await launch(aws);
		expect(instance).toMatchObject({state: 'running', run: 'fast-moth-1', deadline: intentOf().deadline});
		expect(instance.endpoint?.host).toMatch(/^\d+(?:\.\d+){3}$/);
		expect(await aws.find(intentOf().id, offerOf())).toMatchObject({id: instance.id});
		expect(await aws.describe(instance.id)).toMatchObject({id: instance.id, state: 'running'});
		expect((await aws.list(installation, ['us-east-1', 'eu-west-1'])).map(({id}) => id)).toEqual([instance.id]);
		expect(await aws.list('another', ['us-east-1'])).toEqual([]);
		checkip.answer = '198.51.100.9';
		expect(await aws.admit(instance.id, calm())).toEqual([]);
		const spot = await launch(aws, {id: 'b', offer: spotOffer()});
		expect(spot.instance.offer?.spot).toBe(true);
		await aws.terminate(instance.id);
		await aws.terminate(spot.instance.id);
		expect(await aws.describe(instance.id)).toMatchObject({state: 'terminated'});
		expect(await aws.list(installation, ['us-east-1'])).toEqual([]);
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([expect.stringMatching(/security group .* was deleted$/)]);
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([]);
	}, 300_000);

	test('a VPC of the settings: only its public subnets serve', async () => {
		const url = await startMoto();
		const client = new sdk.EC2Client({region: 'us-east-1', endpoint: url, credentials: usualAccount});
		onTestFinished(() => client.destroy());
		const make = async (name: string, isPublic: boolean) => {
			const {Vpc: vpc} = await client.send(
				new sdk.CreateVpcCommand({
					CidrBlock: '10.7.0.0/16',
					TagSpecifications: [{ResourceType: 'vpc', Tags: [{Key: 'Name', Value: name}]}],
				}),
			);
			const subnets: string[] = [];
			for (const [index, zone] of ['us-east-1a', 'us-east-1b'].entries()) {
				const {Subnet: subnet} = await client.send(
					new sdk.CreateSubnetCommand({VpcId: vpc?.VpcId, CidrBlock: `10.7.${index}.0/24`, AvailabilityZone: zone}),
				);
				subnets.push(subnet?.SubnetId ?? '');
			}

			if (isPublic) {
				// The second zone's subnet alone leads out.
				const {InternetGateway: gateway} = await client.send(new sdk.CreateInternetGatewayCommand());
				const InternetGatewayId = gateway?.InternetGatewayId;
				await client.send(new sdk.AttachInternetGatewayCommand({InternetGatewayId, VpcId: vpc?.VpcId}));
				const {RouteTable: table} = await client.send(new sdk.CreateRouteTableCommand({VpcId: vpc?.VpcId}));
				const RouteTableId = table?.RouteTableId;
				await client.send(
					new sdk.CreateRouteCommand({RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId}),
				);
				await client.send(new sdk.AssociateRouteTableCommand({RouteTableId, SubnetId: subnets[1]}));
			}

			return subnets;
		};

		const [, second] = await make('mine', true);
		await make('inner', false);
		const image = 'os_images: {cpu: {name: "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-*", owner: "099720109477"}}\n';
		const checkip = await startCheckip();
		const named = async (settings: string) =>
			createAwsOperations({
				surroundings: await accountOf(url, `checkip: ${checkip.url}\n${image}${settings}`),
				limits: {connect: 10_000, request: 120_000, region: 240_000},
				pricesFor: async () => new Map(),
				userData: () => '#cloud-config\n',
			});
		const operations = await named('vpc_name: mine\n');
		const instance = await operations.launch([intentOf()], calm(), () => undefined);
		expect(instance.endpoint?.host).toMatch(/^\d+(?:\.\d+){3}$/);
		const {Reservations: made} = await client.send(new sdk.DescribeInstancesCommand());
		expect(made?.flatMap(({Instances: each}) => each?.map(({SubnetId}) => SubnetId))).toEqual([second]);
		await operations.terminate([instance.id, instance.account], calm(), () => undefined);
		expect(
			await refusal((await named('vpc_name: inner\n')).launch([intentOf({id: 'b'})], calm(), () => undefined)),
		).toMatchObject({class: 'configuration', message: expect.stringMatching(/^the VPC vpc-\w+ has no public subnet$/) as string});
		expect(
			await refusal((await named('vpc_name: nobody\n')).launch([intentOf({id: 'c'})], calm(), () => undefined)),
		).toMatchObject({class: 'configuration', message: 'no VPC in us-east-1 is called nobody'});
	}, 300_000);
});
