import {execFile} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {onTestFinished} from 'vitest';
import type {Instance, LaunchIntent, LaunchProgress} from '../../source/backends/backend.js';
import {containerOptions} from '../../source/agents/container/options.js';
import {createDockerRuntime} from '../../source/backends/local/docker/index.js';
import type {Runtime} from '../../source/backends/local/runtime.js';
import type {DevEnvironment} from '../../source/configuration/model.js';
import type {Offer} from '../../source/offers/offer.js';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import {environment as environmentOf} from '../environment/support.js';
import type {Bench} from '../support/engine.js';
import {temporaryFolder} from '../support/folders.js';
import type {Result} from '../support/program.js';

export type DockerBackend = {
	readonly docker: Required<Pick<Runtime, 'inside' | 'commit' | 'release'>> & Runtime;
	/** Launches a container of the base image, or of another; what was told meanwhile is in `told`. */
	launch(environment?: Partial<DevEnvironment>, changes?: Partial<LaunchIntent>): Promise<Launched>;
};

export type Launched = {
	readonly intent: LaunchIntent;
	readonly instance: Instance;
	readonly told: readonly LaunchProgress[];
	/** The container's name for the engine. */
	readonly container: string;
	/** One command over SSH, as the configuration's user or another. */
	ssh(command: string, user?: string): Promise<Result>;
};

const run = async (command: string, args: readonly string[]): Promise<Result> =>
	new Promise(resolve => {
		execFile(command, args, {encoding: 'utf8'}, (error, stdout, stderr) => {
			resolve({code: error ? Number(error.code ?? 1) : 0, stdout, stderr});
		});
	});

export const calm = (): AbortSignal => new AbortController().signal;

/** The backend of one test, by itself: no program around it. Its containers, and the volumes that they name, end with the test. */
export function makeDockerBackend({engine, image}: Bench): DockerBackend {
	process.env['DOCKER_HOST'] = engine.host;
	const docker = createDockerRuntime() as DockerBackend['docker'];
	const installation = randomUUID().replaceAll('-', '').slice(0, 16);
	onTestFinished(async () => {
		for (const {id} of await docker.list(installation)) {
			await docker.terminate(id);
		}

		const volumes = await engine.docker('volume', 'ls', '-q', '--filter', `label=dstack-tui.installation=${installation}`);
		for (const volume of volumes.split('\n').filter(Boolean)) {
			await engine.docker('volume', 'rm', volume);
		}
	});

	return {
		docker,
		async launch(environment = {}, changes = {}) {
			const folder = await temporaryFolder();
			const [identity, hostKey] = await Promise.all([generateKeyPair('run'), generateKeyPair('host')]);
			const key = path.join(folder, 'key');
			await writeFile(key, identity.private, {mode: 0o600});
			const source = {installation, folder: '/project', configurationFile: '/project/.dstack.yml', subfolder: ''};
			const intent: LaunchIntent = {
				id: randomUUID(),
				run: 'test-run-1',
				installation,
				offer: {gpus: [], instanceType: 'docker'} as unknown as Offer,
				authorizedKey: identity.public,
				hostKey,
				deadline: undefined,
				duration: undefined,
				inactivity: undefined,
				maxPrice: undefined,
				disk: undefined,
				tags: {},
				image,
				container: containerOptions(environmentOf(environment), source),
				hold: false,
				registryAuth: undefined,
				python: undefined,
				shmSize: undefined,
				folder,
				...changes,
			};
			const told: LaunchProgress[] = [];
			const instance = await docker.launch(intent, calm(), progress => told.push(progress));
			return {
				intent,
				instance,
				told,
				container: instance.id.replace(/^docker:/, ''),
				async ssh(command, user) {
					const {endpoint} = (await docker.describe(instance.id)) ?? {};
					const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
					return run('ssh', [
						...options.flatMap(option => ['-o', option]),
						...['-F', 'none', '-i', key, '-p', String(endpoint?.port), `${user ?? endpoint?.user}@${endpoint?.host}`, command],
					]);
				},
			};
		},
	};
}

/** An image of another one's files after `script`, with `changes` to its configuration, for one test. */
export async function derive({engine: {docker}, image}: Bench, script: string, ...changes: readonly string[]): Promise<string> {
	const container = await docker('create', '--entrypoint', '/bin/sh', image, '-c', script);
	await docker('start', '-a', container);
	const id = await docker('commit', ...changes.flatMap(change => ['--change', change]), container);
	await docker('rm', '-v', container);
	const name = `dstack-tui-test-derived:${id.slice(-12)}`;
	await docker('tag', id, name);
	removeAfterwards({docker}, name);
	return name;
}

export function removeAfterwards({docker}: Pick<Bench['engine'], 'docker'>, image: string): void {
	onTestFinished(async () => {
		await docker('rmi', '-f', image);
	});
}
