import type {SpotView} from './state.js';
import type {Offer} from '../../offers/offer.js';
import {bits} from '../../offers/table/rows.js';
import {messageOf} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {App} from './app.js';
import {chosenRow} from './offers.js';
import type {AppState} from './state.js';

/** Whoever scrolls through the drawer asks nobody, milliseconds. */
const rest = 300;
const keptFor = 5 * 60_000;
/** What failed may work again soon. */
const failureKeptFor = 30_000;

/** Whether the backend itself listed this spot offer of a zone, and tells what it cost before. */
export const hasHistory = ({listing}: AppState, {offer, row}: {readonly offer: Offer; readonly row: number}): boolean =>
	listing !== undefined &&
	offer.spot &&
	offer.zone !== undefined &&
	((listing.table.columns.flags[row] ?? 0) & bits.live) !== 0 &&
	listing.backends.some(({backend, tellsHistory}) => backend === offer.backend && tellsHistory === true);

/** The offer whose past is to be shown: the one in the open drawer. */
function wanted(state: AppState): Offer | undefined {
	const {screen, grid, listing} = state;
	const row = screen === 'offers' && grid.drawer ? chosenRow(state) : undefined;
	const offer = row === undefined ? undefined : listing?.table.offer(row);
	return offer && row !== undefined && hasHistory(state, {offer, row}) ? offer : undefined;
}

/** Asks what the offer in the drawer cost before, once the cursor rests on it, until the app ends. */
export function followSpotHistory(app: App): void {
	const {clock} = app.options;
	const known = new Map<string, {readonly view: SpotView; readonly until: number}>();
	let current: string | undefined;

	const show = async (offer: Offer, signal: AbortSignal): Promise<void> => {
		const {id} = offer;
		const before = known.get(id);
		if (before && before.until > clock.now()) {
			app.set({history: before.view});
			return;
		}

		await clock.sleep(rest, signal);
		signal.throwIfAborted();
		const view = await ask(app, offer, signal);
		signal.throwIfAborted();
		known.set(id, {view, until: clock.now() + ('told' in view ? keptFor : failureKeptFor)});
		app.set({history: view});
	};

	const stop = app.subscribe(() => {
		const offer = wanted(app.state());
		if (offer?.id === current) {
			return;
		}

		current = offer?.id;
		app.drop('history');
		if (offer) {
			const asking = new AbortController();
			app.keep('history', () => asking.abort());
			// It fails only because the cursor went on: what else goes wrong is shown.
			show(offer, asking.signal).catch(() => undefined);
		}
	});
	app.keep('history of prices', stop);
}

async function ask(app: App, offer: Offer, signal: AbortSignal): Promise<SpotView> {
	const {id} = offer;
	try {
		return {id, told: await app.core.priceHistory(offer, signal)};
	} catch (error) {
		signal.throwIfAborted();
		return {id, problem: neutraliseLine(messageOf(error))};
	}
}
