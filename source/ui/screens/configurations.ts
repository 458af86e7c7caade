import {formatDiagnostic} from '../../configuration/files/diagnostics.js';
import {type HighlightedLine, highlightYaml, type PieceKind} from '../../configuration/yaml/highlight.js';
import type {ConfigurationFile} from '../../configuration/model.js';
import {bodyRows} from '../drawing/frame.js';
import type {AppState} from '../store/state.js';
import {cut, fit, width, windowTop, wrap} from '../drawing/cells.js';
import {type TreeLine, treeLines} from '../store/tree.js';
import {glyphs, paint} from '../drawing/theme.js';
import {beside, listRow, plural, type View} from '../drawing/lines.js';
import {alive} from './alive.js';

/** All `*.dstack.yml` below the folder, with the text and the problems of the one under the cursor beside them. */
export function configurationsView(state: AppState): View {
	const {configurations, cursor, columns, folder} = state;
	const height = bodyRows(state);
	return {path: ['configurations'], right: alive(state), body: body()};

	function body(): string[] {
		if (configurations === undefined) {
			return [];
		}

		if (configurations.length === 0) {
			return empty(folder, columns);
		}

		const chosen = cursor.configurations;
		const listCells = columns < 70 ? columns : Math.min(48, Math.floor(columns * 0.42));
		const lines = treeLines(configurations);
		const at = lines.findIndex(line => line.kind === 'file' && line.index === chosen);
		const top = windowTop(at, lines.length, height - 2, 0);
		const list = [
			paint.muted(cut(` ${plural(configurations.length, 'configuration')} below ${folder}`, listCells)),
			'',
			...lines.slice(top, top + height - 2).map(line => treeRow(line, configurations, chosen, listCells)),
		];
		const current = configurations[chosen];
		return columns < 70 || !current ? list : beside(list, preview(current, columns - listCells - 3, height), listCells, height);
	}
}

const errors = ({diagnostics}: ConfigurationFile): number => diagnostics.filter(({severity}) => severity === 'error').length;

function treeRow(line: TreeLine, configurations: readonly ConfigurationFile[], chosen: number, cells: number): string {
	const indent = '  '.repeat(line.depth);
	if (line.kind === 'folder') {
		return paint.muted(cut(`  ${indent}${line.name}`, cells));
	}

	const configuration = configurations[line.index];
	return configuration ? row(configuration, `${indent}`, line.name, line.index === chosen, cells) : '';
}

function row(
	{label, file, diagnostics, environment}: ConfigurationFile,
	indent: string,
	name: string,
	chosen: boolean,
	cells: number,
): string {
	const sign = environment === undefined ? glyphs.failed : diagnostics.length > 0 ? glyphs.warning : glyphs.done;
	const problems = diagnostics.length === 0 ? '' : ` · ${plural(diagnostics.length, 'problem')}`;
	const line = listRow(`${indent}${sign} ${label === file ? name : `${name}  ${label}`}${problems}`, chosen, cells);
	return environment === undefined ? paint.error(line) : line;
}

function preview(configuration: ConfigurationFile, cells: number, height: number): string[] {
	const {diagnostics, text, file} = configuration;
	const problems = diagnostics.flatMap(diagnostic => {
		const style = diagnostic.severity === 'error' ? paint.error : paint.warning;
		const [first = '', ...rest] = formatDiagnostic(diagnostic);
		return [...wrap(first, cells).map(style), ...rest.map(line => cut(line, cells))];
	});
	const marked = new Set(diagnostics.map(({line}) => line));
	const lines = highlighted(text).map((line, index) => {
		const number = paint.muted(fit(String(index + 1), 3, 'right'));
		return `${number} ${marked.has(index + 1) ? paint.error(glyphs.warning) : ' '} ${painted(line, cells - 6)}`;
	});
	const head = problems.length === 0 ? [] : [...problems.slice(0, Math.floor(height * 0.6)), ''];
	const title = paint.strong(cut(file, cells - 14)) + (errors(configuration) > 0 ? paint.error(' cannot be used') : '');
	return [title, '', ...head, ...lines].slice(0, height);
}

/** A preview is drawn with every frame, and its text changes only with the file. */
let lastHighlighted: {readonly text: string; readonly lines: readonly HighlightedLine[]} = {text: '', lines: [[]]};

function highlighted(text: string): readonly HighlightedLine[] {
	if (lastHighlighted.text !== text) {
		lastHighlighted = {text, lines: highlightYaml(text)};
	}

	return lastHighlighted.lines;
}

const styles: Readonly<Record<PieceKind, (text: string) => string>> = {
	key: paint.accent,
	string: text => text,
	number: paint.ok,
	keyword: paint.warning,
	comment: paint.muted,
	punctuation: paint.muted,
	anchor: paint.warning,
	error: paint.error,
	plain: text => text,
};

/** A line in its colours, cut to `cells`. */
function painted(line: HighlightedLine, cells: number): string {
	let room = cells;
	const pieces: string[] = [];
	for (const {text, kind} of line) {
		const shown = cut(text, room);
		pieces.push(styles[kind](shown));
		room -= width(shown);
		if (shown !== text) {
			break;
		}
	}

	return pieces.join('');
}

const empty = (folder: string, cells: number): string[] => [
	'',
	...wrap(`  There is no .dstack.yml below ${folder}.`, cells),
	'',
	...wrap(
		'  It says what a dev environment needs and how it is prepared. enter writes a first one for you to look at.',
		cells,
	).map(paint.muted),
];
