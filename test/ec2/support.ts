import {EC2Client, RunInstancesCommand, type RunInstancesCommandInput} from '@aws-sdk/client-ec2';
import {ServiceQuotasClient} from '@aws-sdk/client-service-quotas';
import {onTestFinished} from 'vitest';
import {imagesOf} from '../support/ec2/images.js';
import {type Ec2, type Ec2Options, startEc2, usualAccount} from '../support/ec2/index.js';
import {TestClock} from '../support/ui.js';

export type Bench = {readonly ec2: Ec2; readonly clock: TestClock; readonly client: EC2Client};

/** A stand-in whose clock stands still, and the SDK's own client of it in us-east-1, without its retries. */
export async function startBench(options: Ec2Options = {}): Promise<Bench> {
	const clock = new TestClock();
	const ec2 = await startEc2({clock, ...options});
	onTestFinished(async () => ec2.close());
	return {ec2, clock, client: clientOf(ec2)};
}

type Config = NonNullable<ConstructorParameters<typeof EC2Client>[0]>;

export function clientOf(ec2: Ec2, changes: Config = {}): EC2Client {
	const client = new EC2Client({
		region: 'us-east-1',
		endpoint: ec2.url,
		credentials: usualAccount,
		maxAttempts: 1,
		...changes,
	});
	onTestFinished(() => client.destroy());
	return client;
}

export function quotasOf(ec2: Ec2): ServiceQuotasClient {
	const client = new ServiceQuotasClient({region: 'us-east-1', endpoint: ec2.url, credentials: usualAccount, maxAttempts: 1});
	onTestFinished(() => client.destroy());
	return client;
}

export const ubuntu = (region = 'us-east-1') =>
	imagesOf(region).find(({name}) => /noble.*amd64/.test(name)) ?? failed('no Ubuntu');
export const deepLearning = (region = 'us-east-1') =>
	imagesOf(region).find(({name}) => /^Deep Learning Base OSS/.test(name)) ?? failed('no Deep Learning image');

function failed(words: string): never {
	throw new Error(words);
}

export const launch = (changes: Partial<RunInstancesCommandInput> = {}): RunInstancesCommand =>
	new RunInstancesCommand({
		MinCount: 1,
		MaxCount: 1,
		ImageId: ubuntu().id,
		InstanceType: 'm5.large',
		ClientToken: 'token-1',
		InstanceInitiatedShutdownBehavior: 'terminate',
		TagSpecifications: [
			{ResourceType: 'instance', Tags: [{Key: 'run', Value: 'fast-moth-1'}]},
			{ResourceType: 'volume', Tags: [{Key: 'run', Value: 'fast-moth-1'}]},
		],
		...changes,
	});

/** The launched instance's id. */
export async function launched(client: EC2Client, changes: Partial<RunInstancesCommandInput> = {}): Promise<string> {
	const {Instances = []} = await client.send(launch(changes));
	return Instances[0]?.InstanceId ?? failed('nothing was launched');
}

/** What a call failed with: EC2's code and HTTP's status, or the system's code. */
export async function failureOf(call: Promise<unknown>): Promise<{code: string; message: string; status: number | undefined}> {
	return call.then(
		() => failed('the call did not fail'),
		(error: Error & {code?: string; $metadata?: {httpStatusCode?: number}}) => ({
			// The SDK calls a reset connection a time-out; the system's code tells which.
			code: error.$metadata?.httpStatusCode === undefined && error.code !== undefined ? error.code : error.name,
			message: error.message,
			status: error.$metadata?.httpStatusCode,
		}),
	);
}
