import {columnById, columns} from '../../offers/columns.js';
import {parseFilter, searchText} from '../../offers/filter.js';
import type {Offer} from '../../offers/offer.js';
import type {OfferListing} from '../../runs/engine.js';
import type {AppState} from './state.js';

const texts = new WeakMap<Offer, string>();

/** Prepared once for each offer, so that typing a filter over tens of thousands only compares. */
function textOf(offer: Offer): string {
	let text = texts.get(offer);
	if (text === undefined) {
		text = searchText(offer);
		texts.set(offer, text);
	}

	return text;
}

/** The offers that the grid shows: filtered, then in the plan's order or by the chosen column. */
export function arrange(listing: OfferListing | undefined, filter: string, sort: AppState['sort']): readonly Offer[] {
	const accept = parseFilter(filter);
	const offers = (listing?.offers ?? []).filter(offer => accept(offer, textOf(offer)));
	if (sort) {
		const {compare} = columnById(sort.column);
		offers.sort((a, b) => (sort.descending ? compare(b, a) : compare(a, b)));
	}

	return offers;
}

/** The next column to sort by: the plan's own order comes after the last. */
export function nextSort(sort: AppState['sort']): AppState['sort'] {
	const index = sort === undefined ? -1 : columns.findIndex(({id}) => id === sort.column);
	const next = columns[index + 1];
	return next && {column: next.id, descending: false};
}
