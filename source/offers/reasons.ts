import type {Requirements} from '../configuration/model.js';
import {dearSpot} from './facts.js';
import {mismatch} from './matching.js';
import type {Offer} from './offer.js';

const canBeTried = ({availability}: Offer): boolean => availability === 'available' || availability === 'unknown';

/** Why an offer cannot be had with these requirements: what it lacks, then what its backend says. Empty for one that can. */
export function reasonsAgainst(offer: Offer, requirements: Requirements): string[] {
	const lacking = mismatch(offer, requirements);
	// What is only worth knowing is no reason; without credentials nobody was asked, so that no note is one.
	const notes = offer.availability === 'no credentials' ? [] : offer.notes.filter(note => note !== dearSpot);
	const said = canBeTried(offer) ? [] : notes.length > 0 ? notes : [offer.availability];
	return [...(lacking === undefined ? [] : [lacking]), ...said];
}

/** What a person should know of an offer that can be had; of any other, its notes are the reasons. */
export const remarks = (offer: Offer): readonly string[] => (canBeTried(offer) ? offer.notes : []);
