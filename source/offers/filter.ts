import {columnById, type ColumnId} from './columns.js';
import type {Offer} from './offer.js';

const keys = new Map<string, ColumnId>(
	Object.entries({
		backend: 'backend',
		region: 'region',
		instance: 'instance',
		cpu: 'cpu',
		memory: 'memory',
		mem: 'memory',
		gpu: 'gpu',
		spot: 'spot',
		price: 'price',
	}),
);

/** All of an offer's words, lower-case, for the filter; prepare it once for each offer. */
export const searchText = (offer: Offer): string =>
	['backend', 'region', 'instance', 'memory', 'gpu']
		.map(id => columnById(id as ColumnId).format(offer))
		.join(' ')
		.toLowerCase();

/** A test for a filter as typed: words that must all occur, and `key:value` for one column (`gpu:L40S backend:local`). Case does not matter. */
export function parseFilter(filter: string): (offer: Offer, text: string) => boolean {
	const terms = filter.toLowerCase().split(/\s+/).filter(Boolean);
	const tests = terms.map(term => {
		const [key, value] = term.includes(':') ? [term.slice(0, term.indexOf(':')), term.slice(term.indexOf(':') + 1)] : ['', term];
		const id = keys.get(key);
		return id === undefined
			? (_offer: Offer, text: string) => text.includes(term)
			: (offer: Offer) => columnById(id).format(offer).toLowerCase().includes(value);
	});
	return (offer, text) => tests.every(each => each(offer, text));
}
