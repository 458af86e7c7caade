import {columnById, type ColumnId} from '../offers/columns.js';
import {formatGpus, formatMemory, formatPrice} from '../offers/format.js';
import type {Offer} from '../offers/offer.js';
import type {Engine} from '../runs/engine.js';
import {choose, type ChoiceOptions, firstUsable, settledOffers} from './choose.js';
import {type Output, table} from './io.js';
import {askedLine} from './words.js';

export type ListOptions = ChoiceOptions & {
	readonly limit?: number;
	/** A column to sort by, instead of the plan's order. */
	readonly sort?: ColumnId;
};

/** Prints the offers in the plan's order, those that cannot be had last and with the reason. Throws a `no-offer` problem when none can. */
export async function listOffers(engine: Engine, options: ListOptions, output: Output): Promise<void> {
	const request = engine.request(await choose(engine, options));
	const listing = await settledOffers(engine, request, AbortSignal.timeout(60_000));
	const {offers, usable} = listing;
	const {sort, limit} = options;
	const shown = (sort ? [...offers].sort(columnById(sort).compare) : offers).slice(0, limit);
	for (const offer of shown) {
		output.object({...offer, usable: usable.has(offer.id)});
	}

	for (const line of offerTable(shown)) {
		output.line(line);
	}

	output.line();
	output.line(`Asked for: ${askedLine(request)}`);
	output.line(`${usable.size} of ${offers.length} can be had.`);
	firstUsable(listing);
}

/** Offers as a plain table. */
export const offerTable = (offers: readonly Offer[]): string[] =>
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
			formatPrice(offer.price),
			offer.availability === 'available' ? 'yes' : [offer.availability, ...offer.notes].join(': '),
		]),
	]);
