import {judgeVariable, withoutPasswords} from './credentials.js';

type Part =
	| {readonly kind: 'other' | 'section'; readonly raw: string}
	| {
			readonly kind: 'variable';
			readonly raw: string;
			readonly section: string;
			readonly subsection: string | undefined;
			readonly name: string;
			readonly value: string;
	  };

const space = /[\s\uFEFF]+/y;
const comment = /[#;][^\n]*/y;
const section = /\[([A-Za-z\d.-]+)(?:[ \t]+"((?:[^"\\\n]|\\.)*)")?[ \t]*\]/y;
const variable = /([A-Za-z][A-Za-z\d-]*)[ \t]*/y;

/** Git's own grammar of its configuration files; what it would refuse is one part, unchanged. */
function parse(text: string): Part[] {
	const parts: Part[] = [];
	let [place, current, subsection]: [number, string, string | undefined] = [0, '', undefined];
	const match = (pattern: RegExp): RegExpExecArray | null => {
		pattern.lastIndex = place;
		const found = pattern.exec(text);
		place += found?.[0].length ?? 0;
		return found;
	};

	while (place < text.length) {
		const plain = match(space) ?? match(comment);
		const head = plain ? undefined : match(section);
		const start = place;
		const name = plain || head ? undefined : match(variable);
		if (plain) {
			parts.push({kind: 'other', raw: plain[0]});
		} else if (head) {
			[current, subsection] = [(head[1] ?? '').toLowerCase(), head[2]?.replace(/\\(.)/g, '$1')];
			parts.push({kind: 'section', raw: head[0]});
		} else if (name) {
			const {value, end} = text[place] === '=' ? readValue(text, place + 1) : {value: '', end: place};
			place = end;
			parts.push({kind: 'variable', raw: text.slice(start, end), section: current, subsection, name: name[1] ?? '', value});
		} else {
			parts.push({kind: 'other', raw: text.slice(place)});
			break;
		}
	}

	return parts;
}

const escapes: Record<string, string> = {n: '\n', t: '\t', b: '\b'};

function readValue(text: string, from: number): {value: string; end: number} {
	let [value, kept, quoted, place] = ['', 0, false, from];
	const add = (piece: string, solid: boolean) => {
		value += piece;
		kept = solid ? value.length : kept;
	};

	for (; place < text.length && text[place] !== '\n'; place++) {
		const letter = text[place] ?? '';
		if (letter === '\\') {
			const ending = /\\\r?\n/y;
			ending.lastIndex = place;
			const broken = ending.exec(text)?.[0].length;
			if (broken === undefined) {
				add(escapes[text[place + 1] ?? ''] ?? text[place + 1] ?? '', true);
			}

			place += (broken ?? 2) - 1;
		} else if (letter === '"') {
			quoted = !quoted;
		} else if (!quoted && (letter === '#' || letter === ';')) {
			const end = text.indexOf('\n', place);
			return {value: value.slice(0, kept), end: end < 0 ? text.length : end};
		} else if (quoted || !/\s/.test(letter)) {
			add(letter, true);
		} else if (value !== '') {
			add(letter, false);
		}
	}

	return {value: value.slice(0, kept), end: place};
}

const written = (value: string): string =>
	/^[\w:/@.+=,~%-]*$/.test(value)
		? value
		: `"${value
				.replace(/["\\]/g, String.raw`\$&`)
				.replaceAll('\n', String.raw`\n`)
				.replaceAll('\t', String.raw`\t`)}"`;

/** All values of each variable, by `section.subsection.name`; section and name in lower case, without a value ''. */
export function variablesOf(text: string): Map<string, string[]> {
	const found = new Map<string, string[]>();
	for (const part of parse(text)) {
		if (part.kind === 'variable') {
			const name = [part.section, ...(part.subsection === undefined ? [] : [part.subsection]), part.name.toLowerCase()].join('.');
			const values = found.get(name);
			if (values) {
				values.push(part.value);
			} else {
				found.set(name, [part.value]);
			}
		}
	}

	return found;
}

/** A git configuration (Latin-1, to keep its bytes) without credentials. `left` names the variables that held some. */
export function withoutCredentials(text: string): {text: string; left: string[]} {
	const [pieces, left]: [string[], string[]] = [[], []];
	let swallow = false;
	for (const part of parse(text)) {
		let {raw} = part;
		if (swallow) {
			raw = raw.replace(/^[ \t]*(?:[#;][^\n]*)?\r?\n/, '');
			swallow = false;
		}

		const verdict = part.kind === 'variable' ? judgeVariable(part.section, part.name.toLowerCase(), part.value) : 'kept';
		if (part.kind !== 'variable') {
			pieces.push(commentsOut(raw) ? raw.slice(0, 1) : withoutPasswords(raw));
			if (pieces.at(-1) !== raw) {
				left.push(part.kind === 'section' ? 'a section' : 'a comment');
			}
		} else if (verdict === 'kept') {
			pieces.push(raw);
		} else {
			const subsection = part.subsection === undefined ? '' : `.${withoutPasswords(part.subsection)}`;
			left.push(`${part.section}${subsection}.${part.name}`);
			if (verdict === 'dropped') {
				swallow = dropIndent(pieces);
			} else {
				pieces.push(`${part.name} = ${written(verdict.value)}`);
			}
		}
	}

	return {text: pieces.join(''), left};
}

/** Whether it is a comment with a setting that would have been left out, or with a command that would. */
function commentsOut(raw: string): boolean {
	const [, key, value = ''] = /^[#;]\s*([A-Za-z][A-Za-z\d-]*)\s*=\s*(.*)$/.exec(raw) ?? [];
	return /^[#;]/.test(raw) && judgeVariable('', key?.toLowerCase() ?? '', key === undefined ? raw : value) === 'dropped';
}

/** Whether the variable that is left out stood on a line of its own: then the line goes as well. */
function dropIndent(pieces: string[]): boolean {
	const before = pieces.pop() ?? '';
	const bare = before.replace(/[ \t]+$/, '');
	const last = bare === '' ? (pieces.findLast(piece => piece !== '') ?? '') : bare;
	const own = last === '' || last.endsWith('\n');
	pieces.push(own ? bare : before);
	return own;
}

/** The files that a configuration includes, as it names them. */
export const includesOf = (text: string): string[] =>
	parse(text).flatMap(part =>
		part.kind === 'variable' && /^include(?:if)?$/.test(part.section) && part.name.toLowerCase() === 'path' ? [part.value] : [],
	);
