import process from 'node:process';
import {configurationSchema} from '../configuration/schema/configuration-schema.js';
import {formatDiagnostic} from '../configuration/files/diagnostics.js';
import {editorSchema} from '../configuration/schema/json-schema.js';
import {profilesSchema} from '../configuration/files/profiles.js';
import {shownPath} from '../configuration/yaml/yaml-file.js';
import type {Core} from '../runs/core.js';
import {resolvePaths} from '../system/paths.js';
import {Problem, sentencesOf} from '../system/problem.js';
import {configTrouble} from '../tunnel/ssh-config/install-aliases.js';
import type {Output} from './io.js';

/** Prints the JSON Schema of a kind of file, for editors. */
export function printSchema(kind: 'configuration' | 'profiles'): void {
	const schema =
		kind === 'profiles'
			? editorSchema(profilesSchema, 'Profiles of dev environments')
			: editorSchema(configurationSchema, 'A dev environment');
	process.stdout.write(`${JSON.stringify(schema, undefined, '\t')}\n`);
}

/** Checks every configuration below the folder and its profiles. Throws a `configuration` problem when any has an error. */
export async function check(core: Core, output: Output): Promise<void> {
	const [configurations, profiles] = await Promise.all([core.configurations(), core.profiles()]);
	if (configurations.length === 0) {
		throw new Problem('configuration', `No configuration (*.dstack.yml) below ${core.folder}`, {
			next: 'Start `dstack-tui` there: it offers to write one.',
		});
	}

	const files = [
		...configurations.map(({file, diagnostics}) => ({file, diagnostics, kind: 'configuration'})),
		...profiles.paths.map(absolute => {
			const file = shownPath(absolute, core.folder);
			return {file, diagnostics: profiles.diagnostics.filter(each => each.file === file), kind: 'profiles'};
		}),
	];
	let errors = 0;
	for (const {file, kind, diagnostics} of files) {
		errors += diagnostics.filter(({severity}) => severity === 'error').length;
		output.object({file, kind, diagnostics});
		for (const diagnostic of diagnostics) {
			for (const line of formatDiagnostic(diagnostic)) {
				output.line(line);
			}
		}

		if (diagnostics.length === 0) {
			output.line(`${file}: ok`);
		}
	}

	const {damage} = core.preferences;
	const problems = [
		...(damage ? [sentencesOf(damage)] : []),
		...core.preferences.images().problems.map(({message}) => message),
		...core.preferences.attention().problems,
	];
	for (const message of problems) {
		output.object({type: 'settings', message});
		output.line(message);
	}

	// No error of the files, and yet what would keep an editor out of every environment.
	const trouble = await configTrouble(resolvePaths());
	if (trouble) {
		output.object({type: 'ssh', message: trouble.why, next: trouble.next});
		output.line(trouble.why);
		output.line(trouble.next);
	}

	errors += problems.length;
	if (errors > 0) {
		throw new Problem('configuration', `${errors} ${errors === 1 ? 'problem' : 'problems'} to mend`);
	}
}
