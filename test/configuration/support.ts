import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import {expect} from 'vitest';
import {GrammarError} from '../../source/configuration/grammar/grammar.js';
import type {ConfigurationFile, DevEnvironment, ProfilesFile} from '../../source/configuration/model.js';
import {readProfiles} from '../../source/configuration/files/profiles.js';
import {readConfiguration, type ReadOptions} from '../../source/configuration/files/read.js';
import {Problem} from '../../source/system/problem.js';
import {temporaryFolder} from '../support/folders.js';

/** The least that is a configuration. */
export const least = 'type: dev-environment\n';

/** Writes files below a folder, with the folders that they need. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
	for (const [name, content] of Object.entries(files)) {
		const file = path.join(folder, name);
		await mkdir(path.dirname(file), {recursive: true});
		await writeFile(file, content);
	}
}

/** What becomes of a text as the `.dstack.yml` of a folder of its own. */
export async function readText(text: string | Uint8Array, options: ReadOptions = {}): Promise<ConfigurationFile> {
	const folder = await temporaryFolder();
	await writeFiles(folder, {'.dstack.yml': text});
	return readConfiguration(path.join(folder, '.dstack.yml'), folder, options);
}

/** The environment that some lines make; fails with the diagnostics when they make none. */
export async function environmentOf(lines: string): Promise<DevEnvironment> {
	const {environment, diagnostics} = await readText(least + lines);
	if (!environment) {
		throw new Error(`no environment: ${JSON.stringify(diagnostics)}`);
	}

	return environment;
}

/** What becomes of a text as the `.dstack/profiles.yml` of a folder of its own. */
export async function readProfilesText(text: string): Promise<ProfilesFile> {
	const folder = await temporaryFolder();
	await writeFiles(folder, {'.dstack/profiles.yml': text});
	return readProfiles(folder);
}

/** The problem that something ends with. */
export async function problemOf(act: () => unknown): Promise<Problem> {
	try {
		await act();
	} catch (error) {
		if (error instanceof Problem) {
			return error;
		}

		throw error;
	}

	throw new Error('no problem');
}

/** Where a diagnostic is, as editors write it. */
export const placeOf = ({line, column}: {line: number; column: number}): string => `${line}:${column}`;

/** What somebody might type, on purpose or not. */
export const anyText = fc.oneof(
	fc.string(),
	fc.string({unit: 'binary'}),
	fc.string({unit: fc.constantFrom(...'0123456789:.,*=-GMBgbshdwoff A')}),
);

/** Whatever is typed, a parser answers or complains in its own words. */
export const answersOrComplains = (parse: (text: string) => unknown, sound: (value: never) => boolean) => {
	fc.assert(
		fc.property(anyText, text => {
			try {
				expect(sound(parse(text) as never)).toBe(true);
			} catch (error) {
				expect(error).toBeInstanceOf(GrammarError);
				expect((error as GrammarError).message).toMatch(/^.*\S/);
				expect((error as GrammarError).message.length).toBeLessThan(250);
			}
		}),
		{numRuns: 500},
	);
};
