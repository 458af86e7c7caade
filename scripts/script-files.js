// Shell and Python that run elsewhere lie in .sh and .py files; here they become text that the program imports. What both loaders, esbuild's and
// vitest's, make of a file is the same: its text without what is for readers and checkers alone, and with the files that it names in their place.
//
// - The comment that a file begins with, up to an empty line, stays here (but for `#!`), and so do the marks for shellcheck and ruff.
// - A line `. ./name.sh`, or `from name import …` with a `name.py` beside it, is replaced by that file, the first time that it is named.
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';

const scriptFile = /\.(?:sh|py)$/;
const sourced = /^\. (\.{1,2}\/[\w./-]+\.sh)\n/gm;
const imported = /^from (\w+) import (?:\([^)]*\)|.*)\n/gm;

/** The text as it is sent. */
const bare = text =>
	text
		.replace(/^(#!.*\n)?(?:(?:#.*\n)+\n)?/, '$1')
		.replaceAll(/^[ \t]*# shellcheck .*\n/gm, '')
		.replaceAll(/ {2}# noqa.*$/gm, '');

/**
The pieces that a script is sent as, in their order: each a run of lines of one file, as `{file, index, text}` with an absolute file. Throws
where a file that is named is not there.
*/
export function piecesOf(file, taken = new Set()) {
	taken.add(file);
	const isShell = file.endsWith('.sh');
	const text = bare(readFileSync(file, 'utf8'));
	const pieces = [];
	let from = 0;
	let index = 0;
	const own = to => {
		pieces.push({file, index, text: text.slice(from, to)});
		index += 1;
	};

	for (const match of text.matchAll(isShell ? sourced : imported)) {
		const named = path.join(path.dirname(file), isShell ? match[1] : `${match[1]}.py`);
		if (isShell || existsSync(named)) {
			own(match.index);
			from = match.index + match[0].length;
			if (!taken.has(named)) {
				pieces.push(...piecesOf(named, taken));
			}
		}
	}

	own(text.length);
	return pieces.filter(piece => piece.text !== '');
}

/** Files that a script names, itself not among them. */
export const namedBy = file => [...new Set(piecesOf(file).map(piece => piece.file))].filter(named => named !== file);

/** For esbuild: what several scripts name is in the bundle once. */
export const scriptFiles = {
	name: 'script-files',
	setup(builder) {
		builder.onLoad({filter: scriptFile, namespace: 'file'}, ({path: file}) => {
			const pieces = piecesOf(file);
			return {
				contents: [
					...pieces.map((piece, at) => `import p${at} from ${JSON.stringify(`script-piece:${piece.index}:${piece.file}`)};`),
					`export default ${pieces.map((_, at) => `p${at}`).join(' + ') || "''"};`,
				].join('\n'),
				loader: 'js',
				resolveDir: path.dirname(file),
				watchFiles: pieces.map(piece => piece.file),
			};
		});
		builder.onResolve({filter: /^script-piece:/}, ({path: id}) => ({path: id, namespace: 'script-piece'}));
		builder.onLoad({filter: /.*/, namespace: 'script-piece'}, ({path: id}) => {
			const [, index, file] = /^script-piece:(\d+):(.*)$/.exec(id);
			return {contents: piecesOf(file).find(piece => piece.file === file && piece.index === Number(index)).text, loader: 'text'};
		});
	},
};

/** The same for vitest. */
export const scriptFilesForTests = {
	name: 'script-files',
	enforce: 'pre',
	load(id) {
		return scriptFile.test(id)
			? `export default ${JSON.stringify(
					piecesOf(id)
						.map(piece => piece.text)
						.join(''),
				)};`
			: undefined;
	},
};
