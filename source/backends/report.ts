import type {DeadlineKind} from '../offers/offer.js';
import type {BackendStatus, OfferSource, SourceSetup} from './backend.js';
import {canLaunch, offerSources} from './registry.js';
import {readSettingsFiles} from './settings/index.js';

/** How a backend stands: `ready` and `failed` were tested, `untested` is set up, `not set up` is no failure. */
export type BackendState = 'ready' | 'failed' | 'untested' | 'not set up';

/** One backend in words. Nothing here is a secret. */
export type BackendEntry = {
	readonly name: string;
	readonly state: BackendState;
	/** Where it is configured: `LAMBDA_API_KEY`, a profile, a file; undefined where it is not. */
	readonly origin: string | undefined;
	/** Whether this version can start environments there, or only compare its offers. */
	readonly launches: boolean;
	readonly deadline: DeadlineKind;
	/** What works, what does not and why, one line each. */
	readonly notes: readonly string[];
	/** Permissions that the account lacks, by the provider's own names. */
	readonly missing: readonly string[];
	/** What the person can do next, as one sentence. */
	readonly next: string | undefined;
};

export type BackendReport = {
	readonly backends: readonly BackendEntry[];
	/** What is wrong in the settings' files, with file, line and column; it may be of no backend. */
	readonly problems: readonly string[];
	readonly warnings: readonly string[];
};

export type ReportOptions = {
	/** Whether each configured backend is asked, with the cheapest question that it has. */
	readonly test: boolean;
	readonly signal: AbortSignal;
	readonly sources?: readonly OfferSource[];
	/** Told each entry as soon as it is known; they come in no order. */
	readonly onEntry?: (entry: BackendEntry) => void;
};

/** How every backend is set up, and with `test` whether it answers. Failures are entries; this never throws but for the signal. */
export async function backendReport({test, signal, sources = offerSources(), onEntry}: ReportOptions): Promise<BackendReport> {
	const files = readSettingsFiles();
	const entries = sources.map(async source => {
		const entry = await describe(source, test, signal);
		onEntry?.(entry);
		return entry;
	});
	const backends = await Promise.all(entries);
	const {own, server} = await files;
	return {
		backends,
		problems: [...own.problems, ...Object.values(own.entries).flatMap(({problems}) => problems)],
		warnings: [...own.warnings, ...server.warnings],
	};
}

const alwaysThere: SourceSetup = {configured: true, origin: 'this machine', problems: [], warnings: [], next: undefined};

async function describe(source: OfferSource, test: boolean, signal: AbortSignal): Promise<BackendEntry> {
	const setup = (await source.setup?.()) ?? alwaysThere;
	const common = {
		name: source.name,
		origin: setup.origin,
		launches: canLaunch(source.name),
		deadline: source.deadline,
	};
	if (!setup.configured) {
		return {...common, state: 'not set up', notes: setup.warnings, missing: [], next: setup.next};
	}

	if (setup.problems.length > 0) {
		const notes = [...setup.problems, ...setup.warnings];
		return {...common, state: 'failed', notes, missing: [], next: 'Mend it and try again.'};
	}

	if (!test) {
		return {...common, state: 'untested', notes: setup.warnings, missing: [], next: undefined};
	}

	const status = await source.status(signal);
	return {
		...common,
		state: stateOf(status),
		notes: [...status.notes, ...setup.warnings],
		missing: status.missing ?? [],
		next: status.next,
	};
}

const stateOf = ({ready, noCredentials}: BackendStatus): BackendState =>
	ready ? 'ready' : noCredentials ? 'not set up' : 'failed';
