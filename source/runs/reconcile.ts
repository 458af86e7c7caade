import {stat} from 'node:fs/promises';
import type {Backend} from '../backends/backend.js';
import type {RunContext} from './context.js';
import {findEnd, tidy} from './end.js';
import {readJournal} from './journal.js';
import {ownership} from './owner.js';
import {RunRecord} from './record.js';
import {reduceAll} from './reduce.js';
import {removeRunFolder, runFolder, runNames} from './run-folder.js';
import type {RunState} from './state.js';

/** A folder that is being claimed has no intent yet; only one that stays so was left by a crash. Milliseconds. */
const claimLimit = 10_000;

export type Reconciled = {
	/** Newest first, `gone` ones too. */
	readonly runs: readonly RunState[];
	/** What could not be checked, and why: a backend that does not answer. */
	readonly notes: readonly string[];
};

/**
Compares the journals with what the backends say. Runs that another living program owns are left to it. An instance that ended by itself
is noted; one that a journal says is gone, and yet is there, is ended; a request that never became an instance is closed.
*/
export async function reconcile(context: RunContext, installation: string, backends: readonly Backend[]): Promise<Reconciled> {
	const notes: string[] = [];
	const names = await runNames(context.paths);
	const checked = await Promise.all(
		names.map(async name => {
			try {
				return await reconcileRun(context, name);
			} catch (error) {
				notes.push(`${name} could not be checked: ${String(error)}`);
				const {events} = await readJournal(runFolder(context.paths, name));
				return reduceAll(name, events);
			}
		}),
	);
	const runs = checked.filter(state => state !== undefined).sort((a, b) => b.intendedAt - a.intendedAt);
	await endLeftovers(installation, backends, runs, notes);
	return {runs, notes};
}

async function reconcileRun(context: RunContext, name: string): Promise<RunState | undefined> {
	const folder = runFolder(context.paths, name);
	const {events} = await readJournal(folder);
	const state = reduceAll(name, events);
	if (state?.phase === 'gone' || (await ownership(folder)) === 'owned') {
		return state;
	}

	if (!state) {
		const {mtimeMs} = await stat(folder);
		if (context.clock.now() - mtimeMs > claimLimit) {
			await removeRunFolder(folder);
		}

		return undefined;
	}

	return settle(context, state);
}

async function settle(context: RunContext, state: RunState): Promise<RunState> {
	const backend = await context.backend(state.offer.backend);
	const end = await whatEnded(backend, state);
	if (!end) {
		return state;
	}

	const record = new RunRecord(context, state.name);
	if (await record.own()) {
		try {
			if (state.phase !== 'ended' || !end.kept) {
				await record.append({type: 'gone', ...end});
				await tidy(context.paths, record.folder);
			}
		} finally {
			await record.release();
		}
	}

	return record.state ?? state;
}

async function whatEnded(backend: Backend, state: RunState): Promise<{reason: string; kept: boolean} | undefined> {
	if (state.instanceId !== undefined) {
		const end = await findEnd(backend, state);
		return end && {reason: end.message, kept: end.kept};
	}

	// Launching again with the same intent finds an instance that the crash kept secret; without one, nothing is left to go on with.
	const instance = await backend.find(state.specification.intentId);
	return instance ? undefined : {reason: 'interrupted before it had an instance', kept: false};
}

/** Instances with our tag whose journal says that they are gone, or that have no journal: a crash came between. */
async function endLeftovers(
	installation: string,
	backends: readonly Backend[],
	runs: readonly RunState[],
	notes: string[],
): Promise<void> {
	const live = new Set(runs.filter(({phase}) => phase !== 'gone').map(({specification}) => specification.intentId));
	const known = new Set(runs.map(({specification}) => specification.intentId));
	for (const backend of backends) {
		try {
			for (const instance of await backend.list(installation)) {
				// Without any journal it may be another program's that is being started this moment.
				if (known.has(instance.intentId) && !live.has(instance.intentId)) {
					await backend.terminate(instance.id);
					notes.push(`${instance.run}: an instance that should be gone was ended`);
				}
			}
		} catch (error) {
			notes.push(`${backend.name} could not be asked for leftovers: ${String(error)}`);
		}
	}
}
