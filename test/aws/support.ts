import {chmod, mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {onTestFinished} from 'vitest';
import {startCheckip} from '../backends/support/launch.js';
import {type Call, type Ec2, type Ec2Options, startEc2, usualAccount} from '../support/ec2/index.js';
import {makeWorld, type World} from '../support/program.js';

export type Account = {readonly world: World; readonly ec2: Ec2};

/** A home with an AWS account on a stand-in, and the whole program in it. */
export async function makeAccount(options: Ec2Options = {}): Promise<Account> {
	const ec2 = await startEc2(options);
	onTestFinished(async () => ec2.close());
	const checkip = await startCheckip();
	const world = await makeWorld();
	const config = path.join(world.home, 'dt');
	await mkdir(config, {recursive: true, mode: 0o700});
	const file = path.join(config, 'backends.yml');
	await writeFile(
		file,
		[
			'backends:',
			'  - type: aws',
			`    endpoint: ${ec2.url}`,
			`    checkip: ${checkip.url}`,
			'    regions: [us-east-1]',
			'    creds:',
			'      type: access_key',
			`      access_key: ${usualAccount.accessKeyId}`,
			`      secret_key: ${usualAccount.secretAccessKey}`,
			'',
		].join('\n'),
	);
	await chmod(file, 0o600);
	return {world, ec2};
}

/** A launch that is meant, and not only tried out. */
export const isReal = ({input}: Pick<Call, 'input'>): boolean => input['DryRun'] !== true;
