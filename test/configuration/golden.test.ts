import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';
import {formatDiagnostic} from '../../source/configuration/files/diagnostics.js';
import {findConfigurations} from '../../source/configuration/files/discover.js';
import type {Diagnostic} from '../../source/configuration/model.js';
import {neutralise} from '../../source/system/terminal-text.js';
import {temporaryFolder} from '../support/folders.js';
import {readProfilesText, readText, writeFiles} from './support.js';

// Every diagnostic as it is printed: `NAME.yml` (a configuration), `NAME.profiles.yml` or a folder `NAME`, and what is said of it, `NAME.txt`.
// After a change of words: UPDATE_GOLDEN=1 node scripts/test.js test/configuration/golden.test.ts, then read what git shows.
const folder = path.join(import.meta.dirname, 'golden');
const source = path.join(import.meta.dirname, '../../source/configuration');
const entries = readdirSync(folder, {withFileTypes: true})
	.filter(entry => entry.isDirectory() || entry.name.endsWith('.yml'))
	.map(({name}) => name);

async function diagnosticsOf(entry: string): Promise<readonly Diagnostic[]> {
	const place = path.join(folder, entry);
	if (!entry.endsWith('.yml')) {
		// Under their own names they would be this repository's own configurations.
		const copy = await temporaryFolder();
		for (const name of readdirSync(place, {recursive: true, encoding: 'utf8'}).filter(each => each.endsWith('.txt'))) {
			await writeFiles(copy, {[name.replace(/\.txt$/, '')]: readFileSync(path.join(place, name), 'utf8')});
		}

		return (await findConfigurations(copy)).flatMap(({diagnostics}) => diagnostics);
	}

	const text = readFileSync(place, 'utf8');
	return (entry.endsWith('.profiles.yml') ? await readProfilesText(text) : await readText(text, {secrets: new Set(['TOKEN'])}))
		.diagnostics;
}

describe('golden files', () => {
	it.each(entries)('%s', async entry => {
		const file = path.join(folder, `${entry.replace(/\.yml$/, '')}.txt`);
		const printed = `${(await diagnosticsOf(entry)).flatMap(formatDiagnostic).join('\n')}\n`;
		expect(printed.trim()).not.toBe('');
		expect(neutralise(printed)).toBe(printed);
		if (process.env['UPDATE_GOLDEN'] === '1') {
			writeFileSync(file, printed);
		}

		expect(printed).toBe(readFileSync(file, 'utf8'));
	});

	it('none is left without its question', () => {
		const texts = readdirSync(folder).filter(name => name.endsWith('.txt'));
		expect(
			texts
				.filter(
					name =>
						!existsSync(path.join(folder, name.replace(/\.txt$/, '.yml'))) &&
						!existsSync(path.join(folder, name.replace(/\.txt$/, ''))),
				)
				.sort(),
		).toEqual([]);
	});
});

/** Where reading begins. */
const readers = ['files/read.ts', 'files/profiles.ts', 'files/discover.ts'];
/** What these say is a `Problem` or what is asked for, and no diagnostic. */
const silent = new Set(['files/diagnostics.ts', 'grammar/requirement-words.ts']);

/** The files that reading goes through: the readers and all that they import. */
function speaking(): string[] {
	const found = new Set(readers);
	for (const file of found) {
		const text = readFileSync(path.join(source, file), 'utf8');
		for (const {fileName} of ts.preProcessFile(text).importedFiles) {
			const imported = path.join(path.dirname(file), fileName).replace(/\.js$/, '.ts');
			if (fileName.startsWith('.') && !imported.startsWith('..')) {
				found.add(imported);
			}
		}
	}

	return [...found].filter(file => !silent.has(file));
}

/** Sentences that no file can bring about. */
const elsewhere: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
	[/^RTX|A10 A16 A40/, 'the list of known GPUs'],
	[
		/is too big for a configuration|there is no such (file|folder)|you may not read|is not a folder|^Name the folder|: this is /,
		'a Problem of a path; see read.test.ts and discover.test.ts',
	],
	[/^expected a number above 0, found /, 'only flags are read so'],
	[/^the range$|^, run\.$/, 'a piece of another sentence'],
	[/^No effect: $/, 'what an editor shows'],
	[/^expected a port such as 9000, or 9000:3000/, 'said of `-R` on the command line'],
	[/^a (?:folder|file)$|^no file$/, 'a piece of another sentence'],
];

type Sentence = {readonly file: string; readonly line: number; readonly parts: readonly string[]};

/** Every sentence of the source that may become a diagnostic, as its fixed parts. */
function sentences(): Sentence[] {
	const found: Sentence[] = [];
	for (const file of speaking()) {
		const tree = ts.createSourceFile(file, readFileSync(path.join(source, file), 'utf8'), ts.ScriptTarget.Latest, true);
		const visit = (node: ts.Node): void => {
			if (ts.isPropertyAssignment(node) && ['description', 'examples'].includes(node.name.getText(tree))) {
				return;
			}

			const parts = ts.isStringLiteralLike(node)
				? [node.text]
				: ts.isTemplateExpression(node)
					? [node.head.text, ...node.templateSpans.map(({literal}) => literal.text)]
					: undefined;
			// A sentence has words; `--flag`, keys and patterns have none, or one.
			if (parts && /[A-Za-z`'] +\S|\S +[A-Za-z`']/.test(parts.join('x'))) {
				found.push({
					file,
					line: tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1,
					parts: parts.filter(part => part.trim() !== ''),
				});
			}

			ts.forEachChild(node, visit);
		};

		visit(tree);
	}

	return found;
}

const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);

it('every sentence that can be said of a file stands in a golden file', () => {
	const said = readdirSync(folder)
		.filter(name => name.endsWith('.txt'))
		.map(name => readFileSync(path.join(folder, name), 'utf8'))
		.join('\n');
	const missing = sentences().filter(
		({parts}) =>
			!elsewhere.some(([pattern]) => pattern.test(parts.join(''))) &&
			!new RegExp(parts.map(part => escaped(part)).join('.*')).test(said),
	);
	expect(missing.map(({file, line, parts}) => `${file}:${line}: ${parts.join('…')}`)).toEqual([]);
});

it('no sentence is one of a library, and none says what a place is in code', () => {
	for (const entry of readdirSync(folder).filter(name => name.endsWith('.txt'))) {
		expect(readFileSync(path.join(folder, entry), 'utf8')).not.toMatch(
			/Invalid|Too (?:small|big)|Unrecognized|undefined|NaN|\[object|received/,
		);
	}
});

it('every exception is one', () => {
	for (const [pattern, why] of elsewhere) {
		expect([why, sentences().some(({parts}) => pattern.test(parts.join('')))]).toEqual([why, true]);
	}
});
