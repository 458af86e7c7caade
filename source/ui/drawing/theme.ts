import process from 'node:process';

const colours = !process.env['NO_COLOR'];
const sgr = (open: number, close: number, isColour: boolean) => (text: string) =>
	text === '' || (isColour && !colours) ? text : `\u001B[${open}m${text}\u001B[${close}m`;

/** What things mean, not what they look like. Without colours, weight and glyphs carry the meaning. */
export const paint = {
	strong: sgr(1, 22, false),
	muted: sgr(2, 22, false),
	selected: sgr(7, 27, false),
	ok: sgr(32, 39, true),
	warning: sgr(33, 39, true),
	error: sgr(31, 39, true),
	accent: sgr(36, 39, true),
	match: sgr(4, 24, false),
} as const;

const isUtf8 = (): boolean => {
	const {LC_ALL, LC_CTYPE, LANG} = process.env;
	const locale = LC_ALL || LC_CTYPE || LANG;
	return locale === undefined || locale === '' || /utf-?8/i.test(locale);
};

const unicode = {
	cursor: '▶',
	done: '✓',
	failed: '✗',
	warning: '!',
	running: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧'],
	waiting: '·',
	up: '●',
	away: '◌',
	down: '○',
	rule: '─',
	bar: '│',
	into: '›',
	outOf: '‹',
	pin: '◆',
	ascending: '▲',
	descending: '▼',
	changed: '*',
	spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
	barEnds: ['▕', '▏'],
	parts: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
};

const ascii: typeof unicode = {
	cursor: '>',
	done: '+',
	failed: 'x',
	warning: '!',
	running: ['-', '\\', '|', '/'],
	waiting: '.',
	up: 'o',
	away: '~',
	down: '.',
	rule: '-',
	bar: '|',
	into: '>',
	outOf: '<',
	pin: '#',
	ascending: '^',
	descending: 'v',
	changed: '*',
	spark: ['_', '.', '-', '=', '*', '#'],
	barEnds: ['[', ']'],
	parts: ['#'],
};

/** Single-width signs, plain ones where the locale is not UTF-8. */
export const glyphs = isUtf8() ? unicode : ascii;

/** A row of bars for the last `count` values, relative to the greatest. */
export function sparkline(values: readonly number[], count: number): string {
	const shown = values.slice(-count);
	const greatest = Math.max(1, ...shown);
	const {spark} = glyphs;
	return shown
		.map(value => spark[Math.min(spark.length - 1, Math.floor((value / greatest) * (spark.length - 1)))] ?? '')
		.join('');
}

/** How much of something is done, from 0 to 1, as a bar of `cells`. */
export function progressBar(share: number, cells: number): string {
	const {barEnds, parts} = glyphs;
	const room = Math.max(0, cells - barEnds.length);
	const filled = Math.floor(Math.min(1, Math.max(0, share)) * room * parts.length);
	const full = Math.floor(filled / parts.length);
	const part = filled % parts.length;
	const bar = (parts.at(-1) ?? '').repeat(full) + (part > 0 ? (parts[part - 1] ?? '') : '');
	return `${barEnds[0] ?? ''}${bar}${' '.repeat(room - full - (part > 0 ? 1 : 0))}${barEnds[1] ?? ''}`;
}
