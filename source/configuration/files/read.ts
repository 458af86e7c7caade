import {check, readableKeys, valueAt, warnUnused} from '../schema/check.js';
import type {ConfigurationFile, DevEnvironment, Origin, Origins, RequirementSettings, RequirementKey} from '../model.js';
import {formerPaths, resources, toRequirementSettings, requirementPaths} from '../schema/requirement-fields.js';
import {byPlace, readYaml, shownPath, type YamlFile} from '../yaml/yaml-file.js';
import {isAlias, isMap, isScalar} from 'yaml';
import {neutralise} from '../../system/terminal-text.js';
import {configurationSchema, foreignKeys, foreignTypes, pythonVersion, toEnvironment} from '../schema/configuration-schema.js';
import {checkNames} from '../schema/known-names.js';
import {checkReferences} from '../schema/reference-check.js';
import {suggest} from '../schema/suggest.js';
import {warnTraps} from '../yaml/warn-traps.js';

const shownLines = 200;

/** What reading depends on beside the file itself. */
export type ReadOptions = {
	/** Names of the person's secrets; undefined leaves them unchecked. */
	readonly secrets?: ReadonlySet<string>;
	/** Where built images are kept; undefined for nowhere. */
	readonly registry?: string;
};

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
	if (type === 'dev-environment') {
		return false;
	}

	const reason = typeof type === 'string' && Object.hasOwn(foreignTypes, type) ? foreignTypes[type] : undefined;
	diagnostics.push(
		type === undefined
			? yaml.at([], 'the key `type` is missing; expected type: dev-environment')
			: yaml.at(
					['type'],
					reason === undefined ? 'expected type: dev-environment' : `${reason}; this program runs type: dev-environment`,
					{
						suggestion: typeof type === 'string' ? suggest(type, ['dev-environment']) : undefined,
					},
				),
	);
	return true;
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

/** What no single key can tell: keys that contradict each other. */
function checkTogether({diagnostics, at, value}: YamlFile, {image, python, docker}: DevEnvironment): void {
	if (image !== undefined && python !== undefined) {
		diagnostics.push(at(['python'], '`image` brings its own Python; leave out one of the two', {key: true}));
	}

	if (image !== undefined && docker) {
		diagnostics.push(at(['docker'], '`docker` brings an image of its own; leave out one of `image` and `docker`', {key: true}));
	}

	const keys = value as Record<string, unknown>;
	if (keys['retry'] !== undefined && keys['retry_policy'] !== undefined) {
		diagnostics.push(at(['retry_policy'], '`retry` says the same; leave out one of the two', {key: true}));
	}
}

/** Only this machine keeps an image without one. */
function warnNoRegistry(
	{diagnostics, at}: YamlFile,
	{build}: DevEnvironment,
	{backends}: RequirementSettings,
	{registry}: ReadOptions,
): void {
	if (build.length > 0 && registry === undefined && backends && !backends.includes('local')) {
		const message = 'a cloud fetches built images from a registry, and the setting `registry` names none';
		diagnostics.push(at(['build'], message, {key: true, severity: 'warning'}));
	}
}

/** Reads one `.dstack.yml`, with all its problems at once. `folder` is what paths are shown relative to. */
export async function readConfiguration(absolute: string, folder: string, options: ReadOptions = {}): Promise<ConfigurationFile> {
	const file = shownPath(absolute, folder);
	const yaml = await readYaml(absolute, file);
	let environment: DevEnvironment | undefined;
	let settings: RequirementSettings = {};
	if (!isHopeless(yaml)) {
		const written = {...yaml, value: asWritten(yaml)};
		check(written, configurationSchema, {foreign: foreignKeys});
		const parsed = readableKeys(configurationSchema.shape, written.value);
		environment = toEnvironment(parsed);
		settings = toRequirementSettings(
			parsed,
			readableKeys(resources.shape, (written.value as Record<string, unknown>)['resources']),
		);
		warnTraps(yaml);
		checkTogether(yaml, environment);
		checkReferences(yaml, environment, options.secrets);
		checkNames(yaml, settings, []);
		warnNoRegistry(yaml, environment, settings, options);
		warnUnused(yaml, configurationSchema);
		warnUnused(yaml, configurationSchema, ['resources']);
	}

	const diagnostics = [...yaml.diagnostics].sort(byPlace);
	const isSound = diagnostics.every(({severity}) => severity !== 'error');
	return {
		path: absolute,
		file,
		label: environment?.name ?? file,
		text: neutralise(yaml.text).split('\n').slice(0, shownLines).join('\n'),
		diagnostics,
		environment: isSound ? environment : undefined,
		settings: isSound ? settings : {},
		origins: isSound ? originsOf(yaml, settings, []) : {},
	};
}

/** Which line of the file asks for each wish, as `file:line`. `place` leads to the map that holds them. */
export function originsOf(yaml: YamlFile, settings: RequirementSettings, place: ReadonlyArray<PropertyKey>): Origins {
	const origins: Partial<Record<RequirementKey, Origin>> = {};
	for (const key of Object.keys(settings) as RequirementKey[]) {
		const [now, before] = [requirementPaths[key], formerPaths[key] ?? []].map(keys => [...place, ...keys]) as [
			string[],
			string[],
		];
		const isNow = (valueAt(yaml.value, now) ?? undefined) !== undefined;
		origins[key] = `${yaml.file}:${yaml.at(isNow ? now : before, '', {key: true}).line}`;
	}

	return origins;
}
