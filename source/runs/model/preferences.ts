import type {ColumnId} from '../../offers/columns.js';
import type {GroupBy} from '../../offers/group.js';
import type {SortKey} from '../../offers/sort.js';

/** What a person chose of the grid of offers, kept between sessions. */
export type GridChoices = {
	readonly sort?: readonly SortKey[];
	readonly group?: GroupBy;
	readonly columns?: readonly ColumnId[];
	readonly history?: readonly string[];
};

/** What happens with a port that starts to listen inside: the person is asked, it is forwarded at once, or nobody looks. */
export type ForwardPolicy = 'ask' | 'always' | 'never';

/** Whether `-y` alone starts a process of this machine where a container was to be had: the person is asked, or has said yes for always. */
export type ProcessPolicy = 'ask' | 'always';
