import {arch} from 'node:os';
import type {Requirements} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import {resolvePaths} from '../../system/paths.js';
import {messageOf} from '../../system/problem.js';
import {type Backend, BackendError, type Instance} from '../backend.js';
import {readMachine} from './machine.js';
import {requireAccount, type Runtime} from './runtime.js';

/** Docker first: where both can serve, the environment that is kept apart is the better default. Heavy, so read when first needed. */
const loadRuntimes = async (): Promise<Runtime[]> => {
	const [{createDockerRuntime}, {createProcessRuntime}] = await Promise.all([
		import('./docker/index.js'),
		import('./process/index.js'),
	]);
	return [createDockerRuntime(), createProcessRuntime()];
};

/** This machine as a backend: nothing to configure, nothing to pay. */
export function createLocalBackend(): Backend {
	let loading: Promise<Runtime[]> | undefined;
	const runtimes = async () => (loading ??= loadRuntimes());

	const runtimeOf = async (name: string): Promise<Runtime> => {
		const runtime = (await runtimes()).find(each => each.name === name);
		if (!runtime) {
			throw new BackendError('configuration', `this version knows no runtime ${name} on ${arch()}`);
		}

		return runtime;
	};

	const ofId = async (id: string): Promise<Runtime> => runtimeOf(id.split(':')[0] ?? '');

	const withContainer = async (id: string): Promise<Required<Pick<Runtime, 'inside' | 'commit' | 'release'>>> => {
		const {name, inside, commit, release} = await ofId(id);
		if (!inside || !commit || !release) {
			throw new BackendError('configuration', `there is no container in the runtime ${name}`);
		}

		return {inside, commit, release};
	};

	return {
		name: 'local',
		deadline: 'guest',
		async status(signal) {
			const statuses = await Promise.all((await runtimes()).map(async runtime => runtime.status(signal)));
			return {backend: 'local', ready: statuses.some(({ready}) => ready), notes: statuses.map(({note}) => note)};
		},
		async *offers(requirements: Requirements, signal: AbortSignal) {
			const machine = await readMachine(resolvePaths().runs);
			const offers = await Promise.all((await runtimes()).map(async runtime => runtime.offer(requirements, machine, signal)));
			yield offers.filter((offer): offer is Offer => offer !== undefined);
		},
		async launch(intent, signal, onProgress) {
			const runtime = await runtimeOf(intent.offer.instanceType);
			if (intent.account) {
				await requireAccount(runtime, intent.account, `the launch of ${intent.run}`);
			}

			return runtime.launch(intent, signal, onProgress);
		},
		account: async ({instanceType}) => (await runtimeOf(instanceType)).account(),
		async find(intentId, {instanceType}, account) {
			return account
				? (await runtimeOf(instanceType)).find(intentId, account)
				: findIn(await runtimes(), async runtime => runtime.find(intentId));
		},
		describe: async (id, account) => (await ofId(id)).describe(id, account),
		terminate: async (id, account) => (await ofId(id)).terminate(id, account),
		quieten: async id => (await ofId(id)).quieten?.(id),
		inside: async (id, signal) => (await withContainer(id)).inside(id, signal),
		commit: async (id, wish, signal, onProgress) => (await withContainer(id)).commit(id, wish, signal, onProgress),
		release: async (id, signal, onProgress) => (await withContainer(id)).release(id, signal, onProgress),
		async copyOut(id, folder) {
			const {name, copyOut} = await ofId(id);
			if (!copyOut) {
				throw new BackendError('configuration', `the runtime ${name} keeps no archive`);
			}

			return copyOut(id, folder);
		},
		async list(installation) {
			const lists = await Promise.all((await runtimes()).map(async runtime => runtime.list(installation)));
			return lists.flat();
		},
	};
}

/** The first that finds it. An engine that does not answer hides nothing of the others, but when none finds it, its silence counts. */
async function findIn(
	runtimes: readonly Runtime[],
	find: (runtime: Runtime) => Promise<Instance | undefined>,
): Promise<Instance | undefined> {
	const results = await Promise.allSettled(runtimes.map(find));
	const found = results.find(result => result.status === 'fulfilled' && result.value !== undefined);
	if (found?.status === 'fulfilled') {
		return found.value;
	}

	const failed = results.find(result => result.status === 'rejected');
	if (failed?.status === 'rejected') {
		throw new BackendError('unknown', messageOf(failed.reason));
	}

	return undefined;
}
