import type {Looked, Orphan, Reconciled} from '../model/reconciled.js';
import {self} from '../../system/program-name.js';
import {readdir, stat} from 'node:fs/promises';
import path from 'node:path';
import type {Backend} from '../../backends/backend.js';
import type {MachineId} from '../../system/machine-id.js';
import {messageOf, Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {RunContext} from '../context.js';
import {closeRun, finishStopping, settleGone, sweepRunAliases} from './end-run.js';
import {examine, type Finding, late} from './examine.js';
import {noteHalted} from './halted.js';
import {endOverdue} from './overdue.js';
import {readLedger} from '../journal/ledger.js';
import {ownToEnd, release, Unwritten, unwrittenLine} from './unwritten.js';
import {listIn, regionsToAsk} from './regions-to-ask.js';
import {readJournal, readState} from '../journal/journal.js';
import {ownership} from '../journal/ownership.js';
import {RunRecord} from '../journal/record.js';
import {reduceAll} from '../model/reduce.js';
import {removeRunFolder, runFolder, runNames} from '../journal/run-folder.js';
import {findInstance} from '../steps/run-instance.js';
import {RunOver} from '../steps/step.js';
import {overdue, overdueLimit} from '../model/overdue.js';
import {isOver, type RunState} from '../model/state.js';
import {overdueLine} from '../words/overdue-words.js';
import {orphanWords} from '../words/status-words.js';

/** A folder that is being claimed has no intent yet; only one that stays so was left by a crash. Milliseconds. */
const claimLimit = 10_000;
/** How long a run without an instance may be between two programs. Milliseconds. */
const handoverLimit = 30_000;

/** How long after a request a cloud may not tell yet of what it made. Milliseconds. */
const tellLimit = 120_000;

export type ReconcileOptions = {
	readonly installation: string;
	/** The machine that this is: what another one with the same installation runs is left to it. */
	readonly machine?: MachineId;
	readonly backends: readonly Backend[];
	/** Also removes what ended instances left behind: volumes, groups, requests. */
	readonly sweep?: boolean;
	/** Also asks where no journal tells of an instance: in every region of an account, as journals can be lost. */
	readonly everywhere?: boolean;
	/** How long an end that failed is left alone, milliseconds: who only lists, and again with each change, must not ask a cloud each time. */
	readonly rest?: number;
};

/**
Compares the journals with what the backends say. Runs that another living program owns are left to it. An instance that ended by itself
is noted; a request that never became an instance is closed; an end that failed is tried again. One that nobody was ever let into, and no
journal waits for, is ended; one that a journal says is gone, and yet is there, may hold work, and is returned for a person to decide on.
What carries another installation's tag is not even looked at.
*/
export async function reconcile(
	context: RunContext,
	{installation, machine, backends, sweep = false, everywhere = false, rest = 0}: ReconcileOptions,
): Promise<Reconciled> {
	const notes: string[] = [];
	const looked: Looked[] = [];
	const names = await runNames(context.paths);
	const ledger = new Set((await readLedger(context.paths)).map(({intentId}) => intentId));
	const checked = await Promise.all(
		names.map(async name => {
			try {
				return await reconcileRun(context, name, {rest, notes, ledger, machine});
			} catch (error) {
				notes.push(error instanceof Problem ? error.message : `${name} could not be checked: ${messageOf(error)}`);
				return readState(runFolder(context.paths, name)).catch(() => undefined);
			}
		}),
	);
	const unwritten = new Unwritten();
	if (!(await unwritten.attempt('aliases', async () => sweepRunAliases(context.paths)))) {
		notes.push(`Aliases of environments that have ended could not be removed: ${unwritten.lines.join('; ')}`);
	}

	const runs = checked.filter(state => state !== undefined).sort((a, b) => b.intendedAt - a.intendedAt);
	const orphans = await Promise.all(
		backends.map(async backend => askBackend(context, backend, {installation, machine, sweep, everywhere, runs, notes, looked})),
	);
	return {runs, orphans: orphans.flat(), notes, looked};
}

type Look = {
	readonly rest: number;
	readonly notes: string[];
	readonly ledger: ReadonlySet<string>;
	readonly machine: MachineId | undefined;
};

async function reconcileRun(
	context: RunContext,
	name: string,
	{rest, notes, ledger, machine}: Look,
): Promise<RunState | undefined> {
	const folder = runFolder(context.paths, name);
	const {events, damaged} = await readJournal(folder);
	const state = reduceAll(name, events);
	const owner = await ownership(folder);
	if (owner === 'owned') {
		await tellOverdue(context, state, notes);
		return state;
	}

	if (!state) {
		await settleWithoutIntent(context, folder, damaged.length > 0, notes);
		return undefined;
	}

	const isResting = context.clock.now() - (state.stopFailure?.at ?? Number.NEGATIVE_INFINITY) < rest;
	if (state.phase === 'gone') {
		const unwritten = new Unwritten();
		await settleGone(context, folder, state, ledger, unwritten);
		const line = unwrittenLine(name, unwritten);
		notes.push(...(line === undefined ? [] : [line]));
		return state;
	}

	// Whoever looks after it there is not to be seen from here, and only it knows how far it is.
	const elsewhere = elsewhereName(state.specification.machine, machine);
	if (elsewhere !== undefined) {
		notes.push(
			neutraliseLine(
				`${name} was started on ${elsewhere}, and is left alone here: \`${self} stop ${name}\` ends it all the same`,
			),
		);
		return state;
	}

	if (isResting) {
		return state;
	}

	// Let go of a moment ago: the program that goes on with it in the background is still on its way.
	const isFresh = owner === 'free' && context.clock.now() - (events.at(-1)?.at ?? 0) < handoverLimit;
	return isFresh && state.instanceId === undefined ? state : settle(context, state, notes);
}

/** A claim that a crash left behind holds nothing. Anything more than that is a person's to look at, and never removed by itself. */
async function settleWithoutIntent(context: RunContext, folder: string, isDamaged: boolean, notes: string[]): Promise<void> {
	const name = path.basename(folder);
	const held = (await readdir(folder)).filter(entry => entry.startsWith('instance'));
	if (isDamaged || held.length > 0) {
		notes.push(
			`The journal of ${name} is damaged. What there is lies in ${folder}; \`${self} stop ${name}\` ends and removes it.`,
		);
		return;
	}

	const {mtimeMs} = await stat(folder);
	if (context.clock.now() - mtimeMs > claimLimit) {
		await removeRunFolder(folder);
	}
}

/** Looks at a run that nobody looks after. What is found is decided again when it is ours: another program may have been faster. */
async function settle(context: RunContext, before: RunState, notes: string[]): Promise<RunState> {
	const first = before.phase === 'stopping' ? undefined : await look(context, before);
	if (first?.type === 'ahead') {
		notes.push(
			`${before.name} should have ended itself by this machine's clock, but not by that of ${before.offer.backend}: it is left as it is. Is the clock here right?`,
		);
	}

	if (before.phase !== 'stopping' && (!first || first.type === 'ahead')) {
		return before;
	}

	const record = new RunRecord(context, before.name);
	const unwritten = new Unwritten();
	if (!(await ownToEnd(record, unwritten))) {
		return before;
	}

	if (!record.owned) {
		await record.catchUp();
	}

	try {
		await finishStopping(context, record, unwritten);
		const state = record.known;
		const found = state.phase === 'gone' ? undefined : await look(context, state);
		if (found?.type === 'over' && (state.phase !== 'ended' || !found.over.kept)) {
			await closeRun(context, record, found.over, unwritten);
		} else if (found?.type === 'overdue' && (await endOverdue(context, record, found.end, unwritten))) {
			notes.push(`${before.name}: ${record.known.reason}, so that it was ended from here`);
		} else {
			await noteHalted(context, record, found);
		}
	} finally {
		await release(record, unwritten);
	}

	const line = isOver(record.known) ? unwrittenLine(record.name, unwritten) : undefined;
	if (line !== undefined) {
		notes.push(line);
	}

	return record.known;
}

async function look(context: RunContext, state: RunState): Promise<Finding | undefined> {
	const backend = await context.backend(state.offer.backend);
	const now = context.clock.now();
	if (state.instanceId !== undefined) {
		return examine(backend, state, now);
	}

	// Launching again with the same intent finds an instance that the crash kept secret; without one, nothing is left to go on with.
	const secret = await (state.unanswered
		? findInstance(backend, state)
		: backend.find(state.intentId, state.offer, state.account));
	if (secret) {
		return late(secret, state, now);
	}

	const isTold = state.offer.price === 0 || !state.unanswered || now - (await lastEventAt(context, state)) > tellLimit;
	return isTold ? {type: 'over', over: new RunOver('interrupted before it had an instance', false)} : undefined;
}

/** Whoever looks after a run ends it when it is late. One that does not, being suspended or stuck, must not hide that it is billed. */
async function tellOverdue(context: RunContext, state: RunState | undefined, notes: string[]): Promise<void> {
	const now = context.clock.now();
	if (!state?.instanceId || !overdue(now - overdueLimit, state)) {
		return;
	}

	const backend = await context.backend(state.offer.backend);
	if ((await examine(backend, state, now))?.type === 'overdue') {
		const command = backend.byHand?.(state.instanceId).command;
		notes.push(
			`${state.name} could not be ended: ${overdueLine(now, state)}. Another program looks after it, and does nothing.${command === undefined ? '' : ` By hand: ${command}`}`,
		);
	}
}

async function lastEventAt(context: RunContext, {name}: RunState): Promise<number> {
	const {events} = await readJournal(runFolder(context.paths, name));
	return events.at(-1)?.at ?? 0;
}

/** What another machine than this one is called; undefined for this one, and where nobody noted which it was. */
const elsewhereName = (theirs: MachineId | undefined, ours: MachineId | undefined): string | undefined =>
	theirs && ours && theirs.id !== ours.id ? theirs.name : undefined;

type Question = {
	readonly installation: string;
	readonly machine: MachineId | undefined;
	readonly sweep: boolean;
	readonly everywhere: boolean;
	readonly runs: readonly RunState[];
	readonly notes: string[];
	readonly looked: Looked[];
};

/**
Instances with our tag that a run went on without are ended where nobody was ever let into them: a crash, or a late answer, came between.
Those that may hold work although their journal says that they are gone are returned, as those without a journal are.
*/
async function askBackend(
	context: RunContext,
	backend: Backend,
	{installation, machine, sweep, everywhere, runs, notes, looked}: Question,
): Promise<Orphan[]> {
	const orphans: Orphan[] = [];
	try {
		const regions = await regionsToAsk(context.paths, backend, everywhere);
		const live = new Set(runs.filter(({phase}) => phase !== 'gone').map(({intentId}) => intentId));
		const unanswered = (region: string, error: Error) => {
			notes.push(`${backend.name} ${region} could not be asked for leftovers: ${error.message}`);
		};

		const {instances, answered, unasked} = await listIn(backend, installation, regions, unanswered);
		looked.push({backend: backend.name, regions: answered, unasked});
		for (const instance of instances) {
			if (live.has(instance.intentId) || instance.state === 'ending' || instance.state === 'terminated') {
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
						`${orphanWords({backend: backend.name, instance, saidGone: true})}: \`${self} reap\` asks whether to end it`,
					);
				}
			} else if (state.phase === 'gone' || state.intentId !== instance.intentId) {
				await backend.terminate(instance.id, instance.account);
				notes.push(`${instance.run}: an instance that nobody was ever let into was ended (${instance.id})`);
			}
		}

		if (sweep && backend.sweep) {
			// What lies where nothing was ever asked for is none of ours, unless an instance with our tag is there.
			const found = instances.flatMap(({offer}) => offer?.region ?? []);
			notes.push(...(await backend.sweep(installation, [...new Set([...regions.sure, ...found])])));
		}
	} catch (error) {
		notes.push(`${backend.name} could not be asked for leftovers: ${messageOf(error)}`);
	}

	return orphans;
}
