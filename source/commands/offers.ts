import {isNone} from '../configuration/files/pick.js';
import {columnById, type ColumnId} from '../offers/columns.js';
import {canBeTried} from '../offers/match.js';
import type {Offer} from '../offers/offer.js';
import {reasonsAgainst, remarks} from '../offers/reasons.js';
import {type SortColumn, sortRows} from '../offers/sort.js';
import type {Core} from '../runs/core.js';
import type {OfferListing} from '../runs/model/listing.js';
import type {Request} from '../runs/model/choice.js';
import {systemClock} from '../system/clock.js';
import {choose, type ChoiceOptions, firstUsable, settledOffers} from './choose.js';
import {type Output, table} from './io.js';
import {askedLine, sentences} from './words.js';

export type ListOptions = ChoiceOptions & {
	readonly limit?: number;
	/** A column to sort by, instead of the plan's order. */
	readonly sort?: SortColumn;
};

/** Prints the offers in the plan's order, those that cannot be had last and with the reason; no configuration is needed for that. Throws a `no-offer` problem when none matches, or nobody could have those that do. */
export async function listOffers(core: Core, options: ListOptions, output: Output): Promise<void> {
	const request = core.request(await choose(core, options, {orNone: true}));
	if (isNone(request.choice.configuration)) {
		output.note(
			`There is no configuration (*.dstack.yml) below ${core.folder}: nothing is asked for but by profile, flags and defaults.`,
		);
	}

	const listing = await settledOffers(core, request, AbortSignal.timeout(60_000));
	const {table: all, matches} = listing;
	const {sort, limit = output.json ? Number.POSITIVE_INFINITY : usualLimit} = options;
	const rows = sort ? sortRows(all, matches.rows, [{column: sort}]) : matches.rows;
	const shown = Array.from(rows.subarray(0, Math.min(limit, rows.length)), row => all.offer(row));
	if (output.json) {
		for (const offer of shown) {
			const reasons = reasonsAgainst(offer, request.requirements);
			output.object({...offer, usable: reasons.length === 0, reasons});
		}
	} else {
		const about = [`Asked for: ${askedLine(request)}`, countLine(shown.length, listing)];
		for (const line of [...offerTable(shown, request), '', ...remarkLines(shown), ...sourceLines(shown), ...about]) {
			output.line(line);
		}
	}

	// What is not set up is worth a word only where nothing can be had.
	const isQuiet = matches.triable > 0;
	for (const {backend, notes} of listing.backends.filter(
		({noCredentials, next, ready}) => !ready && (!noCredentials || (!isQuiet && next !== undefined)),
	)) {
		output.note(`${backend}: ${sentences(notes)}`);
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

/** The grid's columns that are printed, in its words. */
const printed: readonly ColumnId[] = ['backend', 'region', 'instance', 'cpu', 'memory', 'gpu', 'spot', 'price', 'date'];

/** Offers as a plain table; the last column says why one cannot be had. */
export function offerTable(offers: readonly Offer[], request: Request): string[] {
	const columns = printed.map(columnById);
	const now = systemClock.now();
	return table([
		[...columns.map(({title}) => title), 'AVAILABLE'],
		...offers.map(offer => [...columns.map(column => column.format(offer, {now})), availableWords(offer, request)]),
	]);
}

function availableWords(offer: Offer, {requirements}: Request): string {
	const against = reasonsAgainst(offer, requirements);
	return against.length > 0 && against.join() !== offer.availability
		? `no: ${against.join('; ')}`
		: offer.availability === 'available'
			? 'yes'
			: offer.availability;
}

const mostRemarks = 10;

/** What should be known of those that can be had, each remark once. */
function remarkLines(offers: readonly Offer[]): string[] {
	const lines = new Set(offers.flatMap(offer => remarks(offer).map(note => `${offer.backend} ${offer.instanceType}: ${note}`)));
	return [...lines].slice(0, mostRemarks);
}

/** Where the prices come from, and of which day the oldest of each source is. */
function sourceLines(offers: readonly Offer[]): string[] {
	const sources = Map.groupBy(
		offers.filter(({price}) => price > 0),
		({backend, priceSource, estimated}) => `${backend}: ${priceSource}${estimated ? ', estimated (~)' : ''}`,
	);
	return [...sources].map(([source, own]) => {
		const oldest = Math.min(...own.map(({priceDate}) => priceDate));
		return `Prices of ${source}, ${new Date(oldest).toISOString().slice(0, 10)}`;
	});
}
