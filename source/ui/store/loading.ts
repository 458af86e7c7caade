import {yieldToEvents} from '../../offers/catalogue/yield-to-events.js';
import type {Choice} from '../../runs/model/choice.js';
import {containerInstead, othersAfter} from '../../runs/plan/list-offers.js';
import type {App} from './app.js';
import {pinnedOffers, takeListing} from './offers.js';

export const choiceOf = (app: App): Choice => {
	const {configuration, profile, flags, name} = app.state();
	if (!configuration) {
		throw new Error('no configuration was chosen');
	}

	return {folder: app.core.folder, configuration, profile, flags, name};
};

/** Asks all backends anew; what an earlier question still brings is not heard any more. */
export async function loadOffers(app: App): Promise<void> {
	const asking = new AbortController();
	const {signal} = asking;
	app.keep('offers', () => asking.abort());
	try {
		const request = app.core.request(choiceOf(app));
		app.set({request});
		for await (const listing of app.core.offers(request, signal)) {
			// A key that came while all that was matched goes before all that is drawn for it.
			await yieldToEvents();
			signal.throwIfAborted();
			takeListing(app, listing);
		}
	} catch (error) {
		if (!signal.aborted) {
			await app.work('', async () => Promise.reject(error));
		}
	}
}

/** Checks everything for the offer under the cursor, and shows what would be done. With `agreed` dearer offers need no question. */
export async function makePlan(app: App, agreed = false): Promise<void> {
	const {request, offer} = app.state();
	if (!request || !offer) {
		return;
	}

	app.set({plan: undefined});
	await app.work('checking code, ports and disk', async () => {
		const {listing, grid} = app.state();
		const picks = {pinned: pinnedOffers(app.state()), excluded: grid.excluded, backends: app.state().flags.backends};
		const others = listing ? othersAfter(listing, offer, picks) : [];
		const instead = listing && containerInstead(listing, offer);
		const {trusted} = app.state();
		app.set({plan: await app.core.plan({...request, choice: choiceOf(app)}, offer, {others, agreed, instead, trusted})});
	});
}
