import {connect} from 'node:net';
import type Docker from 'dockerode';
import {systemClock} from '../../../system/clock.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {BackendError, type Instance, type LaunchProgress} from '../../backend.js';
import {describeContainer} from './describe.js';

const answerLimit = 300_000;

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
		for (const begun = systemClock.elapsed(); systemClock.elapsed() - begun < answerLimit;) {
			const instance = await describeContainer(docker, container.id, host);
			if (instance?.state !== 'running') {
				throw new BackendError('configuration', instance?.reason ?? 'the container is gone', {
					next: instance?.next ?? 'Choose another image, or mend this one.',
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
