import {stat} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import {toEnvironment} from '../schema/configuration-schema.js';
import type {ConfigurationFile, Profile, ProfilesFile} from '../model.js';
import {readConfiguration} from './read.js';
import {suggest} from '../schema/suggest.js';

/** The words for what is wrong with a file are measured as terminals do, and to be able to takes longer than to read it: that waits until there are any. */
const problemOf = async (file: string, diagnostics: ConfigurationFile['diagnostics']): Promise<Problem> =>
	(await import('./diagnostics.js')).diagnosticsProblem(file, diagnostics);

const usable = async (file: ConfigurationFile): Promise<ConfigurationFile> => {
	if (!file.environment) {
		throw await problemOf(file.file, file.diagnostics);
	}

	return file;
};

/** The empty configuration that is used where there is none and none is needed: it asks for nothing. */
export const noConfiguration = (folder: string): ConfigurationFile => ({
	path: path.join(folder, '.dstack.yml'),
	file: '.dstack.yml',
	label: '.dstack.yml',
	text: '',
	diagnostics: [],
	environment: toEnvironment({}),
	settings: {},
	origins: {},
});

/** Whether it is that. A file that can be used is not empty. */
export const isNone = ({text}: ConfigurationFile): boolean => text === '';

/** The configuration that is meant: `-f FILE` (or its name), else the folder's default, else the only one. Throws `Problem`s. */
export async function pickConfiguration(
	files: readonly ConfigurationFile[],
	name: string | undefined,
	folder: string,
): Promise<ConfigurationFile> {
	if (name !== undefined) {
		const places = [path.resolve(folder, name), path.resolve(name)];
		const known = files.find(file => places.includes(file.path)) ?? files.find(file => file.label === name);
		return usable(known ?? (await readUnknown(name, places, files, folder)));
	}

	const [first, ...others] = files;
	if (!first) {
		throw new Problem('configuration', `No configuration (*.dstack.yml) below ${folder}`, {
			next: 'Start `dstack-tui` there in a terminal: it offers to write one.',
		});
	}

	if (others.length === 0 || /^\.dstack\.ya?ml$/.test(first.file)) {
		return usable(first);
	}

	throw new Problem('configuration', 'Several configurations and no .dstack.yml: which one is meant?', {
		details: files.map(({file}) => file),
		next: `Choose one with -f: \`-f ${first.file}\`.`,
	});
}

/** A file that the search did not come upon: elsewhere, or without the usual ending. */
async function readUnknown(
	name: string,
	places: readonly string[],
	files: readonly ConfigurationFile[],
	folder: string,
): Promise<ConfigurationFile> {
	const there = await Promise.all(places.map(async place => stat(place).catch(() => undefined)));
	const place = places[there.findIndex(Boolean)];
	if (place !== undefined) {
		return readConfiguration(place, folder);
	}

	const names = files.map(({label}) => label);
	const meant = suggest(name, names);
	throw new Problem('configuration', `There is no configuration '${name}'${meant ? `; did you mean ${meant}?` : ''}`, {
		details: names,
		next: 'Name a file, or a configuration by its `name`.',
	});
}

/** The profile that is meant: by name, else the default, else none; none at all where `name` is false. Throws `Problem`s. */
export async function pickProfile(file: ProfilesFile, name: string | false | undefined): Promise<Profile | undefined> {
	const broken = name !== false && file.diagnostics.some(({severity}) => severity === 'error');
	if (broken) {
		throw await problemOf(file.diagnostics[0]?.file ?? '.dstack/profiles.yml', file.diagnostics);
	}

	if (name === false) {
		return undefined;
	}

	if (name === undefined) {
		return file.profiles.find(profile => profile.default);
	}

	const found = file.profiles.find(profile => profile.name === name);
	if (found) {
		return found;
	}

	const names = file.profiles.map(profile => profile.name);
	const meant = suggest(name, names);
	throw new Problem('configuration', `There is no profile '${name}'${meant ? `; did you mean ${meant}?` : ''}`, {
		next: names.length > 0 ? `Known: ${names.join(', ')}.` : 'Write profiles in .dstack/profiles.yml.',
	});
}
