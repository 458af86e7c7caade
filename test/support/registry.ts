import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {cp, mkdtemp, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {cacheFolder, locked} from './cache.js';
import type {Bench} from './engine.js';
import {eventually} from './program.js';
import {freePort} from './sshd.js';

/** A real registry on this machine without a login, with the base image of environments in it. */
export type OpenRegistry = {
	readonly port: number;
	/** The base image's name within it. */
	readonly base: string;
	stop(): Promise<void>;
};

const base = 'team/base:1';

/** Debian's docker-registry on all addresses, on a folder of its own that holds the base image from the beginning. */
export async function startOpenRegistry(bench: Bench): Promise<OpenRegistry> {
	const filled = await fillOnce(bench);
	const folder = await mkdtemp(path.join(tmpdir(), 'dt-registry-'));
	await cp(filled, path.join(folder, 'data'), {recursive: true});
	const {port, stop} = await serve(folder);
	return {
		port,
		base,
		async stop() {
			await stop();
			await rm(folder, {recursive: true, force: true});
		},
	};
}

/** To compress the base image takes long: it is done once for all test runs of this machine. */
async function fillOnce({engine: {docker}, image}: Bench): Promise<string> {
	const filled = path.join(cacheFolder, `registry-${image.replace(':', '-')}`);
	return locked('registry', async () => {
		if (existsSync(filled)) {
			return filled;
		}

		const folder = await mkdtemp(path.join(tmpdir(), 'dt-registry-'));
		const {port, stop} = await serve(folder);
		const name = `localhost:${port}/${base}`;
		try {
			await docker('tag', image, name);
			await docker('push', '--quiet', name);
			await docker('rmi', name);
		} finally {
			await stop();
		}

		await cp(path.join(folder, 'data'), `${filled}.part`, {recursive: true});
		await rename(`${filled}.part`, filled);
		await rm(folder, {recursive: true, force: true});
		return filled;
	});
}

async function serve(folder: string): Promise<{port: number; stop(): Promise<void>}> {
	const port = await freePort();
	const file = path.join(folder, 'config.yml');
	await writeFile(
		file,
		[
			'version: 0.1',
			'log: {level: error}',
			`storage: {filesystem: {rootdirectory: ${folder}/data}, delete: {enabled: true}}`,
			`http: {addr: "0.0.0.0:${port}", relativeurls: true}`,
			'',
		].join('\n'),
	);
	const server = spawn('docker-registry', ['serve', file], {stdio: 'ignore'});
	await eventually(
		async () => fetch(`http://127.0.0.1:${port}/v2/`).then(({status}) => status, String),
		status => status === 200,
	);
	return {
		port,
		async stop() {
			if (server.exitCode === null) {
				const ended = new Promise(resolve => server.once('exit', resolve));
				server.kill('SIGTERM');
				await ended;
			}
		},
	};
}
