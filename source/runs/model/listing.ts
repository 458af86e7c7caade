import type {BackendStatus} from '../../backends/backend.js';
import type {Matches} from '../../offers/match.js';
import type {OfferTable} from '../../offers/table.js';

/** A backend as the offers screen shows it. */
export type BackendListing = BackendStatus & {
	readonly settled: boolean;
	/** Its offers in the table, and how many of them it told itself. */
	readonly count: number;
	readonly live: number;
	/** Of what the catalogue says of it, milliseconds since the epoch. */
	readonly catalogueDate?: number;
	/** Whether it tells what its spot markets cost before. */
	readonly tellsHistory?: boolean;
};

/** What the offers screen and `offers` show: everything that is known so far, and the rows that match, in the plan's order. */
export type OfferListing = {
	readonly table: OfferTable;
	readonly matches: Matches;
	readonly backends: readonly BackendListing[];
	/** Whether everybody has answered. */
	readonly complete: boolean;
};
