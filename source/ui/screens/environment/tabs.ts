import {runSign} from '../../drawing/run-sign.js';
import {type AppState, openRuns} from '../../store/state.js';
import {cut, width} from '../../drawing/cells.js';
import {glyphs, paint} from '../../drawing/theme.js';

type Label = {readonly text: string; readonly isOpen: boolean};

const longestName = 24;

/** The open environments beside each other, where there are several: how each is, and which one is shown. */
export function tabRows(state: AppState): string[] {
	const {columns, run} = state;
	const runs = openRuns(state);
	if (runs.length < 2) {
		return [];
	}

	const labels = runs.map((each): Label => {
		const isOpen = each.name === run?.name;
		const name = cut(each.name, Math.max(longestName - runs.length, 8));
		return {text: isOpen ? `[${runSign(each)} ${name}]` : ` ${runSign(each)} ${name} `, isOpen};
	});
	const at = labels.findIndex(({isOpen}) => isOpen);
	const {from, to} = windowAround(
		labels.map(({text}) => width(text)),
		Math.max(0, at),
		columns - 2 - 2 * moreCells,
	);
	const shown = labels.slice(from, to).map(({text, isOpen}) => (isOpen ? paint.strong(text) : text));
	const before = from > 0 ? paint.muted(`${glyphs.outOf}${from} `) : '';
	const after = to < labels.length ? paint.muted(` ${labels.length - to}${glyphs.into}`) : '';
	return [` ${before}${shown.join('')}${after}`];
}

/** Cells for how many are not shown at one side. */
const moreCells = 4;

/** As many neighbours of one as there is room for. */
function windowAround(widths: readonly number[], at: number, cells: number): {readonly from: number; readonly to: number} {
	let [from, to] = [at, at + 1];
	let used = widths[at] ?? 0;
	for (let grew = true; grew;) {
		grew = false;
		for (const index of [to, from - 1]) {
			const next = widths[index];
			if (next !== undefined && used + next <= cells) {
				used += next;
				[from, to] = [Math.min(from, index), Math.max(to, index + 1)];
				grew = true;
			}
		}
	}

	return {from, to};
}
