import {chosenRow, formRows, matching} from '../store/form.js';
import type {AppState} from '../store/state.js';
import {cut, fit} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {ends, listRow, plural, rule, type View} from '../drawing/lines.js';
import {alive} from './alive.js';

const labelCells = 20;

/** What is asked for, line by line with who asked; each can be changed for this run. */
export function formView(state: AppState): View {
	const {configuration, profile, columns, request, flags, cursor, tentative} = state;
	const requirements = tentative?.request?.requirements ?? request?.requirements;
	const origins = new Map((request?.requirements.asked ?? []).map(({key, origin}) => [key, origin]));
	const valueCells = Math.max(12, Math.min(40, columns - labelCells - 36));
	const rows = formRows.map((row, index) => {
		const value = requirements ? row.text(requirements) : '';
		const own = row.flag(flags);
		const origin = own === undefined ? (origins.get(row.key) ?? '') : 'this run';
		const mark = own === undefined ? ' ' : glyphs.changed;
		return listRow(
			`${mark} ${fit(row.label, labelCells)} ${fit(value === '' ? 'any' : value, valueCells)}  ${origin}`,
			index === cursor.form,
			columns,
		);
	});
	const count = matching(state);
	const effect =
		tentative?.problem === undefined
			? count === undefined
				? paint.muted(cut(' asking the backends', columns))
				: (count.usable === 0 ? paint.warning : paint.strong)(
						cut(` ${plural(count.usable, 'offer')} of ${count.all} can be had with this`, columns),
					)
			: paint.error(cut(` ${glyphs.failed} ${tentative.problem}`, columns));
	return {
		path: [configuration?.label ?? '', ...(profile ? [profile.name] : []), 'what to ask for'],
		right: alive(state),
		body: [
			ends(` ${requirements?.words.join(' · ') || 'anything'}`, '', columns, paint.muted),
			'',
			paint.strong(cut(`    ${fit('', labelCells)} ${fit('ASKED FOR', valueCells)}  BY`, columns)),
			...rows,
			'',
			rule(columns),
			effect,
			paint.muted(cut(` ${chosenRow(state).help}`, columns)),
		],
	};
}
