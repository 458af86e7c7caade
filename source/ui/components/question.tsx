import {Box} from 'ink';
import SelectInput from 'ink-select-input';
import type {Dialog} from '../store/state.js';
import {cut, wrap} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {rule} from '../drawing/lines.js';
import {Row} from './row.js';

/** Lines that the question takes of `rows`; what it lists gives way. */
export const questionRows = (dialog: Dialog, columns: number, rows: number): string[] => {
	const lines = dialog.lines.flatMap(line => wrap(line, columns - 4));
	const room = Math.max(0, rows - 3 - dialog.options.length);
	const shown =
		lines.length > room ? [...lines.slice(0, Math.max(0, room - 1)), `… and ${lines.length - room + 1} more lines`] : lines;
	return [
		rule(columns),
		paint.strong(cut(` ${glyphs.warning} ${dialog.title}`, columns)),
		...shown.map(line => `   ${cut(line, columns - 3)}`),
	];
};

type Props = {readonly dialog: Dialog; readonly columns: number; readonly text: readonly string[]};

/** A question over the screen, answered with a list. */
export function Question({dialog, columns, text}: Props) {
	const items = dialog.options.map(({label, value}) => ({label: cut(label, columns - 6), value}));
	return (
		<Box flexDirection="column">
			{text.map((line, index) => (
				<Row key={index} text={line} />
			))}
			{/* The store gets the keys, one by one: two that come at once must not be answered from the same state. */}
			<Box marginLeft={1}>
				<SelectInput key={`${dialog.title} ${dialog.index}`} items={items} initialIndex={dialog.index} isFocused={false} />
			</Box>
		</Box>
	);
}
