import type {ColumnId} from '../../offers/columns.js';
import {type Group, type GroupBy} from '../../offers/group.js';
import type {FilterError} from '../../offers/query/parse.js';
import {type SortKey} from '../../offers/sort.js';
import type {GridChoices} from '../../runs/model/preferences.js';

/** How the grid is arranged. What a person chose of it is kept between sessions. */
export type Grid = {
	readonly filter: string;
	/** The first key before the second; empty for the plan's own order. */
	readonly sort: readonly SortKey[];
	readonly group: GroupBy | undefined;
	/** The key of the group whose offers are shown. */
	readonly opened: string | undefined;
	/** The columns that the person chose; undefined for the usual ones. */
	readonly columns: readonly ColumnId[] | undefined;
	/** Ids of offers, first in the order in which they were pinned. */
	readonly pins: readonly string[];
	readonly excluded: readonly string[];
	readonly drawer: boolean;
	/** Filters that were used, newest last. */
	readonly history: readonly string[];
};

/** What the grid shows of a listing. */
export type Shown = {
	/** Rows of the table; those of the opened group where there is one. */
	readonly rows: Uint32Array;
	/** The groups that are shown instead of rows. */
	readonly groups: readonly Group[] | undefined;
	readonly errors: readonly FilterError[];
};

export const initialGrid: Grid = {
	filter: '',
	sort: [],
	group: undefined,
	opened: undefined,
	columns: undefined,
	pins: [],
	excluded: [],
	drawer: false,
	history: [],
};

/** What was chosen the last time. */
export const restoredGrid = ({sort = [], group, columns: chosen, history = []}: GridChoices): Grid => ({
	...initialGrid,
	sort,
	group,
	columns: chosen,
	history,
});

export const nothingShown: Shown = {rows: new Uint32Array(), groups: undefined, errors: []};
