import {formatPrice} from '../../offers/format.js';
import {isOver} from '../../runs/state.js';
import type {AppState} from '../store/state.js';
import {plural} from '../view.js';

/** Environments that live, and what they cost together now. */
export function alive({environments}: AppState): string {
	const living = environments.filter(run => !isOver(run));
	const price = living.reduce((sum, {offer}) => sum + offer.price, 0);
	return living.length === 0 ? '' : `${plural(living.length, 'environment')} · ${formatPrice(price)}/h`;
}
