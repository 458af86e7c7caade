import type {Offer} from '../../offers/offer.js';
import type {Paths} from '../../system/paths.js';
import type {RunEvent} from '../model/events.js';
import {readJournal} from './journal.js';
import {readLedger} from './ledger.js';
import {runFolder, runNames} from './run-folder.js';

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
