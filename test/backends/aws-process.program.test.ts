import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {createAwsProcess} from '../../source/backends/aws/process.js';
import {requirements} from '../offers/support.js';
import {eventually, makeWorld} from '../support/program.js';
import {TestClock} from '../support/ui.js';
import {type Account, startEc2, types} from './support/ec2.js';
import {listAll, makeSurroundings, status} from './support/surroundings.js';

const secretKey = 'nobodyShouldSeeThisSecretKey123';
const settings = (url: string) =>
	`- {type: aws, endpoint: '${url}', creds: {type: access_key, access_key: AKIANOBODYSHOULDSEE1, secret_key: ${secretKey}}}\n`;
const worker = new URL('../../dist/aws-worker.js', import.meta.url);
const unending = new AbortController().signal;

type Process = {readonly pid: number; readonly command: string; readonly parent: number};

/** The processes that ask AWS, of all that run here. */
async function asking(): Promise<Process[]> {
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
	const all = await Promise.all(
		pids.map(async pid => {
			const [command, state] = await Promise.all(
				['cmdline', 'stat'].map(async name => readFile(path.join('/proc', pid, name), 'utf8').catch(() => '')),
			);
			const [, kind = 'Z', parent = ''] = /\) (\w) (\d+)/.exec(state ?? '') ?? [];
			return {pid: Number(pid), command: command ?? '', parent: Number(parent), isDead: kind === 'Z'};
		}),
	);
	return all.filter(({command, isDead}) => command.includes('aws-worker.js') && !isDead);
}

const own = async () => (await asking()).filter(({parent}) => parent === process.pid);

async function start(account: Account = {}) {
	const server = await startEc2(account);
	const clock = new TestClock();
	const surroundings = await makeSurroundings({'config/backends.yml': settings(server.url)});
	const aws = createAwsProcess({
		surroundings,
		clock,
		prices: async () => (_region, name) => (types[name] ? {price: 1, source: 'test catalogue', date: 1000} : undefined),
		worker,
	});
	const before = new Set((await own()).map(({pid}) => pid));
	const mine = async () => (await own()).filter(({pid}) => !before.has(pid));
	onTestFinished(async () => {
		for (const {pid} of await mine()) {
			process.kill(pid, 'SIGKILL');
		}
	});
	return {server, clock, aws, mine};
}

describe('EC2 is asked in a process of its own', () => {
	test('which tells offers with the prices of here, in pieces, and its status', async () => {
		const regions = Object.fromEntries(['us-east-1', 'us-west-2', 'eu-west-1'].map(name => [name, 'opted-in']));
		const {aws} = await start({regions});
		const [{offers, batches, notes}, {ready}] = await Promise.all([listAll(aws), status(aws)]);
		expect(ready).toBe(true);
		expect(batches).toBe(3);
		expect(notes).toEqual([]);
		expect(new Set(offers.map(({region}) => region))).toEqual(new Set(Object.keys(regions)));
		expect(offers.find(({spot, instanceType}) => !spot && instanceType === 'g6.xlarge')).toMatchObject({
			price: 1,
			priceSource: 'test catalogue',
		});
		expect(offers.some(({spot, zone}) => spot && zone === 'eu-west-1b')).toBe(true);
	}, 30_000);

	test('whose arguments hold no secret, and which ends when nobody has asked for a while', async () => {
		const {aws, clock, mine} = await start();
		await status(aws);
		const [one, ...others] = await mine();
		expect(others).toEqual([]);
		expect(one?.command).not.toContain(secretKey);
		clock.pass(9000);
		await listAll(aws);
		expect((await mine()).map(({pid}) => pid)).toEqual([one?.pid]);
		clock.pass(9000);
		expect((await mine()).length).toBe(1);
		clock.pass(1000);
		await eventually(mine, left => left.length === 0);
		// The next question starts another one.
		expect((await listAll(aws)).offers.length).toBeGreaterThan(10);
	}, 30_000);

	test('and who takes no more offers is sent no more', async () => {
		const regions = Object.fromEntries(['us-east-1', 'us-west-2', 'eu-west-1'].map(name => [name, 'opted-in']));
		const {aws} = await start({regions});
		let batches = 0;
		for await (const batch of aws.offers(requirements(), unending)) {
			expect(batch.length).toBeGreaterThan(0);
			batches++;
			break;
		}

		expect(batches).toBe(1);
		expect((await listAll(aws)).batches).toBe(3);
	}, 30_000);

	test('one that is killed is a failure in words, and the next question has a new one', async () => {
		let isHanging = true;
		const {aws, server, mine} = await start({script: () => (isHanging ? 'hang' : undefined)});
		const listing = listAll(aws).catch((thrown: unknown) => thrown);
		await eventually(
			() => server.calls.length,
			count => count > 0,
		);
		const [{pid = 0} = {}] = await mine();
		process.kill(pid, 'SIGKILL');
		expect(await listing).toMatchObject({name: 'BackendError', message: 'the process that asks AWS ended with SIGKILL'});
		isHanging = false;
		expect((await status(aws)).ready).toBe(true);
	}, 30_000);

	test('a program that is killed leaves none behind', async () => {
		const world = await makeWorld();
		const ec2 = await startEc2({script: () => 'hang'});
		await mkdir(path.join(world.home, 'dt'), {recursive: true, mode: 0o700});
		await writeFile(path.join(world.home, 'dt/backends.yml'), settings(ec2.url), {mode: 0o600});
		await world.write({'.dstack.yml': 'type: dev-environment\n'});
		const {child, ended} = world.start(['offers', '--backend', 'aws']);
		await eventually(
			() => ec2.calls.length,
			count => count > 0,
		);
		const of = async () => (await asking()).filter(({parent}) => parent === child.pid);
		const [{pid = 0} = {}] = await of();
		expect(pid).toBeGreaterThan(0);
		child.kill('SIGKILL');
		await ended;
		await eventually(
			async () => (await asking()).map(each => each.pid),
			left => !left.includes(pid),
		);
	}, 30_000);
});
