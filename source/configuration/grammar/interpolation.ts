import {fail, shorten} from './grammar.js';

/** Where a value may come from: the run itself, the environment's own variables, the person's secrets. */
export const namespaces = ['run', 'env', 'secrets'] as const;

export type Namespace = (typeof namespaces)[number];

export type Reference = {readonly namespace: Namespace; readonly name: string};

type Piece = string | Reference;

const reference = /^\s*([A-Za-z_]\w*)\.([\w-]+)\s*$/;

/** Reads `${{ run.name }}` and `$$`, which is an escaped `$`. Throws a `GrammarError` for what is neither closed nor a reference. */
export function readPieces(text: string): Piece[] {
	const pieces: Piece[] = [];
	let plain = '';
	for (let index = 0; index < text.length;) {
		if (text.startsWith('$$', index)) {
			plain += '$';
			index += 2;
		} else if (text.startsWith('${{', index)) {
			const end = text.indexOf('}}', index);
			if (end < 0) {
				fail(`'${shorten(text.slice(index))}' is not closed: }} is missing`);
			}

			pieces.push(plain, readReference(text.slice(index + 3, end)));
			plain = '';
			index = end + 2;
		} else {
			plain += text[index];
			index++;
		}
	}

	return [...pieces, plain].filter(piece => piece !== '');
}

function readReference(text: string): Reference {
	const [, namespace = '', name = ''] = reference.exec(text) ?? [];
	if (name === '') {
		return fail(`expected a name with one dot such as run.name between \${{ and }}, found '${shorten(text.trim())}'`);
	}

	return (namespaces as readonly string[]).includes(namespace)
		? {namespace: namespace as Namespace, name}
		: fail(`expected one of ${namespaces.join(', ')} before the dot, found '${shorten(namespace)}'`);
}

/** Lays values in for references. Throws a `GrammarError` that names the reference for which there is none: never an empty text in its place. */
export const interpolate = (text: string, valueOf: (reference: Reference) => string | undefined): string =>
	text.includes('$')
		? readPieces(text)
				.map(piece =>
					typeof piece === 'string' ? piece : (valueOf(piece) ?? fail(`there is no ${piece.namespace}.${shorten(piece.name)}`)),
				)
				.join('')
		: text;

/** Text as it is written to stand for itself: what would be read as `$$` or a reference is doubled. */
export const literal = (text: string): string => text.replaceAll(/\$\$|\$(?=\{\{)/g, found => found + found);
