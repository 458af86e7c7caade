import {self} from '../system/program-name.js';
import path from 'node:path';
import {backends} from '../backends/registry.js';
import {pickConfiguration, pickProfile} from '../configuration/pick.js';
import type {RequirementFlags} from '../configuration/model.js';
import type {Choice, Engine, OfferListing, Request} from '../runs/engine.js';
import type {Offer} from '../offers/offer.js';
import {mismatch} from '../offers/matching.js';
import {reasonsAgainst} from '../offers/reasons.js';
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
export function firstUsable(listing: OfferListing, request: Request): Offer {
	const offer = listing.offers.find(({id}) => listing.usable.has(id));
	if (!offer) {
		throw new Problem('no-offer', 'No offer matches what is asked for', {
			details: reasons(listing, request),
			next: advice(listing, request),
		});
	}

	return offer;
}

const mostReasons = 10;

function reasons({offers, backends}: OfferListing, {requirements}: Request): string[] {
	const told = offers.map(offer => `${offer.backend} ${offer.instanceType}: ${reasonsAgainst(offer, requirements).join('; ')}`);
	const more = told.length > mostReasons ? [`… and ${told.length - mostReasons} more`] : [];
	return [
		...told.slice(0, mostReasons),
		...more,
		...backends.filter(({ready}) => !ready).map(({backend, notes}) => `${backend}: ${notes.join(' ')}`),
		...unknownTo(requirements).map(name => `${name}: this version does not know how to ask it`),
	];
}

const names = (): string[] => backends().map(({name}) => name);

const unknownTo = ({backends: wanted = []}: Request['requirements']): string[] => wanted.filter(name => !names().includes(name));

function advice({offers}: OfferListing, {requirements}: Request): string {
	if (offers.length === 0 && unknownTo(requirements).length > 0) {
		return `Backends that can be asked here: ${names().join(', ')}.`;
	}

	const fits = offers.some(offer => mismatch(offer, requirements) === undefined);
	return `${fits ? 'Mend what stands there, or ask for something else' : 'Ask for less'} (flags, profile, configuration); all are listed by \`${self} offers\`.`;
}
