import {isMap, isScalar} from 'yaml';
import {z} from 'zod';
import {neutralise} from '../system/terminal-text.js';
import {commands, ports, text, variables, words} from './fields.js';
import type {ConfigurationFile, DevEnvironment} from './model.js';
import {check, readYaml, shownPath, type YamlFile} from './yaml-file.js';

const ides = ['vscode', 'vscode-insiders', 'cursor', 'windsurf', 'zed'] as const;
const shownLines = 200;

const version = z
	.string(words('a version in quotes such as "3.11"'))
	.regex(/^3\.\d{1,2}(?:\.\d{1,3})?$/, 'expected a version such as "3.11"');

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

/** What YAML makes of an unquoted version is not what was written: 3.10 is read as 3.1. */
function refuseNumberVersion(yaml: YamlFile): boolean {
	const contents = yaml.document?.contents;
	const node = isMap(contents) ? contents.get('python', true) : undefined;
	if (!isScalar(node) || typeof node.value !== 'number') {
		return false;
	}

	const source = node.source ?? String(node.value);
	yaml.diagnostics.push(
		yaml.at(['python'], `unquoted, YAML reads ${source} as the number ${node.value}; write python: "${source}"`, {
			suggestion: `"${source}"`,
		}),
	);
	return true;
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
		const refused = refuseNumberVersion(yaml);
		const {python: _number, ...rest} = yaml.value as Record<string, unknown>;
		const parsed = check(refused ? {...yaml, value: rest} : yaml, schema, knownKeys);
		environment = parsed && !refused ? toEnvironment(parsed) : undefined;
		if (parsed?.image !== undefined && parsed.python !== undefined) {
			yaml.diagnostics.push(yaml.at(['python'], '`image` brings its own Python; leave out one of the two', {key: true}));
			environment = undefined;
		}
	}

	warnUnused(yaml, environment);
	const diagnostics = [...yaml.diagnostics].sort((a, b) => a.line - b.line || a.column - b.column);
	return {
		path: absolute,
		file,
		label: environment?.name ?? file,
		text: neutralise(yaml.text).split('\n').slice(0, shownLines).join('\n'),
		diagnostics,
		environment,
	};
}
