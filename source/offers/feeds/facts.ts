import type {OfferFacts} from '../facts.js';

export type {OfferFacts} from '../facts.js';

export type Architecture = 'x86_64' | 'arm64' | 'unknown';

export type GpuFacts = {
	readonly vendor: string;
	readonly name: string;
	/** Below 1 for a part of one card. */
	readonly count: number;
	/** MiB, nominal, of each; of the part where it is a part. 0 where nobody says. */
	readonly memory: number;
};

/** What is known of an instance type apart from its price: for feeds that have prices alone. */
export type SizeFacts = Pick<OfferFacts, 'architecture' | 'cpu' | 'memory' | 'gpu' | 'disk'>;
export type SizeTable = ReadonlyMap<string, SizeFacts>;

/** Why rows of a feed were left out, how many, and what one of them said. */
export type LeftOut = {readonly reason: string; readonly count: number; readonly example: string};

/** What came of one run of a feed. */
export type FeedSummary = {
	/** How many facts were given. */
	readonly rows: number;
	readonly leftOut: number;
	/** How many of those left out could not be read or believed; the others were left out by rule. */
	readonly odd: number;
	/** The most frequent first. */
	readonly reasons: readonly LeftOut[];
	/** What is missing although the feed as a whole succeeded; one sentence each. */
	readonly notes: readonly string[];
	/** What to give the next run, so that it may find that nothing has changed. */
	readonly mark?: string;
	/** Nothing has changed since the run that left the given mark; there were no rows. */
	readonly unchanged: boolean;
};
