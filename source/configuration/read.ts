import {isAlias, isMap, isScalar} from 'yaml';
import {z} from 'zod';
import {neutralise} from '../system/terminal-text.js';
import {byPlace} from './diagnostics.js';
import {commands, ports, text, variables, words} from './fields.js';
import type {ConfigurationFile, DevEnvironment} from './model.js';
import {check, readYaml, shownPath, type YamlFile} from './yaml-file.js';

const ides = ['vscode', 'vscode-insiders', 'cursor', 'windsurf', 'zed'] as const;
const shownLines = 200;

const pythonVersion = /^3\.\d{1,2}(?:\.\d{1,3})?$/;

const version = z.string(words('a version in quotes such as "3.11"')).regex(pythonVersion, 'expected a version such as "3.11"');

const shape = {
	type: z.literal('dev-environment'),
	name: text()
		.regex(/^[\w.-]{1,60}$/, 'expected a name of letters, digits, dots and dashes')
		.optional(),
	ide: z.enum(ides, {error: `expected one of ${ides.join(', ')}`}).optional(),
	image: text('an image such as debian:bookworm').min(1, 'expected an image').optional(),
	registry_auth: z.strictObject({username: text(), password: text()}, words('a map of username and password')).optional(),
	python: version.optional(),
	entrypoint: text('a command').optional(),
	home_dir: text('a path').optional(),
	env: variables.optional(),
	build: commands.optional(),
	setup: commands.optional(),
	init: commands.optional(),
	cache: z.array(text('a path'), words('a list of paths')).optional(),
	ports: ports.optional(),
};

const schema = z.strictObject(shape, words('a map of keys and values'));
type Parsed = z.infer<typeof schema>;

const knownKeys = (place: ReadonlyArray<PropertyKey>): readonly string[] => {
	if (place.length === 0) {
		return Object.keys(shape);
	}

	return place[0] === 'registry_auth' ? ['username', 'password'] : ['local_port', 'container_port'];
};

const toEnvironment = (parsed: Parsed): DevEnvironment => ({
	name: parsed.name,
	ide: parsed.ide,
	image: parsed.image,
	registryAuth: parsed.registry_auth,
	python: parsed.python,
	env: parsed.env ?? {},
	build: parsed.build ?? [],
	setup: parsed.setup ?? [],
	init: parsed.init ?? [],
	ports: parsed.ports ?? [],
	entrypoint: parsed.entrypoint,
	homeDir: parsed.home_dir,
	cache: parsed.cache ?? [],
});

/** Says what is wrong before the schema would say it less well; true when there is no point in going on. */
function isHopeless(yaml: YamlFile): boolean {
	const {value, diagnostics} = yaml;
	if (diagnostics.some(({severity}) => severity === 'error')) {
		return true;
	}

	if (value === null || value === undefined) {
		diagnostics.push(yaml.at([], 'the file is empty; expected at least `type: dev-environment`'));
		return true;
	}

	if (typeof value !== 'object' || Array.isArray(value)) {
		diagnostics.push(yaml.at([], 'expected a map of keys and values, beginning with `type: dev-environment`'));
		return true;
	}

	const {type} = value as {type?: unknown};
	if (type !== 'dev-environment') {
		const said =
			type === 'task' || type === 'service'
				? `a ${type} needs a dstack server; this program runs type: dev-environment`
				: 'expected type: dev-environment';
		diagnostics.push(
			yaml.at(
				type === undefined ? [] : ['type'],
				type === undefined ? 'the key `type` is missing; expected type: dev-environment' : said,
			),
		);
		return true;
	}

	return false;
}

/** The file's value with numbers as they are written where text is meant: YAML reads 3.10 as 3.1 and 007 as 7. */
function asWritten({document, value, diagnostics, at}: YamlFile): Record<string, unknown> {
	const result = {...(value as Record<string, unknown>)};
	const contents = document?.contents;
	if (!document || !isMap(contents)) {
		return result;
	}

	const resolved = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
	const source = (node: unknown): string | undefined => {
		const scalar = resolved(node);
		return isScalar(scalar) && ['number', 'boolean'].includes(typeof scalar.value) ? scalar.source : undefined;
	};

	const python = source(contents.get('python', true));
	if (python !== undefined && typeof result['python'] === 'number') {
		if (pythonVersion.test(python) && python !== String(result['python'])) {
			const message = `without quotes, other readers of YAML take ${python} for the number ${result['python']}`;
			diagnostics.push(at(['python'], message, {severity: 'warning', suggestion: `"${python}"`}));
		}

		result['python'] = python;
	}

	const env = resolved(contents.get('env', true));
	if (isMap(env)) {
		const sources = new Map(env.items.map(({key, value: each}) => [isScalar(key) ? String(key.value) : '', source(each)]));
		const entries = Object.entries(result['env'] as object).map(([name, each]) => [name, sources.get(name) ?? each]);
		result['env'] = Object.fromEntries(entries);
	}

	return result;
}

/** What is understood and has no effect yet is said, not silently passed over. */
function warnUnused({diagnostics, at}: YamlFile, environment: DevEnvironment | undefined): void {
	const unused = {
		entrypoint: environment?.entrypoint,
		home_dir: environment?.homeDir,
		cache: environment?.cache.length ? environment.cache : undefined,
	};
	for (const [key, value] of Object.entries(unused)) {
		if (value !== undefined) {
			diagnostics.push(at([key], `\`${key}\` has no effect on the backend local`, {key: true, severity: 'warning'}));
		}
	}
}

/** Reads one `.dstack.yml`, with all its problems at once. `folder` is what paths are shown relative to. */
export async function readConfiguration(absolute: string, folder: string): Promise<ConfigurationFile> {
	const file = shownPath(absolute, folder);
	const yaml = await readYaml(absolute, file);
	let environment: DevEnvironment | undefined;
	if (!isHopeless(yaml)) {
		const parsed = check({...yaml, value: asWritten(yaml)}, schema, knownKeys);
		environment = parsed && toEnvironment(parsed);
		if (parsed?.image !== undefined && parsed.python !== undefined) {
			yaml.diagnostics.push(yaml.at(['python'], '`image` brings its own Python; leave out one of the two', {key: true}));
			environment = undefined;
		}
	}

	warnUnused(yaml, environment);
	const diagnostics = [...yaml.diagnostics].sort(byPlace);
	return {
		path: absolute,
		file,
		label: environment?.name ?? file,
		text: neutralise(yaml.text).split('\n').slice(0, shownLines).join('\n'),
		diagnostics,
		environment,
	};
}
