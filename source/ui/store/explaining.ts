import {explain, type Explanation, type Relaxation} from '../../offers/explain.js';
import type {OfferListing} from '../../runs/model/listing.js';
import type {App} from './app.js';
import {changeFlags, formRows} from './form.js';
import type {AppState} from './state.js';

/** Worked out once for each listing: it is looked at with every frame. */
const explained = new WeakMap<OfferListing, Explanation>();

/** Why there is nothing to be had, and what would help; undefined while there is something, or not everybody has answered. */
export function explanationOf({listing, request, grid}: AppState): Explanation | undefined {
	if (!listing?.complete || !request || listing.matches.rows.length > 0 || grid.filter !== '') {
		return undefined;
	}

	let known = explained.get(listing);
	if (!known) {
		known = explain(listing.table, request.requirements);
		explained.set(listing, known);
	}

	return known;
}

/** Makes the change that a person minds least, for this run. */
export function takeRelaxation(app: App): void {
	const [first] = explanationOf(app.state())?.relaxations ?? [];
	if (!first || !relax(app, first)) {
		app.say('No single change gives an offer; o changes what is asked for', 'error');
	}
}

/** As the flags would say it; false for a change that no flag can say. */
function relax(app: App, {change}: Relaxation): boolean {
	const {request, flags: before} = app.state();
	if (!request) {
		return false;
	}

	let flags = before;
	for (const key of Object.keys(change)) {
		const row = formRows.find(each => each.key === key);
		const text = row?.text({...request.requirements, ...change});
		if (!row || text === undefined || (text === '' && key !== 'gpu')) {
			return false;
		}

		flags = row.change(flags, text === '' ? '0' : text);
	}

	changeFlags(app, flags);
	return true;
}
