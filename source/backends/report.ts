import type {DeadlineKind} from '../offers/offer.js';
import {type Clock, systemClock} from '../system/clock.js';
import {messageOf} from '../system/problem.js';
import {BackendError, type BackendStatus, type OfferSource, type SourceSetup} from './backend.js';
import {canLaunch, offerSources} from './registry.js';
import {readSettingsFiles} from './settings/index.js';
import {within} from './stream.js';

/**
How a backend stands: `ready` and `failed` were tested, `untested` is set up, `not set up` is no failure.
One that is `catalogue only` cannot be asked by this version.
*/
export const backendStates = ['ready', 'failed', 'untested', 'not set up', 'catalogue only'] as const;
export type BackendState = (typeof backendStates)[number];

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
	/** Told how each configured backend is set up, before it is asked. */
	readonly onAsking?: (entry: BackendEntry) => void;
	readonly clock?: Clock;
	/** Milliseconds that each has for its answer. */
	readonly limit?: number;
};

const usualLimit = 10_000;

/**
How every backend is set up, and with `test` whether it answers. Failures are entries, and so is silence: none holds up another. This never
throws but for the signal.
*/
export async function backendReport(options: ReportOptions): Promise<BackendReport> {
	const {sources = offerSources(), onEntry} = options;
	const files = readSettingsFiles();
	const entries = sources.map(async source => {
		const entry = await describe(source, options);
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

async function describe(
	source: OfferSource,
	{test, signal, onAsking, clock = systemClock, limit = usualLimit}: ReportOptions,
): Promise<BackendEntry> {
	let known: BackendEntry = {
		name: source.name,
		state: 'failed',
		origin: undefined,
		launches: canLaunch(source.name),
		deadline: source.deadline,
		notes: [],
		missing: [],
		next: undefined,
	};
	const late = () => new BackendError('transient', `did not answer within ${limit / 1000} s`, {next: silence});
	try {
		return await within(clock, limit, signal, late, async inner => {
			const setup = (await source.setup?.()) ?? alwaysThere;
			known = {...known, origin: setup.origin};
			const untested = describeSetup(setup, known);
			if (!test || untested.state !== 'untested' || inner.aborted) {
				return untested;
			}

			onAsking?.(untested);
			const status = await source.status(inner);
			return {
				...known,
				state: stateOf(status),
				notes: [...status.notes, ...setup.warnings],
				missing: status.missing ?? [],
				next: status.next,
			};
		});
	} catch (error) {
		signal.throwIfAborted();
		return {...known, state: 'failed', notes: [messageOf(error)], next: error instanceof BackendError ? error.next : undefined};
	}
}

const silence = 'Try again; if it goes on, look at your network and at the status page of the cloud.';

function describeSetup({configured, problems, warnings, next}: SourceSetup, known: BackendEntry): BackendEntry {
	if (!configured) {
		return {...known, state: 'not set up', notes: warnings, next};
	}

	return problems.length > 0
		? {...known, state: 'failed', notes: [...problems, ...warnings], next: 'Mend it and try again.'}
		: {...known, state: 'untested', notes: warnings};
}

const stateOf = ({ready, noCredentials}: BackendStatus): BackendState =>
	ready ? 'ready' : noCredentials ? 'not set up' : 'failed';
