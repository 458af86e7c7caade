import {randomUUID} from 'node:crypto';
import path from 'node:path';
import {mkdir} from 'node:fs/promises';
import {expect, onTestFinished, test, vi} from 'vitest';
import {checkedBackend} from '../../../source/backends/answers.js';
import {type Backend, BackendError, type Instance, type LaunchIntent} from '../../../source/backends/backend.js';
import {containerOptions} from '../../../source/agents/container/options.js';
import {generateKeyPair} from '../../../source/tunnel/connection/keys.js';
import {environment} from '../../environment/support.js';
import {temporaryFolder} from '../../support/folders.js';
import type {Ability, Held, StandIn, TestCloud} from './stand-in.js';

/** A test that needs something of its stand-in: where that cannot do it, it is skipped, with the reason in its name. */
export function caseOf({cannot, timeout}: StandIn, name: string, needs: readonly Ability[], act: () => Promise<void>): void {
	const missing = needs.find(ability => cannot[ability] !== undefined);
	if (missing === undefined) {
		test(name, act, timeout);
	} else {
		test.skip(`${name} (left out: ${cannot[missing]})`, act);
	}
}

/** One test's cloud, its backend, and everything that was heard of it. */
export type Bench = {
	readonly cloud: TestCloud;
	/** As the registry hands it out. */
	readonly backend: Backend;
	/** In a program that has just started. */
	readonly restarted: () => Backend;
	readonly installation: string;
	readonly intent: (changes?: Partial<LaunchIntent>) => Promise<LaunchIntent>;
	readonly launch: (intent: LaunchIntent, backend?: Backend, signal?: AbortSignal) => Promise<Instance>;
	/** What an act that must fail throws, which must be a `BackendError`. */
	readonly refusal: (act: Promise<unknown>) => Promise<BackendError>;
	/** What the cloud's own books hold of this installation's intents. */
	readonly alive: (...intents: readonly LaunchIntent[]) => Promise<readonly Held[]>;
	/** Lets time pass until something is so. Fails the test when it does not come about. */
	readonly until: (isSo: () => Promise<boolean>, limit?: number) => Promise<void>;
	readonly ended: (instance: Instance) => Promise<Instance | undefined>;
	/** Regions in which this cloud's offers are. */
	readonly regions: readonly string[];
	/** Everything that was told: instances, progress, errors, and what was printed. */
	readonly heard: string[];
	/** What may not be in it. */
	readonly secrets: string[];
};

export const calm = (): AbortSignal => new AbortController().signal;

export async function startBench({make}: Pick<StandIn, 'make'>): Promise<Bench> {
	const cloud = await make();
	const heard: string[] = [];
	const secrets = [...cloud.secrets];
	const installation = randomUUID().replaceAll('-', '').slice(0, 16);
	const hear = <T>(what: T): T => {
		heard.push(what instanceof Error ? wordsOf(what) : JSON.stringify(what));
		return what;
	};

	for (const method of ['log', 'info', 'warn', 'error'] as const) {
		const spy = vi.spyOn(console, method).mockImplementation((...words) => void heard.push(words.map(String).join(' ')));
		onTestFinished(() => spy.mockRestore());
	}

	const restarted = () => checkedBackend<Backend>(cloud.start());
	const backend = restarted();
	const made: Instance[] = [];
	onTestFinished(async () => {
		cloud.fault('terminate', undefined);
		cloud.fault('question', undefined);
		for (const {id} of made) {
			await backend.terminate(id, await backend.account?.(cloud.offers[0], calm()));
		}
	});

	const intent: Bench['intent'] = async (changes = {}) => {
		const [identity, hostKey] = await Promise.all([generateKeyPair('run'), generateKeyPair('host')]);
		const run = changes.run ?? 'fast-moth-1';
		const folder = path.join(cloud.home ?? (await temporaryFolder()), 'runs', `${run}-${randomUUID().slice(0, 8)}`);
		await mkdir(folder, {recursive: true, mode: 0o700});
		secrets.push(...[identity, hostKey].map(({private: text}) => text.split('\n')[2] ?? text));
		const source = {installation, folder: '/project', configurationFile: '/project/.dstack.yml', subfolder: ''};
		return {
			...{id: randomUUID(), run, installation, offer: cloud.offers[0], authorizedKey: identity.public, hostKey, folder},
			...{deadline: undefined, duration: undefined, inactivity: undefined, maxPrice: undefined, disk: undefined},
			...{tags: {}, image: cloud.image, container: containerOptions(environment(), source), hold: false},
			...{registryAuth: {username: 'me', password: 'registry-password-1'}, python: undefined, shmSize: undefined},
			...changes,
		};
	};

	const alive: Bench['alive'] = async (...intents) => {
		const ids = intents.map(({id}) => id);
		return (await cloud.alive()).filter(({intentId}) => intentId !== undefined && ids.includes(intentId));
	};

	const until: Bench['until'] = async (isSo, limit = 300_000) => {
		const step = cloud.turn ? 5000 : 200;
		for (let waited = 0; !(await isSo()); waited += step) {
			expect(waited, 'it did not come about').toBeLessThan(cloud.turn ? limit : 30_000);
			await cloud.pass(step);
		}
	};

	secrets.push('registry-password-1');
	return {
		...{cloud, backend, restarted, installation, intent, alive, until, heard, secrets},
		regions: [...new Set(cloud.offers.map(({region}) => region))],
		async launch(wish, by = backend, signal = calm()) {
			try {
				const instance = await by.launch(wish, signal, hear);
				made.push(instance);
				return hear(instance);
			} catch (error) {
				throw hear(error);
			}
		},
		refusal: async act =>
			act.then(
				value => {
					throw new Error(`it did not fail: ${JSON.stringify(value)}`);
				},
				(error: unknown) => {
					expect(hear(error)).toBeInstanceOf(BackendError);
					return error as BackendError;
				},
			),
		async ended({id, account}) {
			let found: Instance | undefined;
			await until(async () => {
				try {
					found = await backend.describe(id, account);
				} catch (error) {
					// Whether it is there is not known for a while.
					expect(error).toMatchObject({class: 'transient'});
					return false;
				}

				return found === undefined || !['pending', 'running'].includes(found.state);
			});
			return found && hear(found);
		},
	};
}

/** All that an error could show anywhere. */
function wordsOf(error: Error): string {
	const cause = error.cause instanceof Error ? `\n${wordsOf(error.cause)}` : '';
	return `${error.stack}\n${error.message}\n${JSON.stringify(error)}${cause}`;
}
