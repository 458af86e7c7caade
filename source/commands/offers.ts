import {formatGpus, formatMemory, formatPrice} from '../offers/format.js';
import type {Offer} from '../offers/offer.js';
import type {Engine} from '../runs/engine.js';
import {choose, type ChoiceOptions, settledOffers} from './choose.js';
import {type Output, table} from './io.js';

/** Prints the offers in the plan's order, those that cannot be had last and with the reason. */
export async function listOffers(
	engine: Engine,
	options: ChoiceOptions,
	limit: number | undefined,
	output: Output,
): Promise<void> {
	const request = engine.request(await choose(engine, options));
	const {offers, usable} = await settledOffers(engine, request, AbortSignal.timeout(60_000));
	const shown = offers.slice(0, limit);
	for (const offer of shown) {
		output.object({...offer, usable: usable.has(offer.id)});
	}

	for (const line of offerTable(shown)) {
		output.line(line);
	}

	output.line();
	output.line(`Asked for: ${request.requirements.words.join(' · ') || 'anything'}`);
	output.line(`${usable.size} of ${offers.length} can be had.`);
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
