import {formatGpus, formatMemory, formatPrice} from '../offers/format.js';
import {canBeTried} from '../offers/match.js';
import type {Offer} from '../offers/offer.js';
import {reasonsAgainst, remarks} from '../offers/reasons.js';
import {type SortColumn, sortRows} from '../offers/sort.js';
import type {Engine, OfferListing, Request} from '../runs/engine.js';
import {choose, type ChoiceOptions, firstUsable, settledOffers} from './choose.js';
import {type Output, table} from './io.js';
import {askedLine} from './words.js';

export type ListOptions = ChoiceOptions & {
	readonly limit?: number;
	/** A column to sort by, instead of the plan's order. */
	readonly sort?: SortColumn;
};

/** Prints the offers in the plan's order, those that cannot be had last and with the reason. Throws a `no-offer` problem when none matches, or nobody could have those that do. */
export async function listOffers(engine: Engine, options: ListOptions, output: Output): Promise<void> {
	const request = engine.request(await choose(engine, options));
	const listing = await settledOffers(engine, request, AbortSignal.timeout(60_000));
	const {table: all, matches} = listing;
	const {sort, limit = output.json ? Number.POSITIVE_INFINITY : usualLimit} = options;
	const rows = sort ? sortRows(all, matches.rows, [{column: sort}]) : matches.rows;
	const shown = Array.from(rows.subarray(0, Math.min(limit, rows.length)), row => all.offer(row));
	for (const offer of output.json ? shown : []) {
		const reasons = reasonsAgainst(offer, request.requirements);
		output.object({...offer, usable: reasons.length === 0, reasons});
	}

	for (const line of offerTable(shown, request)) {
		output.line(line);
	}

	output.line();
	for (const line of remarkLines(shown)) {
		output.line(line);
	}

	output.line(`Asked for: ${askedLine(request)}`);
	output.line(countLine(shown.length, listing));
	// What is not set up is worth a word only where nothing can be had.
	const isQuiet = matches.triable > 0;
	for (const {backend, notes} of listing.backends.filter(
		({noCredentials, next, ready}) => !ready && (!noCredentials || (!isQuiet && next !== undefined)),
	)) {
		output.note(`${backend}: ${notes.join(' ')}`);
	}

	// What only lacks credentials is an answer to compare; what nobody could have is none.
	if (matches.rows.every(row => !canBeTried(all, row) && all.offer(row).availability !== 'no credentials')) {
		await firstUsable(listing, request);
	}
}

const usualLimit = 50;

function countLine(shown: number, {matches: {rows, triable, listed}}: OfferListing): string {
	const first = shown < rows.length ? `The first ${shown}; --limit N shows more. ` : '';
	return `${first}${rows.length} of ${listed} offers match, ${triable} of them can be tried.`;
}

/** Offers as a plain table; the last column says why one cannot be had. */
export const offerTable = (offers: readonly Offer[], request: Request): string[] =>
	table([
		['BACKEND', 'REGION', 'INSTANCE', 'CPU', 'MEM', 'GPU', 'SPOT', '$/H', 'AVAILABLE'],
		...offers.map(offer => [
			offer.backend,
			offer.region,
			offer.instanceType,
			String(offer.cpu),
			formatMemory(offer.memory),
			formatGpus(offer.gpus) || '-',
			offer.spot ? 'yes' : 'no',
			`${offer.estimated ? '~' : ''}${formatPrice(offer.price)}`,
			availableWords(offer, request),
		]),
	]);

function availableWords(offer: Offer, {requirements}: Request): string {
	const against = reasonsAgainst(offer, requirements);
	return against.length > 0 ? `no: ${against.join('; ')}` : offer.availability === 'available' ? 'yes' : offer.availability;
}

const mostRemarks = 10;

/** What should be known of those that can be had, each remark once. */
function remarkLines(offers: readonly Offer[]): string[] {
	const lines = new Set(offers.flatMap(offer => remarks(offer).map(note => `${offer.backend} ${offer.instanceType}: ${note}`)));
	return [...lines].slice(0, mostRemarks);
}
