import type {OfferFacts} from '../facts.js';
import type {DeadlineKind, InstanceKind, Offer} from '../offer.js';
import {Dictionary} from './dictionary.js';
import {Bands, KeyIndex} from './key-index.js';
import type {Coded} from './coded.js';
import {Locations} from './locations.js';
import {availabilities, bits, Rows} from './rows.js';
import {Shapes} from './shapes.js';

/** What few offers have beside the columns. */
export type Extra = {
	readonly deadline: DeadlineKind | undefined;
	readonly kind?: InstanceKind | undefined;
	readonly quota: Offer['quota'];
	readonly notes: readonly string[];
};

/** All that the table knows, in codes. */
export class Store {
	version = 0;
	readonly rows = new Rows();
	readonly places = new Locations();
	readonly shapes = new Shapes();
	readonly index = new KeyIndex(this.rows, this.shapes);
	readonly sources = new Dictionary();
	/** Code 0 is none. */
	readonly interruptions = new Dictionary();
	readonly extras: Extra[] = [{deadline: undefined, quota: undefined, notes: []}];
	readonly bands = new Bands();
	/** Codes of the backends that have rows, or had some. */
	readonly populated = new Set<number>();
	/** By row: ids that a backend gave itself, where they are not ours. */
	readonly ids = new Map<number, string>();
	#extraCodes = new Map<string, number>();
	#listings = 0;
	/** Places, types and markets in which live rows stand for a wider one, and the listing that last said so. */
	#covered = new Map<number, number>();

	constructor() {
		this.interruptions.code('');
	}

	nextListing(): number {
		return ++this.#listings;
	}

	codeFacts(facts: OfferFacts): Coded {
		const {instanceType, architecture, cpu, memory, gpu, disk} = facts;
		return {
			place: this.places.code({backend: facts.backend, region: facts.region, zone: facts.zone}),
			shape: this.shapes.code({instanceType, architecture, cpu, memory, disk, gpus: gpu ? [gpu] : []}),
			spot: facts.spot,
			estimated: facts.estimated,
			price: facts.price,
			previous: Number.NaN,
			source: this.sources.code(facts.source),
			date: facts.date,
			availability: availabilities.indexOf(facts.availability),
			interruption: this.interruptions.code(facts.interruption ?? ''),
			extra: 0,
		};
	}

	codeOffer(offer: Offer): Coded {
		return {
			place: this.places.code({backend: offer.backend, region: offer.region, zone: offer.zone}),
			shape: this.shapes.code(offer),
			spot: offer.spot,
			estimated: offer.estimated === true,
			price: offer.price,
			previous: Number.NaN,
			source: this.sources.code(offer.priceSource),
			date: offer.priceDate,
			availability: availabilities.indexOf(offer.availability),
			interruption: this.interruptions.code(offer.interruption ?? ''),
			extra: this.#extra({deadline: offer.deadline, kind: offer.kind, quota: offer.quota, notes: offer.notes}),
		};
	}

	#extra(extra: Extra): number {
		const key = JSON.stringify([extra.deadline, extra.kind, extra.quota?.limit, extra.quota?.used, extra.notes]);
		let code = this.#extraCodes.get(key);
		if (code === undefined) {
			code = this.extras.length;
			this.extras.push(extra);
			this.#extraCodes.set(key, code);
		}

		return code;
	}

	/** Gives spot rows without an interruption band the one of their type and region, from row `start` on; of one backend or all. */
	fillBands(start = 0, backend?: number): void {
		const {shapes, rows, places, bands} = this;
		const isMeant = (place: number) => backend === undefined || places.backend[place] === backend;
		const known = Uint8Array.from({length: places.size}, (_, place) =>
			Number(isMeant(place) && bands.has(places.regionOf(place))),
		);
		if (!known.includes(1)) {
			return;
		}

		const {place, interruption, flags, shape} = rows;
		for (let row = start; row < rows.length; row++) {
			const at = place[row] as number;
			if (known[at] === 1 && interruption[row] === 0 && ((flags[row] as number) & bits.spot) !== 0) {
				interruption[row] = bands.of(places, at, shapes.type[shape[row] as number] ?? 0);
			}
		}
	}

	bandOf(place: number, type: number, spot: boolean): number {
		return spot ? this.bands.of(this.places, place, type) : 0;
	}

	cover(place: number, type: number, spot: boolean, listing: number): void {
		this.#covered.set(coverKey(place, type, spot), listing);
	}

	isCovered(place: number, type: number, spot: boolean): boolean {
		return this.#covered.has(coverKey(place, type, spot));
	}

	/** Shows the catalogue's rows again in whose place this listing of a backend put none. */
	uncover(backend: number, listing: number): void {
		for (const [key, saidBy] of this.#covered) {
			const place = Math.floor(key / placeUnit);
			if (saidBy !== listing && this.places.backend[place] === backend) {
				this.#covered.delete(key);
				const rest = key % placeUnit;
				const row = this.index.find(place, Math.floor(rest / 2), rest % 2 === 1);
				if (row !== undefined) {
					this.rows.flags[row] = (this.rows.flags[row] ?? 0) & ~bits.replaced;
				}
			}
		}
	}
}

const placeUnit = 2 ** 32;
const coverKey = (place: number, type: number, spot: boolean): number => place * placeUnit + type * 2 + Number(spot);
