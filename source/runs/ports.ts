import type {PortMapping} from '../configuration/model.js';
import {isPortFree, nextFreePort, portHolder} from '../system/ports.js';
import {Problem} from '../system/problem.js';
import type {ForwardStats, Forwards} from '../tunnel/forwards.js';
import type {PlannedPort} from './engine.js';
import type {PortForward} from './events.js';
import type {PortHealth} from './handle.js';

/**
Decides, before anything starts, at which local port each wanted one will be. A taken one names its holder and gives way to the next
free one. `direct` ports are those of an environment that shares this machine's network: they must be free too, and need no forward.
*/
export async function planPorts(mappings: readonly PortMapping[], sharesNetwork: boolean): Promise<PlannedPort[]> {
	const taken = new Set<number>();
	const ports: PlannedPort[] = [];
	for (const mapping of mappings) {
		const port = await planPort(mapping, sharesNetwork, taken);
		taken.add(port.local);
		if (sharesNetwork) {
			taken.add(port.remote);
		}

		ports.push(port);
	}

	return ports;
}

async function planPort(
	{local: wanted, remote}: PortMapping,
	sharesNetwork: boolean,
	taken: ReadonlySet<number>,
): Promise<PlannedPort> {
	const direct = sharesNetwork && (wanted === undefined || wanted === remote);
	const first = direct ? remote : (wanted ?? remote);
	const inside = sharesNetwork && !direct ? await freeInside(remote, taken) : {remote};
	if (!taken.has(first) && (await isPortFree(first))) {
		return {local: first, ...inside, wanted: undefined, holder: undefined, direct};
	}

	const holder = taken.has(first) ? 'another port of this configuration' : await portHolder(first);
	const local = await nextFreePort(first + 1, taken);
	if (local === undefined) {
		throw new Problem('failed', `No local port is free from ${first} upwards`);
	}

	// An environment on this machine's own network opens its port itself, so there the port inside moves too.
	return {local, ...(direct ? {remote: local} : inside), wanted: first, holder: holder ?? 'another program', direct};
}

/** Where the environment's server can listen in this machine's own network: a forward to a taken port would reach a stranger. */
async function freeInside(remote: number, taken: ReadonlySet<number>): Promise<Pick<PlannedPort, 'remote' | 'moved'>> {
	if (!taken.has(remote) && (await isPortFree(remote))) {
		return {remote};
	}

	const free = await nextFreePort(remote + 1, taken);
	if (free === undefined) {
		throw new Problem('failed', `No local port is free from ${remote} upwards`);
	}

	const holder = taken.has(remote) ? 'another port of this configuration' : await portHolder(remote);
	return {remote: free, moved: {from: remote, holder: holder ?? 'another program'}};
}

/** A port of the run as this program carries it now. */
export type BoundPort = PortForward;

/** Binds the run's forwards; one that was taken since the plan moves to the next free port. */
export async function bindPorts(forwards: Forwards, ports: readonly PortForward[]): Promise<BoundPort[]> {
	const bound: BoundPort[] = [];
	for (const port of ports) {
		bound.push(port.direct ? port : await bindPort(forwards, port));
	}

	return bound;
}

async function bindPort(forwards: Forwards, port: PortForward): Promise<BoundPort> {
	for (let candidate: number | undefined = port.local; candidate !== undefined; candidate = await nextFreePort(candidate + 1)) {
		try {
			await forwards.add(candidate, port.remote);
			return candidate === port.local ? port : {...port, local: candidate, wanted: port.wanted ?? port.local};
		} catch (error) {
			const {code} = error as NodeJS.ErrnoException;
			if (code !== 'EADDRINUSE' && code !== 'EACCES') {
				throw error;
			}
		}
	}

	throw new Error(`no free port from ${port.local} upwards`);
}

/** Ports with what they carry, for the screen. */
export const portTable = (ports: readonly BoundPort[], stats: readonly ForwardStats[]): PortHealth[] =>
	ports.map(({local, remote, wanted, direct, added = false}) => {
		const {open = 0, received = 0, sent = 0, total = 0, rate = 0, problem} = stats.find(entry => entry.local === local) ?? {};
		return {local, remote, wanted, direct, added, open, received, sent, total, rate, problem};
	});
