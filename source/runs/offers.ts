import {BackendError, type BackendStatus, type OfferSource} from '../backends/backend.js';
import {canLaunch} from '../backends/registry.js';
import type {Requirements} from '../configuration/model.js';
import {mismatch} from '../offers/matching.js';
import type {Offer} from '../offers/offer.js';
import {orderOffers} from '../offers/order.js';
import {type Clock, systemClock} from '../system/clock.js';
import {messageOf} from '../system/problem.js';
import type {OfferListing} from './engine.js';

/** `notes` are what a backend told while it listed. */
type Entry = {status: BackendStatus; settled: boolean; offers: Offer[]; notes: string[]};

/** Between two listings, milliseconds. */
const shortest = 100;

/** Asks all backends at once and yields what is known each time one of them answered. No backend's failure hides another's offers. */
export async function* listOffers(
	backends: readonly OfferSource[],
	requirements: Requirements,
	signal: AbortSignal,
	clock: Clock = systemClock,
): AsyncGenerator<OfferListing> {
	const wanted = backends.filter(({name}) => requirements.backends === undefined || requirements.backends.includes(name));
	const entries = new Map<string, Entry>(
		wanted.map(({name}) => [name, {status: {backend: name, ready: false, notes: []}, settled: false, offers: [], notes: []}]),
	);
	let wake: (() => void) | undefined;
	let news = true;

	const tell = () => {
		news = true;
		wake?.();
	};

	const tasks = wanted.map(async backend => {
		const entry = entries.get(backend.name) as Entry;
		try {
			const [status] = await Promise.all([backend.status(signal), gather(backend, requirements, signal, entry, tell)]);
			entry.status = status;
		} catch (error) {
			const next = error instanceof BackendError ? error.next : undefined;
			entry.status = {backend: backend.name, ready: false, notes: [messageOf(error), ...(next ? [next] : [])], next};
		}

		entry.settled = true;
		tell();
	});

	const settled = Promise.all(tasks);
	for (;;) {
		if (news) {
			news = false;
			const listing = summarise([...entries.values()], requirements);
			yield listing;
			if (listing.complete) {
				break;
			}

			// Each listing is sorted and drawn anew: what comes within a moment is told together. The first offers wait for nothing.
			if (listing.offers.length > 0) {
				await Promise.race([clock.sleep(shortest, signal), settled]);
			}
		}

		signal.throwIfAborted();
		await new Promise<void>(resolve => {
			wake = resolve;
			if (news) {
				resolve();
			}
		});
	}

	await settled;
}

async function gather(
	backend: OfferSource,
	requirements: Requirements,
	signal: AbortSignal,
	entry: Entry,
	tell: () => void,
): Promise<void> {
	const note = (line: string) => {
		entry.notes.push(line);
	};

	for await (const batch of backend.offers(requirements, signal, note)) {
		// Not spread into a call: a cloud's batch may be longer than an argument list can be.
		for (const offer of batch) {
			entry.offers.push(offer);
		}

		tell();
	}
}

function summarise(entries: readonly Entry[], requirements: Requirements): OfferListing {
	const offers = orderOffers(
		entries.flatMap(entry => entry.offers),
		requirements,
	);
	const usable = new Set(offers.filter(offer => isUsable(offer, requirements)).map(({id}) => id));
	return {
		offers,
		usable,
		backends: entries.map(({status, settled, offers, notes}) => ({
			...status,
			notes: [...status.notes, ...notes],
			settled,
			count: offers.length,
		})),
		complete: entries.every(({settled}) => settled),
	};
}

export const isUsable = (offer: Offer, requirements: Requirements): boolean =>
	(offer.availability === 'available' || offer.availability === 'unknown') && mismatch(offer, requirements) === undefined;

/** The offer that a plan starts with: the first that matches and can be launched, else the first that matches, whose plan says why not. */
export const firstToTry = ({offers, usable}: OfferListing): Offer | undefined =>
	offers.find(({id, backend}) => usable.has(id) && canLaunch(backend)) ?? offers.find(({id}) => usable.has(id));
