import {expect, test, vi} from 'vitest';
import {objects} from '../support/program.js';
import {type Account, killRunAt, makeAccount} from './support.js';

const name = 'brave-ant-1';
const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y'];

/** A run whose program was killed as soon as its journal held `sign`. */
async function launched(sign: string): Promise<Account> {
	const account = await makeAccount({delays: {boot: 100, end: 100, visible: 0}});
	const {world} = account;
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	await killRunAt(world, name, sign, asked);
	return account;
}

test('a cloud that hangs: `ps` answers from the journal and marks it, `reap` says what it waits for and until when', async () => {
	const {world, ec2} = await launched('"type":"created"');
	await ec2.cut('hang', 600_000);
	const began = Date.now();
	const listed = await world.cli(['ps']);
	const took = Date.now() - began;
	expect(listed).toMatchObject({code: 0});
	expect(listed.stdout).toMatch(new RegExp(`${name} .*\\(as last known\\)`));
	expect(listed.stdout).toContain('it could not be asked now: aws: waited 2 s for what there is to know of');
	expect(listed.stderr).toMatch(
		/waiting for what there is to know of brave-ant-1, since \d\d:\d\d:\d\d, at most until \d\d:\d\d:\d\d/,
	);
	expect(took).toBeLessThan(10_000);
	const [object] = objects<{name: string; unchecked: string}>((await world.cli(['ps', '--json'])).stdout);
	expect(object).toMatchObject({name, unchecked: expect.stringContaining('aws: waited 2 s')});
	const reaping = world.start(['reap']);
	await reaping.until(/waiting for aws to say how brave-ant-1 is, since .*, at most until .*Ctrl-c leaves/);
	await reaping.until(/waiting for aws to list instances of this installation, since/);
	const reaped = await reaping.ended;
	expect(reaped.code).toBe(1);
	expect(reaped.stderr).toContain('could not be checked');
	await ec2.restore();
	// A slow machine needs more than the two seconds that a cloud is given: then it is marked once more.
	const whole = async () => objects<{unchecked: unknown}>((await world.cli(['ps', '--json'])).stdout);
	await vi.waitFor(async () => expect(await whole()).toMatchObject([{unchecked: null}]), 60_000);
	expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
}, 200_000);
