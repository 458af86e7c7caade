import {matchRows} from '../../offers/match.js';
import type {RefreshEnd} from '../../offers/catalogue/background-refresh.js';
import {messageOf} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {App} from './app.js';
import {loadOffers} from './loading.js';
import {takeListing} from './offers.js';

/** The first frames and listings come first, milliseconds. */
const delay = 3000;
/** Also what another program on this machine fetched is noticed then. Milliseconds. */
const often = 10 * 60_000;

/** Refreshes the catalogue where that is due, soon after the start and then every few minutes, until the app ends. */
export function keepCatalogueFresh(app: App): void {
	const {
		core: {refreshCatalogue},
		options: {clock},
	} = app;
	if (!refreshCatalogue) {
		return;
	}

	const ending = new AbortController();
	const {signal} = ending;
	let isRunning = false;
	const check = async () => {
		if (isRunning) {
			return;
		}

		isRunning = true;
		try {
			const onProgress = (clouds: readonly string[]) => {
				app.set({refreshing: clouds.length === 0 ? undefined : `catalogue: fetching ${clouds.join(', ')}…`});
			};

			const end = await refreshCatalogue({signal, onProgress});
			app.set({refreshing: end && failureWords(end)});
			if (end && end.refreshed.length > 0) {
				takeAnew(app);
			}
		} catch (error) {
			if (!signal.aborted) {
				app.set({refreshing: neutraliseLine(`catalogue: not refreshed (${messageOf(error)})`)});
			}
		} finally {
			isRunning = false;
		}
	};

	const stop = clock.every(often, () => void check());
	app.keep('catalogue', () => {
		stop();
		ending.abort();
	});
	// The sleep fails only by the app's end.
	clock.sleep(delay, signal).then(check, () => undefined);
}

/** One line, or nothing where all went well. */
function failureWords({failed, problem}: RefreshEnd): string | undefined {
	const [first] = failed;
	if (first) {
		return `catalogue: ${failed.map(({backend}) => backend).join(', ')} not refreshed (${first.why})`;
	}

	return problem === undefined ? undefined : `catalogue: not refreshed (${problem})`;
}

/** What is on the screen becomes what is known now. Backends are asked again only where the person looks at their offers. */
function takeAnew(app: App): void {
	const {screen, listing, request} = app.state();
	if (!listing || !request || app.hasEnded) {
		return;
	}

	if (screen === 'offers') {
		void loadOffers(app);
	} else {
		takeListing(app, {...listing, matches: matchRows(listing.table, request.requirements)});
	}
}
