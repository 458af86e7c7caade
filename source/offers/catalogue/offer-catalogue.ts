import {deadlineKinds} from '../deadline-kinds.js';
import type {OnDemandPriceLookup} from '../on-demand-price.js';
import {knownBackends} from '../../configuration/schema/known-names.js';
import type {CatalogueReport} from './catalogue.js';
import {OfferTable} from '../table.js';
import type {RefreshEnd} from './background-refresh.js';

/** All offers that this program knows: what the catalogue says, and what backends said since it started. */
export class OfferCatalogue {
	readonly table = new OfferTable();
	readonly #folder: string;
	#loading: Promise<CatalogueReport> | undefined;
	/** The files as they were when they were read last. */
	#files: ReadonlyMap<string, string> | undefined;

	/** `folder` holds refreshed catalogues. */
	constructor(folder: string) {
		this.#folder = folder;
	}

	/** Reads the catalogue, once; what cannot be read is in the report, and the program goes on without. */
	async load(): Promise<CatalogueReport> {
		this.#loading ??= this.#load();
		return this.#loading;
	}

	/** Reads the catalogue anew, after a refresh wrote it. Rows keep their numbers; the table knows which prices were others before. */
	async reload(): Promise<CatalogueReport> {
		this.#loading = (this.#loading ?? Promise.resolve()).then(async () => this.#load());
		return this.#loading;
	}

	/** The backends whose refreshed offers are others than those that were read, whoever wrote them. None before the first reading. */
	async changed(): Promise<string[]> {
		const before = this.#files;
		if (before === undefined) {
			return [];
		}

		const {refreshedFiles} = await import('./refresh.js');
		const now = await refreshedFiles(this.#folder);
		return [...new Set([...before.keys(), ...now.keys()])].filter(backend => before.get(backend) !== now.get(backend));
	}

	/** AWS's on-demand prices as the catalogue has them; its own API does not report them. */
	async awsPrices(): Promise<OnDemandPriceLookup> {
		await this.load();
		return (region, instanceType) => {
			const row = this.table.find({backend: 'aws', region, zone: undefined, instanceType, spot: false});
			if (row === undefined) {
				return undefined;
			}

			// Asked for thousands of types in one go: no offer is made of them.
			const {price, source, date} = this.table.columns;
			return {price: price[row] ?? 0, source: this.table.sources.values[source[row] ?? 0] ?? '', date: date[row] ?? 0};
		};
	}

	async #load(): Promise<CatalogueReport> {
		const [{loadCatalogue}, {refreshedFiles}] = await Promise.all([import('./catalogue.js'), import('./refresh.js')]);
		// Before they are read: what is written meanwhile is noticed the next time.
		this.#files = await refreshedFiles(this.#folder);
		// Before the first row: none is shown as to be had that may turn out not to be.
		this.#lock(knownBackends);
		const report = await loadCatalogue(this.table, {folder: this.#folder});
		this.#lock(report.loaded.map(({backend}) => backend));
		return report;
	}

	/** What a backend itself said since is better. */
	#lock(backends: readonly string[]): void {
		for (const backend of backends.filter(name => !this.table.knowsBackend(name))) {
			this.table.setBackend(backend, {deadline: deadlineKinds[backend] ?? 'none', credentials: false});
		}
	}
}

/** What this refresh wrote, or another program on this machine since the last one, is taken into the table. */
export async function reloadAfterRefresh(book: OfferCatalogue, end: RefreshEnd | undefined): Promise<RefreshEnd | undefined> {
	const changed = await book.changed();
	if (changed.length === 0) {
		return end;
	}

	await book.reload();
	return {failed: [], ...end, refreshed: [...new Set([...(end?.refreshed ?? []), ...changed])]};
}
