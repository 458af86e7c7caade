import {type Band, dearSpot, offerId, type OfferFacts, readOfferId} from './facts.js';
import {instanceKind} from './instance-kind.js';
import type {Availability, DeadlineKind, InstanceKind, Offer} from './offer.js';
import {type Layer, ListingWriter} from './table/listing-writer.js';
import {availabilities, bits, hidden} from './table/rows.js';
import {Store} from './table/store.js';

export type {Layer, ListingWriter} from './table/listing-writer.js';

/** What the program knows of a backend beside its offers. */
export type BackendDefaults = {
	/** How its instances end by themselves. */
	readonly deadline?: DeadlineKind;
	/** Whether the person has set it up; offers of the catalogue say so where not. */
	readonly credentials?: boolean;
};

/** A row as it is written to a catalogue. */
export type CatalogueFacts = OfferFacts & {readonly previousPrice?: number};

const noCredentials = availabilities.indexOf('no credentials');
const mostKept = 2000;

/**
Offers of all backends as columns. A row's number never changes and never comes to mean another offer, so a cursor, a pin or a
prepared result may keep it; `version` rises with every change.
*/
export class OfferTable {
	readonly #store = new Store();
	#traits = new Map<string, BackendDefaults>();
	#locked: Uint8Array | undefined;
	#offers = new Map<number, Offer>();
	#offersOf = -1;
	#listed: {readonly version: number; readonly rows: Uint32Array} | undefined;

	get version(): number {
		return this.#store.version;
	}

	/** How many rows there ever were; some may not be listed any more. */
	get length(): number {
		return this.#store.rows.length;
	}

	/** The columns; read them anew after each change, never write them. */
	get columns(): Store['rows'] {
		return this.#store.rows;
	}

	get places(): Store['places'] {
		return this.#store.places;
	}

	get shapes(): Store['shapes'] {
		return this.#store.shapes;
	}

	get sources(): Store['sources'] {
		return this.#store.sources;
	}

	get interruptions(): Store['interruptions'] {
		return this.#store.interruptions;
	}

	get extras(): Store['extras'] {
		return this.#store.extras;
	}

	get store(): Store {
		return this.#store;
	}

	/** Begins a new listing of a backend. */
	listing(backend: string, layer: Layer): ListingWriter {
		return new ListingWriter(this.#store, backend, layer);
	}

	/** Adds facts of any backends to what the catalogue says; nothing is removed. */
	addFacts(facts: Iterable<OfferFacts>): void {
		for (const [backend, own] of Map.groupBy(facts, fact => fact.backend)) {
			this.listing(backend, 'catalogue').addFacts(own);
		}
	}

	/** Interruption bands, also for regions that have no prices yet. Spot rows without one get theirs. */
	addBands(bands: Iterable<Band>): void {
		const {places, shapes, interruptions, bands: known} = this.#store;
		for (const {backend, region, instanceType, interruption} of bands) {
			const place = places.code({backend, region, zone: undefined});
			known.set(place, shapes.types.code(instanceType), interruptions.code(interruption));
		}

		this.applyBands();
	}

	/** Gives spot rows without an interruption band the one of their type and region. */
	applyBands(): void {
		this.#store.fillBands();
		this.#store.version++;
	}

	/** What is not said stays as it was. */
	setBackend(name: string, traits: BackendDefaults): void {
		this.#traits.set(name, {...this.#traits.get(name), ...traits});
		this.#locked = undefined;
		this.#store.version++;
	}

	/** Whether `setBackend` was told of it. */
	knowsBackend(name: string): boolean {
		return this.#traits.has(name);
	}

	isListed(row: number): boolean {
		return row < this.length && ((this.columns.flags[row] ?? 0) & hidden) === 0;
	}

	isSpot(row: number): boolean {
		return ((this.columns.flags[row] ?? 0) & bits.spot) !== 0;
	}

	/** The rows that are listed, in the order in which they came. */
	listed(): Uint32Array {
		if (this.#listed?.version !== this.version) {
			const rows = new Uint32Array(this.length);
			const {flags} = this.columns;
			let count = 0;
			for (let row = 0; row < rows.length; row++) {
				if (((flags[row] ?? 0) & hidden) === 0) {
					rows[count++] = row;
				}
			}

			this.#listed = {version: this.version, rows: rows.subarray(0, count)};
		}

		return this.#listed.rows;
	}

	/** By code of the backend: 1 where the person has not set it up. */
	locked(): Uint8Array {
		const {backends} = this.places;
		if (this.#locked?.length !== backends.size) {
			this.#locked = Uint8Array.from(backends.values, name => Number(this.#traits.get(name)?.credentials === false));
		}

		return this.#locked;
	}

	/** Index into `availabilities`. What the catalogue says is worth nothing where the person has no credentials. */
	availability(row: number): number {
		const {flags, place, availability} = this.columns;
		const isLocked = ((flags[row] ?? 0) & bits.live) === 0 && this.locked()[this.places.backend[place[row] ?? 0] ?? 0] === 1;
		return isLocked ? noCredentials : (availability[row] ?? 0);
	}

	/** How the instance ends when nobody is there to end it. */
	deadline(row: number): DeadlineKind {
		const {deadline} = this.extras[this.columns.extra[row] ?? 0] ?? {};
		return deadline ?? this.#traits.get(this.places.at(this.columns.place[row] ?? 0).backend)?.deadline ?? 'none';
	}

	/** What its instance is. */
	kind(row: number): InstanceKind {
		const {kind} = this.extras[this.columns.extra[row] ?? 0] ?? {};
		const {backend} = this.places.at(this.columns.place[row] ?? 0);
		return instanceKind({kind, backend, instanceType: this.shapes.at(this.columns.shape[row] ?? 0).instanceType});
	}

	/** The price before the last listing changed it; undefined where it did not. */
	previousPrice(row: number): number | undefined {
		const previous = this.columns.previous[row] ?? Number.NaN;
		return Number.isNaN(previous) ? undefined : previous;
	}

	/** The row as an offer; made when it is asked for, and the same object until something changes. */
	offer(row: number): Offer {
		if (this.#offersOf !== this.version || this.#offers.size >= mostKept) {
			this.#offers.clear();
			this.#offersOf = this.version;
		}

		let offer = this.#offers.get(row);
		if (offer === undefined) {
			offer = this.#make(row);
			this.#offers.set(row, offer);
		}

		return offer;
	}

	id(row: number): string {
		return this.#store.ids.get(row) ?? offerId(this.#facts(row));
	}

	/** The row of an id, listed or not; undefined for one that was never here. */
	rowOf(id: string): number | undefined {
		const given = readOfferId(id);
		const row = given && this.find(given);
		if (row !== undefined) {
			return row;
		}

		for (const [other, own] of this.#store.ids) {
			if (own === id) {
				return other;
			}
		}

		return undefined;
	}

	/** The row of an instance type in a place and market, listed or not. */
	find({
		backend,
		region,
		zone,
		instanceType,
		spot,
	}: Pick<OfferFacts, 'backend' | 'region' | 'zone' | 'instanceType' | 'spot'>): number | undefined {
		const place = this.places.find({backend, region, zone});
		const type = this.shapes.types.find(instanceType);
		return place === undefined || type === undefined ? undefined : this.#store.index.find(place, type, spot);
	}

	/** The listed rows of a backend as facts, whoever said them. */
	*facts(backend: string): Generator<CatalogueFacts> {
		const code = this.places.backends.find(backend);
		for (const row of this.listed()) {
			if (this.places.backend[this.columns.place[row] ?? 0] === code) {
				const previousPrice = this.previousPrice(row);
				yield {...this.#facts(row), ...(previousPrice === undefined ? {} : {previousPrice})};
			}
		}
	}

	#facts(row: number): OfferFacts {
		const {columns, places, shapes} = this;
		const {backend, region, zone} = places.at(columns.place[row] ?? 0);
		const {instanceType, architecture, cpu, memory, disk, gpus} = shapes.at(columns.shape[row] ?? 0);
		const availability = availabilities[columns.availability[row] ?? 0] ?? 'unknown';
		const interruption = this.interruptions.values[columns.interruption[row] ?? 0];
		return {
			backend,
			region,
			...(zone === undefined ? {} : {zone}),
			instanceType,
			architecture,
			cpu,
			memory,
			...(gpus[0] ? {gpu: gpus[0]} : {}),
			...(disk === undefined ? {} : {disk}),
			spot: this.isSpot(row),
			price: columns.price[row] ?? 0,
			estimated: ((columns.flags[row] ?? 0) & bits.estimated) !== 0,
			source: this.sources.values[columns.source[row] ?? 0] ?? '',
			date: columns.date[row] ?? 0,
			availability: availability === 'no quota' || availability === 'no credentials' ? 'unknown' : availability,
			...(interruption ? {interruption} : {}),
		};
	}

	#make(row: number): Offer {
		const {gpu: _, availability: __, disk, source, date, estimated, ...facts} = this.#facts(row);
		const {quota, notes} = this.extras[this.columns.extra[row] ?? 0] ?? {notes: []};
		return {
			...facts,
			id: this.id(row),
			disk,
			gpus: this.shapes.gpusOf(this.columns.shape[row] ?? 0),
			...(estimated ? {estimated} : {}),
			priceSource: source,
			priceDate: date,
			availability: availabilities[this.availability(row)] as Availability,
			deadline: this.deadline(row),
			kind: this.kind(row),
			...(quota ? {quota} : {}),
			notes: this.isDearSpot(row) ? [...notes, dearSpot] : notes,
		};
	}

	/** Whether on-demand in the same place costs no more than this spot offer: price lists say such things. */
	isDearSpot(row: number): boolean {
		const {place, shape, price} = this.columns;
		const type = this.shapes.type[shape[row] ?? 0] ?? 0;
		const twin = this.isSpot(row) ? this.#store.index.find(place[row] ?? 0, type, false) : undefined;
		return twin !== undefined && this.isListed(twin) && (price[twin] ?? 0) <= (price[row] ?? 0);
	}
}
