import {setImmediate as breathe} from 'node:timers/promises';
import {neutraliseLine} from '../../system/terminal-text.js';
import {plainLineOf} from '../../system/values.js';
import type {FeedSummary, LeftOut, OfferFacts} from './facts.js';
import {normalise, type Origin, type RawOffer, ImplausibleOffer} from './normalise.js';

export type FactBatch = readonly OfferFacts[];

const batchSize = 500;
const mostReasons = 20;
const exampleLength = 80;

type Entry = {
	facts: OfferFacts;
	readonly origin: Origin;
	/** How many zones have it at which price: only the number of zones, and whether all cost the same. */
	zones: number;
	samePrice: boolean;
};

/**
Takes what a feed reads, row by row, and gives facts: checked, one for each instance type, region and market, and with the reasons why
others were left out.

- Zones: the cheapest counts. It is named where the others cost more, or where it is the only one; where all cost the same the region is meant.
- The same offer from two origins: the first one counts.
- Spot that is not cheaper than on-demand is left out: whoever takes it pays as much and can lose the instance, and with `auto`, where
  spot comes first, it would stand above the better offer.
*/
export class Collector {
	readonly #entries = new Map<string, Entry>();
	readonly #reasons = new Map<string, {count: number; readonly example: string}>();
	readonly #notes: string[] = [];
	#rows = 0;
	#leftOut = 0;
	#odd = 0;

	take(raw: RawOffer, origin: Origin): void {
		let facts: OfferFacts;
		try {
			facts = normalise(raw, origin);
		} catch (error) {
			if (!(error instanceof ImplausibleOffer)) {
				throw error;
			}

			this.leaveOut(error.message, raw);
			return;
		}

		const key = keyOf(facts, facts.spot);
		const entry = this.#entries.get(key);
		if (!entry) {
			this.#entries.set(key, {facts, origin, zones: facts.zone === undefined ? 0 : 1, samePrice: true});
		} else if (entry.origin === origin) {
			entry.zones += facts.zone === undefined ? 0 : 1;
			entry.samePrice &&= facts.price === entry.facts.price;
			entry.facts = facts.price < entry.facts.price ? facts : entry.facts;
		}
	}

	/** One row that could not be read or believed; `row` serves as an example. */
	leaveOut(reason: string, row: unknown): void {
		this.#odd++;
		this.#count(reason, row);
	}

	/** One row that a rule leaves out, whatever is in it. */
	passOver(reason: string, row: unknown): void {
		this.#count(reason, row);
	}

	note(sentence: string): void {
		this.#notes.push(sentence);
	}

	/** Gives what was taken so far, and forgets it; the counts go on. */
	async *drain(): AsyncGenerator<FactBatch, void, undefined> {
		let batch: OfferFacts[] = [];
		for (const entry of this.#entries.values()) {
			const facts = settleZone(entry);
			const onDemand = facts.spot ? this.#entries.get(keyOf(facts, false))?.facts : undefined;
			if (onDemand && facts.price >= onDemand.price) {
				this.passOver('spot that costs no less than on-demand', `${facts.instanceType} in ${facts.region}: $${facts.price}`);
				continue;
			}

			batch.push(facts);
			if (batch.length === batchSize) {
				this.#rows += batch.length;
				yield batch;
				batch = [];
				// A screen may be waiting for its turn.
				await breathe();
			}
		}

		this.#entries.clear();
		if (batch.length > 0) {
			this.#rows += batch.length;
			yield batch;
		}
	}

	summary(mark?: string): FeedSummary {
		const reasons: LeftOut[] = [...this.#reasons].map(([reason, {count, example}]) => ({reason, count, example}));
		return {
			rows: this.#rows,
			leftOut: this.#leftOut,
			odd: this.#odd,
			reasons: reasons.sort((a, b) => b.count - a.count),
			notes: this.#notes,
			mark,
			unchanged: false,
		};
	}

	#count(reason: string, row: unknown): void {
		this.#leftOut++;
		const known = this.#reasons.has(reason) || this.#reasons.size < mostReasons;
		const kind = known ? reason : 'other reasons';
		const entry = this.#reasons.get(kind);
		if (entry) {
			entry.count++;
		} else {
			this.#reasons.set(kind, {count: 1, example: exampleOf(row)});
		}
	}
}

/** What a run gives that found nothing new. */
export const unchangedSummary = (mark: string): FeedSummary => ({
	rows: 0,
	leftOut: 0,
	odd: 0,
	reasons: [],
	notes: [],
	mark,
	unchanged: true,
});

const keyOf = ({region, instanceType, gpu}: OfferFacts, spot: boolean): string =>
	`${region}\n${instanceType}\n${gpu ? `${gpu.count} ${gpu.name} ${gpu.memory}` : ''}\n${spot}`;

const settleZone = ({facts, zones, samePrice}: Entry): OfferFacts =>
	zones > 1 && samePrice ? {...facts, zone: undefined} : facts;

function exampleOf(row: unknown): string {
	const text = plainLineOf(neutraliseLine(typeof row === 'string' ? row : (JSON.stringify(row) ?? '')));
	return text.length > exampleLength ? `${text.slice(0, exampleLength - 1)}…` : text;
}
