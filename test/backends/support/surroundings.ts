import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Surroundings} from '../../../source/backends/settings/index.js';
import type {OfferSource} from '../../../source/backends/backend.js';
import type {Requirements} from '../../../source/configuration/model.js';
import type {Offer} from '../../../source/offers/offer.js';
import {requirements} from '../../offers/support.js';
import {temporaryFolder} from '../../support/folders.js';

/** A home and a config folder with these files (relative to the home, 0600), and nothing else. */
export async function makeSurroundings(
	files: Readonly<Record<string, string>> = {},
	environment: NodeJS.ProcessEnv = {},
): Promise<Surroundings> {
	const home = await temporaryFolder();
	for (const [name, text] of Object.entries(files)) {
		await mkdir(path.dirname(path.join(home, name)), {recursive: true});
		await writeFile(path.join(home, name), text, {mode: 0o600});
	}

	return {home, config: path.join(home, 'config'), environment};
}

export type Listed = {readonly offers: Offer[]; readonly batches: number; readonly notes: string[]};

/** Everything that a source lists. */
export async function listAll(source: OfferSource, asked: Partial<Requirements> = {}, signal?: AbortSignal): Promise<Listed> {
	const offers: Offer[] = [];
	const notes: string[] = [];
	let batches = 0;
	for await (const batch of source.offers(requirements(asked), signal ?? new AbortController().signal, line =>
		notes.push(line),
	)) {
		offers.push(...batch);
		batches++;
	}

	return {offers, batches, notes};
}

export const status = async (source: OfferSource) => source.status(new AbortController().signal);
