import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {Ajv} from 'ajv';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {parse} from 'yaml';
import {configurationSchema} from '../../source/configuration/schema/configuration-schema.js';
import {editorSchema} from '../../source/configuration/schema/json-schema.js';
import {readProfiles, profilesSchema} from '../../source/configuration/files/profiles.js';
import {readConfiguration} from '../../source/configuration/files/read.js';
import {neutraliseLine} from '../../source/system/terminal-text.js';
import {temporaryFolder} from '../support/folders.js';
import {anyDocument} from './documents.js';

// A few hundred documents by default. The long run of 100,000: npm run test:long (LONG=1 node scripts/test.js test/configuration/fuzz.heap.test.ts);
// SEED=… repeats one. Its figures are printed, not asserted.
const isLong = process.env['LONG'] === '1';
const runs = isLong ? 100_000 : 400;
const seed = process.env['SEED'] === undefined ? undefined : Number(process.env['SEED']);

const mebibyte = 1024 * 1024;

it(
	`${runs} random and mutated documents: no throw, no hang, bounded memory, and the schema takes what the reader takes`,
	async () => {
		const folder = await temporaryFolder();
		const file = path.join(folder, '.dstack.yml');
		await mkdir(path.join(folder, '.dstack'));
		const ajv = new Ajv({allowUnionTypes: true, strictTypes: false, keywords: ['deprecationMessage']});
		const fits = {
			configuration: ajv.compile(editorSchema(configurationSchema, 'x')),
			profiles: ajv.compile(editorSchema(profilesSchema, 'x')),
		};
		await readConfiguration(await emptyFile(file), folder);
		const before = process.memoryUsage().rss;
		const seen = {documents: 0, sound: 0, worst: 0, worstDocument: '', peak: 0};
		await fc.assert(
			fc.asyncProperty(anyDocument, async text => {
				await writeFile(file, text);
				await writeFile(path.join(folder, '.dstack', 'profiles.yml'), text);
				const start = process.cpuUsage();
				const read = await readConfiguration(file, folder, {secrets: new Set(['T'])});
				const profiles = await readProfiles(folder);
				const {user, system} = process.cpuUsage(start);
				const took = (user + system) / 1000;
				seen.documents++;
				seen.peak = Math.max(seen.peak, process.memoryUsage().rss - before);
				if (took > seen.worst) {
					[seen.worst, seen.worstDocument] = [took, text.slice(0, 100)];
				}

				const isSound = read.environment !== undefined;
				expect(isSound).toBe(read.diagnostics.every(({severity}) => severity !== 'error'));
				const areSound = profiles.diagnostics.every(({severity}) => severity !== 'error');
				for (const {message, line, column, source = ''} of [...read.diagnostics, ...profiles.diagnostics]) {
					expect(message).toMatch(/\S/);
					expect(neutraliseLine(message)).toBe(message);
					expect(neutraliseLine(source)).toBe(source);
					expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
					expect(message).not.toMatch(/Invalid input|\[object/);
				}

				if (isSound || areSound) {
					seen.sound++;
					const value: unknown = parse(text.replace(/^\uFEFF/, ''), {merge: true, logLevel: 'error'});
					expect(!isSound || fits.configuration(value)).toBe(true);
					expect(!areSound || fits.profiles(value)).toBe(true);
				}
			}),
			{numRuns: runs, endOnFailure: true, ...(seed === undefined ? {} : {seed})},
		);
		expect(seen.peak).toBeLessThan(isLong ? 300 * mebibyte : 200 * mebibyte);
		expect(seen.sound).toBeGreaterThan(runs / 50);
		// Time of the processor, for the clock on the wall says more of other programs. Of the two readings together.
		const {documents, sound, worst, worstDocument, peak} = seen;
		console.log(
			`${documents} documents, ${sound} sound; slowest ${worst.toFixed(0)} ms of the processor (${JSON.stringify(worstDocument)}); memory grew by ${(peak / mebibyte).toFixed(0)} MB`,
		);
	},
	isLong ? 4 * 3600 * 1000 : 120_000,
);

const emptyFile = async (file: string): Promise<string> => {
	await writeFile(file, 'type: dev-environment\n');
	return file;
};
