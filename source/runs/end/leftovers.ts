import type {Backend, Instance} from '../../backends/backend.js';
import type {MachineId} from '../../system/machine-id.js';
import {messageOf} from '../../system/problem.js';
import {type RunContext, waitFor} from '../context.js';
import {readJournal} from '../journal/journal.js';
import {runFolder} from '../journal/run-folder.js';
import type {Looked, Orphan} from '../model/reconciled.js';
import {reduceAll} from '../model/reduce.js';
import type {RunState} from '../model/state.js';
import {orphanWords} from '../words/status-words.js';
import {listIn, regionsToAsk} from './regions-to-ask.js';
import {programName} from '../../system/program-name.js';
import {leaveEnd, leaveListing, leaveQuestion, patience} from '../words/wait-words.js';

/** What another machine than this one is called; undefined for this one, and where nobody noted which it was. */
export const elsewhereName = (theirs: MachineId | undefined, ours: MachineId | undefined): string | undefined =>
	theirs && ours && theirs.id !== ours.id ? theirs.name : undefined;

type LeftoverOptions = {
	readonly installation: string;
	/** This one; instances of another machine are left to that one. */
	readonly machine?: MachineId;
	readonly sweep?: boolean;
	/** Also asks where no journal tells of an instance. */
	readonly everywhere?: boolean;
	/** Who only lists waits no longer than this for anybody, milliseconds. */
	readonly patience?: number;
	/** Gives up what is only asked. */
	readonly signal?: AbortSignal;
};

/** What a backend has told of instances with our tag, and where it was asked. */
type Leftovers = {
	readonly regions: Awaited<ReturnType<typeof regionsToAsk>>;
	readonly instances: readonly Instance[];
	readonly looked: Looked | undefined;
	readonly notes: readonly string[];
};

const nowhere: Leftovers['regions'] = {sure: [], others: [], unasked: []};

/** The instances with our tag. What cannot be asked becomes notes, and rejects nothing. */
export async function listLeftovers(
	context: RunContext,
	backend: Backend,
	{installation, everywhere = false, patience: limit = patience.question, signal: leaving}: LeftoverOptions,
): Promise<Leftovers> {
	const notes: string[] = [];
	const unanswered = (region: string, error: Error) => {
		notes.push(`${backend.name} ${region} could not be asked for leftovers: ${error.message}`);
	};

	try {
		const wish = {
			what: `${backend.name} to list instances of this installation`,
			limit,
			wayOut: limit === patience.question ? leaveQuestion : leaveListing,
		};
		return await waitFor(context, wish, async (_, giveUp) => {
			const signal = leaving ? AbortSignal.any([giveUp, leaving]) : giveUp;
			const regions = await regionsToAsk(context.paths, backend, everywhere, signal);
			const {instances, answered, unasked} = await listIn(backend, installation, regions, unanswered, signal);
			return {regions, instances, looked: {backend: backend.name, regions: answered, unasked}, notes};
		});
	} catch (error) {
		return {
			...{regions: nowhere, instances: [], looked: undefined},
			notes: [...notes, `${backend.name} could not be asked for leftovers: ${messageOf(error)}`],
		};
	}
}

type Known = LeftoverOptions & {
	readonly runs: readonly RunState[];
	readonly notes: string[];
	readonly looked: Looked[];
	/** Runs whose end was confirmed while the cloud was asked: it may not know of that yet. */
	readonly ended: ReadonlySet<string>;
};

/**
Instances with our tag that a run went on without are ended where nobody was ever let into them: a crash, or a late answer, came between.
Those that may hold work although their journal says that they are gone are returned, as those without a journal are.
*/
export async function seeToLeftovers(
	context: RunContext,
	backend: Backend,
	found: Leftovers,
	{installation, machine, sweep = false, runs, notes, looked, ended, patience: limit}: Known,
): Promise<Orphan[]> {
	const orphans: Orphan[] = [];
	notes.push(...found.notes);
	looked.push(...(found.looked ? [found.looked] : []));
	const live = new Set(runs.filter(({phase}) => phase !== 'gone').map(({intentId}) => intentId));
	try {
		for (const instance of found.instances) {
			const isOld = instance.state === 'ending' || instance.state === 'terminated' || ended.has(instance.run);
			if (isOld || live.has(instance.intentId)) {
				continue;
			}

			// Read anew: it may be another program's that is being started this moment.
			const {events, damaged} = await readJournal(runFolder(context.paths, instance.run)).catch(() => ({
				events: [],
				damaged: [],
			}));
			const state = reduceAll(instance.run, events);
			const elsewhere = elsewhereName(instance.machine, machine);
			if (!state?.intentIds.includes(instance.intentId)) {
				orphans.push({backend: backend.name, instance, elsewhere});
			} else if (damaged.length > 0 || elsewhere !== undefined || state.madeIds.includes(instance.intentId)) {
				if (state.phase === 'gone' || state.intentId !== instance.intentId) {
					orphans.push({backend: backend.name, instance, saidGone: true, elsewhere});
					notes.push(
						`${orphanWords({backend: backend.name, instance, saidGone: true})}: \`${programName} reap\` asks whether to end it`,
					);
				}
			} else if (state.phase === 'gone' || state.intentId !== instance.intentId) {
				const what = `${backend.name} to confirm that ${instance.id} has ended`;
				const wish = {what, limit: limit ?? patience.end, wayOut: leaveEnd(instance.run)};
				await waitFor(context, wish, async (_, signal) => backend.terminate(instance.id, instance.account, signal));
				notes.push(`${instance.run}: an instance that nobody was ever let into was ended (${instance.id})`);
			}
		}

		const {sweep: sweepBackend} = backend;
		if (sweep && sweepBackend) {
			// What lies where nothing was ever asked for is none of ours, unless an instance with our tag is there.
			const places = found.instances.flatMap(({offer}) => offer?.region ?? []);
			const regions = [...new Set([...found.regions.sure, ...places])];
			const what = `${backend.name} to remove what ended instances left`;
			const wish = {what, limit: patience.question, wayOut: leaveQuestion};
			notes.push(...(await waitFor(context, wish, async () => sweepBackend.call(backend, installation, regions))));
		}
	} catch (error) {
		notes.push(`${backend.name} could not be asked for leftovers: ${messageOf(error)}`);
	}

	return orphans;
}
