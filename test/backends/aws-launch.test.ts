import {describe, expect, test} from 'vitest';
import {BackendError} from '../../source/backends/backend.js';
import {outcomes} from '../support/ec2/index.js';
import {calm, here, installation, intentOf, launch, offerOf, refusal, spotOffer, startBench} from './support/launch.js';

describe('a launch', () => {
	test('makes one instance, waits until it has an address, and says meanwhile what it does', async () => {
		const {ec2, aws, clock, count} = await startBench();
		const {instance, progress} = await launch(aws);
		const [made, ...others] = ec2.alive();
		expect(others).toEqual([]);
		expect(instance).toEqual({
			id: `us-east-1/${made?.id}`,
			account: {id: '123456789012', label: 'AWS account 123456789012'},
			intentId: intentOf().id,
			run: 'fast-moth-1',
			state: 'running',
			endpoint: {host: made?.publicIp, port: 22, user: 'root'},
			workspace: '/workflow',
			stateFolder: '/dstack-tui',
			sharesNetwork: false,
			launchedAt: made?.launchTime,
			// By the cloud's clock, which goes on while it is asked.
			toldAt: expect.closeTo(clock.now(), -4),
			offer: {region: 'us-east-1', instanceType: 'm5.large', spot: false},
			deadline: Date.UTC(2026, 0, 2, 9, 4, 5),
			replaceHostKey: true,
		});
		expect(clock.now()).toBeGreaterThan(made?.launchTime ?? 0);
		expect(progress.map(({text}) => text)).toEqual([
			'finding image and network in us-east-1',
			'asking EC2 for m5.large',
			`${made?.id} is made`,
			'EC2 is starting it',
			`runs at ${made?.publicIp}`,
		]);
		expect(progress.every(({step}) => step === 'instance')).toBe(true);
		expect(count('RunInstances')).toBe(1);
	});

	test('asks for what cannot go on costing: it ends when it is switched off, and its disk with it', async () => {
		const {ec2, aws} = await startBench();
		await launch(aws, {tags: {team: 'vision', Name: 'mine'}});
		const [made] = ec2.alive();
		expect(made).toMatchObject({
			behaviour: 'terminate',
			clientToken: intentOf().id,
			metadata: {tokens: 'required'},
			userData: `#cloud-config\n# ${intentOf().id}\n`,
			keyName: undefined,
		});
		expect(made?.image.name).toMatch(/ubuntu-noble-24\.04-amd64-server-20260910$/);
		const region = ec2.state.region('123456789012', 'us-east-1');
		const tags = {
			team: 'vision',
			Name: 'dstack-tui-fast-moth-1',
			'dstack-tui:intent': intentOf().id,
			'dstack-tui:installation': installation,
			'dstack-tui:run': 'fast-moth-1',
			'dstack-tui:deadline': '2026-01-02T09:04:05.000Z',
			'dstack-tui:version': expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
		};
		const [volume] = [...region.volumes.values()];
		expect(volume).toMatchObject({size: 100, type: 'gp3', encrypted: true, attachment: {deleteOnTermination: true}});
		const [card] = [...region.interfaces.values()];
		for (const each of [made, volume, card]) {
			expect(Object.fromEntries(each?.tags ?? [])).toEqual(tags);
		}
	});

	test('is the same request to the last byte when it is repeated', async () => {
		const {ec2, aws, restarted, clock} = await startBench();
		const {instance} = await launch(aws, {disk: 150 * 1024 + 1, tags: {b: '1', a: '2'}});
		clock.pass(3 * 3_600_000);
		const again = await launch(restarted(), {disk: 150 * 1024 + 1, tags: {a: '2', b: '1'}});
		expect(again.instance.id).toBe(instance.id);
		const [first, second] = ec2.calls.filter(({action}) => action === 'RunInstances');
		expect(second?.input).toEqual(first?.input);
		expect(second?.outcome).toBe('ok');
		expect(ec2.alive()).toHaveLength(1);
		expect([...ec2.state.region('123456789012', 'us-east-1').volumes.values()].map(({size}) => size)).toEqual([151]);
	});

	test('a deadline that is off is tagged so, and a disk is never smaller than its image', async () => {
		const {ec2, aws} = await startBench();
		const {instance} = await launch(aws, {
			deadline: undefined,
			disk: 10 * 1024,
			offer: offerOf({
				instanceType: 'g6.xlarge',
				gpus: [{vendor: 'nvidia', name: 'L4', count: 1, memory: 24_576}],
			}),
		});
		const [made] = ec2.alive();
		expect(made?.tags.get('dstack-tui:deadline')).toBe('off');
		expect(instance).not.toHaveProperty('deadline');
		expect(made?.image.name).toBe('Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20260905');
		expect([...ec2.state.region('123456789012', 'us-east-1').volumes.values()].map(({size}) => size)).toEqual([75]);
	});

	test.each([
		[{architecture: 'arm64', instanceType: 't4g.small'} as const, /ubuntu-noble-24\.04-arm64-server-20260910$/],
		[{instanceType: 'm5.large', gpus: [{vendor: 'amd', name: 'V520', count: 1, memory: 8192}]}, /noble-24\.04-amd64/],
	])('%j is started from %s', async (offer, name) => {
		const {ec2, aws} = await startBench();
		await launch(aws, {offer: offerOf(offer)});
		expect(ec2.alive()[0]?.image.name).toMatch(name);
	});

	test('is placed by EC2, in a zone only where one is named', async () => {
		const {ec2, aws} = await startBench();
		await launch(aws);
		await launch(aws, {id: 'second', offer: offerOf({zone: 'us-east-1c'})});
		expect(ec2.alive().map(({zone, publicIp}) => [zone, publicIp !== undefined])).toEqual([
			['us-east-1a', true],
			['us-east-1c', true],
		]);
		const [first, second] = ec2.calls.filter(({action}) => action === 'RunInstances').map(({input}) => input);
		expect(first).not.toHaveProperty('NetworkInterfaces');
		expect(first).not.toHaveProperty('Placement');
		expect(second).toHaveProperty('NetworkInterfaces');
	});

	test('spot is asked for once, in the zone of its price, for no more than on-demand', async () => {
		const {ec2, aws} = await startBench();
		const {instance} = await launch(aws, {offer: spotOffer(), maxPrice: 3});
		expect(ec2.alive()[0]?.zone).toBe('us-east-1b');
		expect(instance.offer?.spot).toBe(true);
		const [request] = [...ec2.state.region('123456789012', 'us-east-1').spotRequests.values()];
		expect(request).toMatchObject({type: 'one-time', maxPrice: 0.1});
		expect(request?.tags.get('dstack-tui:installation')).toBe(installation);
		const call = ec2.calls.find(({action}) => action === 'RunInstances');
		expect(call?.input['InstanceMarketOptions']).toEqual({
			MarketType: 'spot',
			SpotOptions: {SpotInstanceType: 'one-time', InstanceInterruptionBehavior: 'terminate', MaxPrice: '0.1'},
		});
	});

	test("spot above the person's own limit is refused as a lack of capacity", async () => {
		const {ec2, aws} = await startBench();
		const error = await refusal(launch(aws, {offer: spotOffer(), maxPrice: 0.0123456789}));
		expect(error).toMatchObject({class: 'capacity'});
		expect(error.message).toMatch(/^SpotMaxPriceTooLow: .*0\.012345 /);
		expect(ec2.state.instances).toEqual([]);
	});

	test('tags that EC2 would not take are refused before anything is asked', async () => {
		const {ec2, aws} = await startBench();
		for (const key of ['aws:x', 'dstack-tui:intent', '', 'k'.repeat(129)]) {
			expect(await refusal(launch(aws, {tags: {[key]: 'x'}}))).toMatchObject({class: 'configuration'});
		}

		expect(ec2.calls).toEqual([]);
	});
});

describe('a launch whose answer is not heard', () => {
	test.each([
		['is lost', outcomes.lostAnswer(), 'ok, drop'],
		['never comes', outcomes.silentAnswer(), 'ok, hang'],
		['is torn', outcomes.tornAnswer(), 'answered 200'],
		['comes after our time-out', outcomes.lateAnswer(900_000), 'ok'],
	])('%s: asked again with the same token, there is one instance', async (_, outcome, heard) => {
		const {ec2, aws, clock, count} = await startBench();
		ec2.script('RunInstances', outcome);
		const {instance} = await launch(aws);
		clock.pass(3_600_000);
		await new Promise(resolve => setTimeout(resolve, 20));
		expect(ec2.alive().map(({id}) => `us-east-1/${id}`)).toEqual([instance.id]);
		expect(count('RunInstances')).toBe(2);
		expect(ec2.calls.find(({action}) => action === 'RunInstances')?.outcome).toBe(heard);
	});

	test.each([
		['a page of a proxy', outcomes.html()],
		['no XML at all', outcomes.garbage()],
		['no connection', outcomes.lostRequest()],
		['throttling', outcomes.throttled()],
		['an internal error', outcomes.internalError()],
	])('after %s, it is asked again', async (_, outcome) => {
		const {ec2, aws, count} = await startBench();
		ec2.script('RunInstances', outcome, 2);
		await launch(aws);
		expect(ec2.alive()).toHaveLength(1);
		expect(count('RunInstances')).toBe(3);
	});

	test('three times, it is said that nothing is known; then the same intent finds what there is', async () => {
		const {ec2, aws, restarted} = await startBench();
		ec2.script('RunInstances', outcomes.lostAnswer(), 3);
		expect(await refusal(launch(aws))).toMatchObject({class: 'transient'});
		expect(ec2.alive()).toHaveLength(1);
		const {instance} = await launch(restarted());
		expect(`us-east-1/${ec2.alive()[0]?.id}`).toBe(instance.id);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('nobody knows, either, after a network that is gone', async () => {
		const {ec2, aws} = await startBench();
		ec2.script('RunInstances', outcomes.lostRequest(), 3);
		const error = await refusal(launch(aws));
		expect(error).toMatchObject({class: 'transient'});
		await ec2.cut('refused');
		expect(await refusal(launch(aws))).toMatchObject({class: 'transient'});
	});

	test('a refusal after that does not hide the instance that the first request made', async () => {
		const {ec2, aws} = await startBench();
		ec2.script('RunInstances', outcomes.lostAnswer());
		ec2.script('RunInstances', outcomes.vcpuLimit(2));
		const {instance} = await launch(aws);
		expect(ec2.alive().map(({id}) => `us-east-1/${id}`)).toEqual([instance.id]);
	});

	test('other parameters than at the first time (a newer image, say) find the first instance', async () => {
		const {ec2, aws} = await startBench();
		const first = await launch(aws);
		const second = await launch(aws, {disk: 200 * 1024});
		expect(second.instance.id).toBe(first.instance.id);
		expect(ec2.alive()).toHaveLength(1);
		expect(ec2.calls.filter(({action}) => action === 'RunInstances').map(({outcome}) => outcome)).toEqual([
			'ok',
			'IdempotentParameterMismatch',
		]);
	});

	test('a mismatch whose instance EC2 does not tell of is not taken for none', async () => {
		const {ec2, aws, program} = await startBench('', {delays: {visible: 3_600_000}});
		ec2.script('RunInstances', outcomes.lostAnswer(), 3);
		await refusal(launch(aws));
		expect(await refusal(launch(aws, {disk: 200 * 1024}))).toMatchObject({class: 'transient'});
		await program.sleep(3_600_000);
		expect((await launch(aws, {disk: 200 * 1024})).instance.state).toBe('running');
	});
});

describe('a launch that is left', () => {
	test('before the request: nothing is made', async () => {
		const {ec2, aws} = await startBench();
		const leaving = new AbortController();
		leaving.abort(new Error('left'));
		await expect(launch(aws, {}, leaving.signal)).rejects.toThrow('left');
		expect(ec2.calls).toEqual([]);
	});

	test('during the questions before it: nothing is made', async () => {
		const {ec2, aws} = await startBench();
		ec2.script('DescribeImages', outcomes.silentAnswer());
		const leaving = new AbortController();
		setTimeout(() => leaving.abort(new Error('left')), 50);
		await expect(launch(aws, {}, leaving.signal)).rejects.toThrow('left');
		expect(ec2.state.instances).toEqual([]);
	});

	test('during the request: its answer is heard out, and the instance is known', async () => {
		const {ec2, aws, clock} = await startBench();
		ec2.script('RunInstances', outcomes.lateAnswer(10_000));
		const leaving = new AbortController();
		const launching = launch(aws, {}, leaving.signal);
		while (ec2.state.instances.length === 0) {
			await new Promise(resolve => setTimeout(resolve, 5));
		}

		leaving.abort(new Error('left'));
		await new Promise(resolve => setTimeout(resolve, 50));
		clock.pass(10_000);
		const {instance} = await launching;
		expect(instance.id).toBe(`us-east-1/${ec2.alive()[0]?.id}`);
	});

	test('during a request that is never answered: it is bounded, and said that nothing is known', async () => {
		const {ec2, aws, count} = await startBench();
		ec2.script('RunInstances', outcomes.silentAnswer());
		const leaving = new AbortController();
		const launching = launch(aws, {}, leaving.signal);
		while (count('RunInstances') === 0) {
			await new Promise(resolve => setTimeout(resolve, 5));
		}

		leaving.abort(new Error('left'));
		expect(await refusal(launching)).toMatchObject({class: 'transient'});
		expect(count('RunInstances')).toBe(1);
		expect((await aws.find(intentOf().id, offerOf()))?.id).toBe(`us-east-1/${ec2.alive()[0]?.id}`);
	});

	test('while it starts: what is known of it so far', async () => {
		const {ec2, aws} = await startBench('', {delays: {boot: 60_000}});
		const leaving = new AbortController();
		const instance = await aws.launch(intentOf(), leaving.signal, ({text}) => {
			if (text === 'EC2 is starting it') {
				leaving.abort(new Error('left'));
			}
		});
		expect(instance).toMatchObject({state: 'pending', endpoint: undefined, id: `us-east-1/${ec2.alive()[0]?.id}`});
	});
});

describe('while it starts', () => {
	test('EC2 may not tell of it yet', async () => {
		const {ec2, aws} = await startBench('', {delays: {visible: 90_000}});
		expect((await launch(aws)).instance).toMatchObject({state: 'running'});
		expect(ec2.calls.some(({outcome}) => outcome === 'InvalidInstanceID.NotFound')).toBe(true);
	});

	test('no trouble with asking hides that it is there', async () => {
		const {ec2, aws} = await startBench();
		ec2.script('DescribeInstances', outcomes.unauthorized('DescribeInstances'), 1000);
		const {instance, progress} = await launch(aws);
		expect(instance).toMatchObject({state: 'pending', id: `us-east-1/${ec2.alive()[0]?.id}`});
		expect(progress.at(-1)?.log).toMatch(/^may not ec2:DescribeInstances/);
	});

	test('one that EC2 takes back at once is a lack of capacity, once it has ended', async () => {
		const {ec2, aws} = await startBench('', {delays: {boot: 60_000, end: 5000}});
		ec2.script('RunInstances', {
			launched(instance) {
				instance.reason = {code: 'Server.InsufficientInstanceCapacity', message: 'Server.InsufficientInstanceCapacity: no'};
				instance.state = 'terminated';
				instance.history.push({state: 'terminated', at: instance.launchTime});
			},
		});
		const error = await refusal(launch(aws));
		expect(error).toBeInstanceOf(BackendError);
		expect(error).toMatchObject({class: 'capacity'});
	});

	test('one that has ended by itself since the first time is told as it is', async () => {
		const {ec2, aws} = await startBench();
		const {instance} = await launch(aws);
		await aws.terminate(instance.id);
		expect((await launch(aws)).instance).toMatchObject({
			id: instance.id,
			state: 'terminated',
			reason: 'it was ended through EC2',
		});
		expect(ec2.alive()).toEqual([]);
	});
});

describe('a refusal', () => {
	const quotas = 'https://us-east-1.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-1216C47A';

	test.each([
		['capacity', outcomes.capacity('m5.large', 'us-east-1a', ['us-east-1b', 'us-east-1c']), /^InsufficientInstanceCapacity: /],
		['capacity', outcomes.noSpotCapacity(), /no Spot capacity/],
		['capacity', outcomes.fail('UnfulfillableCapacity', 'Unable to fulfill capacity'), /^UnfulfillableCapacity/],
		['capacity', outcomes.fail('Unsupported', 'Your requested instance type is not supported'), /^Unsupported/],
		['quota', outcomes.vcpuLimit(2), /^VcpuLimitExceeded: .*limit of 2 /],
		['quota', outcomes.spotLimit(), /^MaxSpotInstanceCountExceeded/],
		['quota', outcomes.fail('InstanceLimitExceeded', 'too many'), /^InstanceLimitExceeded/],
		['permission', outcomes.unauthorized('RunInstances'), /^may not ec2:RunInstances \(UnauthorizedOperation\)$/],
		['permission', outcomes.fail('OptInRequired', 'You are not subscribed to this service'), /^OptInRequired/],
		['permission', outcomes.fail('Blocked', 'This account is currently blocked', 403), /^Blocked/],
		['permission', outcomes.fail('PendingVerification', 'Your account is being verified'), /^PendingVerification/],
		['permission', outcomes.fail('ExpiredToken', 'The security token included in the request is expired'), /^ExpiredToken/],
		['configuration', outcomes.fail('InvalidParameterValue', 'no such thing'), /^InvalidParameterValue/],
		['configuration', outcomes.fail('InvalidAMIID.NotFound', 'it is gone'), /^InvalidAMIID/],
		['configuration', outcomes.fail('InvalidBlockDeviceMapping', 'too small'), /^InvalidBlockDeviceMapping/],
		['configuration', outcomes.fail('VPCIdNotSpecified', 'No default VPC for this user'), /^VPCIdNotSpecified/],
		['unknown', outcomes.fail('SomethingNew', 'of which nobody knew'), /^SomethingNew: of which nobody knew$/],
	])('of class %s: %j', async (kind, outcome, words) => {
		const {ec2, aws, count} = await startBench();
		ec2.script('RunInstances', outcome);
		const error = await refusal(launch(aws));
		expect(error).toBeInstanceOf(BackendError);
		expect(error).toMatchObject({class: kind, message: expect.stringMatching(words) as string});
		expect(count('RunInstances')).toBe(1);
		expect(ec2.alive()).toEqual([]);
		if (kind !== 'capacity') {
			expect(error.next).toBeTruthy();
		}
	});

	test('for lack of capacity names the zones that have some', async () => {
		const {ec2, aws} = await startBench();
		ec2.script('RunInstances', outcomes.capacity('m5.large', 'us-east-1a', ['us-east-1b', 'us-east-1c']));
		expect((await refusal(launch(aws))).zones).toEqual(['us-east-1b', 'us-east-1c']);
		ec2.script('RunInstances', outcomes.capacity('m5.large', 'us-east-1a'));
		expect((await refusal(launch(aws))).zones).toEqual([]);
	});

	test('for a quota says where it is raised', async () => {
		const {ec2, aws} = await startBench();
		ec2.script('RunInstances', outcomes.vcpuLimit(2));
		expect((await refusal(launch(aws))).next).toBe(`Ask AWS for more: ${quotas}`);
	});

	test('for credentials that ran out says how to sign in, and holds none of them', async () => {
		const {ec2, aws} = await startBench();
		ec2.expire('ExpiredToken');
		const error = await refusal(launch(aws));
		expect(error).toMatchObject({class: 'permission'});
		expect(error.next).toContain('aws sso login');
		expect(JSON.stringify([error.message, error.next, error.stack])).not.toMatch(/wJalrXUtnFEMI|AKIAIOSFODNN7EXAMPLE/);
		ec2.renew();
		expect((await launch(aws)).instance.state).toBe('running');
	});

	test('an image that is gone is looked for anew the next time', async () => {
		const {ec2, aws, count} = await startBench();
		ec2.script('RunInstances', outcomes.fail('InvalidAMIID.Unavailable', 'it is gone'));
		await refusal(launch(aws));
		await launch(aws);
		await launch(aws, {id: 'third'});
		expect(count('DescribeImages')).toBe(2);
	});
});

describe('before a launch', () => {
	const check = async (aws: Awaited<ReturnType<typeof startBench>>['aws'], offer = offerOf()) => aws.check(offer, calm());

	test('nothing is made, and what the price does not hold is said', async () => {
		const {ec2, aws} = await startBench();
		expect(await check(aws)).toEqual([
			'The public IPv4 address costs $0.005 an hour, which is not in the price.',
			'The disk, an encrypted gp3 volume, is not in the price.',
		]);
		expect(ec2.state.instances).toEqual([]);
		expect(ec2.calls.filter(({input}) => input['DryRun']).map(({action, outcome}) => [action, outcome])).toEqual([
			['RunInstances', 'DryRunOperation'],
			['CreateSecurityGroup', 'DryRunOperation'],
		]);
		expect([...ec2.state.region('123456789012', 'us-east-1').groups.values()].map(({name}) => name)).toEqual(['default']);
	});

	test('a quota that has no room is said with the place to raise it, and EC2 is not bothered', async () => {
		const {ec2, aws, count} = await startBench('', {quotas: {'L-1216C47A': 3}});
		await launch(aws);
		const error = await refusal(check(aws));
		expect(error).toMatchObject({class: 'quota'});
		expect(error.message).toContain('is 3 vCPUs, 2 of them in use; this needs 2');
		expect(error.next).toMatch(/^Ask AWS for more: https:.*\/L-1216C47A$/);
		expect(count('RunInstances')).toBe(1);
		expect(ec2.alive()).toHaveLength(1);
	});

	test('a quota that cannot be read is a warning', async () => {
		const {ec2, aws} = await startBench();
		ec2.script('ListServiceQuotas', outcomes.fail('AccessDeniedException', 'no'));
		expect(await check(aws)).toContain(
			'Whether the quota has room is not known: may not servicequotas:ListServiceQuotas (AccessDeniedException)',
		);
	});

	test.each(['RunInstances', 'CreateSecurityGroup', 'DescribeImages', 'DescribeVpcs', 'DescribeSubnets'])(
		'a missing permission is named: %s',
		async action => {
			const {ec2, aws} = await startBench();
			ec2.script(action, outcomes.unauthorized(action));
			const error = await refusal(check(aws));
			expect(error).toMatchObject({class: 'permission', message: `may not ec2:${action} (UnauthorizedOperation)`});
			expect(error.next).toContain(`ec2:${action}`);
		},
	);

	test('SSH that would be open to everybody is said', async () => {
		const {aws, checkip} = await startBench();
		checkip.answer = '<html>welcome to the hotel</html>';
		expect((await check(aws))[0]).toMatch(/^SSH is open to the whole internet/);
		checkip.answer = here;
		expect((await check(aws)).join('\n')).not.toContain('SSH');
	});

	test('the quota family is what offers share', async () => {
		const {aws} = await startBench();
		expect(aws.quotaFamily(offerOf())).toBe('L-1216C47A');
		expect(aws.quotaFamily(offerOf({instanceType: 'c7g.large'}))).toBe('L-1216C47A');
		expect(aws.quotaFamily(spotOffer())).toBe('L-34B43A08');
		expect(aws.quotaFamily(offerOf({instanceType: 'p6-b300.48xlarge', spot: true}))).toBe('P spot');
	});
});
