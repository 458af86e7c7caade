import type {Backend, BackendError, Instance} from '../../backends/backend.js';
import {messageOf} from '../../system/problem.js';
import type {Paths} from '../../system/paths.js';
import {regionsUsed} from '../journal/regions-used.js';

/** Where a backend is asked for instances. */
export type RegionsToAsk = {
	/** Where this installation has asked for some, or the settings name them: silence there is a failure. */
	readonly sure: readonly string[];
	/** Others in which the account could have some. */
	readonly others: readonly string[];
	/** What is not asked, and why, one line each. */
	readonly unasked: readonly string[];
};

/** Milliseconds. */
const limit = 30_000;

/**
The regions that journals and ledger tell of; `everywhere` all others of the account too, as journals can be lost. A backend that is not set up
here and was never used has none, and says so. Rejects with the backend's error.
*/
export async function regionsToAsk(
	paths: Paths,
	backend: Backend,
	everywhere: boolean,
	signal?: AbortSignal,
): Promise<RegionsToAsk> {
	const used = await regionsUsed(paths, backend.name);
	if (!everywhere || !backend.regions) {
		return {sure: used, others: [], unasked: []};
	}

	const {named, names, unasked} = await backend.regions(
		AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal] : [])]),
	);
	const sure = [...new Set([...used, ...named])];
	return {sure, others: names.filter(name => !sure.includes(name)), unasked};
}

export type Leftovers = {
	readonly instances: readonly Instance[];
	/** Regions that answered. */
	readonly answered: readonly string[];
	/** What was not asked, and why; no failure, one line each. */
	readonly unasked: readonly string[];
};

/**
This installation's instances in all of those regions. One of the sure ones that does not answer is told to `onSilent`; another one that these
credentials may not ask is only not asked, as an account may be kept out of regions for good.
*/
export async function listIn(
	backend: Backend,
	installation: string,
	{sure, others, unasked}: RegionsToAsk,
	onSilent: (region: string, error: Error) => void,
	signal?: AbortSignal,
): Promise<Leftovers> {
	const silent = new Set<string>();
	const denied = new Map<string, string[]>();
	const all = [...sure, ...others];
	const onUnanswered = (region: string, error: BackendError) => {
		silent.add(region);
		if (error.class === 'permission' && !sure.includes(region)) {
			const message = messageOf(error);
			denied.set(message, [...(denied.get(message) ?? []), region]);
		} else {
			onSilent(region, error);
		}
	};

	const instances = await backend.list(installation, all, onUnanswered, signal);
	return {
		instances,
		answered: all.filter(region => !silent.has(region)),
		unasked: [...unasked, ...[...denied].map(([message, regions]) => `${regions.join(', ')}: ${message}`)],
	};
}
