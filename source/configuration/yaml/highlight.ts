import {Lexer, Parser} from 'yaml';

export type PieceKind = 'key' | 'string' | 'number' | 'keyword' | 'comment' | 'punctuation' | 'anchor' | 'error' | 'plain';
export type Piece = {readonly text: string; readonly kind: PieceKind};
export type HighlightedLine = readonly Piece[];

// Beyond these, nobody looks for colours: the rest is drawn plain.
const mostCharacters = 64 * 1024;
const mostPieces = 500;
const mostInLine = 4000;

/**
A text's lines (split at `\n` or `\r\n`), each in pieces that together are the line; every text is accepted, and what is no YAML has
the kind `error`. Only kinds, no colours, and nothing is neutralised. Takes time that grows with the text alone.
*/
export function highlightYaml(text: string): readonly HighlightedLine[] {
	const head = text.slice(0, mostCharacters);
	return toLines(text, head.split('\n').some(line => line.length > mostInLine) ? byLine(head) : colour(head));
}

/** A line of that length is no configuration's: it is left out, so that the others keep their colours. */
function byLine(text: string): Mark[] {
	const marks: Mark[] = [];
	let start = 0;
	for (const line of text.split('\n')) {
		if (line.length <= mostInLine) {
			marks.push(...colour(line).map(({end, kind}) => ({end: start + end, kind})));
		}

		start += line.length + 1;
		marks.push({end: start, kind: 'plain'});
	}

	return marks;
}

/** Up to `end`, from where the one before ended. */
type Mark = {end: number; kind: PieceKind};

type Token = {start: number; end: number; kind: PieceKind; source: string};

function colour(text: string): Mark[] {
	const tokens = lex(text);
	markKeys(tokens);
	markErrors(text, tokens);
	return tokens;
}

/** The library marks some places in its stream by characters that are not in the text. */
function lex(text: string): Token[] {
	const tokens: Token[] = [];
	let at = 0;
	let isScalar = false;
	for (const source of new Lexer().lex(text)) {
		if (!text.startsWith(source, at)) {
			isScalar ||= source === '\u001F';
			continue;
		}

		tokens.push({start: at, end: at + source.length, kind: isScalar ? scalarKind(source) : kindOf(source), source});
		at += source.length;
		isScalar = false;
	}

	if (at < text.length) {
		tokens.push({start: at, end: text.length, kind: 'plain', source: text.slice(at)});
	}

	return tokens;
}

function kindOf(source: string): PieceKind {
	switch (source[0]) {
		case ' ':
		case '\t':
		case '\r':
		case '\n':
		case '\uFEFF': {
			return 'plain';
		}

		case '#': {
			return 'comment';
		}

		case '&':
		case '*': {
			return 'anchor';
		}

		case '!':
		case '%': {
			return 'keyword';
		}

		case '"':
		case "'": {
			return 'string';
		}

		default: {
			return 'punctuation';
		}
	}
}

const scalarKind = (source: string): PieceKind =>
	source.length > 30
		? 'string'
		: /^(?:~|null|true|false|yes|no|on|off)$/i.test(source)
			? 'keyword'
			: /^[-+]?(?:\d[\d_]*(?:\.\d*)?(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|0x[\da-f]+|0o[0-7]+|\.inf|\.nan)$/i.test(source)
				? 'number'
				: 'string';

const isScalarKind = (kind: PieceKind): boolean => kind === 'string' || kind === 'number' || kind === 'keyword';

/** What precedes a colon in its line is a key. */
function markKeys(tokens: readonly Token[]): void {
	let candidate: Token | undefined;
	for (const token of tokens) {
		if (token.kind === 'punctuation') {
			if (token.source === ':' && candidate) {
				candidate.kind = 'key';
			}

			candidate = undefined;
		} else if (isScalarKind(token.kind) && !token.source.startsWith('!') && !token.source.includes('\n')) {
			candidate = token;
		} else if (token.source.includes('\n')) {
			candidate = undefined;
		}
	}
}

/** Tabs that indent, and what the parser has no place for. */
function markErrors(text: string, tokens: readonly Token[]): void {
	const parser = new Parser();
	let depth = 0;
	let isLineStart = true;
	for (const [index, token] of tokens.entries()) {
		depth += '[{'.includes(token.source) ? 1 : ']}'.includes(token.source) ? -1 : 0;
		const next = tokens[index + 1];
		if (
			isLineStart &&
			depth <= 0 &&
			next &&
			/^ *\t\s*$/.test(token.source) &&
			next.kind !== 'comment' &&
			!/^[\r\n]/.test(next.source)
		) {
			token.kind = 'error';
		}

		isLineStart = /^\r?\n$/.test(token.source) || (isLineStart && /^ +$/.test(token.source));
	}

	const errors: number[] = [];
	for (const token of parser.parse(text)) {
		if (token.type === 'error') {
			errors.push(token.offset);
		}
	}

	let index = 0;
	for (const offset of errors.sort((a, b) => a - b)) {
		while (index < tokens.length && tokens[index]!.end <= offset) {
			index++;
		}

		const token = tokens[index];
		if (token && token.source.trim() !== '') {
			token.kind = 'error';
		}
	}
}

function toLines(text: string, marks: readonly Mark[]): HighlightedLine[] {
	let mark = 0;
	let start = 0;
	return text.split('\n').map(whole => {
		const line = whole.endsWith('\r') ? whole.slice(0, -1) : whole;
		const end = start + line.length;
		const pieces: Piece[] = [];
		for (let at = start; at < end;) {
			while (mark < marks.length && marks[mark]!.end <= at) {
				mark++;
			}

			const isLast = pieces.length >= mostPieces - 1 || mark >= marks.length;
			const stop = isLast ? end : Math.min(end, marks[mark]!.end);
			const kind = isLast ? 'plain' : marks[mark]!.kind;
			const before = pieces.at(-1);
			if (before?.kind === kind) {
				pieces[pieces.length - 1] = {text: before.text + text.slice(at, stop), kind};
			} else {
				pieces.push({text: text.slice(at, stop), kind});
			}

			at = stop;
		}

		start += whole.length + 1;
		return pieces;
	});
}
