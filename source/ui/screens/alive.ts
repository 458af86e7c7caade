import {formatPrice} from '../../offers/format.js';
import {isOver} from '../../runs/model/state.js';
import type {AppState} from '../store/state.js';
import {plural} from '../drawing/lines.js';

/** Environments that live, and what their instances cost together now; what was not ended and what nobody here knows is told beside it. */
export function alive({environments, orphans}: AppState): string {
	const living = environments.filter(run => !isOver(run));
	const billed = living.flatMap(({billing}) => billing).filter(({to}) => to === undefined);
	const price = billed.reduce((sum, {offer}) => sum + offer.price, 0);
	const failed = living.filter(({phase, stopFailure}) => phase === 'stopping' && stopFailure);
	return [
		living.length === 0 ? '' : `${plural(living.length, 'environment')} · ${formatPrice(price)}/h`,
		failed.length === 0 ? '' : `${failed.length} NOT ENDED`,
		orphans.length === 0 ? '' : plural(orphans.length, 'orphan'),
	]
		.filter(Boolean)
		.join(' · ');
}
