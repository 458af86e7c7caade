import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {isMissing} from '../../system/files.js';
import {messageOf, Problem} from '../../system/problem.js';
import type {OfferTable} from '../table.js';
import {yieldToEvents as breatheNow, makeYielder} from './yield-to-events.js';
import {ForeignError, type FoundSection, unpack} from './container.js';
import {decodeBands, decodeOffers} from './decode.js';
import {ending} from './refresh.js';

/** Where one backend's offers came from. */
export type LoadedPart = {
	readonly backend: string;
	/** The newest of its prices, milliseconds since the epoch. */
	readonly date: number;
	readonly rows: number;
	readonly from: 'snapshot' | 'refreshed';
};

export type CatalogueReport = {
	readonly loaded: readonly LoadedPart[];
	/** What could not be read, and what to do about it. The program goes on without. */
	readonly problems: readonly Problem[];
};

export type CataloguePlaces = {
	/** The folder of refreshed catalogues; undefined for the snapshot alone. */
	readonly folder: string | undefined;
	/** The snapshot that the package brings. */
	readonly snapshot?: string;
};

type Part = FoundSection & {readonly from: LoadedPart['from']; readonly file: string};

/** What a file says of its own size is not believed beyond this. */
const mostReserved = 1_000_000;
/** Space for rows that backends report meanwhile: for the first of them all would have to move. */
const spare = 1024;
/** Rows that are entered in the index at a time. */
const entered = 1024;

/** Puts the newest offers that this machine has of each backend into the table, in slices, so that nothing waits for them. */
export async function loadCatalogue(
	table: OfferTable,
	{folder, snapshot = snapshotFile()}: CataloguePlaces,
): Promise<CatalogueReport> {
	const problems: Problem[] = [];
	const files = [snapshot, ...(folder === undefined ? [] : await refreshedFiles(folder, problems))];
	const found = await Promise.all(
		files.map(async file => readParts(file, file === snapshot ? 'snapshot' : 'refreshed', problems)),
	);
	// Right after a file was read, only the second breath is one for timers as well.
	await breatheNow();
	const breathe = makeYielder();
	const groups = byNewest(found.flat());
	const rows = groups.reduce((sum, [part]) => sum + Math.min(part?.kind === 'offers' ? part.rows : 0, mostReserved), 0);
	table.columns.reserve(rows + spare);
	await breathe();
	const loaded: LoadedPart[] = [];
	for (const candidates of groups) {
		for (const part of candidates) {
			try {
				await load(table, part, breathe);
				if (part.kind === 'offers') {
					loaded.push({backend: part.backend, date: part.date, rows: part.rows, from: part.from});
				}

				break;
			} catch (error) {
				problems.push(problemOf(part.file, part.from, error));
			}
		}
	}

	// Done now and in slices, not at once when somebody first looks for a row.
	while (table.store.index.enter(entered)) {
		await breathe();
	}

	// Of an offer that a file has twice, the dearer row was hidden just now.
	table.store.version++;
	return {loaded, problems};
}

/** The snapshot beside the program, whether it runs bundled or from its sources. */
export function snapshotFile(): string {
	const here = path.dirname(fileURLToPath(import.meta.url));
	const candidates = ['..', '../../..'].map(up => path.resolve(here, up, 'catalogue', 'snapshot.bin'));
	return candidates.find(existsSync) ?? (candidates[0] as string);
}

async function refreshedFiles(folder: string, problems: Problem[]): Promise<string[]> {
	try {
		const names = await readdir(folder);
		return names.filter(name => name.endsWith(ending)).map(name => path.join(folder, name));
	} catch (error) {
		if (!isMissing(error)) {
			problems.push(problemOf(folder, 'refreshed', error));
		}

		return [];
	}
}

async function readParts(file: string, from: LoadedPart['from'], problems: Problem[]): Promise<Part[]> {
	try {
		return unpack(await readFile(file)).map(part => ({...part, from, file}));
	} catch (error) {
		problems.push(problemOf(file, from, error));
		return [];
	}
}

/** What there is of each backend, the newest first; bands before offers, which get theirs as they are put. */
function byNewest(parts: readonly Part[]): Part[][] {
	const groups = Map.groupBy(parts, ({kind, backend}) => `${kind} ${backend}`);
	return [...groups.values()]
		.map(group => group.sort((a, b) => b.date - a.date || Number(a.from === 'snapshot') - Number(b.from === 'snapshot')))
		.sort(([a], [b]) => Number(b?.kind === 'bands') - Number(a?.kind === 'bands'));
}

type Breathe = ReturnType<typeof makeYielder>;

async function load(table: OfferTable, {kind, backend, open}: Part, breathe: Breathe): Promise<void> {
	const bytes = open();
	await breathe();
	if (kind === 'bands') {
		decodeBands(bytes, backend, table);
		table.store.fillBands(0, table.places.backends.code(backend));
		await breathe();
		return;
	}

	const listing = table.listing(backend, 'catalogue');
	const block = await inSlices(decodeOffers(bytes, backend, table), breathe);
	await breathe();
	await inSlices(listing.putBlock(block), breathe);
	listing.end();
	await breathe();
}

async function inSlices<T>(steps: Generator<void, T>, breathe: Breathe): Promise<T> {
	for (;;) {
		const step = steps.next();
		if (step.done) {
			return step.value;
		}

		await breathe();
	}
}

function problemOf(file: string, from: LoadedPart['from'], error: unknown): Problem {
	const what = from === 'snapshot' ? "The package's catalogue of offers" : 'A refreshed catalogue of offers';
	const update = 'run `dstack-tui catalog update`';
	return new Problem('failed', `${what} cannot be used: ${isMissing(error) ? 'it is missing' : messageOf(error)} (${file})`, {
		next:
			from === 'snapshot'
				? `Install dstack-tui again, or ${update}.`
				: `${error instanceof ForeignError ? 'It may be of another version of this program' : 'It is damaged'}: ${update} to replace it.`,
		cause: error,
	});
}
