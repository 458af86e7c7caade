import {request} from 'node:http';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {backendNamed, backends, canLaunch, offerSources} from '../../source/backends/registry.js';
import {outcomes} from '../support/ec2/index.js';
import {serveRaw} from './support/http.js';
import {
	accountOf,
	backendFor,
	calm,
	here,
	installation,
	intentOf,
	launch,
	offerOf,
	refusal,
	SkippingClock,
	spotOffer,
	startBench,
	startCheckip,
} from './support/launch.js';

const account = '123456789012';
const minute = 60_000;

describe('finding', () => {
	test('by the intent alone, in the region of its offer, also one that has ended', async () => {
		const {aws, restarted} = await startBench();
		const {instance} = await launch(aws);
		expect(await restarted().find(intentOf().id, offerOf())).toMatchObject({id: instance.id, state: 'running'});
		expect(await restarted().find(intentOf().id, offerOf({region: 'eu-west-1'}))).toBeUndefined();
		await aws.terminate(instance.id);
		expect(await restarted().find(intentOf().id, offerOf())).toMatchObject({state: 'terminated'});
	});

	test('also one whose tags somebody has taken away', async () => {
		const {aws, ec2} = await startBench();
		const {instance} = await launch(aws);
		ec2.alive()[0]?.tags.clear();
		expect(await aws.find(intentOf().id, offerOf())).toMatchObject({id: instance.id, intentId: intentOf().id});
	});

	test('one that EC2 does not tell of for some seconds', async () => {
		const {aws, ec2, restarted} = await startBench('', {delays: {visible: 15_000}});
		ec2.script('RunInstances', outcomes.lostAnswer(), 3);
		await refusal(launch(aws));
		expect((await restarted().find(intentOf().id, offerOf()))?.id).toBe(`us-east-1/${ec2.alive()[0]?.id}`);
	});

	test('nothing where nothing was made; a failure is not taken for that', async () => {
		const {aws, ec2} = await startBench();
		expect(await aws.find('another', offerOf())).toBeUndefined();
		ec2.script('DescribeInstances', outcomes.unauthorized('DescribeInstances'), 10);
		expect(await refusal(aws.find('another', offerOf()))).toMatchObject({class: 'permission'});
	});
});

describe('describing', () => {
	test('what becomes of it, and why', async () => {
		const {aws, ec2, program} = await startBench();
		const {instance} = await launch(aws, {offer: spotOffer()});
		ec2.interrupt(ec2.alive()[0]?.id ?? '');
		await program.sleep(2 * minute + 500);
		expect(await aws.describe(instance.id)).toMatchObject({
			...{state: 'ending', interrupted: true, endpoint: undefined},
			reason: 'EC2 took the spot capacity back',
		});
		await program.sleep(minute);
		expect(await aws.describe(instance.id)).toMatchObject({state: 'terminated', interrupted: true});
	});

	test('one that has shut itself down', async () => {
		const {aws, ec2, program} = await startBench('', {
			guest: guest => void guest.powerOff(Date.UTC(2026, 0, 2, 3, 4, 5) + 10 * minute),
		});
		const {instance} = await launch(aws);
		await program.sleep(11 * minute);
		expect(ec2.alive()).toEqual([]);
		expect(await aws.describe(instance.id)).toMatchObject({state: 'terminated', reason: 'it shut itself down'});
		expect(await aws.describe(instance.id)).not.toHaveProperty('interrupted');
	});

	test('one that is not told of is gone only when that was so twice, and not just after it was made', async () => {
		const {aws, restarted, program} = await startBench('', {delays: {visible: 90_000}});
		const leaving = new AbortController();
		const {id} = await aws.launch(intentOf(), leaving.signal, ({text}) => {
			if (text.endsWith('is made')) {
				leaving.abort(new Error('left'));
			}
		});
		expect(await refusal(aws.describe(id))).toMatchObject({class: 'transient'});
		await program.sleep(30_000);
		expect(await refusal(aws.describe(id))).toMatchObject({class: 'transient'});
		// A program that was started meanwhile does not know when it was made.
		expect(await refusal(restarted().describe(id))).toMatchObject({class: 'transient'});
		await program.sleep(minute);
		expect(await aws.describe(id)).toMatchObject({id, state: 'running'});
	});

	test('a clock that is ten minutes ahead makes none gone that was made a moment ago', async () => {
		const {aws, program} = await startBench('', {delays: {visible: 90_000}});
		program.skew = 10 * minute;
		const leaving = new AbortController();
		const {id} = await aws.launch(intentOf(), leaving.signal, ({text}) => {
			if (text.endsWith('is made')) {
				leaving.abort(new Error('left'));
			}
		});
		for (let times = 0; times < 3; times++) {
			expect(await refusal(aws.describe(id))).toMatchObject({class: 'transient'});
			await program.sleep(20_000);
		}

		await program.sleep(minute);
		expect(await aws.describe(id)).toMatchObject({state: 'running'});
	});

	test('one that never was, or ended long ago, is gone after two minutes of that', async () => {
		const {aws, program} = await startBench();
		const id = 'us-east-1/i-0123456789abcdef0';
		expect(await refusal(aws.describe(id))).toMatchObject({class: 'transient'});
		await program.sleep(2 * minute);
		expect(await aws.describe(id)).toBeUndefined();
	});

	test('one that was seen to have ended is gone at once when EC2 forgets it', async () => {
		const {aws, program} = await startBench();
		const {instance} = await launch(aws);
		await aws.terminate(instance.id);
		await aws.describe(instance.id);
		await program.sleep(61 * minute);
		expect(await aws.describe(instance.id)).toBeUndefined();
	});

	test('what no instance is called', async () => {
		const {aws, ec2} = await startBench();
		for (const id of ['i-0123', 'us-east-1/x', 'us-east-1/i-01; rm -rf /', '../i-01']) {
			expect(await refusal(aws.describe(id))).toMatchObject({class: 'configuration'});
		}

		expect(ec2.calls).toEqual([]);
	});
});

describe('ending', () => {
	test('resolves only when EC2 says that it has ended', async () => {
		const {aws, ec2, clock} = await startBench('', {delays: {end: 2 * minute}});
		const {instance} = await launch(aws);
		const before = clock.now();
		await aws.terminate(instance.id);
		expect(ec2.state.instances.map(({state}) => state)).toEqual(['terminated']);
		expect(clock.now() - before).toBeGreaterThanOrEqual(2 * minute);
		const region = ec2.state.region(account, 'us-east-1');
		expect([region.volumes.size, region.interfaces.size]).toEqual([0, 0]);
		await aws.terminate(instance.id);
	});

	test('that is not confirmed within five minutes is a failure that says how to end it by hand', async () => {
		const {aws, clock} = await startBench('', {delays: {end: 20 * minute}});
		const {instance} = await launch(aws);
		const before = clock.now();
		const error = await refusal(aws.terminate(instance.id));
		expect(error).toMatchObject({class: 'transient'});
		expect(error.next).toContain(aws.byHand(instance.id).command);
		expect(clock.now() - before).toBeLessThan(6 * minute);
		clock.pass(20 * minute);
		await aws.terminate(instance.id);
	});

	test('that is refused is thrown, whatever the reason', async () => {
		const {aws, ec2} = await startBench();
		const {instance} = await launch(aws);
		for (const [outcome, kind] of [
			[outcomes.unauthorized('TerminateInstances'), 'permission'],
			[outcomes.fail('OperationNotPermitted', 'Modify its disableApiTermination attribute'), 'permission'],
			[outcomes.fail('ExpiredToken', 'expired'), 'permission'],
		] as const) {
			ec2.script('TerminateInstances', outcome);
			const error = await refusal(aws.terminate(instance.id));
			expect(error).toMatchObject({class: kind});
			expect(error.next).toBeTruthy();
		}

		ec2.script('TerminateInstances', outcomes.internalError(), 2);
		expect(await refusal(aws.terminate(instance.id))).toMatchObject({class: 'transient'});
		expect(ec2.alive()).toHaveLength(1);
		await aws.terminate(instance.id);
		expect(ec2.alive()).toEqual([]);
	});

	test('survives trouble with asking', async () => {
		const {aws, ec2} = await startBench('', {delays: {end: 10_000}});
		const {instance} = await launch(aws);
		ec2.script('DescribeInstances', outcomes.html(503), 6);
		await aws.terminate(instance.id);
		expect(ec2.state.instances[0]?.state).toBe('terminated');
	});

	test('one that EC2 does not know yet is ended when it does', async () => {
		const {aws, ec2} = await startBench('', {delays: {visible: 90_000}});
		const leaving = new AbortController();
		const {id} = await aws.launch(intentOf(), leaving.signal, ({text}) => {
			if (text.endsWith('is made')) {
				leaving.abort(new Error('left'));
			}
		});
		await aws.terminate(id);
		expect(ec2.state.instances.map(({state}) => state)).toEqual(['terminated']);
	});

	test('one that EC2 has not known for two minutes is gone, where it is known whose it was', async () => {
		const {aws, clock} = await startBench();
		const before = clock.now();
		await aws.terminate('us-east-1/i-0123456789abcdef0', await aws.account(offerOf(), calm()));
		expect(clock.now() - before).toBeGreaterThanOrEqual(2 * minute);
		expect(await refusal(aws.terminate('us-east-1/i-0123456789abcdef0'))).toMatchObject({
			class: 'permission',
			message: expect.stringContaining('in which account it was made was not written down') as string,
		});
	});

	test('by hand', async () => {
		const {aws} = await startBench();
		expect(aws.byHand('eu-west-1/i-0123456789abcdef0')).toEqual({
			command: 'aws ec2 terminate-instances --region eu-west-1 --instance-ids i-0123456789abcdef0',
			start: 'aws ec2 start-instances --region eu-west-1 --instance-ids i-0123456789abcdef0',
			console:
				'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId=i-0123456789abcdef0',
		});
	});
});

describe('listing', () => {
	const regions = ['us-east-1', 'eu-west-1', 'us-west-2'];

	test("this installation's instances of all regions, without those that have ended and those of others", async () => {
		const {aws} = await startBench();
		const first = await launch(aws);
		const second = await launch(aws, {id: 'b', run: 'slow-owl-2', offer: offerOf({region: 'eu-west-1'})});
		await launch(aws, {id: 'c', installation: 'another'});
		const gone = await launch(aws, {id: 'd'});
		await aws.terminate(gone.instance.id);
		const listed = await aws.list(installation, regions);
		expect(new Set(listed.map(({id}) => id))).toEqual(new Set([first.instance.id, second.instance.id]));
		expect(listed.find(({run}) => run === 'slow-owl-2')).toEqual({...second.instance, toldAt: expect.any(Number) as number});
		expect(await aws.list(installation, [])).toEqual([]);
	});

	test('one that is stopped is told of as a machine that is there, by `list` and `describe`', async () => {
		const {aws, ec2} = await startBench();
		const {instance} = await launch(aws);
		const record = ec2.state.instances.find(({id}) => instance.id.endsWith(id));
		Object.assign(record ?? {}, {state: 'stopped', publicIp: undefined});
		const there = {id: instance.id, state: 'stopped', endpoint: undefined, replaceHostKey: true};
		expect(await aws.list(installation, ['us-east-1'])).toMatchObject([there]);
		expect(await aws.describe(instance.id)).toMatchObject(there);
		await aws.terminate(instance.id);
		expect(await aws.list(installation, ['us-east-1'])).toEqual([]);
	});

	test('one that is ending is still told of', async () => {
		const {aws, ec2} = await startBench('', {delays: {end: 20 * minute}});
		const {instance} = await launch(aws);
		await refusal(aws.terminate(instance.id));
		expect(await aws.list(installation, ['us-east-1'])).toMatchObject([{id: instance.id, state: 'ending'}]);
		expect(ec2.alive()).toEqual([]);
	});

	test('a region that cannot be asked is never taken for an empty one', async () => {
		const {aws, ec2} = await startBench();
		const {instance} = await launch(aws);
		ec2.script('DescribeInstances', ({region}) => region === 'eu-west-1', outcomes.html(), 100);
		const error = await refusal(aws.list(installation, regions));
		expect(error).toMatchObject({class: 'transient', message: expect.stringMatching(/^eu-west-1 cannot be asked: /) as string});
		const unanswered: string[] = [];
		const listed = await aws.list(installation, [...regions, 'me-central-1'], (region, {class: kind}) =>
			unanswered.push(`${region} ${kind}`),
		);
		expect(listed.map(({id}) => id)).toEqual([instance.id]);
		expect(unanswered.sort()).toEqual(['eu-west-1 transient', 'me-central-1 permission']);
	});
});

describe('sweeping', () => {
	test('removes what is left over of ended instances, and says so', async () => {
		const {aws, ec2, program} = await startBench();
		const {instance} = await launch(aws, {offer: spotOffer()});
		const region = ec2.state.region(account, 'us-east-1');
		const [request] = [...region.spotRequests.values()];
		ec2.state.leaveOrphans = true;
		await aws.terminate(instance.id);
		if (request) {
			request.state = 'active';
		}

		const [volume] = [...region.volumes.values()];
		region.interfaces.clear();
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([
			expect.stringMatching(/^us-east-1: the security group dstack-tui-0123456789abcdef \(sg-\w+\) was deleted$/),
		]);
		// What is young may belong to a launch that EC2 does not tell of yet.
		expect(region.volumes.size).toBe(1);
		await program.sleep(11 * minute);
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([
			`us-east-1: the volume ${volume?.id} (100 GiB) was deleted`,
			`us-east-1: the spot request ${request?.id} was cancelled`,
		]);
		expect(region.volumes.size).toBe(0);
		expect(request?.state).toBe('cancelled');
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([]);
	});

	test('leaves alone what lives, what is used, and everything of others', async () => {
		const {aws, ec2, program} = await startBench();
		await launch(aws);
		const theirs = await launch(aws, {id: 'b', installation: 'another'});
		ec2.state.leaveOrphans = true;
		await aws.terminate(theirs.instance.id);
		const region = ec2.state.region(account, 'us-east-1');
		await program.sleep(11 * minute);
		const before = [region.volumes.size, region.groups.size, ec2.alive().length];
		expect(before).toEqual([2, 3, 1]);
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([]);
		expect([region.volumes.size, region.groups.size, ec2.alive().length]).toEqual(before);
		expect(ec2.calls.filter(({action}) => /^Delete|^Cancel/.test(action))).toEqual([]);
	});

	test('a group that somebody else uses is kept in silence; what is refused is said', async () => {
		const {aws, ec2} = await startBench();
		const {instance} = await launch(aws);
		await aws.terminate(instance.id);
		ec2.script('DeleteSecurityGroup', outcomes.fail('DependencyViolation', 'resource sg-1 has a dependent object'));
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([]);
		ec2.script('DeleteSecurityGroup', outcomes.unauthorized('DeleteSecurityGroup'));
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([
			expect.stringMatching(/could not be removed: may not ec2:DeleteSecurityGroup/),
		]);
		ec2.script('DescribeVolumes', outcomes.unauthorized('DescribeVolumes'));
		expect(await aws.sweep(installation, ['us-east-1'])).toEqual([
			expect.stringMatching(/^us-east-1: may not ec2:DescribeVolumes/),
			expect.stringMatching(/security group .* was deleted$/),
		]);
	});

	test('a region that does not answer is said and hides no other', async () => {
		const {aws} = await startBench();
		const {instance} = await launch(aws);
		await aws.terminate(instance.id);
		expect(await aws.sweep(installation, ['me-central-1', 'us-east-1'])).toEqual([
			expect.stringMatching(/was deleted$/),
			expect.stringMatching(/^me-central-1 cannot be asked: region me-central-1 is not enabled in this account \(AuthFailure\)/),
		]);
	});
});

describe('the security group', () => {
	const rules = (bench: Awaited<ReturnType<typeof startBench>>) =>
		[...bench.ec2.state.region(account, 'us-east-1').groups.values()]
			.filter(({name}) => name.startsWith('dstack-tui'))
			.flatMap(group => group.rules.map(({protocol, from, to, peer}) => `${protocol} ${from}-${to} ${peer}`));

	test('lets in SSH from this address only, is tagged, and is used again', async () => {
		const bench = await startBench();
		await launch(bench.aws);
		await launch(bench.aws, {id: 'b'});
		expect(rules(bench)).toEqual([`tcp 22-22 ${here}/32`]);
		const region = bench.ec2.state.region(account, 'us-east-1');
		const group = [...region.groups.values()].find(({name}) => name === `dstack-tui-${installation}`);
		expect(group?.tags.get('dstack-tui:installation')).toBe(installation);
		expect(bench.ec2.alive().map(({groups}) => groups)).toEqual([[group?.id], [group?.id]]);
		expect(bench.count('CreateSecurityGroup')).toBe(1);
	});

	test('learns a new address with the next launch, or when the person comes back to the instance', async () => {
		const bench = await startBench();
		const {instance} = await launch(bench.aws);
		bench.checkip.answer = '198.51.100.9';
		expect(await bench.aws.admit(instance.id, calm())).toEqual([]);
		expect(rules(bench)).toEqual([`tcp 22-22 ${here}/32`, 'tcp 22-22 198.51.100.9/32']);
		expect(await bench.aws.admit(instance.id, calm())).toEqual([]);
		expect(bench.count('AuthorizeSecurityGroupIngress')).toBe(2);
	});

	test.each(['10.0.0.7', 'not an address', '', '2001:db8::1', '999.1.1.1'])(
		'is open to everybody, which is said, where this address is told as %j; and is closed again when it is known',
		async answer => {
			const bench = await startBench();
			bench.checkip.answer = answer;
			const {progress} = await launch(bench.aws);
			expect(rules(bench)).toEqual(['tcp 22-22 0.0.0.0/0']);
			expect(progress.find(({log}) => log?.startsWith('SSH is open to the whole internet'))?.text).toBe(
				'SSH is open to the whole internet',
			);
			bench.checkip.answer = here;
			await launch(bench.aws, {id: 'b'});
			expect(rules(bench)).toEqual([`tcp 22-22 ${here}/32`]);
		},
	);

	test('that cannot be closed again is said, and holds up nothing', async () => {
		const bench = await startBench();
		bench.checkip.answer = '';
		await launch(bench.aws);
		bench.checkip.answer = here;
		bench.ec2.script('RevokeSecurityGroupIngress', outcomes.unauthorized('RevokeSecurityGroupIngress'));
		const {progress} = await launch(bench.aws, {id: 'b'});
		expect(progress.map(({log}) => log)).toContainEqual(
			expect.stringMatching(/^SSH stays open to the whole internet.*may not ec2:RevokeSecurityGroupIngress/),
		);
	});

	test('lets in the ranges of the settings, and nobody is asked for the address', async () => {
		const bench = await startBench('ssh_from: [192.0.2.0/24, 198.51.100.0/24]\n');
		bench.checkip.answer = 'nobody should ask';
		await launch(bench.aws);
		expect(rules(bench)).toEqual(['tcp 22-22 192.0.2.0/24', 'tcp 22-22 198.51.100.0/24']);
	});

	test('two launches at once make one', async () => {
		const bench = await startBench();
		await Promise.all(['a', 'b', 'c'].map(async id => launch(bench.aws, {id})));
		expect(bench.ec2.alive()).toHaveLength(3);
		expect(new Set(bench.ec2.alive().map(({groups}) => groups[0])).size).toBe(1);
		expect(rules(bench)).toEqual([`tcp 22-22 ${here}/32`]);
	});

	test('that was made a moment ago by another is found, however late EC2 tells of it', async () => {
		const bench = await startBench();
		await launch(bench.aws);
		bench.ec2.script(
			'DescribeSecurityGroups',
			{
				idle: true,
				answer: {
					status: 200,
					body: '<DescribeSecurityGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><securityGroupInfo/></DescribeSecurityGroupsResponse>',
				},
			},
			3,
		);
		await launch(bench.aws, {id: 'b'});
		expect(bench.ec2.calls.filter(({action}) => action === 'CreateSecurityGroup').map(({outcome}) => outcome)).toEqual([
			'ok',
			'InvalidGroup.Duplicate',
		]);
	});

	test('that a sweep has removed meanwhile is made anew', async () => {
		const bench = await startBench();
		let isSwept = false;
		bench.ec2.decide = call => {
			if (call.action === 'RunInstances' && !isSwept) {
				isSwept = true;
				const {groups} = bench.ec2.state.region(account, 'us-east-1');
				for (const [id, {name}] of groups) {
					if (name.startsWith('dstack-tui')) {
						groups.delete(id);
					}
				}
			}

			return undefined;
		};

		await launch(bench.aws);
		expect(isSwept).toBe(true);
		expect(bench.ec2.alive()).toHaveLength(1);
		expect(rules(bench)).toEqual([`tcp 22-22 ${here}/32`]);
	});

	test('that is full of old addresses is emptied', async () => {
		const bench = await startBench();
		await launch(bench.aws);
		bench.checkip.answer = '198.51.100.9';
		bench.ec2.script('AuthorizeSecurityGroupIngress', outcomes.fail('RulesPerSecurityGroupLimitExceeded', 'the maximum of 60'));
		await launch(bench.aws, {id: 'b'});
		expect(rules(bench)).toEqual(['tcp 22-22 198.51.100.9/32']);
	});
});

describe('the network', () => {
	test('no default VPC: what that means and what to do', async () => {
		const {aws} = await startBench('', {defaultVpc: false});
		const error = await refusal(launch(aws));
		expect(error).toMatchObject({class: 'configuration', message: 'us-east-1 has no default VPC'});
		expect(error.next).toContain('aws ec2 create-default-vpc --region us-east-1');
		expect(await refusal(aws.check(offerOf(), calm()))).toMatchObject({message: 'us-east-1 has no default VPC'});
	});

	test('a subnet and a security group of the settings are used as they are', async () => {
		const {ec2} = await startBench();
		const region = ec2.state.region(account, 'us-east-1');
		const [, subnet] = [...region.subnets.values()];
		const [group] = [...region.groups.values()];
		const bench = await startBench(
			`subnet_id: {us-east-1: ${subnet?.id}}\nsecurity_group_id: ${group?.id}\niam_instance_profile: work\ntags: {cost: team}\n`,
		);
		await launch(bench.aws);
		const [made] = bench.ec2.alive();
		expect(made).toMatchObject({zone: 'us-east-1b', groups: [group?.id]});
		expect(made?.tags.get('cost')).toBe('team');
		expect(bench.count('CreateSecurityGroup') + bench.count('AuthorizeSecurityGroupIngress')).toBe(0);
		const call = bench.ec2.calls.find(({action}) => action === 'RunInstances');
		expect(call?.input['IamInstanceProfile']).toEqual({Name: 'work'});
	});

	test('a zone in which there is no subnet is left to the next offer, with those that have one', async () => {
		const bench = await startBench();
		const region = bench.ec2.state.region(account, 'us-east-1');
		for (const [id, {zone}] of region.subnets) {
			if (zone === 'us-east-1b') {
				region.subnets.delete(id);
			}
		}

		expect(await refusal(launch(bench.aws, {offer: spotOffer()}))).toMatchObject({
			class: 'capacity',
			zones: ['us-east-1a', 'us-east-1c'],
		});
	});

	test('without public addresses the private one is the way', async () => {
		const bench = await startBench('public_ips: false\n');
		const {instance} = await launch(bench.aws);
		expect(instance.endpoint?.host).toMatch(/^172\.31\./);
		expect(bench.ec2.alive()[0]?.publicIp).toBeUndefined();
		expect((await bench.aws.check(offerOf(), calm())).join()).not.toContain('IPv4');
	});

	test('an image of the settings', async () => {
		const {ec2} = await startBench();
		const {imagesOf} = await import('../support/ec2/images.js');
		const jammy = imagesOf('us-east-1').find(({name}) => /jammy.*amd64/.test(name));
		const bench = await startBench(`ami: {us-east-1: {x86_64: ${jammy?.id}}}\n`);
		await launch(bench.aws);
		expect(bench.ec2.alive()[0]?.image.id).toBe(jammy?.id);
		const named = await startBench(
			`os_images: {cpu: {name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-*", owner: "099720109477", user: ubuntu}}\n`,
		);
		await launch(named.aws);
		expect(named.ec2.alive()[0]?.image.name).toMatch(/jammy.*amd64.*20260910/);
		const none = await startBench('os_images: {cpu: {name: mine-*}}\n');
		expect(await refusal(launch(none.aws))).toMatchObject({
			class: 'configuration',
			message: 'us-east-1 has no image mine-* of self',
		});
		expect(ec2.alive()).toEqual([]);
	});
});

describe('as a backend of this program', () => {
	test('it can be launched on, once', () => {
		expect(canLaunch('aws')).toBe(true);
		expect(backends().filter(({name}) => name === 'aws')).toEqual([backendNamed('aws')]);
		expect(offerSources().filter(({name}) => name === 'aws')).toEqual([backendNamed('aws')]);
		expect(backendNamed('aws').byHand?.('us-east-1/i-01')?.command).toContain('us-east-1');
		expect(backendNamed('aws').quotaFamily?.(offerOf())).toBe('L-1216C47A');
	});
});

describe('a clock that is ten minutes off', () => {
	test.each([10, -10])(
		'by %d minutes: found out by the questions before, so that the launch itself is in time',
		async minutes => {
			const now = () => performance.timeOrigin + performance.now();
			const {ec2, clock} = await startBench();
			let refused = 0;
			const {url} = await serveRaw((incoming, response, body) => {
				const stamp = String(incoming.headers['x-amz-date']).replace(
					/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
					'$1-$2-$3T$4:$5:$6Z',
				);
				response.setHeader('date', new Date(now()).toUTCString());
				if (Math.abs(Date.parse(stamp) - now()) > 5 * minute) {
					refused++;
					response.writeHead(400, {'content-type': 'text/xml'});
					response.end(
						'<Response><Errors><Error><Code>RequestExpired</Code><Message>Request has expired.</Message></Error></Errors><RequestID>r</RequestID></Response>',
					);
					return;
				}

				const {method, url: path, headers} = incoming;
				const onward = request(ec2.url + path, {method, headers}, answer => {
					response.writeHead(answer.statusCode ?? 500, {'content-type': answer.headers['content-type']});
					answer.pipe(response);
				});
				onward.on('error', () => response.destroy());
				onward.end(body);
			});
			vi.useFakeTimers({toFake: ['Date'], now: now() + minutes * minute});
			onTestFinished(() => void vi.useRealTimers());
			const checkip = await startCheckip();
			const {aws} = backendFor(await accountOf(url, `checkip: ${checkip.url}\n`), new SkippingClock(clock));
			const {instance} = await launch(aws);
			expect(instance.state).toBe('running');
			expect(refused).toBeGreaterThan(0);
			expect(ec2.calls.filter(({action}) => action === 'RunInstances').map(({outcome}) => outcome)).toEqual(['ok']);
			await aws.terminate(instance.id);
			expect(ec2.alive()).toEqual([]);
		},
	);
});
