import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {appendFile, chmod, mkdir, writeFile} from 'node:fs/promises';
import {createServer, type AddressInfo} from 'node:net';
import {userInfo} from 'node:os';
import path from 'node:path';
import {onTestFinished} from 'vitest';
import type {KeyPair} from '../../source/system/key-pair.js';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';

export const hasSshd =
	spawnSync('/usr/sbin/sshd', ['-?'], {stdio: 'ignore'}).error === undefined &&
	spawnSync('ssh', ['-V'], {stdio: 'ignore'}).error === undefined;

export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	const {port} = server.address() as AddressInfo;
	await new Promise(resolve => server.close(resolve));
	return port;
}

type SshdOptions = {
	readonly hostKey?: KeyPair;
	readonly lines?: readonly string[];
	/** Where it listens. @default 127.0.0.1 */
	readonly host?: string;
	/** The words that run a command where it shall run. */
	readonly within?: readonly string[];
};

/** OpenSSH's own server, for one test; `start` again on the same port after `stop`. */
export async function makeSshd(folder: string, options: SshdOptions = {}) {
	const {host = '127.0.0.1', within = []} = options;
	const [identity, hostKey] = await Promise.all([generateKeyPair('test'), options.hostKey ?? generateKeyPair('host')]);
	const port = await freePort();
	await chmod(folder, 0o700);
	const file = async (name: string, text: string) => {
		await writeFile(path.join(folder, name), text, {mode: 0o600});
		return path.join(folder, name);
	};

	const config = await file(
		'sshd_config',
		[
			`ListenAddress ${host}`,
			`Port ${port}`,
			`HostKey ${await file('host_key', hostKey.private)}`,
			`AuthorizedKeysFile ${await file('authorized_keys', `${identity.public}\n`)}`,
			'StrictModes no',
			'UsePAM no',
			'PasswordAuthentication no',
			'PidFile none',
			'Subsystem sftp internal-sftp',
			'PermitRootLogin yes',
			...(options.lines ?? []),
			'',
		].join('\n'),
	);
	if (process.getuid?.() === 0) {
		await mkdir('/run/sshd', {recursive: true, mode: 0o755});
	}

	let server: ReturnType<typeof spawn> | undefined;
	const stop = async () => {
		const running = server;
		server = undefined;
		if (running?.pid !== undefined && running.exitCode === null) {
			const ended = new Promise(resolve => running.once('exit', resolve));
			// Sessions are children of their own: the whole group goes.
			process.kill(-running.pid, 'SIGKILL');
			await ended;
		}
	};

	const start = async () => {
		const [command = '', ...args] = [...within, '/usr/sbin/sshd', '-D', '-e', '-f', config];
		server = spawn(command, args, {stdio: 'ignore', detached: true});
		for (let attempt = 0; attempt < 100; attempt++) {
			const [scan = '', ...words] = [...within, 'ssh-keyscan', '-p', String(port), host];
			const {status} = spawnSync(scan, words, {stdio: 'ignore'});
			if (status === 0) {
				return;
			}
		}

		throw new Error('sshd does not answer');
	};

	onTestFinished(stop);
	await start();
	const destination = {
		host,
		port,
		user: userInfo().username,
		privateKey: identity.private,
		hostKeys: [hostKey.public],
	};
	/** Another key opens it too. */
	const admit = async (key: string) => appendFile(path.join(folder, 'authorized_keys'), `${key}\n`);
	return {destination, start, stop, identity, hostKey, admit};
}

/** What an `ssh` client prints about a config for a host: its own reading of the file. */
export const sshReads = (config: string, host: string): string =>
	execFileSync('ssh', ['-G', '-F', config, host], {encoding: 'utf8'});
