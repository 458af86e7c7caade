import {mkdir, open, readFile} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import type {Paths} from '../../system/paths.js';
import {isMissing} from '../../system/files.js';
import {spentUntil} from '../model/cost.js';
import type {RunState} from '../model/state.js';

const entrySchema = z.object({
	run: z.string(),
	intentId: z.string(),
	configuration: z.string(),
	/** Every instance that was billed, US dollars an hour, milliseconds since the epoch. */
	instances: z.array(
		z.object({
			backend: z.string(),
			region: z.string(),
			instanceType: z.string(),
			spot: z.boolean(),
			price: z.number(),
			from: z.number(),
			to: z.number(),
		}),
	),
	/** Where instances were asked for, also where none was had: `aws us-east-1`. */
	regions: z.array(z.string()),
	/** US dollars, without disk, traffic and addresses. */
	cost: z.number(),
	endedAt: z.number(),
	reason: z.string(),
});

/** A past run, as the ledger keeps it when its folder is long gone. */
export type LedgerEntry = z.infer<typeof entrySchema>;

/** The regions that a run ever asked for an instance in, by backend. */
const regionsOf = ({offer, attempts, billing}: RunState): string[] => [
	...new Set(
		[offer, ...attempts.map(each => each.offer), ...billing.map(each => each.offer)].map(
			each => `${each.backend} ${each.region}`,
		),
	),
];

/** Writes down what a run cost that ends now. Durable when it resolves; a second line of the same run counts once. */
export async function enterInLedger(paths: Paths, state: RunState, now: number, reason: string): Promise<void> {
	const billing = state.billing.map(each => ({...each, to: each.to ?? now}));
	const entry: LedgerEntry = {
		run: state.name,
		intentId: state.specification.intentId,
		configuration: state.specification.configurationFile,
		instances: billing.map(({offer: {backend, region, instanceType, spot, price}, from, to}) => ({
			...{backend, region, instanceType, spot, price},
			...{from, to},
		})),
		regions: regionsOf(state),
		cost: spentUntil(now, {billing}),
		endedAt: now,
		reason,
	};
	await mkdir(path.dirname(paths.ledger), {recursive: true, mode: 0o700});
	const handle = await open(paths.ledger, 'a', 0o600);
	try {
		// First a line's end: what a crash left of the line before must not swallow this one.
		await handle.writeFile(`\n${JSON.stringify(entrySchema.parse(entry))}\n`);
		await handle.datasync();
	} finally {
		await handle.close();
	}
}

/** Past runs, the newest first, each once. Lines that are none are left out. */
export async function readLedger(paths: Paths): Promise<LedgerEntry[]> {
	let text: string;
	try {
		text = await readFile(paths.ledger, 'utf8');
	} catch (error) {
		if (isMissing(error)) {
			return [];
		}

		throw error;
	}

	const entries = new Map<string, LedgerEntry>();
	for (const line of text.split('\n')) {
		const entry = parse(line);
		if (entry) {
			entries.set(entry.intentId, entry);
		}
	}

	return [...entries.values()].sort((a, b) => b.endedAt - a.endedAt);
}

function parse(line: string): LedgerEntry | undefined {
	try {
		return entrySchema.parse(JSON.parse(line));
	} catch {
		// Half a line, where a crash or a full disk cut it: the run's own journal has told the same.
		return undefined;
	}
}
