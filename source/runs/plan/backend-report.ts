import type {OfferSource} from '../../backends/backend.js';
import {type BackendEntry, type BackendReport, backendReport} from '../../backends/report.js';
import {deadlineKinds} from '../../offers/deadline-kinds.js';
import type {OfferCatalogue} from '../../offers/catalogue/offer-catalogue.js';

/** How all backends stand, those that only the catalogue knows among them; see `Engine.backendReport`. */
export async function reportBackends(
	book: OfferCatalogue,
	sources: readonly OfferSource[],
	onEntry: (entry: BackendEntry) => void,
	signal: AbortSignal,
): Promise<BackendReport> {
	const asked = backendReport({test: true, signal, sources, onEntry, onAsking: onEntry});
	const known = knownOnly(book, sources).then(entries => {
		for (const entry of entries) {
			onEntry(entry);
		}

		return entries;
	});
	const [report, entries] = await Promise.all([asked, known]);
	return {...report, backends: [...report.backends, ...entries]};
}

async function knownOnly(book: OfferCatalogue, sources: readonly OfferSource[]): Promise<BackendEntry[]> {
	const {loaded} = await book.load();
	const own = new Set<string>(sources.map(({name}) => name));
	const names = [...new Set(loaded.map(({backend}) => backend))].filter(name => !own.has(name));
	return names.map(name => ({
		name,
		state: 'catalogue only',
		origin: undefined,
		launches: false,
		deadline: deadlineKinds[name] ?? 'none',
		notes: ['Its offers are compared from the catalogue; this version does not ask it.'],
		missing: [],
		next: undefined,
	}));
}
