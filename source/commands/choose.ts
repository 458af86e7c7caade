import {self} from '../system/program-name.js';
import path from 'node:path';
import {pickConfiguration, pickProfile} from '../configuration/pick.js';
import type {RequirementFlags} from '../configuration/model.js';
import type {Choice, Engine, OfferListing, Request} from '../runs/engine.js';
import {firstToTry} from '../runs/offers.js';
import type {Offer} from '../offers/offer.js';
import {Problem} from '../system/problem.js';

/** What `run` and `offers` are told on the command line. */
export type ChoiceOptions = {
	readonly file?: string;
	readonly name?: string;
	readonly flags: RequirementFlags;
};

/** The configuration and profile that the command line means, or the defaults. Throws `Problem`s. */
export async function choose(engine: Engine, {file, name, flags}: ChoiceOptions): Promise<Choice> {
	const [configurations, profiles] = await Promise.all([engine.configurations(), engine.profiles()]);
	const configuration = await pickConfiguration(configurations, file, path.resolve(engine.folder));
	const profile = pickProfile(profiles, flags.profile);
	return {folder: engine.folder, configuration, profile, flags, name};
}

/** Waits for all backends. */
export async function settledOffers(engine: Engine, request: Request, signal: AbortSignal): Promise<OfferListing> {
	let last: OfferListing = {offers: [], usable: new Set(), backends: [], complete: true};
	for await (const listing of engine.offers(request, signal)) {
		last = listing;
	}

	return last;
}

/** The offer that a plan starts with. Throws a `no-offer` problem that says why each known offer does not serve. */
export function firstUsable(listing: OfferListing): Offer {
	const offer = firstToTry(listing);
	if (!offer) {
		throw new Problem('no-offer', 'No offer matches what is asked for', {
			details: [
				...listing.offers
					.slice(0, 10)
					.map(
						({backend, instanceType, notes, availability}) => `${backend} ${instanceType}: ${notes.join(' ') || availability}`,
					),
				...listing.backends.filter(({ready}) => !ready).map(({backend, notes}) => `${backend}: ${notes.join(' ')}`),
			],
			next: `Ask for less (flags, profile, configuration), or see all with \`${self} offers\`.`,
		});
	}

	return offer;
}
