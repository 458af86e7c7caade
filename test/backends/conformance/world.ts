import {randomUUID} from 'node:crypto';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {checkedBackend} from '../../../source/backends/answers.js';
import {type Backend, BackendError, type LaunchIntent} from '../../../source/backends/backend.js';
import {generateKeyPair} from '../../../source/tunnel/connection/keys.js';
import {containerOptions} from '../../../source/agents/container/options.js';
import {environment} from '../../environment/support.js';
import type {Call, Fault} from '../../runs/life/cloud.js';
import {AnyWorld, type Living} from '../../runs/life/program.js';
import type {TestCloud} from './stand-in.js';

/**
The world of `runs/life` around any cloud: the program's own journal, attempts, end and reconciliation live in it. Faults happen at the
contract, so that every backend meets the same; those on the wire are the suite's.
*/
export class CloudWorld extends AnyWorld {
	readonly offers: TestCloud['offers'];
	readonly interrupt: AnyWorld['interrupt'];
	readonly #cloud: TestCloud;
	/** Tokens that were launched here: a cloud may be shared with others' tests. */
	readonly #tokens = new Set<string>();
	readonly #ended: string[] = [];
	readonly #names = new Map<string, string>();
	#fault: (call: Call) => Fault | undefined = () => undefined;
	/** How far a clock that cannot be turned is ahead here, as nobody waits in earnest. Milliseconds. */
	#skipped = 0;

	constructor(cloud: TestCloud) {
		super(cloud.home);
		this.#cloud = cloud;
		this.offers = cloud.offers;
		this.image = cloud.image ?? this.image;
		this.installation = randomUUID().replaceAll('-', '').slice(0, 16);
		this.interrupt = cloud.turn && (async id => this.#interrupt(id));
	}

	get now(): number {
		return this.#cloud.now() + this.#skipped;
	}

	set now(time: number) {
		const milliseconds = time - this.now;
		if (this.#cloud.turn) {
			this.#cloud.turn(milliseconds);
		} else {
			this.#skipped += milliseconds;
		}
	}

	override newToken(): string {
		return randomUUID();
	}

	meet(fault: (call: Call) => Fault | undefined): void {
		this.#fault = fault;
	}

	async alive(): Promise<readonly Living[]> {
		const held = await this.#cloud.alive();
		return held.filter(({intentId}) => intentId !== undefined && this.#tokens.has(intentId));
	}

	async addForeign(): Promise<string> {
		const [identity, hostKey] = await Promise.all([generateKeyPair('run'), generateKeyPair('host')]);
		const id = randomUUID();
		const run = `theirs-${id.slice(0, 8)}`;
		const folder = path.join(this.paths.runs, `.${run}`);
		await mkdir(folder, {recursive: true, mode: 0o700});
		const intent: LaunchIntent = {
			...{id, run, installation: 'fedcba9876543210', offer: this.offers[0], authorizedKey: identity.public, hostKey, folder},
			...{deadline: undefined, duration: undefined, inactivity: undefined, maxPrice: undefined, disk: undefined},
			...{tags: {}, image: this.image, hold: false, registryAuth: undefined, python: undefined, shmSize: undefined},
			container: containerOptions(environment(), {
				...{installation: 'theirs', folder: '/project', configurationFile: '/project/.dstack.yml', subfolder: ''},
			}),
		};
		await this.#cloud.start().launch(intent, new AbortController().signal, () => undefined);
		this.#tokens.add(id);
		const made = (await this.alive()).find(({intentId}) => intentId === id);
		return made?.id ?? failed('the foreign one was not made');
	}

	terminated(): readonly string[] {
		return this.#ended;
	}

	backend(): Backend {
		const backend = checkedBackend<Backend>(this.#cloud.start());
		return {
			...backend,
			launch: async (intent, signal, onProgress) => {
				this.#tokens.add(intent.id);
				const instance = await this.#act('launch', async () => backend.launch(intent, signal, onProgress));
				this.#names.set(intent.id, instance.id);
				return instance;
			},
			find: async (...given) => this.#act('find', async () => backend.find(...given)),
			describe: async (...given) => this.#act('describe', async () => backend.describe(...given)),
			terminate: async (...given) => {
				this.#ended.push(given[0]);
				return this.#act('terminate', async () => backend.terminate(...given));
			},
			list: async (...given) => this.#act('list', async () => backend.list(...given)),
		};
	}

	async #act<T>(call: Call, work: () => Promise<T>): Promise<T> {
		const fault = this.#fault(call);
		switch (fault?.type) {
			case 'lost-before': {
				throw new BackendError('transient', `${call}: no answer`);
			}

			case 'lost-after': {
				await work();
				throw new BackendError('transient', `${call}: no answer`);
			}

			case 'refused': {
				throw new BackendError(fault.class, `${call}: ${fault.class}`, {zones: fault.zones});
			}

			default: {
				return work();
			}
		}
	}

	async #interrupt(id: string): Promise<void> {
		const held = (await this.alive()).find(each => each.id === id);
		const name = this.#names.get(held?.intentId ?? '');
		const instance = name === undefined ? undefined : await this.#cloud.start().describe(name);
		if (instance) {
			await this.#cloud.lose(instance);
		}
	}
}

function failed(words: string): never {
	throw new Error(words);
}
