import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {KeyPair} from '../../../source/system/key-pair.js';
import {
	extendCommand,
	extendConflict,
	followCommand,
	hostKeyCommand,
	hostKeyInput,
	keepCommand,
	liftLeaseCommand,
	markOwnConnectionCommand,
	statusCommand,
} from '../../../source/agents/machine/commands.js';
import {parseGuestStatus, type GuestStatus} from '../../../source/agents/machine/status.js';
import {guestUserData, type GuestOptions} from '../../../source/agents/machine/user-data.js';
import {connect} from '../../../source/tunnel/connection/connection.js';
import {type Connection} from '../../../source/tunnel/connection/contract.js';
import {generateKeyPair} from '../../../source/tunnel/connection/keys.js';
import type {SpotNotice} from '../../support/ec2/guests.js';
import {temporaryFolder} from '../../support/folders.js';
import {findMachines} from '../../support/machines/index.js';

const machines = await findMachines('the guest on whole machines');
afterAll(async () => machines?.close());

let identity: KeyPair;
let hostKey: KeyPair;
beforeAll(async () => {
	[identity, hostKey] = await Promise.all([generateKeyPair('run'), generateKeyPair('host')]);
});

/** For machines that boot beside each other on two busy cores, milliseconds. */
const patience = 90_000;
const forever = new AbortController().signal;

async function boot(options: Partial<GuestOptions>) {
	const instanceId = `i-0${randomUUID().replaceAll('-', '').slice(0, 16)}`;
	const state: {notice?: SpotNotice; off?: number} = {};
	const {promise: off, resolve} = Promise.withResolvers<number>();
	const execute = async (...command: string[]) => machines!.execute(instanceId, ...command);
	const {address} = await machines!.boot({
		instanceId,
		userData: guestUserData({
			authorizedKey: identity.public,
			hostKey,
			duration: undefined,
			inactivity: undefined,
			spot: false,
			...options,
		}),
		instanceType: 't3.small',
		region: 'us-east-1',
		zone: 'us-east-1a',
		onPowerOff() {
			state.off = Date.now() / 1000;
			resolve(state.off);
		},
		notice: () => state.notice,
	});
	return {
		address,
		state,
		execute,
		/** When it has begun, by its own word, and when it powered off, seconds since the epoch: machines here share one clock. */
		begun: async () =>
			until(
				async () => Number((await execute('cat', '/dstack-tui/first-boot').catch(() => '')).split(' ')[0]),
				begun => begun > 0,
			),
		off,
		link: async (key: KeyPair = hostKey): Promise<Connection> => {
			const destination = {host: address, port: 22, user: 'root', privateKey: identity.private, hostKeys: [key.public]};
			for (const started = performance.now(); ;) {
				try {
					return await connect(destination, forever);
				} catch (error) {
					if ((error as {final?: boolean}).final || performance.now() - started > patience) {
						throw error;
					}

					await sleep(200);
				}
			}
		},
	};
}

/** Asks again and again until it is so, for at most `patience`. */
async function until<T>(ask: () => Promise<T>, isSo: (value: T) => boolean): Promise<T> {
	for (const started = performance.now(); ;) {
		const value = await ask();
		if (isSo(value)) {
			return value;
		}

		if (performance.now() - started > patience) {
			throw new Error(`not so in ${patience} ms: ${JSON.stringify(value)}`);
		}

		await sleep(250);
	}
}

const statusOf = async (link: Connection): Promise<GuestStatus> => {
	const {stdout, stderr} = await link.exec(statusCommand);
	const status = parseGuestStatus(stdout);
	if (!status) {
		throw new Error(`no status: ${stdout} ${stderr}`);
	}

	return status;
};

/** How long after its time a machine may be there, seconds: what this program promises. */
const grace = 60;

describe.skipIf(!machines)('a machine that ends itself', {timeout: 240_000, concurrent: true}, () => {
	it('at its deadline, when nobody ever comes', async () => {
		const machine = await boot({duration: 20});
		const lived = -(await machine.begun()) + (await machine.off);
		expect(lived).toBeGreaterThan(20);
		expect(lived).toBeLessThan(20 + grace);
	});

	it('at its deadline, when it was booted again in between and the deadline is spoilt', async () => {
		const machine = await boot({duration: 40});
		const begun = await machine.begun();
		const uptime = async () => machine.execute('stat', '-c', '%Y', '/run/dstack-tui/begun').catch(() => '');
		const first = await until(uptime, text => text !== '');
		const kept = await machine.execute('cat', '/dstack-tui/first-boot', '/var/lib/dstack-tui/deadline');
		await machine.execute('sh', '-c', 'echo rubbish > /dstack-tui/deadline; systemctl reboot');
		await until(uptime, text => text !== '' && text !== first);
		expect(await machine.execute('cat', '/dstack-tui/first-boot', '/var/lib/dstack-tui/deadline')).toBe(kept);
		const lived = (await machine.off) - begun;
		expect(lived).toBeGreaterThan(40);
		expect(lived).toBeLessThan(40 + grace);
	});

	it('at the end of its lease, when nobody lifts it, although it has no deadline', async () => {
		const machine = await boot({lease: 15});
		const begun = await machine.begun();
		const status = parseGuestStatus(await machine.execute('/dstack-tui/guard', 'status'));
		expect(status).toMatchObject({deadline: null, ends: {at: begun + 15, why: 'lease'}});
		const lived = (await machine.off) - begun;
		expect(lived).toBeGreaterThan(15);
		expect(lived).toBeLessThan(15 + grace);
	});

	it('by the timer alone, when the guard itself is gone for good', async () => {
		const machine = await boot({duration: 20});
		const begun = await machine.begun();
		await until(
			async () => machine.execute('systemctl', 'is-active', 'dstack-tui-guard.service').catch(() => ''),
			text => text === 'active',
		);
		const unit = 'dstack-tui-guard.service';
		await machine.execute(
			'sh',
			'-c',
			`systemctl stop ${unit} && rm /etc/systemd/system/${unit} && systemctl daemon-reload && systemctl mask ${unit}`,
		);
		const lived = (await machine.off) - begun;
		expect(lived).toBeGreaterThan(20);
		expect(lived).toBeLessThan(20 + grace);
	});

	it('when nobody is connected any more; until then it obeys its client', async () => {
		const folder = await temporaryFolder();
		const machine = await boot({duration: 600, lease: 120, inactivity: 12, spot: true});
		const link = await machine.link();
		expect(await link.exec(markOwnConnectionCommand)).toMatchObject({code: 0});
		const first = await statusOf(link);
		expect(first).toMatchObject({connections: [], idleSince: null, notice: null, ends: {why: 'lease'}});
		expect(first.deadline! - first.at).toBeGreaterThan(480);

		// What else there is from the start.
		const {stdout} = await link.exec(
			'stat -c "%a %U" /workflow /dstack-tui; ls /etc/ssh | grep host_ ; sshd -T | grep -E "^(password|kbd|permitroot|hostkey )"',
		);
		expect(stdout.split('\n')).toEqual(
			expect.arrayContaining([
				'755 root',
				'700 root',
				'passwordauthentication no',
				'kbdinteractiveauthentication no',
				'permitrootlogin without-password',
			]),
		);
		expect(stdout.match(/^ssh_host_.*|^hostkey .*/gm)).toEqual([
			'ssh_host_ed25519_key',
			'ssh_host_ed25519_key.pub',
			'hostkey /etc/ssh/ssh_host_ed25519_key',
		]);

		expect(
			(await link.exec('cloud-init status --wait && cloud-init schema --system && cut -d : -f 1,2 /etc/shadow')).stdout,
		).toMatch(/^root:!/m);

		// The host key, which the provider knows, for one that nobody knows.
		const fresh = await generateKeyPair('host, replaced');
		for (let time = 0; time < 2; time++) {
			expect(await link.exec(hostKeyCommand, {stdin: hostKeyInput(fresh)})).toEqual({code: 0, stdout: '', stderr: ''});
		}

		await expect(machine.link(hostKey)).rejects.toMatchObject({
			final: true,
			message: expect.stringContaining('another host key'),
		});
		expect(
			await link.exec(hostKeyCommand, {stdin: hostKeyInput({private: fresh.private, public: hostKey.public})}),
		).toMatchObject({code: 2});
		(await machine.link(fresh)).close();

		// Follow, while the deadline is moved, the lease lifted and a notice comes.
		const followed: GuestStatus[] = [];
		const stdin = new PassThrough();
		const follow = link.exec(followCommand, {
			stdin,
			onOutput: piece =>
				followed.push(
					...String(piece)
						.trim()
						.split('\n')
						.map(line => parseGuestStatus(line)!),
				),
		});
		await until(
			async () => followed.length,
			length => length > 0,
		);
		const [was, next] = [first.deadline! * 1000, first.deadline! * 1000 + 60_000];
		expect(await link.exec(extendCommand(was, next))).toMatchObject({code: 0, stdout: `${next / 1000}\n`});
		expect(await link.exec(extendCommand(was, next))).toMatchObject({code: 0, stdout: `${next / 1000}\n`});
		expect(await link.exec(extendCommand(was, undefined))).toMatchObject({code: extendConflict, stdout: `${next / 1000}\n`});
		expect(await link.exec(liftLeaseCommand)).toMatchObject({code: 0});
		expect(await link.exec(liftLeaseCommand)).toMatchObject({code: 0});
		expect(await link.exec(keepCommand(first.at * 1000))).toMatchObject({code: 0});
		expect((await link.exec('cat /dstack-tui/keep')).stdout).toBe(`${first.at}\n`);
		const time = new Date(Math.ceil(Date.now() / 1000) * 1000 + 120_000);
		machine.state.notice = {action: 'terminate', time: time.toISOString().replace('.000Z', 'Z')};

		// A person comes, by the system's own ssh, and stays longer than the inactivity.
		const session = await openSession(folder, machine.address, fresh);
		const busy = await until(
			async () => statusOf(link),
			({connections}) => connections.length > 0,
		);
		expect(busy.connections).toHaveLength(1);
		expect(busy).toMatchObject({idleSince: null, lease: null, ends: {at: next / 1000, why: 'deadline'}});
		await until(
			async () => statusOf(link),
			({notice}) => notice?.time === time.getTime() / 1000,
		);

		// A guard that is killed comes back.
		const pid = async () => (await link.exec('systemctl show -P MainPID dstack-tui-guard.service')).stdout.trim();
		const killed = await pid();
		await link.exec(`kill -9 ${killed}`);
		expect(await until(pid, found => found !== killed && found !== '0')).toMatch(/^\d+$/);

		await sleep(13_000);
		expect(machine.state.off).toBeUndefined();
		session.kill();
		const idle = await until(
			async () => statusOf(link),
			({idleSince}) => idleSince !== null,
		);
		expect(idle.ends).toEqual({at: idle.idleSince! + 12, why: 'inactivity'});
		const left = performance.now();
		stdin.end();
		expect(await follow).toMatchObject({code: 0});
		expect(followed[0]).toMatchObject({deadline: first.deadline});
		expect(followed.some(({deadline, lease}) => deadline === next / 1000 && lease === null)).toBe(true);
		expect(followed.some(({notice}) => notice?.action === 'terminate')).toBe(true);

		// Our own connection is still there, and does not keep it.
		await machine.off;
		expect((performance.now() - left) / 1000).toBeLessThan(12 + grace);
		link.close();
	});
});

async function openSession(folder: string, address: string, key: KeyPair) {
	await writeFile(path.join(folder, 'id'), identity.private, {mode: 0o600});
	await writeFile(path.join(folder, 'known'), `${address} ${key.public}\n`);
	const options = ['-F', 'none', '-i', path.join(folder, 'id'), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'];
	const pinned = ['-o', `UserKnownHostsFile=${path.join(folder, 'known')}`, '-o', 'StrictHostKeyChecking=yes'];
	const child = spawn('ssh', [...options, ...pinned, `root@${address}`, 'echo there; exec cat'], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	await new Promise<void>((resolve, reject) => {
		child.stdout.once('data', () => {
			resolve();
		});
		child.once('exit', code => {
			reject(new Error(`ssh ended with ${code}`));
		});
	});
	return child;
}
