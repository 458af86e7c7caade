import {execFile} from 'node:child_process';
import {chmod, mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';
import {DescribeInstancesCommand, type EC2Client, TerminateInstancesCommand} from '@aws-sdk/client-ec2';
import {afterAll, describe, expect, onTestFinished, test} from 'vitest';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import {startEc2} from '../support/ec2/index.js';
import {temporaryFolder} from '../support/folders.js';
import {findMachines} from '../support/machines/index.js';
import {hasSshd} from '../support/sshd.js';
import {clientOf, launched} from './support.js';

const machines = hasSshd ? await findMachines('instances that are real machines') : undefined;
afterAll(async () => machines?.close());

const execute = promisify(execFile);
const indent = (text: string) => text.trim().replace(/^/gm, '      ');

/** An instance that the system's own ssh trusts by the host key in its user data. */
async function bootInstance(userData = '') {
	if (!machines) {
		throw new Error('no machines');
	}

	const ec2 = await startEc2({machines, delays: {boot: 0, end: 0}});
	onTestFinished(async () => ec2.close());
	const client = clientOf(ec2);
	const [key, hostKey] = await Promise.all([generateKeyPair('login'), generateKeyPair('host')]);
	const text = `#cloud-config
users:
  - name: me
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    ssh_authorized_keys: ['${key.public.trim()}']
ssh_deletekeys: true
ssh_keys:
  ed25519_private: |
${indent(hostKey.private)}
  ed25519_public: ${hostKey.public.trim()}
runcmd:
  - [touch, /home/me/ran]
${userData}`;
	const id = await launched(client, {
		UserData: Buffer.from(text).toString('base64'),
		InstanceMarketOptions: {MarketType: 'spot'},
	});
	await expect.poll(async () => stateOf(client, id), {timeout: 60_000, interval: 200}).toBe('running');
	const {Reservations} = await client.send(new DescribeInstancesCommand({InstanceIds: [id]}));
	const address = Reservations?.[0]?.Instances?.[0]?.PublicIpAddress ?? '';
	const folder = await temporaryFolder();
	await mkdir(folder, {recursive: true});
	await chmod(folder, 0o700);
	await writeFile(path.join(folder, 'key'), key.private, {mode: 0o600});
	await writeFile(path.join(folder, 'known_hosts'), `${address} ${hostKey.public.trim()}\n`);
	const ssh = async (command: string): Promise<string> => {
		const {stdout} = await execute('ssh', [
			...['-F', 'none', '-i', path.join(folder, 'key'), '-o', `UserKnownHostsFile=${path.join(folder, 'known_hosts')}`],
			...['-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3', `me@${address}`, command],
		]);
		return stdout.trim();
	};

	const reach = async () =>
		expect
			.poll(async () => ssh('cat /proc/sys/kernel/random/boot_id; ls ran').catch(() => ''), {timeout: 90_000, interval: 500})
			.toContain('ran');
	await reach();
	return {ec2, client, id, ssh, reach, machines};
}

async function stateOf(client: EC2Client, id: string): Promise<string | undefined> {
	const {Reservations} = await client.send(new DescribeInstancesCommand({InstanceIds: [id]}));
	return Reservations?.[0]?.Instances?.[0]?.State?.Name;
}

describe.skipIf(!machines)('instances that are real machines', {timeout: 180_000}, () => {
	test('ssh by the keys of its user data; a reboot comes back; a power-off is its end', async () => {
		const {ec2, client, id, ssh, reach} = await bootInstance();
		expect(await ssh('id -un; sudo id -un')).toBe('me\nroot');
		await expect
			.poll(async () => ssh("sudo docker version --format '{{.Server.Os}}'").catch(() => ''), {timeout: 60_000, interval: 500})
			.toBe('linux');
		const metadata = 'http://169.254.169.254/latest';
		expect(
			await ssh(
				`token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${metadata}/api/token)
				ask() { curl -s -o /dev/null -w '%{http_code} ' "$@"; }
				ask ${metadata}/meta-data/instance-id
				ask -H "X-aws-ec2-metadata-token: $token" ${metadata}/meta-data/spot/instance-action
				curl -sf -H "X-aws-ec2-metadata-token: $token" ${metadata}/meta-data/instance-id`,
			),
		).toBe(`401 404 ${id}`);

		const before = await ssh('cat /proc/1/stat | cut -d" " -f22; echo kept > kept');
		await ssh('sudo systemctl reboot').catch(() => undefined);
		await expect
			.poll(async () => ssh('cat /proc/1/stat | cut -d" " -f22').catch(() => before), {timeout: 90_000, interval: 500})
			.not.toBe(before);
		await reach();
		expect(await ssh('cat kept')).toBe('kept');
		expect(await stateOf(client, id)).toBe('running');

		ec2.interrupt(id);
		expect(
			await ssh(
				`token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${metadata}/api/token)
				curl -sf -H "X-aws-ec2-metadata-token: $token" ${metadata}/meta-data/spot/instance-action`,
			),
		).toBe(JSON.stringify(ec2.state.instance(id).notice));

		await ssh('sudo systemctl poweroff').catch(() => undefined);
		await expect.poll(async () => stateOf(client, id), {timeout: 60_000, interval: 500}).toBe('terminated');
		expect(ec2.state.instance(id).reason?.code).toBe('Client.InstanceInitiatedShutdown');
		expect(ec2.alive()).toEqual([]);
	});

	test('a shutdown that is planned by its user data ends it with nobody there; a frozen one is still there', async () => {
		const {
			ec2,
			client,
			id,
			ssh,
			machines: real,
		} = await bootInstance('  - [systemd-run, --on-active=20s, systemctl, poweroff]\n');
		await real.pause(id);
		await expect(ssh('true')).rejects.toThrow();
		expect(await stateOf(client, id)).toBe('running');
		await real.unpause(id);
		await expect.poll(async () => stateOf(client, id), {timeout: 90_000, interval: 500}).toBe('terminated');
		expect(ec2.alive()).toEqual([]);
	});

	test('terminate removes it', async () => {
		const {client, id, ssh, machines: real} = await bootInstance();
		await client.send(new TerminateInstancesCommand({InstanceIds: [id]}));
		await expect.poll(async () => stateOf(client, id), {timeout: 30_000}).toBe('terminated');
		await expect(ssh('true')).rejects.toThrow();
		await expect(real.execute(id, 'true')).rejects.toThrow('no machine runs');
	});
});
