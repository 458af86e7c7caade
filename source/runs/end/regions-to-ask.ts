import type {Offer} from '../../offers/offer.js';
import type {Paths} from '../../system/paths.js';
import type {RunEvent} from '../model/events.js';
import {readJournal} from '../journal/journal.js';
import {readLedger} from '../journal/ledger.js';
import {runFolder, runNames} from '../journal/run-folder.js';
import type {Backend, BackendError, Instance} from '../../backends/backend.js';
import {messageOf} from '../../system/problem.js';

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

/**
Every region of a backend in which this installation ever asked for an instance: of journals that begin with no intent, too, since what they
asked for may live.
*/
export async function regionsUsed(paths: Paths, backend: string): Promise<string[]> {
	const names = await runNames(paths);
	const [ledger, ...journals] = await Promise.all([
		readLedger(paths),
		...names.map(async name => readJournal(runFolder(paths, name)).catch(() => ({events: []}))),
	]);
	const prefix = `${backend} `;
	return [
		...new Set([
			...ledger
				.flatMap(({regions}) => regions)
				.filter(each => each.startsWith(prefix))
				.map(each => each.slice(prefix.length)),
			...journals
				.flatMap(({events}) => events.flatMap(offersOf))
				.filter(offer => offer.backend === backend)
				.map(({region}) => region),
		]),
	];
}

const offersOf = (event: RunEvent): Offer[] => {
	switch (event.type) {
		case 'intended': {
			return [event.specification.offer as unknown as Offer];
		}

		case 'requested': {
			return event.offer === undefined ? [] : [event.offer as unknown as Offer];
		}

		default: {
			return [];
		}
	}
};
