import {BackendError, type BackendStatus, type OfferSource, type PriceHistory} from '../../backends/backend.js';
import {canLaunch} from '../../backends/registry.js';
import type {Requirements} from '../../configuration/model.js';
import {yieldToEvents} from '../../offers/catalogue/yield-to-events.js';
import type {CatalogueReport} from '../../offers/catalogue/catalogue.js';
import {matchRows} from '../../offers/match.js';
import {instanceKind, isWeakerIsolation} from '../../offers/instance-kind.js';
import type {Offer} from '../../offers/offer.js';
import type {OfferTable} from '../../offers/table.js';
import {bits} from '../../offers/table/rows.js';
import {type Clock, systemClock} from '../../system/clock.js';
import {messageOf} from '../../system/problem.js';
import type {BackendListing, OfferListing} from '../model/listing.js';
import type {OfferCatalogue} from '../../offers/catalogue/offer-catalogue.js';

/** `notes` are what a backend told while it listed. */
type Entry = {readonly source: OfferSource; status: BackendStatus; settled: boolean; notes: string[]};

/** Between two listings, milliseconds: each is matched, sorted and drawn anew, and keys must seldom meet that. */
const shortest = 500;

/**
Asks all sources at once, beside what the catalogue has, and yields what is known each time one of them answered. No source's failure hides
another's offers, or its own of the catalogue.
*/
export async function* listOffers(
	book: OfferCatalogue,
	sources: readonly OfferSource[],
	requirements: Requirements,
	signal: AbortSignal,
	clock: Clock = systemClock,
): AsyncGenerator<OfferListing> {
	const isWanted = (name: string) => requirements.backends === undefined || requirements.backends.includes(name);
	const entries = sources
		.filter(({name}) => isWanted(name))
		.map((source): Entry => ({source, status: {backend: source.name, ready: false, notes: []}, settled: false, notes: []}));
	let catalogue: CatalogueReport | undefined;
	let wake: (() => void) | undefined;
	let news = true;

	const tell = () => {
		news = true;
		wake?.();
	};

	const tasks = [
		book.load().then(report => {
			catalogue = report;
			tell();
		}),
		...entries.map(async (entry, index) => {
			// What a source loads of the program when it is first asked is felt: one after the other, and after the key that led here.
			for (let turn = 0; turn <= index; turn++) {
				await yieldToEvents();
			}

			await ask(book, entry, requirements, signal, tell);
			entry.settled = true;
			tell();
		}),
	];
	const settled = Promise.all(tasks);
	// Met below, when everything has answered.
	settled.catch(() => undefined);
	for (;;) {
		if (news) {
			news = false;
			const complete = catalogue !== undefined && entries.every(each => each.settled);
			const backends = listBackends(book.table, entries, catalogue, isWanted);
			// Matching, and drawing what matches, each take a good part of a frame: a key may come in between.
			await yieldToEvents();
			const matches = matchRows(book.table, requirements);
			await yieldToEvents();
			yield {table: book.table, matches, backends, complete};
			if (complete) {
				break;
			}

			// Each listing is sorted and drawn anew: what comes within a moment is told together. Nothing sleeps on once all is known.
			const moment = new AbortController();
			await Promise.race([clock.sleep(shortest, AbortSignal.any([signal, moment.signal])), settled]);
			moment.abort();
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

/** Takes in what one source says. Offers that it listed before and does not list any more go only when it was heard to the end. */
async function ask(
	book: OfferCatalogue,
	entry: Entry,
	requirements: Requirements,
	signal: AbortSignal,
	tell: () => void,
): Promise<void> {
	const {source} = entry;
	const {table} = book;
	table.setBackend(source.name, {deadline: source.deadline, credentials: source.name === 'local'});
	const note = (line: string) => {
		entry.notes.push(line);
	};

	const gather = async () => {
		const listing = table.listing(source.name, 'live');
		for await (const batch of source.offers(requirements, signal, note)) {
			listing.addOffers(batch);
			tell();
		}

		listing.end();
	};

	try {
		const [status] = await Promise.all([source.status(signal), gather()]);
		entry.status = status;
		table.setBackend(source.name, {credentials: status.noCredentials !== true});
	} catch (error) {
		const next = error instanceof BackendError ? error.next : undefined;
		entry.status = {backend: source.name, ready: false, notes: [messageOf(error), ...(next ? [next] : [])], next};
	}
}

function listBackends(
	table: OfferTable,
	entries: readonly Entry[],
	catalogue: CatalogueReport | undefined,
	isWanted: (name: string) => boolean,
): BackendListing[] {
	const counts = countRows(table);
	const loaded = (catalogue?.loaded ?? []).filter(({backend}) => isWanted(backend));
	const own = new Set(entries.map(({source}) => source.name));
	const dates = new Map(loaded.map(({backend, date}) => [backend, date]));
	return [
		...entries.map(({source, status, settled, notes}) => ({
			...status,
			notes: [...status.notes, ...notes],
			settled,
			...(counts.get(source.name) ?? {count: 0, live: 0}),
			catalogueDate: dates.get(source.name),
			tellsHistory: source.priceHistory !== undefined,
		})),
		...loaded
			.filter(({backend}) => !own.has(backend))
			.map(({backend, date}) => ({
				backend,
				ready: false,
				noCredentials: true,
				notes: ['its offers are compared from the catalogue; this version does not ask it'],
				settled: true,
				...(counts.get(backend) ?? {count: 0, live: 0}),
				catalogueDate: date,
			})),
		...(catalogue?.problems ?? []).map(({message, next}) => ({
			backend: 'catalogue',
			ready: false,
			notes: [message, ...(next === undefined ? [] : [next])],
			settled: true,
			count: 0,
			live: 0,
		})),
	];
}

/** Offers of each backend, and how many of them it told itself. */
function countRows(table: OfferTable): Map<string, {count: number; live: number}> {
	const {place, flags} = table.columns;
	const {backend, backends} = table.places;
	const all = new Uint32Array(backends.size);
	const live = new Uint32Array(backends.size);
	for (const row of table.listed()) {
		const code = backend[place[row] ?? 0] ?? 0;
		all[code] = (all[code] ?? 0) + 1;
		if (((flags[row] ?? 0) & bits.live) !== 0) {
			live[code] = (live[code] ?? 0) + 1;
		}
	}

	return new Map([...backends.values].map((name, code) => [name, {count: all[code] ?? 0, live: live[code] ?? 0}]));
}

const mostOthers = 24;

/** What a person said of single offers. */
export type Picks = {
	/** Tried first, in this order. */
	readonly pinned?: readonly Offer[];
	/** Ids of offers that are not to be tried. */
	readonly excluded?: readonly string[];
	/** Backends that the person named: what kind of instance they give is theirs to judge. */
	readonly backends?: readonly string[] | undefined;
};

/**
What is tried after `offer` where it cannot be had: what is pinned, then the offers behind it in the plan's order that can be launched. This
machine and clouds do not stand in for each other, nor does an instance that is kept apart less, unless the person named its backend.
*/
export function othersAfter(
	{table, matches: {rows, triable}}: OfferListing,
	offer: Offer,
	{pinned = [], excluded = [], backends = []}: Picks = {},
): Offer[] {
	if (offer.backend === 'local') {
		return [];
	}

	const canServe = (backend: string): boolean => backend !== 'local' && canLaunch(backend);
	const isApart = (row: number): boolean =>
		backends.includes(backendOf(row)) || !isWeakerIsolation(table.kind(row), instanceKind(offer));
	const backendOf = (row: number): string => table.places.at(table.columns.place[row] ?? 0).backend;
	const tried = rows.subarray(0, triable);
	const rowsOf = (ids: readonly string[]): Set<number | undefined> => new Set(ids.map(id => table.rowOf(id)));
	const first = pinned.filter(({id, backend}) => id !== offer.id && canServe(backend) && tried.includes(table.rowOf(id) ?? -1));
	const left = rowsOf([offer.id, ...excluded, ...first.map(({id}) => id)]);
	const others = [...first];
	for (const row of tried.subarray(tried.indexOf(table.rowOf(offer.id) ?? -1) + 1)) {
		if (others.length >= mostOthers) {
			break;
		}

		if (!left.has(row) && canServe(backendOf(row)) && isApart(row)) {
			others.push(table.offer(row));
		}
	}

	return others;
}

/** The offer that a plan starts with: the first that matches and can be launched, else the first that matches, whose plan says why not. */
export function firstToTry({table, matches: {rows, triable}}: OfferListing): Offer | undefined {
	const tried = rows.subarray(0, triable);
	const row = tried.find(each => canLaunch(table.places.at(table.columns.place[each] ?? 0).backend)) ?? tried[0];
	return row === undefined ? undefined : table.offer(row);
}

/** The container of this machine that a process of it stands in for; undefined for any other offer, and where nothing here makes containers. */
export function containerInstead({table}: OfferListing, offer: Offer): Offer | undefined {
	const code = table.places.backends.find('local');
	if (instanceKind(offer) !== 'process' || code === undefined) {
		return undefined;
	}

	const row = table
		.listed()
		.find(each => table.places.backend[table.columns.place[each] ?? 0] === code && table.kind(each) === 'container');
	return row === undefined ? undefined : table.offer(row);
}

/** Asks the source that listed a spot offer of a zone what it cost before; see `Engine.priceHistory`. */
export async function askHistory(
	sources: readonly OfferSource[],
	{backend, region, zone, instanceType}: Offer,
	signal: AbortSignal,
): Promise<PriceHistory> {
	const source = sources.find(({name}) => name === backend);
	if (!source?.priceHistory || zone === undefined) {
		throw new Error(`${backend} does not tell what ${instanceType} cost before`);
	}

	return source.priceHistory({region, zone, instanceType}, signal);
}
