import {finished} from 'node:stream/promises';
import type Docker from 'dockerode';
import {extract} from 'tar-stream';
import {z} from 'zod';
import {shellWord} from '../../../system/shell.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {identifier, readValue, runName} from '../../../system/values.js';
import {BackendError, type Instance, type KeptWork} from '../../backend.js';
import {type ContainerEnd, readEnd} from '../../../agents/container/end-reason.js';
import {sshPort, stateFolder, workspace} from '../../../agents/container/paths.js';
import {engineError, isGone} from './engine.js';
import {labels} from './labels.js';

/** What an engine calls a container by itself. It becomes a part of the address that is asked next. */
export const containerName = /^[\da-f]{12,64}$/;

/** The container as an instance; undefined when it is gone. */
export async function describeContainer(docker: Docker, id: string, host: string): Promise<Instance | undefined> {
	let found: Inspected;
	try {
		found = readInspected(await docker.getContainer(id).inspect());
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		throw engineError(error);
	}

	const {State, Name} = found;
	const Labels = found.Config.Labels ?? {};
	const port = Number(found.NetworkSettings.Ports?.[`${sshPort}/tcp`]?.[0]?.HostPort);
	const state = State.Running ? 'running' : State.Status === 'created' ? 'pending' : 'stopped';
	return {
		id: `docker:${found.Id}`,
		intentId: Labels[labels.intent] ?? '',
		run: Labels[labels.run] ?? '',
		machine: machineOf(Labels),
		state,
		endpoint: port > 0 ? {host, port, user: Labels[labels.login] ?? 'root'} : undefined,
		workspace,
		stateFolder,
		sharesNetwork: false,
		launchedAt: Number(Labels[labels.launchedAt] ?? 0),
		...(state === 'stopped'
			? {
					...(await describeEnd(docker.getContainer(id), State)),
					kept: keptIn(
						readValue(identifier, Name.replace(/^\//, '')) ?? found.Id,
						readValue(runName, Labels[labels.run]) ?? 'work',
					),
				}
			: {}),
	};
}

function machineOf(all: Readonly<Record<string, string>>): Instance['machine'] {
	const id = all[labels.machine];
	return id === undefined ? undefined : {id, name: neutraliseLine(all[labels.machineName] ?? id)};
}

const keptIn = (container: string, run: string): KeptWork => ({
	place: `${workspace} in the stopped container ${container}`,
	command: `docker cp ${shellWord(`${container}:${workspace}`)} ${shellWord(`./${run}`)}`,
});

type End = {readonly reason: string; readonly next?: string; readonly leftWork: boolean | undefined};

/** What is read of an engine's answer about a container; everything else in it is not looked at. */
const inspected = z.object({
	Id: z.string().regex(containerName),
	Name: z.string().catch(''),
	Config: z.object({Labels: z.record(z.string(), z.string()).nullish().catch(undefined)}),
	State: z.object({
		Status: z.string(),
		Running: z.boolean(),
		OOMKilled: z.boolean().catch(false),
		ExitCode: z.number().int().catch(-1),
		Error: z.string().catch(''),
	}),
	NetworkSettings: z.object({
		Ports: z
			.record(z.string(), z.array(z.object({HostPort: z.string()})).nullable())
			.nullish()
			.catch(undefined),
	}),
});

type Inspected = z.infer<typeof inspected>;
type ContainerState = Inspected['State'];

function readInspected(answer: unknown): Inspected {
	const parsed = inspected.safeParse(answer);
	if (!parsed.success) {
		const field = parsed.error.issues[0]?.path.join('.') ?? '';
		throw new BackendError('transient', `the Docker engine describes no container as one is described (${field})`, {
			next: 'Is it a Docker engine that DOCKER_HOST names?',
		});
	}

	return parsed.data;
}

async function describeEnd(container: Docker.Container, state: ContainerState): Promise<End> {
	const [ended, work] = await Promise.all([readFileIn(container, 'ended'), readFileIn(container, 'work')]);
	const {reason, next} = killed(state) ?? readEnd(ended ?? '') ?? (await lastWords(container, state));
	return {
		reason,
		...(next === undefined ? {} : {next}),
		leftWork: work === undefined ? undefined : work.trim() !== 'clean',
	};
}

const fullDisk: ContainerEnd = {
	reason: 'the disk is full',
	next: 'Free some disk space where the engine keeps its containers (`docker system df` shows it).',
};

/** Ended from outside: what it wrote itself is older. */
const killed = ({OOMKilled, ExitCode}: ContainerState): ContainerEnd | undefined =>
	OOMKilled
		? {
				reason: 'the kernel killed it: no memory was left (exit code 137)',
				next: 'Ask for more memory, or let less run at the same time.',
			}
		: ExitCode === 137
			? {reason: 'it was killed (exit code 137): by `docker kill`, or by the kernel for want of memory', next: undefined}
			: undefined;

const isFullDisk = (text: string): boolean => /no space left on device/i.test(text);

/** What its output ends with, where it could not say itself why it ended. */
async function lastWords(container: Docker.Container, {ExitCode, Error: failure}: ContainerState): Promise<ContainerEnd> {
	const last = await lastLines(container);
	if (isFullDisk(failure) || last.some(isFullDisk)) {
		return fullDisk;
	}

	const words = neutraliseLine(failure || (last.at(-1) ?? ''));
	return {reason: `the container stopped with exit code ${ExitCode}${words === '' ? '' : `: ${words}`}`, next: undefined};
}

/** What is read of a container's output, and of a file in it, bytes: whatever is in there may be of any size. */
const [mostOutput, mostOfFile] = [64 * 1024, 4096];

async function lastLines(container: Docker.Container): Promise<string[]> {
	let output = Buffer.alloc(0);
	try {
		// Of a container that has stopped, this ends.
		const stream = await container.logs({stdout: true, stderr: true, tail: 20, follow: true});
		const take = {
			write(piece: Buffer) {
				output = Buffer.concat([output, piece]).subarray(-mostOutput);
				return true;
			},
		} as unknown as NodeJS.WritableStream;
		(container.modem as Docker['modem']).demuxStream(stream, take, take);
		await finished(stream);
	} catch {
		// Some log drivers keep nothing that could be read; the exit code is told all the same.
		return [];
	}

	return output
		.toString('utf8')
		.split('\n')
		.filter(line => line.trim() !== '');
}

/** A small file of the state folder, also of a stopped container. */
async function readFileIn(container: Docker.Container, name: string): Promise<string | undefined> {
	try {
		const archive = await container.getArchive({path: `${stateFolder}/${name}`});
		try {
			for await (const entry of archive.pipe(extract())) {
				return await beginOf(entry);
			}

			return '';
		} finally {
			(archive as NodeJS.ReadableStream & {destroy(): void}).destroy();
		}
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		throw engineError(error);
	}
}

async function beginOf(entry: AsyncIterable<unknown>): Promise<string> {
	let begin = Buffer.alloc(0);
	for await (const piece of entry) {
		begin = Buffer.concat([begin, piece as Buffer]);
		if (begin.length >= mostOfFile) {
			break;
		}
	}

	return begin.toString('utf8', 0, mostOfFile);
}
