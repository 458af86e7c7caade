import {cut, fit, width} from './cells.js';

/** A column of a list of `Row`s. */
export type GridColumn<Row> = {
	readonly title: string;
	readonly text: (row: Row) => string;
	/** Columns with a higher number go first when there is no room; 0 never goes. */
	readonly drop: number;
	/** Cells to which it may be cut before any column goes. */
	readonly least?: number;
};

type Sized<Row> = {readonly column: GridColumn<Row>; cells: number};

const gap = 2;
const total = (sized: ReadonlyArray<{readonly cells: number}>): number =>
	sized.reduce((sum, {cells}) => sum + cells + gap, 0) - gap;

/** Cuts what may be cut, what matters least first, until the columns fit or nothing may be cut any more. */
function shrink<Row>(natural: ReadonlyArray<Sized<Row>>, cells: number): ReadonlyArray<Sized<Row>> {
	const sized = natural.map(entry => ({...entry}));
	for (const entry of [...sized].sort((a, b) => b.column.drop - a.column.drop)) {
		const least = Math.min(entry.cells, entry.column.least ?? entry.cells);
		entry.cells = Math.max(least, entry.cells - Math.max(0, total(sized) - cells));
	}

	return sized;
}

/** Gives each column the cells that it needs; where there are too few, the columns that matter least are left out. */
function arrange<Row>(columns: ReadonlyArray<GridColumn<Row>>, rows: readonly Row[], cells: number): ReadonlyArray<Sized<Row>> {
	let natural = columns.map((column): Sized<Row> => ({
		column,
		cells: Math.max(width(column.title), ...rows.map(row => width(column.text(row)))),
	}));
	for (;;) {
		const sized = shrink(natural, cells);
		const drop = Math.max(...sized.map(({column}) => column.drop));
		if (total(sized) <= cells || drop === 0) {
			return sized;
		}

		natural = natural.filter(({column}) => column.drop < drop);
	}
}

/** The titles and the rows of a list in aligned columns, at most `cells` wide. */
export function gridLines<Row>(
	columns: ReadonlyArray<GridColumn<Row>>,
	rows: readonly Row[],
	cells: number,
): {readonly titles: string; readonly lines: readonly string[]} {
	const sized = arrange(columns, rows, cells);
	const line = (textOf: (column: GridColumn<Row>) => string) =>
		cut(sized.map(({column, cells: own}) => fit(textOf(column), own)).join(' '.repeat(gap)), cells);
	return {titles: line(({title}) => title), lines: rows.map(row => line(({text}) => text(row)))};
}
