import {formatDiagnostic} from '../../configuration/files/diagnostics.js';
import {bodyRows} from '../drawing/frame.js';
import type {AppState} from '../store/state.js';
import {cut, fit, width, windowTop, wrap} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {listRow, rule, type View} from '../drawing/lines.js';
import {alive} from './alive.js';

/** The profiles of the folder and what each means in words; the last line is to use none. */
export function profilesView(state: AppState): View {
	const {profiles, cursor, columns, configuration} = state;
	const list = profiles?.profiles ?? [];
	const problems = (profiles?.diagnostics ?? [])
		.flatMap(diagnostic => formatDiagnostic(diagnostic))
		.map(line => cut(line, columns));
	const height = Math.max(3, bodyRows(state) - 6 - Math.min(problems.length, 6));
	const nameCells = Math.min(24, Math.max(10, ...list.map(({name}) => width(name) + 2)));
	const rows = [
		...list.map(({name, words, default: isDefault}) => `${fit(name, nameCells)}${isDefault ? 'default  ' : '         '}${words}`),
		`${fit('no profile', nameCells)}         whatever the configuration and the defaults ask for`,
	];
	const top = windowTop(cursor.profiles, rows.length, height, 0);
	const chosen = list[cursor.profiles];
	return {
		path: [configuration?.label ?? '', 'profiles'],
		right: alive(state),
		body: [
			...problems.slice(0, 6).map(paint.error),
			...rows.slice(top, top + height).map((text, index) => listRow(text, top + index === cursor.profiles, columns)),
			'',
			rule(columns),
			...wrap(
				chosen
					? `${chosen.name}: ${chosen.words.replaceAll(' · ', `, `)}`
					: `no profile ${glyphs.into} only what the configuration asks for`,
				columns,
			).slice(0, 3),
		],
	};
}
