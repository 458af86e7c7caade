import {bindings} from '../bindings/index.js';
import {bindingsOf, keysOf, paletteMatches} from '../keymap.js';
import type {AppState, Field} from '../store/state.js';
import {cut, fit, windowTop} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {listRow} from '../drawing/lines.js';

/** Cells in which keys and their meaning can be read. */
const least = 56;

/** Every key that means something now, in as many columns as there is room for. */
export function helpRows(state: AppState, height: number): string[] {
	const {columns, help = 0} = state;
	const entries = bindingsOf(bindings, state).filter(({keys}) => keys.length > 0);
	const across = Math.max(1, Math.min(3, Math.floor(columns / least), Math.ceil(entries.length / Math.max(1, height - 3))));
	const down = Math.ceil(entries.length / across);
	const cells = Math.floor(columns / across);
	const rows = Array.from({length: down}, (_, index) =>
		Array.from({length: across}, (_, column) => entries[column * down + index])
			.map(binding => (binding ? ` ${paint.accent(fit(keysOf(binding), 16))} ${fit(binding.title, cells - 19)} ` : ''))
			.join(''),
	);
	const shown = height - 3;
	const top = Math.min(help, Math.max(0, rows.length - shown));
	const more = rows.length > top + shown ? paint.muted(` ${glyphs.descending} ${rows.length - top - shown} more`) : '';
	return [paint.strong(cut(' Keys of this screen', columns)), '', ...rows.slice(top, top + shown), more];
}

/** What the palette offers for the text so far. */
export function paletteRows(state: AppState, field: Field, height: number): string[] {
	const matches = paletteMatches(bindings, state, field.text);
	const top = windowTop(field.index, matches.length, height, 0);
	return matches.length === 0
		? [paint.warning('  Nothing of this name can be done here')]
		: matches
				.slice(top, top + height)
				.map((binding, index) =>
					listRow(
						`${fit(binding.title, Math.max(10, state.columns - 24))} ${keysOf(binding)}`,
						top + index === field.index,
						state.columns,
					),
				);
}
