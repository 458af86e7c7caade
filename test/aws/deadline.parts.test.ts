import {appendFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {outcomes} from '../support/ec2/index.js';
import {objects, type World, withoutWaits} from '../support/program.js';
import {findWholeMachines, killRunAt, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/deadline');
const name = 'brave-ant-1';
const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y'];
const minute = 60_000;

const journalOf = ({home}: World): string => path.join(home, 'dt/runs', name, 'journal.jsonl');

/** Starts `run` and kills it as soon as its instance is made: nobody answers at a simulated one, and its guest does nothing. */
const launchDead = async (world: World): Promise<void> => killRunAt(world, name, '"type":"created"', asked);

/** Lets the deadline of a run have passed so long ago, by its journal. */
async function pass(world: World, time: number): Promise<void> {
	const at = Date.now();
	await appendFile(journalOf(world), `${JSON.stringify({type: 'deadline-set', at, deadline: at - time})}\n`);
}

test('a dead guest is ended by `reap` some minutes after its deadline; where that fails, loudly and with the command by hand', async () => {
	const {world, ec2} = await makeAccount({delays: {boot: 100, end: 100, visible: 0}});
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	await launchDead(world);
	await pass(world, 2 * minute);
	expect(await world.cli(['reap'])).toMatchObject({code: 0, stdout: expect.stringContaining('1 environment alive')});
	expect(ec2.alive()).toHaveLength(1);

	await pass(world, 12 * minute);
	ec2.script('TerminateInstances', outcomes.unauthorized('ec2:TerminateInstances'));
	const failed = await world.cli(['reap']);
	expect(failed.code).toBe(1);
	expect(failed.stderr).toContain('could not be ended');
	expect(failed.stderr).toMatch(/By hand: aws ec2 terminate-instances --region us-east-1 --instance-ids i-/);
	expect(ec2.alive()).toHaveLength(1);

	const ended = await world.cli(['reap']);
	expect(`${ended.code} ${withoutWaits(ended.stderr)}`).toBe('0 ');
	expect(ended.stdout).toContain('0 environments alive');
	expect(ec2.alive()).toEqual([]);
	const [gone] = objects<{reason: string}>((await world.cli(['ps', '-a', '--json'])).stdout);
	expect(gone?.reason).toMatch(/it did not end itself at its deadline/);
}, 200_000);

test.skipIf(!whole)(
	'a guard that answers is believed: a deadline that was moved there is written down, and nothing ends; one that is frozen past it ends',
	async () => {
		const {world, ec2} = await makeAccount({machines: whole?.machines}, whole?.registry);
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		const started = await world.cli(['run', '.', '-d', '-n', name, ...asked]);
		expect(`${started.code} ${withoutWaits(started.stderr)}`).toBe('0 ');
		await pass(world, 12 * minute);
		const believed = await world.cli(['reap']);
		expect(`${believed.code} ${withoutWaits(believed.stderr)}`).toBe('0 ');
		expect(believed.stdout).toContain('1 environment alive');
		const [run] = objects<{deadline: number}>((await world.cli(['ps', '--json'])).stdout);
		expect(run?.deadline).toBeGreaterThan(Date.now() + 30 * minute);
		expect(ec2.alive()).toHaveLength(1);

		await whole?.machines.pause(ec2.alive()[0]?.id ?? '');
		await pass(world, 12 * minute);
		const ended = await world.cli(['reap']);
		expect(`${ended.code} ${withoutWaits(ended.stderr)}`).toBe('0 ');
		expect(ec2.alive()).toEqual([]);
	},
	200_000,
);
