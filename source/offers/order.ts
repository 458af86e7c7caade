import type {Requirements} from '../configuration/model.js';
import {mismatch} from './matching.js';
import type {Offer} from './offer.js';

const canBeTried = ({availability}: Offer): boolean => availability === 'available' || availability === 'unknown';

/** The plan's order: what fits and can be tried first; of that spot before on-demand, each by price; equal ones as the backend gave them. */
export function orderOffers(offers: readonly Offer[], requirements: Requirements): Offer[] {
	const rank = (offer: Offer): number => (canBeTried(offer) && mismatch(offer, requirements) === undefined ? 0 : 1);
	const ranked = offers.map(offer => ({offer, rank: rank(offer)}));
	ranked.sort((a, b) => a.rank - b.rank || Number(b.offer.spot) - Number(a.offer.spot) || a.offer.price - b.offer.price);
	return ranked.map(({offer}) => offer);
}
