import {Readable} from 'node:stream';
import type Docker from 'dockerode';
import type {Requirements} from '../../../configuration/model.js';
import type {Offer} from '../../../offers/offer.js';
import {systemClock} from '../../../system/clock.js';
import {quotedValue} from '../../../system/values.js';
import {environmentImage} from '../../../agents/container/image-name.js';
import {type Account, BackendError, type Instance, type LaunchIntent, type LaunchProgress} from '../../backend.js';
import {stateFolder} from '../../../agents/container/paths.js';
import type {Machine} from '../machine.js';
import {requireAccount, type Runtime} from '../runtime.js';
import {commitContainer} from './commit.js';
import {createContainer} from './container.js';
import {containerName, describeContainer} from './describe.js';
import {engineAccount, engineError, findEngine, isGone, requireEngine} from './engine.js';
import {openExecLink} from './exec-link.js';
import {awaitGreeting} from './greeting.js';
import {ensureImage, imageAvailability} from './image.js';
import {labels} from './labels.js';

const stopGrace = 5;
const engine = {account: engineAccount};

/** Runs environments as containers of a Docker engine. */
export function createDockerRuntime(): Runtime {
	return {
		name: 'docker',
		async status() {
			const search = await findEngine();
			return search.docker
				? {ready: true, note: `docker: engine ${search.info.version} answers`}
				: {ready: false, note: search.note};
		},
		offer: makeOffer,
		launch,
		account: engineAccount,
		async find(intentId, account) {
			const [found] = await listBy(labels.intent, intentId);
			if (!found && account) {
				await requireAccount(engine, account, 'what was asked for');
			}

			return found;
		},
		async describe(id, account) {
			const {docker, host} = await requireEngine();
			const found = await describeContainer(docker, containerId(id), host);
			if (!found && account) {
				await requireAccount(engine, account, `the container ${containerId(id).slice(0, 12)}`);
			}

			return found;
		},
		terminate,
		async inside(id, signal) {
			const {docker, host} = await requireEngine();
			await requireRunning(docker, id, host);
			signal.throwIfAborted();
			return openExecLink(docker, containerId(id));
		},
		async commit(id, wish, signal, onProgress) {
			const {docker} = await requireEngine();
			return asEngine(signal, async () => commitContainer(docker, containerId(id), wish, signal, onProgress));
		},
		release,
		copyOut,
		list: async installation => listBy(labels.installation, installation),
	};
}

async function copyOut(id: string, folder: string): Promise<Readable> {
	const {docker} = await requireEngine();
	try {
		return Readable.from(await docker.getContainer(containerId(id)).getArchive({path: folder}));
	} catch (error) {
		throw engineError(error);
	}
}

const containerId = (id: string): string => id.replace(/^docker:/, '');

async function makeOffer(requirements: Requirements, machine: Machine): Promise<Offer | undefined> {
	const search = await findEngine();
	if (!search.docker) {
		// Where nobody speaks of Docker, its absence is no news.
		const isExpected = search.reason !== 'absent' || search.named || requirements.image !== undefined;
		return isExpected
			? {...baseOffer(machine), availability: 'unavailable', notes: [search.note.replace(/^docker: /, '')]}
			: undefined;
	}

	const {docker, info} = search;
	const {availability, note} = await imageAvailability(
		docker,
		environmentImage({image: requirements.image ?? requirements.baseImage}),
	);
	return {
		...baseOffer(machine),
		cpu: info.cpu,
		memory: info.memory,
		gpus: info.nvidia ? machine.gpus : [],
		availability,
		notes: note === undefined ? [] : [note],
	};
}

const baseOffer = ({cpu, architecture, memory, disk}: Machine): Omit<Offer, 'availability' | 'notes'> => ({
	id: 'local/here/docker',
	backend: 'local',
	region: 'here',
	instanceType: 'docker',
	cpu,
	architecture,
	memory,
	gpus: [],
	disk,
	spot: false,
	price: 0,
	priceSource: 'this machine',
	priceDate: systemClock.now(),
	deadline: 'guest',
	kind: 'container',
});

async function launch(
	intent: LaunchIntent,
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Instance> {
	const {docker, host} = await requireEngine();
	try {
		const existing = (await listBy(labels.intent, intent.id))[0];
		if (existing?.state === 'running' && intent.hold) {
			return existing;
		}

		if (existing?.state === 'running') {
			const container = docker.getContainer(containerId(existing.id));
			return await orRemove(docker, intent, async () => awaitGreeting(docker, container, host, signal, onProgress));
		}

		if (existing?.leftWork) {
			return existing;
		}

		if (existing) {
			// Created by a program that died before it could start it, or ended before any program could put something there.
			await remove(docker, containerId(existing.id));
		}

		await ensureImage(docker, environmentImage(intent), intent.registryAuth, signal, onProgress);
		signal.throwIfAborted();
		onProgress({step: 'instance', text: 'creating the container'});
		return await orRemove(docker, intent, async () => {
			const container = await createContainer(docker, intent, host);
			await container.start();
			return intent.hold
				? await requireRunning(docker, container.id, host)
				: await awaitGreeting(docker, container, host, signal, onProgress);
		});
	} catch (error) {
		signal.throwIfAborted();
		throw engineError(error);
	}
}

async function release(
	id: string,
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void = () => {},
): Promise<Instance> {
	const {docker, host} = await requireEngine();
	return asEngine(signal, async () => {
		await requireRunning(docker, id, host);
		const link = openExecLink(docker, containerId(id));
		try {
			await link.exec(`rm -f ${stateFolder}/hold`, {signal});
		} finally {
			link.close();
		}

		return awaitGreeting(docker, docker.getContainer(containerId(id)), host, signal, onProgress);
	});
}

/** The container as an instance, where commands can run in it; else a `BackendError` with its reason. */
async function requireRunning(docker: Docker, id: string, host: string): Promise<Instance> {
	const instance = await describeContainer(docker, containerId(id), host);
	if (instance?.state !== 'running') {
		throw new BackendError('configuration', instance?.reason ?? 'the container is gone', {next: instance?.next});
	}

	return instance;
}

/** Failures come out as `BackendError`, an abort as its reason. */
async function asEngine<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (error) {
		signal.throwIfAborted();
		throw engineError(error);
	}
}

/** A container that cannot be used is not left behind. */
async function orRemove(docker: Docker, intent: LaunchIntent, obtain: () => Promise<Instance>): Promise<Instance> {
	try {
		return await obtain();
	} catch (error) {
		const left = (await listBy(labels.intent, intent.id))[0];
		if (left) {
			await remove(docker, containerId(left.id));
		}

		throw error;
	}
}

async function remove(docker: Docker, id: string): Promise<void> {
	try {
		await docker.getContainer(id).remove({force: true, v: true});
	} catch (error) {
		// 409: it is being removed already.
		if (!isGone(error) && (error as {statusCode?: number}).statusCode !== 409) {
			throw engineError(error);
		}
	}
}

async function terminate(id: string, account?: Account): Promise<void> {
	const {docker, host} = await requireEngine();
	const name = containerId(id);
	if (account && !(await describeContainer(docker, name, host))) {
		await requireAccount(engine, account, `the container ${name.slice(0, 12)}`);
		return;
	}

	try {
		await docker.getContainer(name).stop({t: stopGrace});
	} catch (error) {
		// 304: it has stopped already.
		if (!isGone(error) && (error as {statusCode?: number}).statusCode !== 304) {
			throw engineError(error);
		}
	}

	await remove(docker, name);
	while (await describeContainer(docker, name, host)) {
		await systemClock.sleep(200);
	}
}

/** Containers with a label. Where no engine can be used, none of them is ours to see; one that is silent may hold some. */
async function listBy(label: string, value: string): Promise<Instance[]> {
	const search = await findEngine();
	if (search.reason === 'silent') {
		throw new BackendError('transient', search.note, {next: 'Start the Docker engine again.'});
	}

	if (!search.docker) {
		return [];
	}

	const {docker, host} = search;
	const found = await docker.listContainers({all: true, filters: {label: [`${label}=${value}`]}});
	const instances = await Promise.all(
		found.map(async ({Id}) => {
			if (typeof Id !== 'string' || !containerName.test(Id)) {
				throw new BackendError('transient', `the Docker engine lists a container by the id ${quotedValue(Id)}, which is none`, {
					next: 'Is it a Docker engine that DOCKER_HOST names?',
				});
			}

			return describeContainer(docker, Id, host);
		}),
	);
	return instances.filter(instance => instance !== undefined);
}
