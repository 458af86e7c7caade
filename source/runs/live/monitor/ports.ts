import {nextFreePort, portHolder} from '../../../system/ports.js';
import {Problem} from '../../../system/problem.js';
import type {ForwardStats, Forwards} from '../../../tunnel/forward/forwards.js';
import type {ReverseStats} from '../../../tunnel/forward/reverse.js';
import type {PortForward, ReversePort} from '../../model/events.js';
import type {PortHealth, ReverseHealth} from '../../model/run-handle.js';
import type {RunState} from '../../model/state.js';

export type Bound = {
	readonly local: number;
	/** Who has the port that was wanted, where it is another one. */
	readonly holder: string | undefined;
};

/** Binds a forward at `wanted`, else at the next free port, none of `taken`. Throws a `Problem` where none is free. */
export async function bindFree(
	forwards: Forwards,
	{wanted, remote, taken}: {readonly wanted: number; readonly remote: number; readonly taken: ReadonlySet<number>},
): Promise<Bound> {
	let holder: string | undefined;
	for (
		let candidate: number | undefined = wanted;
		candidate !== undefined;
		candidate = await nextFreePort(candidate + 1, taken)
	) {
		if (taken.has(candidate)) {
			holder ??= 'another port of this environment';
			continue;
		}

		try {
			await forwards.add(candidate, remote);
			return {local: candidate, holder};
		} catch (error) {
			const {code} = error as NodeJS.ErrnoException;
			if (code !== 'EADDRINUSE' && code !== 'EACCES') {
				throw error;
			}

			holder ??= code === 'EACCES' ? 'the system for its administrator' : ((await portHolder(candidate)) ?? 'another program');
		}
	}

	throw new Problem('failed', `No local port is free from ${wanted} upwards`);
}

/** What is counted at one port. */
export type PortCounts = Pick<ForwardStats, 'local' | 'open' | 'received' | 'sent' | 'rate' | 'problem'>;

/** Ports with what they carry, for the screen; undefined `counts` are those of a program that has not told. */
export const portTable = (ports: readonly PortForward[], counts: readonly PortCounts[] | undefined): PortHealth[] =>
	ports.map(port => {
		const entry = counts?.find(({local}) => local === port.local);
		const {open = 0, received = 0, sent = 0, rate = 0, problem} = entry ?? {};
		const known = entry || port.direct ? {} : {counted: false as const};
		return {...port, added: port.added ?? false, open, received, sent, total: received + sent, rate, problem, ...known};
	});

/** What is counted at a port that leads from the environment to here. */
export type ReverseCounts = Pick<ReverseStats, 'remote' | 'bound' | 'open' | 'received' | 'sent' | 'rate' | 'problem'>;

/** The same for ports that lead here. One that would lead to itself is not carried. */
export const reverseTable = (
	{reverse, sharesNetwork}: Pick<RunState, 'reverse' | 'sharesNetwork'>,
	counts: readonly ReverseCounts[] | undefined,
): ReverseHealth[] =>
	reverse.map(port => {
		const counted = counts?.find(entry => entry.remote === port.remote);
		const {bound = false, open = 0, received = 0, sent = 0, rate = 0} = counted ?? {};
		const problem = leadsToItself(sharesNetwork, port) ? 'the environment shares the network of this machine' : counted?.problem;
		const known = counts === undefined ? {counted: false as const} : {};
		return {...port, bound, open, received, sent, rate, problem, ...known};
	});

/** In an environment on this machine's own network, a port that leads to the same number would answer itself. */
export const leadsToItself = (sharesNetwork: boolean, {remote, local}: ReversePort): boolean => sharesNetwork && remote === local;
