import {existsSync} from 'node:fs';
import {readdir, readFile, rename, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {outcomes, usualAccount} from '../support/ec2/index.js';
import {objects, type World, withoutWaits} from '../support/program.js';
import {isReal, killRunAt, makeAccount} from './support.js';

const other = {
	accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
	secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
	account: '210987654321',
};
/** A second key of the same account: rotated keys change nothing. */
const rotated = {
	...usualAccount,
	accessKeyId: 'AKIAIOSFODNN8EXAMPLE',
	secretAccessKey: 'xxxxxXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const accounts = [usualAccount, other, rotated];
const quick = {accounts, delays: {boot: 100, end: 100, visible: 0}};
const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y'];
const name = 'brave-ant-1';

const journalOf = async (world: World): Promise<Array<{type: string; account?: {id: string}}>> =>
	objects(await readFile(path.join(world.home, 'dt/runs', name, 'journal.jsonl'), 'utf8'));
const keysOf = async (world: World): Promise<string[]> =>
	(await readdir(path.join(world.home, 'dt/runs', name))).filter(file => /^(?:id_|host_key)/.test(file));

async function startRun() {
	const account = await makeAccount(quick);
	await account.world.write({'.dstack.yml': 'type: dev-environment\n'});
	await killRunAt(account.world, name, '"type":"created"', asked);
	expect(account.ec2.alive()).toHaveLength(1);
	return account;
}

test('the account is in the journal before anybody is asked for an instance', async () => {
	const {world, ec2} = await startRun();
	const events = await journalOf(world);
	expect(events.find(({type}) => type === 'requested')?.account).toEqual({id: '123456789012', label: 'AWS account 123456789012'});
	expect(events.find(({type}) => type === 'created')?.account?.id).toBe('123456789012');
	expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
}, 60_000);

test('keys of another account: nothing is called gone, nothing is deleted; back again, it is ended when it is asked for', async () => {
	const {world, ec2, setKeys} = await startRun();
	const keys = await keysOf(world);
	await setKeys(other);

	const stop = await world.cli(['stop', name, '-y']);
	expect(stop.code).toBe(1);
	expect(stop.stdout).not.toContain('is gone');
	expect(stop.stderr).toContain('is in AWS account 123456789012, and what is set up here leads to AWS account 210987654321');
	expect(stop.stderr).toContain('aws ec2 terminate-instances --region us-east-1 --instance-ids i-');
	expect(stop.stderr).toContain('--forget');

	const ps = await world.cli(['ps']);
	expect(ps.code).toBe(0);
	expect(ps.stdout).toContain(name);
	expect(ps.stderr).toContain('AWS account 210987654321');
	const reap = await world.cli(['reap', '-y']);
	expect(reap.code).toBe(1);
	expect(reap.stdout + reap.stderr).toContain('AWS account 123456789012');
	const attach = await world.cli(['attach', name, '--plain']);
	expect(attach.code).toBe(1);
	expect(attach.stderr).toContain('AWS account 210987654321');

	expect((await journalOf(world)).map(({type}) => type)).not.toContain('gone');
	expect((await journalOf(world)).map(({type}) => type)).not.toContain('stopping');
	expect(await keysOf(world)).toEqual(keys);
	expect(await world.cli(['ledger', '--json'])).toMatchObject({stdout: expect.stringContaining('"runs":0') as string});
	expect(ec2.alive()).toHaveLength(1);

	await setKeys(rotated);
	const {code, stderr} = await world.cli(['ps']);
	expect({code, stderr: withoutWaits(stderr)}).toEqual({code: 0, stderr: ''});
	expect(ec2.alive()).toHaveLength(1);
	expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
}, 120_000);

test('a request that was never answered is not made again in another account', async () => {
	const {world, ec2, setKeys} = await makeAccount(quick);
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	const lost = ec2.script('RunInstances', isReal, outcomes.lostAnswer(), 1000);
	await killRunAt(world, name, () => ec2.alive().length > 0, asked);
	lost.cancel();
	await setKeys(other);
	const attach = await world.cli(['attach', name, '--plain']);
	expect(attach.code).toBe(1);
	expect(attach.stderr).toContain('AWS account 210987654321');
	expect(ec2.calls.filter(call => call.action === 'RunInstances' && call.account === other.account && isReal(call))).toEqual([]);
	await setKeys(usualAccount);
	expect(await world.cli(['stop', name, '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
}, 120_000);

test('what is let go of is not ended; shown again where the cloud calls it alive, and ended only when that is said', async () => {
	const {world, ec2, setKeys} = await startRun();
	expect(await world.cli(['stop', name, '--forget', '-y'])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining('is there') as string,
	});
	await setKeys(other);
	const asking = await world.cli(['stop', name, '--forget']);
	expect(asking.code).not.toBe(0);
	const forget = await world.cli(['stop', name, '--forget', '-y']);
	expect(forget).toMatchObject({code: 0, stdout: expect.stringContaining('nothing was ended') as string});
	expect(await keysOf(world)).toEqual([]);
	expect((await world.cli(['ps'])).stdout).toContain('No environments');

	await setKeys(usualAccount);
	const ps = await world.cli(['ps']);
	expect(ps.stderr).toContain('gone by its journal, and is there');
	expect(await world.cli(['reap'])).toMatchObject({code: 1});
	expect(ec2.alive()).toHaveLength(1);
	expect(await world.cli(['reap', '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
}, 120_000);

test('a home of two machines: what the other one runs is shown with its name, and ended by name and a yes alone', async () => {
	const {world, ec2} = await makeAccount(quick);
	await world.write({'.dstack.yml': 'type: dev-environment\n'});
	const runs = path.join(world.home, 'dt/runs');
	world.env['DSTACK_TUI_MACHINE'] = 'desk';
	await killRunAt(world, name, '"type":"created"', asked);
	expect(Object.fromEntries(ec2.alive()[0]?.tags ?? [])).toMatchObject({'dstack-tui:machine-name': 'desk'});

	// The journals are synced too: it is left alone. Nobody here can know yet that its owner was killed there.
	world.env['DSTACK_TUI_MACHINE'] = 'laptop';
	const ps = await world.cli(['ps']);
	expect(ps.stderr).toContain(`${name} is looked after on desk, and is left alone here`);
	// Only the settings are synced.
	await rename(runs, `${runs}.desk`);
	const reap = await world.cli(['reap', '-y']);
	expect(reap.stdout).toContain('started on desk, another machine');
	expect(reap.code).toBe(0);
	expect(ec2.alive()).toHaveLength(1);
	const asking = await world.cli(['reap', name]);
	expect(asking.code).toBe(1);
	expect(ec2.alive()).toHaveLength(1);
	expect(await world.cli(['reap', name, '-y'])).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
}, 120_000);

const journalPlace = (world: World): string => path.join(world.home, 'dt/runs', name, 'journal.jsonl');
const discarding = ['stop', name, '-y', '--discard'];

test('a journal without its intent, and keys of another account: nothing is removed until it was ended where it is', async () => {
	const {world, ec2, setKeys} = await startRun();
	const journal = journalPlace(world);
	await writeFile(journal, (await readFile(journal, 'utf8')).replace('"intended"', '"intendex"'));
	await setKeys(other);
	const stop = await world.cli(discarding);
	expect(stop.stderr).toContain('is in AWS account 123456789012, and what is set up here leads to AWS account 210987654321');
	expect(stop.stderr).toContain('aws ec2 terminate-instances --region us-east-1 --instance-ids i-');
	expect(stop.stderr).toContain(`stop ${name} --forget`);
	expect(stop.code).toBe(1);
	expect(existsSync(journal)).toBe(true);
	expect(ec2.alive()).toHaveLength(1);
	await setKeys(usualAccount);
	expect(await world.cli(['stop', name, '-y', '--forget'])).toMatchObject({
		code: 1,
		stderr: expect.stringContaining('is there') as string,
	});
	expect(await world.cli(discarding)).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
	expect(existsSync(journal)).toBe(false);
}, 120_000);

test('a journal that tells nothing: what is not found is not called gone; let go of, it is found again by its tag', async () => {
	const {world, ec2, setKeys} = await startRun();
	const journal = journalPlace(world);
	for (const text of ['not a journal\n', '']) {
		await writeFile(journal, text);
		await setKeys(other);
		expect((await world.cli(['ps'])).stderr).toContain(`The journal of ${name} is damaged`);
		const stop = await world.cli(discarding);
		expect(stop.stderr).toContain('whether an instance of it runs is not certain');
		expect(stop.stderr).toContain(`stop ${name} --forget`);
		expect(stop.code).toBe(1);
		expect(existsSync(journal)).toBe(true);
		expect(await keysOf(world)).not.toEqual([]);
	}

	expect(ec2.alive()).toHaveLength(1);
	const asking = await world.cli(['stop', name, '--forget']);
	expect(asking.code).not.toBe(0);
	expect(existsSync(journal)).toBe(true);
	const forget = await world.cli(['stop', name, '--forget', '-y']);
	expect(forget).toMatchObject({code: 0, stdout: expect.stringContaining('nothing was ended') as string});
	expect(existsSync(journal)).toBe(false);
	await setKeys(usualAccount);
	expect(await world.cli(['reap'])).toMatchObject({code: 1});
	expect(ec2.alive()).toHaveLength(1);
}, 120_000);

test('a journal that tells nothing, and the right keys: its instance is found by its tag and ended', async () => {
	const {world, ec2} = await startRun();
	await writeFile(journalPlace(world), 'not a journal\n');
	expect(await world.cli(discarding)).toMatchObject({code: 0});
	expect(ec2.alive()).toEqual([]);
	expect(existsSync(journalPlace(world))).toBe(false);
}, 120_000);
