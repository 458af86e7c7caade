import type {PortMapping} from '../../configuration/model.js';
import {isPortFree, nextFreePort, portHolder} from '../../system/ports.js';
import {Problem} from '../../system/problem.js';
import type {PlannedPort} from '../model/choice.js';

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

export async function planPort(
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
export async function freeInside(remote: number, taken: ReadonlySet<number>): Promise<Pick<PlannedPort, 'remote' | 'moved'>> {
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
