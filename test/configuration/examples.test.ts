import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, it} from 'vitest';
import type {Diagnostic} from '../../source/configuration/model.js';
import {settingsWords} from '../../source/configuration/grammar/requirement-words.js';
import {environment as defaults} from '../environment/support.js';
import {readProfilesText, readText} from './support.js';

// What dstack's own documentation shows, of 0.11, of the years between and of today, in our words: `NAME.yml` with its expected reading,
// `NAME.json`. To write the reading of a new one: UPDATE_EXAMPLES=1 node scripts/test.js test/configuration/examples.test.ts, then check it.
const folder = path.join(import.meta.dirname, 'examples');
const names = readdirSync(folder)
	.filter(file => file.endsWith('.yml'))
	.map(file => file.replace(/\.yml$/, ''));

const told = (diagnostics: readonly Diagnostic[]): string[] =>
	diagnostics.map(({line, column, severity, message}) => `${line}:${column} ${severity}: ${message}`);

/** Only what differs from a configuration that says nothing. */
const differing = (environment: object): object => {
	const usual = defaults() as Record<string, unknown>;
	return Object.fromEntries(
		Object.entries(environment).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key])),
	);
};

async function readingOf(name: string): Promise<unknown> {
	const text = readFileSync(path.join(folder, `${name}.yml`), 'utf8');
	if (name.endsWith('.profiles')) {
		const {profiles, diagnostics} = await readProfilesText(text);
		return {
			profiles: profiles.map(({name: called, default: isDefault, settings, words}) => ({
				name: called,
				default: isDefault,
				settings,
				words,
			})),
			diagnostics: told(diagnostics),
		};
	}

	const {environment, settings, diagnostics} = await readText(text);
	return {
		environment: environment ? differing(environment) : null,
		settings,
		words: settingsWords(settings),
		diagnostics: told(diagnostics),
	};
}

describe("the examples of dstack's documentation", () => {
	it('are many, of every generation', () => {
		for (const [generation, least] of [
			['0.11', 10],
			['0.18', 5],
			['today', 20],
		] as const) {
			expect(names.filter(name => name.startsWith(generation)).length).toBeGreaterThanOrEqual(least);
		}
	});

	it.each(names)('%s', async name => {
		const file = path.join(folder, `${name}.json`);
		const reading = JSON.parse(JSON.stringify(await readingOf(name))) as unknown;
		if (process.env['UPDATE_EXAMPLES'] === '1' && !existsSync(file)) {
			writeFileSync(file, `${JSON.stringify(reading, undefined, '\t')}\n`);
		}

		expect(reading).toEqual(JSON.parse(readFileSync(file, 'utf8')));
	});
});
