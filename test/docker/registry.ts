import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer, connect, type AddressInfo, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Bench} from '../support/engine.js';
import {eventually} from '../support/program.js';
import {freePort} from '../support/sshd.js';

export const login = {username: 'someone', password: 'right-5f3a91'};
/** The password by bcrypt. */
const htpasswd = 'someone:$2y$05$abcdefghijklmnopqrstuuV3Z9K3TDy/nYM9EsLVNkQLMkR9L15NG\n';

/** A real registry on this machine that asks for a login, behind a gate that can hold downloads in the middle. */
export type Registry = {
	/** An image in it that this machine has only the lowest layer of; `megabytes` are to be downloaded. */
	readonly image: string;
	readonly megabytes: number;
	/** From now on stops everything after so many bytes, until `release`. */
	hold(bytes: number): void;
	release(): void;
	stop(): Promise<void>;
};

export async function startRegistry({engine, image: base}: Bench): Promise<Registry> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dt-registry-'));
	const inner = await freePort();
	await writeFile(path.join(folder, 'htpasswd'), htpasswd);
	await writeFile(
		path.join(folder, 'config.yml'),
		[
			'version: 0.1',
			`storage: {filesystem: {rootdirectory: ${folder}/data}}`,
			`http: {addr: "127.0.0.1:${inner}", relativeurls: true}`,
			`auth: {htpasswd: {realm: test, path: ${folder}/htpasswd}}`,
			'',
		].join('\n'),
	);
	const server = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], {stdio: 'ignore'});
	const gate = makeGate(inner);
	const port = await gate.listen();
	await eventually(
		async () => fetch(`http://127.0.0.1:${port}/v2/`).then(({status}) => status, String),
		status => status === 401,
	);

	const megabytes = 24;
	const image = `localhost:${port}/team/app:1`;
	const stop = async () => {
		gate.close();
		if (server.exitCode === null) {
			const ended = new Promise(resolve => server.once('exit', resolve));
			server.kill('SIGTERM');
			await ended;
		}

		await engine.docker('rmi', '-f', image).catch(() => '');
		await rm(folder, {recursive: true, force: true});
	};

	try {
		await writeFile(path.join(folder, 'layer'), randomBytes(megabytes * 1024 * 1024));
		const template = await engine.docker('create', base, 'true');
		await engine.docker('cp', path.join(folder, 'layer'), `${template}:/layer`);
		await engine.docker('commit', template, image);
		await engine.docker('rm', template);
		await mkdir(path.join(folder, 'client'));
		const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
		await writeFile(path.join(folder, 'client/config.json'), JSON.stringify({auths: {[`localhost:${port}`]: {auth}}}));
		await engine.docker('--config', path.join(folder, 'client'), 'push', '--quiet', image);
		await engine.docker('rmi', image);
	} catch (error) {
		await stop();
		throw error;
	}

	return {image, megabytes, hold: gate.hold, release: gate.release, stop};
}

/** A way to a port of this machine that can be held in the middle of what comes from there. */
export function makeGate(to: number) {
	let left = Number.POSITIVE_INFINITY;
	const sockets = new Set<Socket>();
	const held = new Set<Socket>();
	const server = createServer(client => {
		const upstream = connect(to, '127.0.0.1');
		for (const [one, other] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			sockets.add(one);
			one.on('error', () => other.destroy());
			one.on('close', () => {
				sockets.delete(one);
				held.delete(one);
				other.destroy();
			});
		}

		client.pipe(upstream);
		upstream.on('data', piece => {
			client.write(piece);
			left -= piece.length;
			if (left <= 0) {
				upstream.pause();
				held.add(upstream);
			}
		});
	});

	const release = () => {
		left = Number.POSITIVE_INFINITY;
		for (const socket of held) {
			socket.resume();
		}

		held.clear();
	};

	const cut = () => {
		for (const socket of sockets) {
			socket.destroy();
		}
	};

	return {
		async listen() {
			await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
			return (server.address() as AddressInfo).port;
		},
		hold(bytes: number) {
			left = bytes;
		},
		release,
		/** Breaks off every connection; new ones are taken. */
		cut,
		close() {
			server.close();
			cut();
		},
	};
}
