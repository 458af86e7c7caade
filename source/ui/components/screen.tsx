import {Box, Text} from 'ink';
import Spinner from 'ink-spinner';
import {bindings} from '../bindings/index.js';
import {bodyRows, frameRows, saidRows, troubleRows, waitRows} from '../drawing/frame.js';
import {type FooterWord, footerWords} from '../keymap.js';
import {helpRows, paletteRows} from './help.js';
import {viewOf} from '../screens/index.js';
import {type AppState} from '../store/state.js';
import {cut, width, wrap} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {blanks, ends} from '../drawing/lines.js';
import {Question, questionRows} from './question.js';
import {Row} from './row.js';

const leastColumns = 60;
const leastRows = 15;

type Props = {readonly state: AppState};

/** The frame that every screen has: where you are, the body, what was said last, the keys. */
export function Screen({state}: Props) {
	const {columns, rows, dialog, busy, focused} = state;
	if (columns < leastColumns || rows < leastRows) {
		return <TooSmall columns={columns} rows={rows} />;
	}

	const height = frameRows(state);
	const {path, right, body} = viewOf(state);
	const question = dialog ? questionRows(dialog, columns, height) : [];
	const trouble = [...troubleRows(state), ...waitRows(state)];
	const said = saidRows(state);
	const room = height - question.length - (dialog?.options.length ?? 0) - trouble.length - (said.length - 1);
	const lines = overlay(state, bodyRows(state), body).slice(0, Math.max(0, room));
	const title = ['dstack-tui', ...path].filter(Boolean).join(` ${glyphs.into} `);
	return (
		<Box flexDirection="column" width={columns} height={rows}>
			<Row text={ends(` ${title}`, right, columns, paint.strong)} />
			{[...lines, ...blanks(room - lines.length), ...trouble].map((line, index) => (
				<Row key={index} text={line} />
			))}
			{dialog ? <Question dialog={dialog} columns={columns} text={question} /> : undefined}
			{busy !== undefined && busy !== '' && !state.field ? (
				<Text wrap="truncate">
					{' '}
					{focused ? <Spinner /> : glyphs.waiting} {cut(busy, columns - 4)}…
				</Text>
			) : (
				said.map((text, index) => <Row key={`said ${index}`} text={text} />)
			)}
			<Row text={footer(state)} />
		</Box>
	);
}

/** The palette and the help lie over the body. */
function overlay(state: AppState, height: number, body: readonly string[]): readonly string[] {
	if (state.field?.id === 'palette') {
		return paletteRows(state, state.field, height);
	}

	return state.help === undefined ? body : helpRows(state, height);
}

const vitalWords = (...words: string[]): FooterWord[] => words.map(text => ({text, vital: true}));

function wordsFor(state: AppState): FooterWord[] {
	const {dialog, field, help} = state;
	if (dialog) {
		return vitalWords('↑↓ choose', 'enter take', 'esc leave it');
	}

	if (field) {
		return field.id === 'palette'
			? vitalWords('enter do it', 'esc leave it', '↑↓ choose')
			: vitalWords('enter take', 'esc leave it');
	}

	return help === undefined ? [...footerWords(bindings, state), ...vitalWords('? keys')] : vitalWords('esc close', '↑↓ scroll');
}

/** As many words as there is room for: the last go first, but how to leave stays. */
function footer(state: AppState): string {
	const words = wordsFor(state);
	const line = () => words.map(({text}) => text).join(' · ');
	while (words.length > 1 && width(line()) > state.columns - 2) {
		const dispensable = words.findLastIndex(({vital}) => !vital);
		words.splice(dispensable < 0 ? words.length - 2 : dispensable, 1);
	}

	return paint.muted(cut(` ${line()}`, state.columns));
}

function TooSmall({columns, rows}: {readonly columns: number; readonly rows: number}) {
	const text = `dstack-tui needs ${leastColumns}×${leastRows}, this is ${columns}×${rows}. Make the terminal larger; ctrl-c leaves.`;
	return (
		<Box flexDirection="column" width={columns} height={rows}>
			{wrap(text, Math.max(1, columns))
				.slice(0, rows)
				.map((line, index) => (
					<Row key={index} text={line} />
				))}
		</Box>
	);
}
