import {connect} from 'node:net';
import type Docker from 'dockerode';
import {extract, pack} from 'tar-stream';
import {systemClock} from '../../../system/clock.js';
import {shellWord} from '../../../system/shell.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {deadlineText} from '../../deadline.js';
import {BackendError, type Instance, type KeptWork, type LaunchIntent, type LaunchProgress} from '../../backend.js';
import {bootstrapScript, sshdConfig, sshPort, stateFolder, workspace} from './bootstrap.js';
import {engineError, isGone} from './engine.js';
import {imageName} from './image.js';

export const labels = {
	run: 'dstack-tui.run',
	intent: 'dstack-tui.intent',
	installation: 'dstack-tui.installation',
	launchedAt: 'dstack-tui.launched-at',
} as const;

const answerLimit = 300_000;
const mebibyte = 1024 * 1024;

/** Creates the container with everything in it, not started yet: its files are there before its first process is. */
export async function createContainer(docker: Docker, intent: LaunchIntent, host: string): Promise<Docker.Container> {
	const container = await docker.createContainer({
		name: `dstack-tui-${intent.run}-${intent.id.slice(0, 8)}`,
		Image: imageName(intent.image),
		User: '0',
		Entrypoint: ['/bin/sh', `${stateFolder}/bootstrap`],
		Cmd: [],
		WorkingDir: workspace,
		Hostname: intent.run,
		Labels: {
			[labels.run]: intent.run,
			[labels.intent]: intent.id,
			[labels.installation]: intent.installation,
			[labels.launchedAt]: String(systemClock.now()),
		},
		ExposedPorts: {[`${sshPort}/tcp`]: {}},
		HostConfig: {
			PortBindings: {[`${sshPort}/tcp`]: [{HostIp: host === '127.0.0.1' ? host : '', HostPort: ''}]},
			...(intent.shmSize === undefined ? {} : {ShmSize: intent.shmSize * mebibyte}),
			...(intent.offer.gpus.length === 0 ? {} : {DeviceRequests: [{Driver: 'nvidia', Count: -1, Capabilities: [['gpu']]}]}),
		},
	});
	await container.putArchive(await makeArchive(intent), {path: '/'});
	return container;
}

async function makeArchive({authorizedKey, hostKey, deadline}: LaunchIntent): Promise<Buffer> {
	const archive = pack();
	const folder = stateFolder.slice(1);
	archive.entry({name: folder, type: 'directory', mode: 0o700});
	archive.entry({name: workspace.slice(1), type: 'directory', mode: 0o755});
	const files = {
		bootstrap: bootstrapScript,
		sshd_config: sshdConfig,
		authorized_keys: `${authorizedKey}\n`,
		host_key: hostKey.private,
		deadline: `${deadlineText(deadline)}\n`,
	};
	for (const [name, text] of Object.entries(files)) {
		archive.entry({name: `${folder}/${name}`, mode: 0o600}, text);
	}

	archive.finalize();
	const pieces: Buffer[] = [];
	for await (const piece of archive) {
		pieces.push(piece as Buffer);
	}

	return Buffer.concat(pieces);
}

/** Waits until the container's SSH server greets; its own output is reported meanwhile. Throws where it ends instead. */
export async function awaitGreeting(
	docker: Docker,
	container: Docker.Container,
	host: string,
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Instance> {
	const stopLogs = await followLogs(docker, container, line => {
		if (!isNoise(line)) {
			onProgress({step: 'instance', text: line, log: `${line}\n`});
		}
	});
	try {
		for (const begun = systemClock.now(); systemClock.now() - begun < answerLimit;) {
			const instance = await describeContainer(docker, container.id, host);
			if (instance?.state !== 'running') {
				throw new BackendError('configuration', instance?.reason ?? 'the container is gone', {
					next: 'Choose another image, or mend this one.',
				});
			}

			if (instance.endpoint && (await greets(instance.endpoint.host, instance.endpoint.port))) {
				return instance;
			}

			await systemClock.sleep(200, signal);
		}
	} finally {
		stopLogs();
	}

	throw new BackendError('unknown', `no SSH server greets in the container after ${answerLimit / 1000} s`);
}

/** What every SSH server says at its start. */
const isNoise = (line: string): boolean => /^Server listening on /.test(line);

async function followLogs(docker: Docker, container: Docker.Container, onLine: (line: string) => void): Promise<() => void> {
	const stream = await container.logs({follow: true, stdout: true, stderr: true});
	const take = {
		write(piece: Buffer) {
			for (const line of piece.toString('utf8').split('\n').filter(Boolean)) {
				onLine(neutraliseLine(line));
			}

			return true;
		},
	} as unknown as NodeJS.WritableStream;
	docker.modem.demuxStream(stream, take, take);
	const {destroy} = stream as NodeJS.ReadableStream & {destroy(): void};
	return destroy.bind(stream);
}

async function greets(host: string, port: number): Promise<boolean> {
	return new Promise(resolve => {
		const socket = connect({host, port, timeout: 2000});
		const settle = (answer: boolean) => {
			socket.destroy();
			resolve(answer);
		};

		socket.once('data', piece => settle(piece.toString('latin1').startsWith('SSH-')));
		socket.once('error', () => settle(false));
		socket.once('timeout', () => settle(false));
		socket.once('close', () => settle(false));
	});
}

/** The container as an instance; undefined when it is gone. */
export async function describeContainer(docker: Docker, id: string, host: string): Promise<Instance | undefined> {
	let found: Docker.ContainerInspectInfo;
	try {
		found = await docker.getContainer(id).inspect();
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		throw engineError(error);
	}

	const {Config, State, NetworkSettings, Name} = found;
	const port = Number(NetworkSettings.Ports?.[`${sshPort}/tcp`]?.[0]?.HostPort);
	const state = State.Running ? 'running' : State.Status === 'created' ? 'pending' : 'stopped';
	return {
		id: `docker:${found.Id}`,
		intentId: Config.Labels[labels.intent] ?? '',
		run: Config.Labels[labels.run] ?? '',
		state,
		endpoint: port > 0 ? {host, port, user: 'root'} : undefined,
		workspace,
		stateFolder,
		sharesNetwork: false,
		launchedAt: Number(Config.Labels[labels.launchedAt] ?? 0),
		...(state === 'stopped'
			? {
					...(await describeEnd(docker.getContainer(id), State.ExitCode)),
					kept: keptIn(Name.replace(/^\//, ''), Config.Labels[labels.run] ?? ''),
				}
			: {}),
	};
}

const keptIn = (container: string, run: string): KeptWork => ({
	place: `${workspace} in the stopped container ${container}`,
	command: `docker cp ${shellWord(`${container}:${workspace}`)} ${shellWord(`./${run}`)}`,
});

async function describeEnd(
	container: Docker.Container,
	exitCode: number,
): Promise<{reason: string; leftWork: boolean | undefined}> {
	const [ended, work] = await Promise.all([readFileIn(container, 'ended'), readFileIn(container, 'work')]);
	return {
		reason: ended?.trim() ? neutraliseLine(ended.trim()) : `the container stopped with exit code ${exitCode}`,
		leftWork: work === undefined ? undefined : work.trim() !== 'clean',
	};
}

/** A small file of the state folder, also of a stopped container. */
async function readFileIn(container: Docker.Container, name: string): Promise<string | undefined> {
	try {
		const archive = await container.getArchive({path: `${stateFolder}/${name}`});
		const pieces: Buffer[] = [];
		for await (const entry of archive.pipe(extract())) {
			for await (const piece of entry) {
				pieces.push(piece as Buffer);
			}
		}

		return Buffer.concat(pieces).toString('utf8').slice(0, 4096);
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		throw engineError(error);
	}
}
