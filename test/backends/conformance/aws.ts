import {EC2Client, RunInstancesCommand, TerminateInstancesCommand} from '@aws-sdk/client-ec2';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {onTestFinished} from 'vitest';
import {createAwsBackend} from '../../../source/backends/aws/launch/backend.js';
import {ImageBook} from '../../../source/backends/aws/launch/images.js';
import {createAwsOperations} from '../../../source/backends/aws/launch/operations.js';
import {userDataFor} from '../../../source/backends/aws/launch/user-data.js';
import type {Clock} from '../../../source/system/clock.js';
import {imagesOf} from '../../support/ec2/images.js';
import {type Guest, type Outcome, outcomes, startEc2, usualAccount} from '../../support/ec2/index.js';
import {TestClock} from '../../support/ui.js';
import {
	accountOf,
	limits,
	noOffers,
	offerOf,
	pricesFor,
	settings,
	SkippingClock,
	spotOffer,
	startCheckip,
} from '../support/launch.js';
import type {Surroundings} from '../../../source/backends/settings/index.js';
import type {Call, Fault, StandIn, TestCloud} from './stand-in.js';

/** The backend over the real SDK in this thread, with the user data that it really sends. */
export function awsBackend(surroundings: Surroundings, clock: Clock, patience: typeof limits) {
	const operations = createAwsOperations({
		...{surroundings, clock, limits: patience, launchLimit: patience.request, pricesFor},
		...{images: new ImageBook(), userData: userDataFor},
	});
	return createAwsBackend(noOffers, operations, clock);
}

export const awsOffers: TestCloud['offers'] = [
	offerOf(),
	offerOf({id: 'aws:us-east-1:m5.xlarge:od', instanceType: 'm5.xlarge', cpu: 4, price: 0.1}),
	offerOf({id: 'aws:eu-west-1:m5.large:od', region: 'eu-west-1', price: 0.11}),
];

const actions: Readonly<Record<Call, readonly string[]>> = {
	launch: ['RunInstances'],
	question: ['DescribeInstances'],
	terminate: ['TerminateInstances'],
};

const outcomeOf = (fault: Fault, action: string): Outcome => {
	const all: Readonly<Record<Fault, Outcome>> = {
		'lost request': outcomes.lostRequest(),
		'lost answer': outcomes.lostAnswer(),
		capacity: outcomes.capacity('m5.large', 'us-east-1a'),
		quota: outcomes.vcpuLimit(2),
		permission: outcomes.unauthorized(action),
		configuration: outcomes.fail('InvalidSubnetID.NotFound', 'The subnet ID does not exist'),
		transient: outcomes.internalError(),
		unknown: outcomes.fail('NeverHeardOf', 'nobody has described this'),
	};
	return all[fault];
};

const second = {
	accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
	secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
	account: '210987654321',
};

type Guests = Map<string, {ends: number; cancel: () => void}>;

/** A simulated guest with what its user data say: its deadline and the lease that somebody has to lift, from its first boot. */
const guestOf =
	(guests: Guests) =>
	(guest: Guest): void => {
		const number = (name: string) => Number(new RegExp(`^ *${name}='?(\\d+)`, 'm').exec(guest.userData ?? '')?.[1] ?? Infinity);
		const seconds = Math.min(number('duration'), number('lease_time'));
		const ends = guests.get(guest.instanceId)?.ends ?? guest.bootedAt + seconds * 1000;
		guests.set(guest.instanceId, {ends, cancel: Number.isFinite(ends) ? guest.powerOff(ends) : () => undefined});
	};

async function make(): Promise<TestCloud> {
	const clock = new TestClock();
	const guests: Guests = new Map();
	const booted = new Map<string, Guest>();
	const guest = (each: Guest) => {
		booted.set(each.instanceId, each);
		guestOf(guests)(each);
	};

	const ec2 = await startEc2({clock, guest, accounts: [usualAccount, second], delays: {visible: 2000, boot: 5000, end: 5000}});
	onTestFinished(async () => ec2.close());
	const checkip = await startCheckip();
	const extra = `checkip: ${checkip.url}\n`;
	const surroundings = await accountOf(ec2.url, extra);
	let keys = usualAccount;
	const own = (id: string): string => id.split('/').at(-1) ?? '';
	const lines = new Map<Call, Array<{cancel(): void}>>();
	return {
		start: () => awsBackend(surroundings, new SkippingClock(clock), limits),
		offers: awsOffers,
		spotOffer: spotOffer(),
		shortest: 300,
		now: () => clock.now(),
		turn: milliseconds => clock.pass(milliseconds),
		async pass(milliseconds) {
			clock.pass(milliseconds);
			ec2.state.settle();
		},
		alive: async () => ec2.alive().map(({id, clientToken}) => ({id, intentId: clientToken, ends: guests.get(id)?.ends})),
		addStranger: async () => strangerIn(ec2.url, imagesOf('us-east-1')[0]?.id),
		fault(call, fault) {
			for (const line of lines.get(call) ?? []) {
				line.cancel();
			}

			const isMeant = ({input}: {readonly input: Readonly<Record<string, unknown>>}) => input['DryRun'] !== true;
			lines.set(
				call,
				fault === undefined ? [] : actions[call].map(action => ec2.script(action, isMeant, outcomeOf(fault, action), 10_000)),
			);
		},
		interrupt: async ({id}) => ec2.interrupt(own(id)),
		lose: async ({id}) => endIn(ec2.url, id),
		async extend({id}, deadline) {
			const seen = booted.get(own(id));
			guests.get(own(id))?.cancel();
			guests.set(own(id), {ends: deadline, cancel: seen?.powerOff(deadline) ?? (() => undefined)});
		},
		async switchAccount() {
			keys = keys === usualAccount ? second : usualAccount;
			await writeFile(path.join(surroundings.config, 'backends.yml'), settings(ec2.url, extra, keys));
		},
		secrets: [usualAccount.secretAccessKey],
	};
}

/** The SDK's own client: what others do in the account. */
export function clientFor(endpoint: string, region: string): EC2Client {
	const client = new EC2Client({region, endpoint, credentials: usualAccount});
	onTestFinished(() => client.destroy());
	return client;
}

export async function strangerIn(endpoint: string, image: string | undefined): Promise<string> {
	const {Instances = []} = await clientFor(endpoint, 'us-east-1').send(
		new RunInstancesCommand({MinCount: 1, MaxCount: 1, ImageId: image, InstanceType: 'm5.large'}),
	);
	return Instances[0]?.InstanceId ?? '';
}

export async function endIn(endpoint: string, id: string): Promise<void> {
	const [region = '', instance = ''] = id.split('/');
	await clientFor(endpoint, region).send(new TerminateInstancesCommand({InstanceIds: [instance]}));
}

/** AWS on the EC2 of test/support/ec2, whose clock is turned and whose guests are simulated. */
export const awsStandIn: StandIn = {name: 'aws on our EC2', make, cannot: {}, histories: 40, timeout: 240_000};
