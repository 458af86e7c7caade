import {nextFreePort} from '../system/ports.js';
import {watchLoad, type Load} from '../tunnel/load.js';
import type {AccessWatch} from './access.js';
import type {LinkHealth} from './handle.js';
import {type BoundPort, bindPorts, portTable} from './ports.js';
import type {RunRecord} from './record.js';
import type {Tunnels} from './tunnels.js';

/** Seconds between two looks at how busy the environment is. */
const loadInterval = 3;

/** What leads through a run's tunnel, and what is seen through it, for as long as this program holds the run. */
export class Monitor {
	readonly #record: RunRecord;
	readonly #tunnels: Tunnels;
	#ports: readonly BoundPort[] = [];
	readonly #access: AccessWatch;

	constructor(record: RunRecord, tunnels: Tunnels, access: AccessWatch) {
		this.#record = record;
		this.#tunnels = tunnels;
		this.#access = access;
	}

	/** Binds the run's ports; whoever listens here holds them until the tunnel is closed. */
	async bind(): Promise<void> {
		this.#ports = await bindPorts(this.#tunnels.environment.forwards, this.#record.known.ports);
	}

	health(): Omit<LinkHealth, 'reason'> & {readonly reason: string | undefined} {
		const {health, forwards, reverse} = this.#tunnels.environment;
		return {
			...health,
			latency: health.latencies.at(-1),
			ports: portTable(this.#ports, forwards.stats()),
			offered: [],
			reverse: reverse.stats(),
			access: this.#access.health,
		};
	}

	async forward(remote: number, local = remote): Promise<number> {
		const free = (await nextFreePort(local)) ?? local;
		await this.#tunnels.environment.forwards.add(free, remote);
		this.#ports = [...this.#ports, {local: free, remote, direct: false, added: true, ...(free === local ? {} : {wanted: local})}];
		this.#record.changed();
		return free;
	}

	async unforward(local: number): Promise<void> {
		this.#ports = this.#ports.filter(port => port.local !== local);
		await this.#tunnels.environment.forwards.remove(local);
		this.#record.changed();
	}

	watchLoad(onLoad: (load: Load) => void): () => void {
		const {workspace} = this.#record.known;
		return this.#tunnels.environment.whileUp(connection =>
			watchLoad(connection, loadInterval, onLoad, {workspace, onTrouble: message => this.#record.note(message)}),
		);
	}
}
