import {deadlineKinds} from '../backends/traits.js';
import type {PriceOf} from '../backends/aws/offers.js';
import {knownBackends} from '../configuration/known-names.js';
import type {CatalogueReport} from '../offers/catalogue/catalogue.js';
import {OfferTable} from '../offers/table.js';

/** All offers that this program knows: what the catalogue says, and what backends said since it started. */
export class OfferBook {
	readonly table = new OfferTable();
	readonly #folder: string;
	#loading: Promise<CatalogueReport> | undefined;

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

	/** AWS's on-demand prices as the catalogue has them; its own API does not tell them. */
	async awsPrices(): Promise<PriceOf> {
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
		const {loadCatalogue} = await import('../offers/catalogue/catalogue.js');
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
