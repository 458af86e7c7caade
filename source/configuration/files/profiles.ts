import {access} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import {check, readableKeys, warnUnused} from '../schema/check.js';
import {text, truth, words} from '../schema/fields.js';
import type {Diagnostic, Profile, ProfilesFile} from '../model.js';
import {checkNames} from '../schema/known-names.js';
import {originsOf} from './read.js';
import {warnTraps} from '../yaml/warn-traps.js';
import {policy, policyShape, resources, toRequirementSettings} from '../schema/requirement-fields.js';
import {settingsWords} from '../grammar/requirement-words.js';
import {byPlace, mostProblems, readYaml, shownPath, type YamlFile} from '../yaml/yaml-file.js';

const shape = {
	name: policy(text().regex(/^[\w.-]{1,60}$/, 'expected a name of letters, digits, dots and dashes'), {
		description: 'What `--profile` calls it',
	}),
	default: policy(truth, {description: 'Whether it is used where none is named'}),
	resources: policy(resources, {description: 'What the hardware has to be'}),
	...policyShape,
};

export const profilesSchema = z.strictObject(
	{
		profiles: z
			.array(z.strictObject(shape, words('a map of a profile')), words('a list of profiles'))
			.meta({description: 'What runs may ask for, by name'}),
	},
	words('a map with the key `profiles`'),
);

type Parsed = Partial<z.infer<z.ZodObject<typeof shape>>>;

const foreignKeys = {project: 'projects belong to a dstack server, and this program needs none'};

/** Where the profiles of a folder may lie, in both spellings; the first that is there counts. */
const candidates = (folder: string): string[] =>
	['profiles.yml', 'profiles.yaml'].map(name => path.join(folder, '.dstack', name));

/**
The profiles of a folder, then those of the person's home folder whose names are not taken; a default of the folder's own goes before one of
the home folder's. None at all is no problem.
*/
export async function readProfiles(folder: string, home?: string): Promise<ProfilesFile> {
	const places = [folder, ...(home === undefined || path.resolve(home) === path.resolve(folder) ? [] : [home])];
	const files = (await Promise.all(places.map(async place => firstThere(candidates(place))))).filter(file => file !== undefined);
	const read = await Promise.all(files.map(async file => readOne(file, folder)));
	const profiles: Profile[] = [];
	const taken = new Set<string>();
	let hasDefault = false;
	for (const each of read.flatMap(({profiles: own}) => own)) {
		const name = taken.has(each.name) && isUnnamed(each) ? `~${each.name}` : each.name;
		if (!taken.has(name)) {
			profiles.push({...each, name, default: each.default && !hasDefault});
			taken.add(name);
			hasDefault ||= each.default;
		}
	}

	return {paths: files, diagnostics: read.flatMap(({diagnostics}) => diagnostics), profiles};
}

/** A profile without a name is named by its position in the list; no name can look like it. */
const unnamed = (index: number): string => `#${index + 1}`;
const isUnnamed = ({name, index}: Profile): boolean => name === unnamed(index);

async function readOne(
	absolute: string,
	folder: string,
): Promise<{diagnostics: readonly Diagnostic[]; profiles: readonly Profile[]}> {
	const yaml = await readYaml(absolute, shownPath(absolute, folder));
	if (yaml.diagnostics.some(({severity}) => severity === 'error')) {
		return {diagnostics: yaml.diagnostics, profiles: []};
	}

	if (yaml.value === null || yaml.value === undefined) {
		return {diagnostics: [yaml.at([], 'the file is empty; expected a map with the key `profiles`')], profiles: []};
	}

	check(yaml, profilesSchema, {foreign: foreignKeys, depth: 2});
	const {profiles: listed} = yaml.value as {profiles?: unknown};
	const parsed = (Array.isArray(listed) ? listed : []).map((each: Record<string, unknown> | null) => ({
		...readableKeys(shape, each),
		resources: readableKeys(resources.shape, each?.['resources']),
	}));
	warnTraps(yaml);
	refuseDoubles(yaml, parsed);
	const profiles = parsed.map((each, index) => toProfile(yaml, absolute, each, index));
	yaml.diagnostics.sort(byPlace);
	const isSound = yaml.diagnostics.every(({severity}) => severity !== 'error');
	return {diagnostics: yaml.diagnostics, profiles: isSound ? profiles : []};
}

function toProfile(yaml: YamlFile, absolute: string, parsed: Parsed, index: number): Profile {
	const place = ['profiles', index];
	const settings = toRequirementSettings(parsed, parsed.resources);
	checkNames(yaml, settings, place);
	warnUnused(yaml, profilesSchema, place);
	warnUnused(yaml, profilesSchema, [...place, 'resources']);
	return {
		name: parsed.name ?? unnamed(index),
		default: parsed.default ?? false,
		settings,
		origins: originsOf(yaml, settings, place),
		words: settingsWords(settings),
		file: yaml.file,
		path: absolute,
		index,
	};
}

function refuseDoubles({diagnostics, at}: YamlFile, profiles: readonly Parsed[]): void {
	const names = new Set<string>();
	let first: string | undefined;
	let left = mostProblems;
	const complain = (place: PropertyKey[], message: string, key = false) => {
		if (left-- > 0) {
			diagnostics.push(at(place, message, {key}));
		}
	};

	for (const [index, {name, default: isDefault, retry, retry_policy: retryPolicy}] of profiles.entries()) {
		if (typeof name === 'string' && names.has(name)) {
			complain(['profiles', index, 'name'], `two profiles are called '${name}'`);
		}

		names.add(name ?? '');
		if (isDefault && first !== undefined) {
			complain(['profiles', index, 'default'], `two profiles are the default: '${first}' is one already`);
		}

		first = isDefault ? (name ?? unnamed(index)) : first;
		if (retry && retryPolicy) {
			complain(['profiles', index, 'retry_policy'], '`retry` says the same; leave out one of the two', true);
		}
	}
}

async function firstThere(files: readonly string[]): Promise<string | undefined> {
	for (const file of files) {
		try {
			await access(file);
			return file;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as NodeJS.ErrnoException).code !== 'ENOTDIR') {
				return file;
			}
		}
	}

	return undefined;
}
