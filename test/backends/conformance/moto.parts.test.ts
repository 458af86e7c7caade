import {systemClock} from '../../../source/system/clock.js';
import {DescribeInstancesCommand} from '@aws-sdk/client-ec2';
import {describe} from 'vitest';
import {usualAccount} from '../../support/ec2/index.js';
import {accountOf, offerOf, spotOffer, startCheckip} from '../support/launch.js';
import {hasMoto, startMoto} from '../support/moto.js';
import {awsBackend, clientFor, endIn, strangerIn} from './aws.js';
import {startGate, type Verdict} from './gate.js';
import type {Call, StandIn, TestCloud} from './stand-in.js';
import {conformance} from './suite.js';

const image = 'os_images: {cpu: {name: "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-*", owner: "099720109477"}}\n';
const actionOf: Readonly<Record<Call, string>> = {
	launch: 'RunInstances',
	question: 'DescribeInstances',
	terminate: 'TerminateInstances',
};
const regions = ['us-east-1', 'eu-west-1'] as const;

/** A `moto_server` behind a network that can lose what it asks and answers. */
async function make(): Promise<TestCloud> {
	const url = await startMoto();
	const gate = await startGate(Number(new URL(url).port));
	const checkip = await startCheckip();
	const surroundings = await accountOf(`http://127.0.0.1:${gate.port}`, `checkip: ${checkip.url}\n${image}`);
	const faults = new Map<Call, Verdict>();
	gate.judge = ({body}) => {
		const isMeant = !body.includes('DryRun=true');
		return [...faults].find(([call]) => isMeant && body.includes(`Action=${actionOf[call]}&`))?.[1];
	};

	return {
		start: () => awsBackend(surroundings, systemClock, {connect: 10_000, request: 30_000, region: 60_000}),
		offers: [offerOf(), offerOf({id: 'aws:eu-west-1:m5.large:od', region: 'eu-west-1', price: 0.11})],
		spotOffer: spotOffer(),
		shortest: 300,
		now: () => Date.now(),
		pass: async milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds)),
		async alive() {
			const found = await Promise.all(
				regions.map(async region => {
					const {Reservations = []} = await clientFor(url, region).send(new DescribeInstancesCommand({}));
					return Reservations.flatMap(({Instances = []}) => Instances);
				}),
			);
			return found
				.flat()
				.filter(({State}) => State?.Name === 'pending' || State?.Name === 'running')
				.map(({InstanceId = '', ClientToken}) => ({id: InstanceId, intentId: ClientToken}));
		},
		addStranger: async () => strangerIn(url, undefined),
		fault(call, fault) {
			if (fault === 'lost request' || fault === 'lost answer') {
				faults.set(call, fault);
			} else {
				faults.delete(call);
			}
		},
		interrupt: async () => undefined,
		lose: async ({id}) => endIn(url, id),
		extend: async () => undefined,
		secrets: [usualAccount.secretAccessKey],
	};
}

const noScript = 'moto refuses nothing that it could do: our own EC2 does';
const noTokens = 'moto heeds no ClientToken: whatever is asked twice is made twice';
const noGuests = "moto's instances are entries in a list: nothing in them could end them";
const standIn: StandIn = {
	name: 'aws on moto_server',
	make,
	cannot: {
		token: noTokens,
		'launch: lost answer': noTokens,
		'launch: capacity': noScript,
		'launch: quota': noScript,
		'launch: permission': noScript,
		'launch: configuration': noScript,
		'launch: transient': noScript,
		'launch: unknown': noScript,
		'question: permission': noScript,
		'terminate: permission': noScript,
		'terminate: transient': noScript,
		deadline: noGuests,
		extend: noGuests,
		interruption: 'moto takes no spot instance back',
		'other account': 'moto knows one account unless roles are assumed',
	},
	histories: 3,
	timeout: 300_000,
};

describe.skipIf(!hasMoto)('moto', () => {
	conformance(standIn);
});
