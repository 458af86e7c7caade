import {programName} from '../system/program-name.js';
import path from 'node:path';
import {backends, offerSources} from '../backends/registry.js';
import {noConfiguration, pickConfiguration, pickProfile} from '../configuration/files/pick.js';
import type {RequirementFlags, Requirements} from '../configuration/model.js';
import type {Explanation} from '../offers/explain.js';
import type {Core} from '../runs/core.js';
import type {OfferListing} from '../runs/model/listing.js';
import type {Choice, Request} from '../runs/model/choice.js';
import {firstToTry} from '../runs/plan/list-offers.js';
import type {Offer} from '../offers/offer.js';
import {reasonsAgainst} from '../offers/reasons.js';
import {Problem} from '../system/problem.js';
import {plural} from './words.js';

/** What `run` and `offers` are told on the command line. */
export type ChoiceOptions = {
	readonly file?: string;
	readonly name?: string;
	readonly flags: RequirementFlags;
};

/** The configuration and profile that the command line means, or the defaults; with `orNone` also where there is no configuration. Throws `Problem`s. */
export async function choose(
	core: Core,
	{file, name, flags}: ChoiceOptions,
	{orNone = false}: {orNone?: boolean} = {},
): Promise<Choice> {
	const [configurations, profiles] = await Promise.all([core.configurations(), core.profiles()]);
	const folder = path.resolve(core.folder);
	const isNeeded = !orNone || file !== undefined || configurations.length > 0;
	const configuration = isNeeded ? await pickConfiguration(configurations, file, folder) : noConfiguration(folder);
	const profile = await pickProfile(profiles, flags.profile);
	return {folder: core.folder, configuration, profile, flags, name};
}

/** Waits for all backends. */
export async function settledOffers(core: Core, request: Request, signal: AbortSignal): Promise<OfferListing> {
	let last: OfferListing | undefined;
	for await (const listing of core.offers(request, signal)) {
		last = listing;
	}

	if (!last) {
		throw new Error('the core listed nothing at all');
	}

	return last;
}

/** The offer that a plan starts with. Throws a `no-offer` problem that says what stands in the way, and what would help. */
export async function firstUsable(listing: OfferListing, request: Request): Promise<Offer> {
	const offer = firstToTry(listing);
	if (!offer) {
		const {explain} = await import('../offers/explain.js');
		const explanation = explain(listing.table, request.requirements);
		throw new Problem('no-offer', 'No offer matches what is asked for', {
			details: reasons(listing, request, explanation),
			next: advice(listing, request, explanation),
		});
	}

	return offer;
}

function reasons(listing: OfferListing, {requirements}: Request, {steps, untriable}: Explanation): string[] {
	const unknown = unknownTo(listing, requirements).map(name => `${name}: this version knows no offers of it`);
	const own = ownReasons(listing, requirements);
	return listing.matches.rows.length > 0
		? [
				...Object.entries(untriable).map(([availability, count]) => `${plural(count, 'offer')} that would do: ${availability}`),
				...own,
				...unknown,
			]
		: [
				...steps
					.filter(({removed}) => removed > 0)
					.map(({words, removed, left}) => `${words}: takes away ${removed}, leaves ${left}`),
				...own,
				...unknown,
			];
}

/** Of this machine, which everybody has, it is said in full what it lacks. */
function ownReasons({table}: OfferListing, requirements: Requirements): string[] {
	const code = table.places.backends.find('local');
	const rows =
		code === undefined ? [] : [...table.listed()].filter(row => table.places.backend[table.columns.place[row] ?? 0] === code);
	return rows
		.map(row => table.offer(row))
		.map(offer => `${offer.backend} ${offer.instanceType}: ${reasonsAgainst(offer, requirements).join('; ')}`);
}

const unknownTo = ({table}: OfferListing, {backends: wanted = []}: Requirements): string[] =>
	wanted.filter(name => !table.places.backends.values.includes(name) && !isSource(name));

const isSource = (name: string): boolean => offerSources().some(each => each.name === name);

function advice({table, matches}: OfferListing, {requirements}: Request, {relaxations}: Explanation): string {
	const all = `all are listed by \`${programName} offers\``;
	if (matches.rows.length > 0) {
		return `Mend what stands there, or ask for something else (flags, profile, configuration); this version launches on ${backends()
			.map(({name}) => name)
			.join(', ')}. ${all[0]?.toUpperCase()}${all.slice(1)}.`;
	}

	const known = table.places.backends.values;
	if (requirements.backends?.every(name => !known.includes(name))) {
		return `Backends with offers here: ${known.join(', ')}.`;
	}

	const [first] = relaxations;
	return first
		? `What would help: ${first.words} (${plural(first.triable > 0 ? first.triable : first.offers, 'offer')}). Change flags, profile or configuration; ${all}.`
		: `Ask for less (flags, profile, configuration); ${all}.`;
}
