import type {PriceHistory} from '../../backends/backend.js';
import type {BackendEntry} from '../../backends/report.js';

/** How the backends stand, as far as is known. */
export type BackendsView = {
	readonly entries: readonly BackendEntry[];
	/** Whether all have answered; until then an `untested` one is being asked. */
	readonly complete: boolean;
	/** What is wrong in the settings' files and was not said with a backend. */
	readonly problems: readonly string[];
};

/** What is known of the past of the offer called `id`. */
export type SpotView = {readonly id: string} & ({readonly told: PriceHistory} | {readonly problem: string});
