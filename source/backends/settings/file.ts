import {stat} from 'node:fs/promises';
import path from 'node:path';
import {check} from '../../configuration/schema/check.js';
import type {Diagnostic} from '../../configuration/model.js';
import {suggest} from '../../configuration/schema/suggest.js';
import {readYaml, type YamlFile} from '../../configuration/yaml/yaml-file.js';
import {messageOf} from '../../system/problem.js';
import {type Cloud, clouds, type Entries, entrySchema, otherTypes} from './schema.js';
import {openFileWarning} from './secrets.js';

/** One cloud's entry in a file: its settings, or what is wrong with them. */
export type FileEntry<C extends Cloud> = {readonly settings: Entries[C] | undefined; readonly problems: readonly string[]};

/** A file with a list `backends:`, as far as it could be read. Messages name places, never values. */
export type BackendsFile = {
	/** As it is shown. */
	readonly file: string;
	readonly exists: boolean;
	/** Whether it could not be read at all. */
	readonly broken: boolean;
	readonly entries: {readonly [C in Cloud]?: FileEntry<C>};
	/** What is wrong with the file as a whole, or with entries of no cloud. */
	readonly problems: readonly string[];
	readonly warnings: readonly string[];
};

type YamlPath = readonly PropertyKey[];
type Listed = {readonly value: unknown; readonly place: YamlPath};

/** A path as people write it. */
export const shownFile = (file: string, home: string): string =>
	file.startsWith(home + path.sep) ? `~${file.slice(home.length)}` : file;

const words = ({file, line, column, message, suggestion}: Diagnostic): string =>
	`${file}:${line}:${column}: ${message}${suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`}`;

// The YAML library quotes what it stumbles over. Only these messages are known to quote nothing.
const quoteNothing = new Set([
	'this key is there twice',
	'this is nested too deeply',
	'a tab cannot indent YAML; use spaces',
	'a second document begins here; a configuration is only one',
	'this file is nested too deeply, or its anchors multiply into too much',
]);

const withoutQuotes = (diagnostic: Diagnostic): Diagnostic =>
	quoteNothing.has(diagnostic.message)
		? diagnostic
		: {...diagnostic, message: 'this is no YAML; a value with special characters belongs in quotes'};

/** A key that is no word may be a secret in the wrong place. */
const withoutKey = (diagnostic: Diagnostic): Diagnostic => ({
	...diagnostic,
	message: diagnostic.message.replace(/^unknown key '(.*?)'(?=; known here)/s, (all, key: string) =>
		/^[a-z][a-z_]{0,30}$/.test(key) ? all : 'unknown key',
	),
});

/**
Reads `backends.yml` (the list, or a map with the key `backends`) or, with `ofServer`, the configuration of dstack's server (its projects'
lists; the project `main` first). Another program's file is read leniently: what it holds for others is no mistake.
*/
export async function readBackendsFile(absolute: string, home: string, ofServer: boolean): Promise<BackendsFile> {
	const file = shownFile(absolute, home);
	const none: BackendsFile = {file, exists: true, broken: false, entries: {}, problems: [], warnings: []};
	if (!(await stat(absolute).catch(() => undefined))) {
		return {...none, exists: false};
	}

	let yaml: YamlFile;
	try {
		yaml = await readYaml(absolute, file);
	} catch (error) {
		return {...none, broken: true, problems: [messageOf(error)]};
	}

	const broken = yaml.diagnostics.filter(({severity}) => severity === 'error');
	if (broken.length > 0) {
		return {...none, broken: true, problems: broken.map(each => words(withoutQuotes(each)))};
	}

	const {entries, problems, warnings, secret} = readEntries(yaml, ofServer ? serverList(yaml) : ownList(yaml), !ofServer);
	const open = secret ? await openFileWarning(absolute, file) : undefined;
	return {...none, entries, problems, warnings: [...warnings, ...(open === undefined ? [] : [open])]};
}

const listed = (value: unknown, place: YamlPath): Listed[] | undefined =>
	Array.isArray(value) ? value.map((each: unknown, index) => ({value: each, place: [...place, index]})) : undefined;

const valueOf = (value: unknown, key: string): unknown =>
	typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

/** Undefined where there is no list at all. An empty file is an empty list. */
const ownList = ({value}: YamlFile): Listed[] | undefined =>
	value === null || value === undefined ? [] : (listed(value, []) ?? listed(valueOf(value, 'backends'), ['backends']));

function serverList({value}: YamlFile): Listed[] {
	const projects = listed(valueOf(value, 'projects'), ['projects']) ?? [];
	const isMain = (each: Listed): boolean => valueOf(each.value, 'name') === 'main';
	return [...projects.filter(isMain), ...projects.filter(each => !isMain(each))].flatMap(
		project => listed(valueOf(project.value, 'backends'), [...project.place, 'backends']) ?? [],
	);
}

function readEntries(yaml: YamlFile, list: readonly Listed[] | undefined, strict: boolean) {
	const entries: {[C in Cloud]?: FileEntry<C>} = {};
	const problems: string[] = [];
	const warnings: string[] = [];
	if (!list) {
		problems.push(words(yaml.at([], 'expected a list of backends, or a map with the key `backends`')));
	}

	for (const {value, place} of list ?? []) {
		const type = valueOf(value, 'type');
		const cloud = clouds.find(each => each === type);
		if (cloud && !entries[cloud]) {
			Object.assign(entries, {[cloud]: readEntry(yaml, place, value, cloud, strict)});
		} else if (strict && cloud) {
			problems.push(words(yaml.at([...place, 'type'], `${cloud} is there twice; the first entry counts`)));
		} else if (strict && typeof type === 'string' && otherTypes.includes(type)) {
			warnings.push(words(yaml.at([...place, 'type'], `this version does not ask ${type} for offers`)));
		} else if (strict) {
			const suggestion = typeof type === 'string' ? suggest(type, clouds) : undefined;
			problems.push(
				words(yaml.at(type === undefined ? place : [...place, 'type'], `expected a type: ${clouds.join(', ')}`, {suggestion})),
			);
		}
	}

	return {entries, problems, warnings, secret: /(?:api|access|secret)_key|session_token/.test(yaml.text)};
}

function readEntry<C extends Cloud>(yaml: YamlFile, place: YamlPath, value: unknown, cloud: C, strict: boolean): FileEntry<C> {
	const diagnostics: Diagnostic[] = [];
	const here: YamlFile = {
		...yaml,
		value,
		diagnostics,
		at: (inner, message, options) => yaml.at([...place, ...inner], message, options),
	};
	const schema = entrySchema(cloud, strict);
	check(here, schema, {secret: true});
	const settings = schema.safeParse(value).data;
	return {settings, problems: diagnostics.map(each => words(withoutKey(each)))};
}
