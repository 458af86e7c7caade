import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Seed} from '../ec2/guests.js';
import type {TestEngine} from '../engine.js';

/** `--privileged` is refused in some sandboxes: these are what systemd and a Docker engine need. */
const capabilities = [
	...['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE', 'SYS_CHROOT', 'MKNOD', 'AUDIT_WRITE', 'NET_RAW', 'SYS_TIME'],
	...['SYS_MODULE', 'SETFCAP', 'DAC_READ_SEARCH', 'SYS_BOOT', 'IPC_LOCK', 'SYS_NICE'],
];

/** Options of `docker create` that let a Docker engine run inside. */
export const machineRights: readonly string[] = [
	...capabilities.flatMap(name => ['--cap-add', name]),
	...['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
	...['--cgroupns=host', '-v', '/sys/fs/cgroup:/sys/fs/cgroup:rw'],
	...['--tmpfs', '/run', '--tmpfs', '/tmp:exec', '-v', '/var/lib/docker'],
];

/** What a real image has in it, and what stands in for the cloud's own user data service. */
const cloudConfig = `datasource_list: [NoCloud]
locale: C.UTF-8
system_info:
  default_user: {name: ubuntu, gecos: Ubuntu, shell: /bin/bash, sudo: ['ALL=(ALL) NOPASSWD:ALL'], lock_passwd: true}
`;

export type Place = {readonly network: string; readonly address: string; readonly label: string};

/** Makes a machine with its user data in it; it does not run yet. */
export async function createContainer(
	{docker}: TestEngine,
	image: string,
	name: string,
	{network, address, label}: Place,
	seed: Seed,
): Promise<void> {
	await docker(
		...['create', '--name', name, '--hostname', name, '--label', label, '--network', network, '--ip', address],
		...[...machineRights, image, '/lib/systemd/systemd'],
	);
	const folder = await mkdtemp(path.join(tmpdir(), 'dt-seed-'));
	try {
		const nocloud = path.join(folder, 'var/lib/cloud/seed/nocloud');
		const config = path.join(folder, 'etc/cloud/cloud.cfg.d');
		await mkdir(nocloud, {recursive: true});
		await mkdir(config, {recursive: true});
		await writeFile(path.join(nocloud, 'user-data'), seed.userData ?? '', {mode: 0o600});
		await writeFile(path.join(nocloud, 'meta-data'), `instance-id: ${seed.instanceId}\nlocal-hostname: ${name}\n`);
		await writeFile(path.join(config, '99-ec2.cfg'), cloudConfig);
		// The folders of the machine itself keep their modes: only what is new is copied.
		await docker('cp', path.join(folder, 'var/lib/cloud'), `${name}:/var/lib/`);
		await docker('cp', path.join(config, '99-ec2.cfg'), `${name}:/etc/cloud/cloud.cfg.d/99-ec2.cfg`);
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

/** Runs it, with the metadata service at its usual address. */
export async function startContainer({docker}: TestEngine, name: string, metadata: string): Promise<void> {
	await docker('start', name);
	await docker(
		...['exec', name, 'iptables', '-t', 'nat', '-A', 'OUTPUT', '-d', '169.254.169.254', '-p', 'tcp', '--dport', '80'],
		...['-j', 'DNAT', '--to-destination', metadata],
	);
}

/** Lets systemd shut it down, as a cloud's stop does; after half a minute its plug is pulled. */
export const shutDown = async ({docker}: TestEngine, name: string): Promise<string> =>
	docker('stop', '--signal', 'SIGRTMIN+4', '--timeout', '30', name);

/** Its exit status, when it has ended; undefined where it was removed. */
export async function waitFor({host}: TestEngine, name: string): Promise<number | undefined> {
	return new Promise(resolve => {
		execFile('docker', ['wait', name], {env: {...process.env, DOCKER_HOST: host}, encoding: 'utf8'}, (error, output) => {
			resolve(error || output.trim() === '' ? undefined : Number(output));
		});
	});
}
