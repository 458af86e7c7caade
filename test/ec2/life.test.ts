import {
	CancelSpotInstanceRequestsCommand,
	DeleteVolumeCommand,
	DescribeInstanceAttributeCommand,
	DescribeInstancesCommand,
	DescribeNetworkInterfacesCommand,
	DescribeSpotInstanceRequestsCommand,
	DescribeVolumesCommand,
	type EC2Client,
	GetConsoleOutputCommand,
	type Instance,
	ModifyInstanceAttributeCommand,
	StartInstancesCommand,
	StopInstancesCommand,
	TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {describe, expect, test} from 'vitest';
import type {Guest} from '../support/ec2/index.js';
import {failureOf, launched, startBench} from './support.js';

const minute = 60_000;

async function look(client: EC2Client, id: string): Promise<Instance> {
	const {Reservations} = await client.send(new DescribeInstancesCommand({InstanceIds: [id]}));
	return Reservations?.[0]?.Instances?.[0] as Instance;
}

const stateOf = async (client: EC2Client, id: string) => (await look(client, id)).State?.Name;

describe('states', () => {
	test('pending, running, shutting-down, terminated, gone an hour later', async () => {
		const {ec2, clock, client} = await startBench({delays: {boot: 20_000, end: 5000}});
		const id = await launched(client);
		expect(await stateOf(client, id)).toBe('pending');
		clock.pass(19_999);
		expect(await stateOf(client, id)).toBe('pending');
		clock.pass(1);
		expect(await stateOf(client, id)).toBe('running');
		const {TerminatingInstances} = await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		expect(TerminatingInstances).toMatchObject([
			{InstanceId: id, PreviousState: {Code: 16, Name: 'running'}, CurrentState: {Code: 32, Name: 'shutting-down'}},
		]);
		clock.pass(5000);
		expect(await look(client, id)).toMatchObject({
			State: {Code: 48, Name: 'terminated'},
			StateReason: {Code: 'Client.UserInitiatedShutdown'},
			StateTransitionReason: 'User initiated (2026-01-02 03:04:25 GMT)',
			Tags: [{Key: 'run', Value: 'fast-moth-1'}],
		});
		expect((await look(client, id)).PublicIpAddress).toBeUndefined();
		clock.pass(60 * minute);
		expect((await failureOf(look(client, id))).code).toBe('InvalidInstanceID.NotFound');
		const [record] = ec2.state.instances;
		expect(record?.history.map(({state, at}) => [state, at - (record.launchTime ?? 0)])).toEqual([
			['pending', 0],
			['running', 20_000],
			['shutting-down', 20_000],
			['terminated', 25_000],
		]);
		const start = record?.launchTime ?? 0;
		expect([start - 1, start, start + 19_999, start + 20_000].map(at => ec2.alive(at).length)).toEqual([0, 1, 1, 0]);
	});

	test('a terminate of what has ended is no error; of what was never there, none ends', async () => {
		const {ec2, clock, client} = await startBench();
		const id = await launched(client);
		const {code} = await failureOf(client.send(new TerminateInstancesCommand({InstanceIds: [id, 'i-0123']})));
		expect(code).toBe('InvalidInstanceID.NotFound');
		expect(ec2.alive()).toHaveLength(1);
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		clock.pass(minute);
		const {TerminatingInstances} = await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		expect(TerminatingInstances?.[0]).toMatchObject({PreviousState: {Name: 'terminated'}, CurrentState: {Name: 'terminated'}});
	});

	test('a launch can be described some time later only', async () => {
		const {clock, client} = await startBench({delays: {visible: 3000}});
		const id = await launched(client);
		expect((await failureOf(look(client, id))).code).toBe('InvalidInstanceID.NotFound');
		expect((await failureOf(client.send(new TerminateInstancesCommand({InstanceIds: [id]})))).code).toBe(
			'InvalidInstanceID.NotFound',
		);
		expect((await client.send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
		clock.pass(3000);
		expect(await stateOf(client, id)).toBe('running');
	});

	test('a protected instance is not ended', async () => {
		const {ec2, client} = await startBench();
		const id = await launched(client, {DisableApiTermination: true});
		const end = new TerminateInstancesCommand({InstanceIds: [id]});
		expect((await failureOf(client.send(end))).code).toBe('OperationNotPermitted');
		await client.send(new ModifyInstanceAttributeCommand({InstanceId: id, DisableApiTermination: {Value: false}}));
		await client.send(end);
		expect(ec2.alive()).toHaveLength(0);
	});
});

describe('simulated guests', () => {
	test('one that powers itself off ends at that very time, however far the clock is turned', async () => {
		const {ec2, clock, client} = await startBench({guest: guest => void guest.powerOff(guest.bootedAt + 2 * minute)});
		const id = await launched(client);
		clock.pass(24 * 60 * minute);
		const record = ec2.state.instance(id);
		expect(record.history.slice(2)).toEqual([
			{state: 'shutting-down', at: record.launchTime + 1000 + 2 * minute},
			{state: 'terminated', at: record.launchTime + 2000 + 2 * minute},
		]);
		expect(ec2.alive(record.launchTime + 1000 + 2 * minute)).toHaveLength(0);
		expect(record.reason?.code).toBe('Client.InstanceInitiatedShutdown');
	});

	test('where the shutdown behaviour is to stop, it stops, its disk stays, and it can be ended', async () => {
		const {ec2, clock, client} = await startBench({guest: guest => void guest.powerOff(guest.bootedAt + 1000)});
		const id = await launched(client, {InstanceInitiatedShutdownBehavior: undefined});
		clock.pass(minute);
		expect(await look(client, id)).toMatchObject({
			State: {Code: 80, Name: 'stopped'},
			StateReason: {Code: 'Client.InstanceInitiatedShutdown'},
		});
		expect((await client.send(new DescribeVolumesCommand({}))).Volumes).toHaveLength(1);
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		clock.pass(1000);
		expect(await stateOf(client, id)).toBe('terminated');
		expect(ec2.state.regions.flatMap(({volumes}) => [...volumes.keys()])).toEqual([]);
	});

	test('stopped and started by the API: by way of `stopping` and `pending`, with its disk, a new address and another boot', async () => {
		const boots: number[] = [];
		const {ec2, clock, client} = await startBench({guest: ({boot}) => void boots.push(boot), quotas: {'L-1216C47A': 3}});
		const id = await launched(client);
		const ids = {InstanceIds: [id]};
		const refusal = async (command: StopInstancesCommand | StartInstancesCommand) =>
			(await failureOf(client.send(command as StopInstancesCommand))).code;
		expect(await refusal(new StopInstancesCommand(ids))).toBe('IncorrectInstanceState');
		clock.pass(minute);
		const first = await look(client, id);
		expect((await client.send(new StartInstancesCommand(ids))).StartingInstances).toMatchObject([
			{CurrentState: {Name: 'running'}, PreviousState: {Name: 'running'}},
		]);
		expect((await client.send(new StopInstancesCommand(ids))).StoppingInstances).toMatchObject([
			{InstanceId: id, CurrentState: {Code: 64, Name: 'stopping'}, PreviousState: {Name: 'running'}},
		]);
		expect(await refusal(new StartInstancesCommand(ids))).toBe('IncorrectInstanceState');
		clock.pass(minute);
		const stopped = await look(client, id);
		expect(stopped).toMatchObject({State: {Name: 'stopped'}, StateReason: {Code: 'Client.UserInitiatedShutdown'}});
		expect(stopped?.PublicIpAddress).toBeUndefined();
		expect(ec2.alive()).toEqual([]);
		expect((await client.send(new DescribeVolumesCommand({}))).Volumes).toHaveLength(1);

		const other = await launched(client, {ClientToken: 'token-2'});
		expect(await refusal(new StartInstancesCommand(ids))).toBe('VcpuLimitExceeded');
		await client.send(new TerminateInstancesCommand({InstanceIds: [other]}));
		clock.pass(minute);
		expect((await client.send(new StartInstancesCommand(ids))).StartingInstances).toMatchObject([
			{CurrentState: {Name: 'pending'}, PreviousState: {Name: 'stopped'}},
		]);
		clock.pass(minute);
		const again = await look(client, id);
		expect(again).toMatchObject({State: {Name: 'running'}, PrivateIpAddress: first?.PrivateIpAddress});
		expect(again?.PublicIpAddress).toBeDefined();
		expect(again?.PublicIpAddress).not.toBe(first?.PublicIpAddress);
		expect(Number(again?.LaunchTime)).toBeGreaterThan(Number(first?.LaunchTime));
		expect(boots).toEqual([1, 2]);

		await client.send(new TerminateInstancesCommand(ids));
		clock.pass(minute);
		expect(await refusal(new StartInstancesCommand(ids))).toBe('IncorrectInstanceState');
		expect(await refusal(new StopInstancesCommand({InstanceIds: ['i-0123456789abcdef0']}))).toBe('InvalidInstanceID.NotFound');
	});

	test('a one-time spot instance cannot be stopped', async () => {
		const {clock, client} = await startBench();
		const id = await launched(client, {InstanceMarketOptions: {MarketType: 'spot'}});
		clock.pass(minute);
		expect((await failureOf(client.send(new StopInstancesCommand({InstanceIds: [id]})))).code).toBe('UnsupportedOperation');
	});

	test('a guest reads its user data, works by the clock, and forgets its plans over a reboot', async () => {
		const seen: string[] = [];
		const boots: Guest[] = [];
		const {ec2, clock, client} = await startBench({
			guest(guest) {
				boots.push(guest);
				if (guest.boot === 1) {
					guest.powerOff(guest.bootedAt + 10 * minute);
					guest.at(guest.bootedAt + minute, at => seen.push(`${guest.userData} ${at - guest.bootedAt}`));
					guest.reboot(guest.bootedAt + 2 * minute);
				}
			},
		});
		await launched(client, {UserData: Buffer.from('é').toString('base64')});
		clock.pass(60 * minute);
		ec2.state.settle();
		expect(seen).toEqual([`é ${minute}`]);
		expect(boots.map(({boot}) => boot)).toEqual([1, 2]);
		expect((boots[1]?.bootedAt ?? 0) - (boots[0]?.bootedAt ?? 0)).toBe(2 * minute);
		// A shutdown that was only planned in memory is gone with the boot.
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a plan that is called off does not happen, nor one of a guest that has ended', async () => {
		const {ec2, clock, client} = await startBench();
		let late = 0;
		ec2.state.guest = guest => {
			const off = guest.powerOff(guest.bootedAt + minute);
			guest.at(guest.bootedAt + 1000, off);
			guest.at(guest.bootedAt + 5 * minute, () => late++);
		};
		const id = await launched(client);
		clock.pass(2 * minute);
		expect(ec2.alive()).toHaveLength(1);
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		clock.pass(10 * minute);
		expect(late).toBe(0);
	});
});

describe('spot', () => {
	const spot = {
		InstanceMarketOptions: {MarketType: 'spot' as const, SpotOptions: {MaxPrice: '0.10', SpotInstanceType: 'one-time' as const}},
		TagSpecifications: [{ResourceType: 'spot-instances-request' as const, Tags: [{Key: 'run', Value: 'x'}]}],
	};

	test('an instance with its request, which closes with it', async () => {
		const {clock, client} = await startBench();
		const id = await launched(client, spot);
		clock.pass(1000);
		const {InstanceLifecycle, SpotInstanceRequestId} = await look(client, id);
		expect(InstanceLifecycle).toBe('spot');
		const requests = async () =>
			(await client.send(new DescribeSpotInstanceRequestsCommand({Filters: [{Name: 'tag:run', Values: ['x']}]})))
				.SpotInstanceRequests;
		expect(await requests()).toMatchObject([
			{
				SpotInstanceRequestId,
				InstanceId: id,
				State: 'active',
				Status: {Code: 'fulfilled'},
				SpotPrice: '0.100000',
				Type: 'one-time',
				Tags: [{Key: 'run', Value: 'x'}],
			},
		]);
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		expect(await requests()).toMatchObject([{State: 'closed', Status: {Code: 'instance-terminated-by-user'}}]);
	});

	test('a request that is cancelled leaves its instance running', async () => {
		const {ec2, client} = await startBench();
		await launched(client, spot);
		const [{spotRequest = ''} = {}] = ec2.state.instances;
		const {CancelledSpotInstanceRequests} = await client.send(
			new CancelSpotInstanceRequestsCommand({SpotInstanceRequestIds: [spotRequest]}),
		);
		expect(CancelledSpotInstanceRequests).toEqual([{SpotInstanceRequestId: spotRequest, State: 'cancelled'}]);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('an interruption: the guest can read it, and two minutes later it is gone', async () => {
		const notices: unknown[] = [];
		const {ec2, clock, client} = await startBench({
			guest(guest) {
				for (const seconds of [10, 40]) {
					guest.at(guest.bootedAt + seconds * 1000, () => notices.push(guest.notice()));
				}
			},
		});
		const id = await launched(client, spot);
		ec2.interrupt(id, clock.now() + 30_000);
		clock.pass(minute);
		ec2.state.settle();
		expect(notices).toEqual([undefined, {action: 'terminate', time: '2026-01-02T03:06:35Z'}]);
		expect(await stateOf(client, id)).toBe('running');
		clock.pass(2 * minute);
		expect(await look(client, id)).toMatchObject({
			State: {Name: 'terminated'},
			StateReason: {Code: 'Server.SpotInstanceTermination'},
			StateTransitionReason: 'Server.SpotInstanceTermination',
		});
		expect(ec2.state.instance(id).history[2]?.at).toBe(Date.parse('2026-01-02T03:06:35Z'));
		const {SpotInstanceRequests} = await client.send(new DescribeSpotInstanceRequestsCommand({}));
		expect(SpotInstanceRequests).toMatchObject([{State: 'closed', Status: {Code: 'instance-terminated-no-capacity'}}]);
	});

	test('one that powers itself off ends, whatever its behaviour', async () => {
		const {clock, client} = await startBench({guest: guest => void guest.powerOff()});
		const id = await launched(client, {...spot, InstanceInitiatedShutdownBehavior: undefined});
		clock.pass(minute);
		expect(await stateOf(client, id)).toBe('terminated');
	});
});

describe('what belongs to an instance', () => {
	test('its volumes and interface end with it where that was asked for', async () => {
		const {clock, client} = await startBench();
		const id = await launched(client, {
			BlockDeviceMappings: [{DeviceName: '/dev/sdf', Ebs: {VolumeSize: 10, DeleteOnTermination: false}}],
		});
		const volumes = async () => (await client.send(new DescribeVolumesCommand({}))).Volumes ?? [];
		expect((await volumes()).map(({State, Size}) => [State, Size])).toEqual([
			['in-use', 8],
			['in-use', 10],
		]);
		const kept = (await volumes())[1]?.VolumeId;
		expect((await failureOf(client.send(new DeleteVolumeCommand({VolumeId: kept})))).code).toBe('VolumeInUse');
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		clock.pass(1000);
		expect(await volumes()).toMatchObject([{VolumeId: kept, State: 'available', Attachments: []}]);
		expect((await client.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces).toEqual([]);
		await client.send(new DeleteVolumeCommand({VolumeId: kept}));
		expect((await failureOf(client.send(new DeleteVolumeCommand({VolumeId: kept})))).code).toBe('InvalidVolume.NotFound');
	});

	test('orphans, where a test wants them', async () => {
		const {ec2, clock, client} = await startBench();
		ec2.state.leaveOrphans = true;
		const id = await launched(client);
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		clock.pass(1000);
		const {Volumes} = await client.send(
			new DescribeVolumesCommand({
				Filters: [
					{Name: 'tag:run', Values: ['fast-moth-1']},
					{Name: 'status', Values: ['available']},
				],
			}),
		);
		expect(Volumes).toHaveLength(1);
	});

	test('attributes and console', async () => {
		const {clock, client} = await startBench();
		const id = await launched(client);
		clock.pass(1000);
		const behaviour = async () =>
			(await client.send(new DescribeInstanceAttributeCommand({InstanceId: id, Attribute: 'instanceInitiatedShutdownBehavior'})))
				.InstanceInitiatedShutdownBehavior?.Value;
		expect(await behaviour()).toBe('terminate');
		await client.send(new ModifyInstanceAttributeCommand({InstanceId: id, InstanceInitiatedShutdownBehavior: {Value: 'stop'}}));
		expect(await behaviour()).toBe('stop');
		const {Output = ''} = await client.send(new GetConsoleOutputCommand({InstanceId: id}));
		expect(Buffer.from(Output, 'base64').toString()).toContain('boot 1');
	});
});
