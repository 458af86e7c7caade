import {readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {type Ec2, outcomes} from '../support/ec2/index.js';
import {objects, type World, withoutWaits} from '../support/program.js';
import {killRunAt, makeAccount} from './support.js';

const name = 'brave-ant-1';
const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y'];

/** An environment in us-east-1 whose program was killed, and all that this machine knew of it is gone: only the settings are left, with `region`. */
async function lose(region: string): Promise<{readonly world: World; readonly ec2: Ec2}> {
	const {world, ec2} = await makeAccount({
		delays: {boot: 100, end: 100, visible: 0},
		regions: {
			'us-east-1': 'opt-in-not-required',
			'eu-west-1': 'opted-in',
			'eu-north-1': 'opted-in',
			'me-south-1': 'not-opted-in',
		},
	});
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	const settings = path.join(world.home, 'dt/backends.yml');
	const text = await readFile(settings, 'utf8');
	await killRunAt(world, name, '"type":"created"', asked);
	expect(ec2.alive()).toMatchObject([{region: 'us-east-1'}]);
	await writeFile(settings, text.replace('[us-east-1]', `[${region}]`));
	await rm(path.join(world.home, 'dt/runs'), {recursive: true});
	await rm(path.join(world.home, 'dt/ledger.jsonl'), {force: true});
	return {world, ec2};
}

test('with all journals lost `reap` finds an instance in a region that the settings do not even name, and says what it asked', async () => {
	const {world, ec2} = await lose('eu-north-1');
	const asking = await world.cli(['reap']);
	expect(asking.code).not.toBe(0);
	expect(asking.stdout).toMatch(/brave-ant-1: aws us-east-1\/i-.*which no journal here tells of/);
	expect(ec2.alive()).toHaveLength(1);
	const ended = await world.cli(['reap', '-y']);
	expect(`${ended.code} ${withoutWaits(ended.stderr)}`).toBe('0 ');
	expect(ended.stdout).toContain('Looked for leftovers: local, aws in 3 regions.');
	expect(ended.stdout).toContain('Not asked: aws: me-south-1: not enabled for the account');
	expect(ec2.alive()).toEqual([]);
}, 100_000);

test('where the regions may not be listed, those of the settings and the usual ones are asked, and that is said', async () => {
	const {world, ec2} = await lose('us-east-1');
	ec2.script('DescribeRegions', outcomes.unauthorized('DescribeRegions'), 5);
	// Regions that these credentials are kept out of for good.
	ec2.script('DescribeInstances', ({region}) => region !== 'us-east-1', outcomes.unauthorized('DescribeInstances'), 100);
	const ended = await world.cli(['reap', '-y', '--json']);
	expect(ended.code).toBe(0);
	const looked = objects<{type: string; backend: string; regions: string[]; unasked: string[]}>(ended.stdout).find(
		({type, backend}) => type === 'looked' && backend === 'aws',
	);
	expect(looked?.regions).toEqual(['us-east-1']);
	expect(looked?.unasked.join('\n')).toMatch(/of which the account may have more: may not ec2:DescribeRegions/);
	expect(looked?.unasked.join('\n')).toMatch(/eu-west-1.*: may not ec2:DescribeInstances/);
	expect(ec2.alive()).toEqual([]);
}, 100_000);

test('a region of the settings that does not answer is a failure, and one without credentials is named as not asked', async () => {
	const {world, ec2} = await lose('us-east-1');
	ec2.script('DescribeInstances', ({region}) => region === 'us-east-1', outcomes.unauthorized('DescribeInstances'), 100);
	const failed = await world.cli(['reap', '-y']);
	expect(failed.code).toBe(1);
	expect(failed.stderr).toContain('aws us-east-1 could not be asked for leftovers: may not ec2:DescribeInstances');
	await rm(path.join(world.home, 'dt/backends.yml'));
	const without = await world.cli(['reap', '-y']);
	expect(without.stdout).toContain('Not asked: aws: it is not set up here');
}, 100_000);
