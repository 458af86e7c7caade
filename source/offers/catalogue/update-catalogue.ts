import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {hasRefreshed, withPrevious, writeRefreshed} from './refresh.js';
import {type Cloud, clouds as allClouds} from '../feeds/clouds.js';
import type {SizeFacts} from '../feeds/facts.js';
import type {FeedUrls} from '../feeds/feed.js';
import {type CloudProgress, type FactSink, updateCatalogue} from '../feeds/update.js';
import {type ListingWriter, OfferTable} from '../table.js';
import {type Clock, systemClock} from '../../system/clock.js';
import type {Http} from '../../system/http.js';
import {sweepDocuments} from '../../system/document-cache.js';
import {acquireLock} from '../../system/lock.js';
import {Problem} from '../../system/problem.js';
import {OfferCatalogue} from './offer-catalogue.js';
import {type Checked, readRefreshState, type RefreshState, writeRefreshState} from './refresh-state.js';

export type RefreshOptions = {
	/** Where the refreshed catalogues are kept, and beside them when that was. */
	readonly folder: string;
	readonly clouds?: readonly Cloud[];
	readonly urls?: Partial<FeedUrls>;
	readonly http?: Http;
	readonly clock?: Clock;
	readonly signal?: AbortSignal;
	onProgress?(progress: CloudProgress): void;
};

/** An update on another machine that has shown nothing for so long is none any more. Milliseconds. */
const elsewhereLimit = 10 * 60_000;

/**
Fetches the prices of clouds and keeps each cloud's in a file of its own; one that fails keeps what it had. Rejects with a `failed`
problem while another process does the same, and with the signal's reason; no file is left half-written.
*/
export async function refreshCatalogue(options: RefreshOptions): Promise<CloudProgress[]> {
	const {folder} = options;
	await mkdir(folder, {recursive: true, mode: 0o700});
	const lock = await acquireLock(path.join(folder, 'update.lock'), {isTidy: true, elsewhereLimit});
	if (!lock) {
		throw new Problem('failed', 'Another update of the catalogue is under way', {next: 'Wait for its end.'});
	}

	try {
		return await refresh(options);
	} finally {
		await lock.release();
	}
}

/** Documents that no feed asks for any more, milliseconds. */
const documentsKeptFor = 30 * 24 * 3_600_000;

async function refresh({folder, clouds = allClouds, clock = systemClock, signal, onProgress, ...options}: RefreshOptions) {
	const book = new OfferCatalogue(folder);
	await book.load();
	const journal = new Journal(folder, await readRefreshState(folder), clock);
	const documents = path.join(folder, 'documents');
	const results = await updateCatalogue({
		...options,
		documents,
		clouds,
		clock,
		signal,
		// A mark is worth something only while what it stands for is here and can be read, also where the package brought newer prices.
		marks: journal.marks(await kept(folder, clouds)),
		sizes: {aws: sizesOf(book.table, 'aws'), azure: sizesOf(book.table, 'azure')},
		sink: new FileSink(folder, book.table, journal),
		onProgress,
	});
	for (const {backend, state} of results) {
		if (state === 'failed') {
			await journal.failed(backend);
		}
	}

	await sweepDocuments(documents, clock.now() - documentsKeptFor);
	return results;
}

async function kept(folder: string, clouds: readonly Cloud[]): Promise<string[]> {
	const all = await Promise.all(clouds.map(async ({backend}) => ({backend, isThere: await hasRefreshed(folder, backend)})));
	return all.filter(({isThere}) => isThere).map(({backend}) => backend);
}

/** Keeps each cloud's new offers apart until they are whole, then writes them in one go, with the prices that they had before. */
class FileSink implements FactSink {
	readonly #folder: string;
	readonly #known: OfferTable;
	readonly #journal: Journal;
	readonly #open = new Map<string, {readonly table: OfferTable; readonly listing: ListingWriter}>();

	constructor(folder: string, known: OfferTable, journal: Journal) {
		this.#folder = folder;
		this.#known = known;
		this.#journal = journal;
	}

	begin(backend: string): void {
		const table = new OfferTable();
		this.#open.set(backend, {table, listing: table.listing(backend, 'catalogue')});
	}

	add(facts: Parameters<FactSink['add']>[0]): void {
		const backend = facts[0]?.backend;
		if (backend !== undefined) {
			this.#open.get(backend)?.listing.addFacts(facts);
		}
	}

	async commit(backend: string, mark?: string): Promise<void> {
		const {table} = this.#open.get(backend) ?? {};
		this.#open.delete(backend);
		if (table) {
			await writeRefreshed(this.#folder, backend, withPrevious(this.#known, table.facts(backend)));
			await this.#journal.checked(backend, mark);
		}
	}

	abort(backend: string): void {
		this.#open.delete(backend);
	}

	async unchanged(backend: string, mark: string): Promise<void> {
		await this.#journal.checked(backend, mark);
	}
}

/** When each cloud was asked, written down as soon as it is known, one write after the other. */
class Journal {
	readonly #folder: string;
	readonly #clock: Clock;
	#state: RefreshState;
	#written: Promise<void> = Promise.resolve();

	constructor(folder: string, state: RefreshState, clock: Clock) {
		this.#folder = folder;
		this.#state = state;
		this.#clock = clock;
	}

	marks(backends: readonly string[]): Map<string, string> {
		return new Map(
			backends.flatMap(backend => {
				const mark = this.#state[backend]?.mark;
				return mark === undefined ? [] : [[backend, mark]];
			}),
		);
	}

	async checked(backend: string, mark: string | undefined): Promise<void> {
		await this.#write(backend, {checked: this.#clock.now(), ...(mark ? {mark} : {})});
	}

	async failed(backend: string): Promise<void> {
		await this.#write(backend, {...this.#state[backend], failed: this.#clock.now()});
	}

	async #write(backend: string, entry: Checked): Promise<void> {
		this.#state = {...this.#state, [backend]: entry};
		const write = this.#written.then(async () => writeRefreshState(this.#folder, this.#state));
		this.#written = write.catch(() => undefined);
		await write;
	}
}

function sizesOf(table: OfferTable, backend: string): Map<string, SizeFacts> {
	const sizes = new Map<string, SizeFacts>();
	for (const {instanceType, architecture, cpu, memory, gpu, disk} of table.facts(backend)) {
		if (!sizes.has(instanceType)) {
			sizes.set(instanceType, {architecture, cpu, memory, gpu, disk});
		}
	}

	return sizes;
}
