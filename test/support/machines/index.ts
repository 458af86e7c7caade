import {randomInt} from 'node:crypto';
import process from 'node:process';
import type {Machine, Machines, Seed} from '../ec2/guests.js';
import {findEngine, type Missing, type TestEngine} from '../engine.js';
import {isAlive} from '../processes.js';
import {createContainer, shutDown, startContainer, waitFor} from './container.js';
import {ensureMachineImage} from './image.js';
import {Metadata} from './metadata.js';

/** A guest's reboot and power-off reach the engine as the signals that the kernel makes of them. */
const rebooted = 128 + 1;
const label = 'dstack-tui-test-machine';

export type RealMachines = Machines & {
	/** Freezes a machine: its connections stay open and say nothing. */
	pause(instanceId: string): Promise<void>;
	unpause(instanceId: string): Promise<void>;
	/** Pulls its plug: what was not written is lost, and nobody is told. It does not come back. */
	kill(instanceId: string): Promise<void>;
	/** The address of this machine in theirs' network: services that listen on all addresses are reached there. */
	host(): Promise<string>;
	/** The engine that they are containers of. */
	readonly engine: TestEngine;
	/** A command on it as root, not over ssh; what it printed. */
	execute(instanceId: string, ...command: readonly string[]): Promise<string>;
};

type Running = {readonly name: string; isWanted: boolean};

class DockerMachines implements RealMachines {
	readonly engine: TestEngine;
	readonly #image: string;
	readonly #running = new Map<string, Running>();
	readonly #watches = new Set<Promise<void>>();
	readonly #failures: Error[] = [];
	#site: Promise<{network: string; prefix: string; metadata: Metadata; address: string}> | undefined;
	#next = 10;

	constructor(engine: TestEngine, image: string) {
		this.engine = engine;
		this.#image = image;
	}

	async boot(seed: Seed): Promise<Machine> {
		const {network, prefix, metadata, address: service} = await (this.#site ??= this.#open());
		const nextAddress = () => `${prefix}.${this.#next++}`;
		let address = nextAddress();
		const name = `${network}-${seed.instanceId.replace(/^i-0*/, 'i-')}`;
		const machine: Running = {name, isWanted: true};
		this.#running.set(seed.instanceId, machine);
		metadata.add(address, seed);
		await createContainer(this.engine, this.#image, name, {network, address, label: `${label}=${process.pid}`}, seed);
		await startContainer(this.engine, name, service);
		const watchNow = (): Promise<void> => {
			const begun = this.#watch(machine, seed, service).catch((error: unknown) => {
				this.#failures.push(error as Error);
			});
			this.#watches.add(begun);
			return begun;
		};

		let watch = watchNow();
		return {
			address,
			stop: async () => {
				machine.isWanted = false;
				await shutDown(this.engine, name);
				await watch;
				metadata.remove(address);
			},
			start: async () => {
				address = nextAddress();
				metadata.add(address, seed);
				machine.isWanted = true;
				await this.engine.docker('network', 'disconnect', network, name);
				await this.engine.docker('network', 'connect', '--ip', address, network, name);
				await startContainer(this.engine, name, service);
				watch = watchNow();
				return address;
			},
			destroy: async () => {
				metadata.remove(address);
				await this.#remove(machine);
				await watch;
				this.#running.delete(seed.instanceId);
			},
		};
	}

	async pause(instanceId: string): Promise<void> {
		await this.engine.docker('pause', this.#name(instanceId));
	}

	async unpause(instanceId: string): Promise<void> {
		await this.engine.docker('unpause', this.#name(instanceId));
	}

	async kill(instanceId: string): Promise<void> {
		const machine = this.#running.get(instanceId);
		if (machine) {
			machine.isWanted = false;
		}

		await this.engine.docker('kill', this.#name(instanceId));
	}

	async execute(instanceId: string, ...command: readonly string[]): Promise<string> {
		return this.engine.docker('exec', this.#name(instanceId), ...command);
	}

	async host(): Promise<string> {
		const {prefix} = await (this.#site ??= this.#open());
		return `${prefix}.1`;
	}

	async close(): Promise<void> {
		await Promise.all([...this.#running.values()].map(async machine => this.#remove(machine)));
		await Promise.all(this.#watches);
		this.#running.clear();
		const site = await this.#site;
		this.#site = undefined;
		if (site) {
			await site.metadata.close();
			await this.engine.docker('network', 'rm', site.network);
		}

		if (this.#failures.length > 0) {
			throw new AggregateError(this.#failures.splice(0), 'a machine did not come back');
		}
	}

	#name(instanceId: string): string {
		const found = this.#running.get(instanceId);
		if (!found) {
			throw new Error(`no machine runs for ${instanceId}`);
		}

		return found.name;
	}

	async #remove(machine: Running): Promise<void> {
		machine.isWanted = false;
		await this.engine.docker('rm', '--force', '--volumes', machine.name);
	}

	/** Starts it again after a reboot, and tells of a power-off. */
	async #watch(machine: Running, seed: Seed, service: string): Promise<void> {
		for (;;) {
			const status = await waitFor(this.engine, machine.name);
			if (!machine.isWanted) {
				return;
			}

			if (status !== rebooted) {
				seed.onPowerOff();
				return;
			}

			try {
				await startContainer(this.engine, machine.name, service);
			} catch (error) {
				// It was terminated in the middle of its reboot.
				if (!machine.isWanted) {
					return;
				}

				throw error;
			}
		}
	}

	/** A network of its own: a machine keeps its address over a reboot, and its own engine's network is another. */
	async #open(): Promise<{network: string; prefix: string; metadata: Metadata; address: string}> {
		await sweep(this.engine);
		const {docker} = this.engine;
		const network = `dt-ec2-${process.pid}-${randomInt(10_000)}`;
		for (let attempt = 0; ; attempt++) {
			const prefix = `10.${200 + randomInt(50)}.${randomInt(256)}`;
			try {
				await docker(
					...['network', 'create', '--label', `${label}=${process.pid}`],
					...['--subnet', `${prefix}.0/24`, '--gateway', `${prefix}.1`, network],
				);
			} catch (error) {
				if (attempt < 5 && /overlaps/.test(String((error as {stderr?: string}).stderr))) {
					continue;
				}

				throw error;
			}

			const metadata = new Metadata();
			return {network, prefix, metadata, address: `${prefix}.1:${await metadata.open(`${prefix}.1`)}`};
		}
	}
}

/** Removes what test runs left that were killed themselves. */
async function sweep({docker}: TestEngine): Promise<void> {
	for (const [list, remove] of [
		[
			['ps', '--all'],
			['rm', '--force', '--volumes'],
		],
		[
			['network', 'ls'],
			['network', 'rm'],
		],
	] as const) {
		const lines = await docker(...list, '--filter', `label=${label}`, '--format', `{{.ID}} {{.Label "${label}"}}`);
		const dead = lines.split('\n').flatMap(line => {
			const [id = '', pid] = line.split(' ');
			return id !== '' && !isAlive(Number(pid)) ? [id] : [];
		});
		if (dead.length > 0) {
			await docker(...remove, ...dead);
		}
	}
}

/** Whole machines for instances, or what is missing for them: a Docker engine, or root to build their image. */
export async function realMachines(): Promise<RealMachines | Missing> {
	const engine = await findEngine();
	if ('missing' in engine) {
		return engine;
	}

	const found = await ensureMachineImage(engine);
	if ('missing' in found) {
		return found;
	}

	return new DockerMachines(engine, found.image);
}

/** The same for a test file: undefined, with one line that says why, where something is missing. */
export async function findMachines(suite: string): Promise<RealMachines | undefined> {
	const found = await realMachines();
	if ('missing' in found) {
		console.warn(`${suite}: skipped, missing: ${found.missing}`);
		return undefined;
	}

	return found;
}
