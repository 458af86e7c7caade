import {parseDocument} from 'yaml';

/** What a file can hold: only this is ever written. */
export type Plain = string | number | boolean | null | readonly Plain[] | {readonly [key: string]: Plain};

/** How a file is written: columns a level of indentation, whether lists stand under their key without any, the end of its lines. */
export type Style = {readonly step: number; readonly flush: boolean; readonly eol: string};

export const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);

export const isMapping = (value: Plain): value is {readonly [key: string]: Plain} =>
	typeof value === 'object' && value !== null && !isList(value);

const isFull = (value: Plain): boolean => (isList(value) ? value : isMapping(value) ? Object.keys(value) : []).length > 0;

// Neither all readers nor all editors take these as they are.
const unprintable = /[\0-\u001F\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]|\p{Surrogate}/u;

const reads = (written: string, text: string, of: (value: unknown) => unknown): boolean =>
	(['1.2', '1.1'] as const).every(version => {
		const document = parseDocument(written, {version, logLevel: 'error', uniqueKeys: false});
		return document.errors.length === 0 && document.warnings.length === 0 && of(document.toJS()) === text;
	});

/** Whether old and new readers of YAML take a text without quotes as this text. */
function isPlainText(text: string, flow: boolean): boolean {
	if (text === '' || text.trim() !== text || unprintable.test(text) || /^(?:[,[\]{}#&*!|>'"%@`]|---|\.\.\.|=$|<<$)/.test(text)) {
		return false;
	}

	if (flow && /[,[\]{}:?#]/.test(text)) {
		return false;
	}

	return reads(`k: ${text}\n`, text, value => (value as {k?: unknown} | null)?.k);
}

const doubleQuoted = (text: string): string =>
	JSON.stringify(text).replace(
		/[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
		character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);

const singleQuoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export type Quote = '"' | "'" | undefined;

/** A text on one line, quoted where it must be; with `quote` it keeps those that stood there. */
export function textOf(text: string, {flow = false, quote}: {flow?: boolean; quote?: Quote} = {}): string {
	if (quote === "'" && !unprintable.test(text)) {
		return singleQuoted(text);
	}

	return quote === undefined && isPlainText(text, flow) ? text : doubleQuoted(text);
}

function numberText(value: number): string {
	if (!Number.isFinite(value)) {
		return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf';
	}

	// Older readers know an exponent only behind a point.
	return Object.is(value, -0) ? '-0.0' : String(value).replace(/^(-?\d+)e/, '$1.0e');
}

/** A key, on its line. */
export const keyText = (key: string, flow = false): string => textOf(key, {flow});

/** Any value on one line: lists and maps between brackets. */
export function inlineText(value: Plain, {flow = false, quote}: {flow?: boolean; quote?: Quote} = {}): string {
	if (typeof value === 'string') {
		return textOf(value, {flow, quote});
	}

	if (isList(value)) {
		return `[${value.map(each => inlineText(each, {flow: true})).join(', ')}]`;
	}

	if (isMapping(value)) {
		return `{${Object.entries(value)
			.map(([key, each]) => `${keyText(key, true)}: ${inlineText(each, {flow: true})}`)
			.join(', ')}}`;
	}

	return typeof value === 'number' ? numberText(value) : String(value);
}

/** Several lines of text that can stand as they are below a `|`. */
const isLiteral = (value: Plain): value is string =>
	typeof value === 'string' &&
	/^\S.*\n/.test(value) &&
	!value.endsWith('\n\n') &&
	!/[ \t]$/m.test(value) &&
	!unprintable.test(value.replaceAll('\n', ''));

/** A value as it is written behind its key or dash, and what follows on lines of its own. */
export type Written = {readonly head: string; readonly lines: readonly string[]};

/** `column` is that of the key or dash; a list's dashes stand below a key by the style, below a dash behind it. */
export function written(value: Plain, column: number, style: Style, options: {literal?: boolean; quote?: Quote} = {}): Written {
	if (isFull(value)) {
		return {head: '', lines: blockLines(value, column + (isList(value) && style.flush ? 0 : style.step), style)};
	}

	if ((options.literal ?? true) && isLiteral(value)) {
		const body = value.replace(/\n$/, '').split('\n');
		const pad = ' '.repeat(column + style.step);
		return {
			head: body.length < value.split('\n').length ? '|' : '|-',
			lines: body.map(line => (line === '' ? '' : `${pad}${line}`)),
		};
	}

	return {head: inlineText(value, {quote: options.quote}), lines: []};
}

/** A list or a map over lines that begin at `column`; a value of another kind, or an empty one, is one line. */
export function blockLines(value: Plain, column: number, style: Style): string[] {
	const pad = ' '.repeat(column);
	if (!isFull(value)) {
		return [`${pad}${inlineText(value)}`];
	}

	if (isList(value)) {
		return value.flatMap(each => itemLines(each, column, style));
	}

	return Object.entries(value as {readonly [key: string]: Plain}).flatMap(([key, each]) => {
		const {head, lines} = written(each, column, style);
		return [`${pad}${keyText(key)}:${head === '' ? '' : ` ${head}`}`, ...lines];
	});
}

/** The first line follows the dash. */
function itemLines(value: Plain, column: number, style: Style): string[] {
	const dash = `${' '.repeat(column)}- `;
	if (isFull(value)) {
		const [first = '', ...others] = blockLines(value, column + dash.trimStart().length, style);
		return [`${dash}${first.trimStart()}`, ...others];
	}

	const {head, lines} = written(value, column, {...style, step: 2});
	return [`${dash}${head}`, ...lines];
}
