import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {chmod, mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {connect} from '../../source/tunnel/connection/connection.js';
import {type Connection} from '../../source/tunnel/connection/contract.js';
import {type ListeningPort, watchListening} from '../../source/tunnel/observe/listening-ports.js';
import {type Load, watchLoad} from '../../source/tunnel/observe/machine-load.js';
import {temporaryFolder} from '../support/folders.js';
import {echoServer, until} from '../support/servers.js';
import {freePort, hasSshd, makeSshd} from '../support/sshd.js';

const never = new AbortController().signal;
const isLinux = process.platform === 'linux';

async function connected(): Promise<Connection> {
	const {destination} = await makeSshd(await temporaryFolder());
	const connection = await connect(destination, never);
	onTestFinished(() => connection.close());
	return connection;
}

/** A server of its own process that listens at `port` of `host`. */
function listenElsewhere(port: number, host: string): () => void {
	const program = `require('net').createServer().listen(${port}, '${host}')`;
	const child = spawn(process.execPath, ['-e', program], {stdio: 'ignore'});
	const stop = () => void child.kill();
	onTestFinished(stop);
	return stop;
}

/** How many processes of ours still run a script that has `text` in it. */
const running = (text: string): number =>
	spawnSync('pgrep', ['-fc', text], {encoding: 'utf8'}).stdout.trim() as unknown as number;

describe.skipIf(!hasSshd || !isLinux)('ports that start listening inside (need openssh-server and Linux)', () => {
	test('are told with who listens, and again when they end; what was there before is no news', async () => {
		const before = await echoServer();
		const connection = await connected();
		const looks: Array<readonly ListeningPort[]> = [];
		let old: ReadonlySet<number> | undefined;
		const stop = watchListening(connection, ports => looks.push(ports), {onBefore: ports => (old = ports)});
		await until('a first look', () => old !== undefined);
		expect(old?.has(before)).toBe(true);
		const [four, six] = [await freePort(), await freePort()];
		const end = listenElsewhere(four, '127.0.0.1');
		listenElsewhere(six, '::');
		const has = (port: number) => looks.at(-1)?.find(each => each.port === port);
		await until('both', () => has(four) !== undefined && has(six) !== undefined, 30_000);
		expect(has(four)).toEqual({port: four, process: 'node'});
		expect(has(six)).toEqual({port: six, process: 'node'});
		expect(has(before)).toBeUndefined();
		end();
		await until('its end', () => has(four) === undefined, 30_000);
		stop();

		const later: Array<readonly ListeningPort[]> = [];
		const stopLater = watchListening(connection, ports => later.push(ports), {before: old ?? new Set()});
		await until('the one that is still news', () => later.at(-1)?.some(({port}) => port === six) === true, 30_000);
		stopLater();
	});

	test('are no longer looked for once nobody listens', async () => {
		const connection = await connected();
		let told = false;
		const stop = watchListening(connection, () => undefined, {onBefore: () => (told = true)});
		await until('a first look', () => told);
		const mine = `kill [$][$] 2>/dev/null.*proc/net/tcp6`;
		const before = Number(running(mine));
		expect(before).toBeGreaterThan(0);
		stop();
		await until('the script to end', () => Number(running(mine)) < before, 30_000);
		expect((await connection.exec('echo on')).stdout).toBe('on\n');
	});
});

describe.skipIf(!hasSshd || !isLinux)('how busy an environment is (needs openssh-server and Linux)', () => {
	test('comes in samples, with a share of the processor from the second on', async () => {
		const connection = await connected();
		const samples: Load[] = [];
		const stop = watchLoad(connection, 1, load => samples.push(load), {workspace: '/tmp'});
		await until('three samples', () => samples.length >= 3, 60_000);
		stop();
		expect(samples[0]?.cpu).toBeUndefined();
		const load = samples[2];
		expect(load?.cpu).toBeGreaterThanOrEqual(0);
		expect(load?.cpu).toBeLessThanOrEqual(1);
		expect(load?.cores).toBeGreaterThan(0);
		expect(load?.memory?.total).toBeGreaterThan(64 * 1024 * 1024);
		expect(load?.memory?.used).toBeLessThanOrEqual(load?.memory?.total ?? 0);
		expect(load?.disk?.total).toBeGreaterThan(1024 * 1024);
		const {length} = samples;
		await new Promise(resolve => setTimeout(resolve, 2500));
		expect(samples).toHaveLength(length);
	});

	test('is told of when its command was killed, which begins anew', async () => {
		const connection = await connected();
		const workspace = await temporaryFolder();
		const samples: Load[] = [];
		const troubles: string[] = [];
		const stop = watchLoad(connection, 1, load => samples.push(load), {
			workspace,
			onTrouble: message => troubles.push(message),
		});
		await until('a sample', () => samples.length > 0, 60_000);
		execFileSync('pkill', ['-KILL', '-f', workspace]);
		await until('the trouble', () => troubles.length > 0, 30_000);
		expect(troubles).toEqual(['it ended by itself']);
		const {length} = samples;
		await until('another sample', () => samples.length > length, 60_000);
		stop();
	});

	test('has graphics cards where the driver’s own program tells of them', async () => {
		const folder = await temporaryFolder();
		const bin = path.join(folder, 'bin');
		await mkdir(bin);
		const program = [
			'#!/bin/sh',
			'echo "37, 10240, 81920, NVIDIA H100 80GB HBM3"',
			'echo "[N/A], [N/A], [N/A], NVIDIA \u001B[31mThing"',
		];
		await writeFile(path.join(bin, 'nvidia-smi'), `${program.join('\n')}\n`);
		await chmod(path.join(bin, 'nvidia-smi'), 0o755);
		const connection = await connected();
		const command = connection.openCommand.bind(connection);
		connection.openCommand = async line => command(`PATH=${bin}:$PATH; export PATH; ${line}`);
		const samples: Load[] = [];
		const stop = watchLoad(connection, 1, load => samples.push(load));
		await until('a sample', () => samples.length > 0, 60_000);
		stop();
		const gib = 1024 ** 3;
		expect(samples[0]?.gpus[0]).toEqual({
			name: 'NVIDIA H100 80GB HBM3',
			share: 0.37,
			memory: {used: 10 * gib, total: 80 * gib},
		});
		expect(samples[0]?.gpus[1]).toMatchObject({share: undefined, memory: undefined});
		expect(samples[0]?.gpus[1]?.name).not.toContain('\u001B');
	});
});
