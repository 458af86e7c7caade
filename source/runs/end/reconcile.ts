import type {Backend, Instance} from '../../backends/backend.js';
import {messageOf, Problem} from '../../system/problem.js';
import {type RunContext, waitFor} from '../context.js';
import type {Looked, Reconciled} from '../model/reconciled.js';
import {programName} from '../../system/program-name.js';
import type {MachineId} from '../../system/machine-id.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {WaitTimeout} from '../../system/waits.js';
import {leaveListing} from '../words/wait-words.js';
import {closeRun, finishStopping, settleGone} from './end-run.js';
import {sweepRunAliases} from '../link/aliases.js';
import {examine, noteHalted} from './examine.js';
import {elsewhereName, listLeftovers, seeToLeftovers} from './leftovers.js';
import {endOverdue} from './overdue.js';
import {settleWithoutIntent} from './left-claims.js';
import {ownerElsewhere, ownership, stays, timeSince} from '../journal/ownership.js';
import {asking, either, look} from './look.js';
import {readLedger} from '../journal/ledger.js';
import {ownToEnd, release, Unwritten, unwrittenLine} from './failed-writes.js';
import {readJournal, readState} from '../journal/journal.js';
import {RunRecord} from '../journal/record.js';
import {reduceAll} from '../model/reduce.js';
import {runFolder, runNames} from '../journal/run-folder.js';
import {overdue, overdueLimit} from '../model/overdue.js';
import {isOver, type RunState} from '../model/state.js';
import {overdueLine} from '../words/overdue-words.js';

/** How long a run without an instance may be between two programs. Milliseconds. */
const handoverLimit = 30_000;

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
	/** Who only lists waits no longer than this for anybody, milliseconds: the journal has the word then. What was asked may be heard later. */
	readonly patience?: number;
	/** Only these runs, and no backend is asked for others. */
	readonly names?: readonly string[];
	/** Told of each run that its backend did not speak of, and why. */
	readonly onUnchecked?: (name: string, why: string) => void;
	/** Told of each run as soon as that is known, while others are still asked for; undefined where nothing is left of it. */
	readonly onChecked?: (name: string, state: RunState | undefined) => void;
	/** Gives up what is only asked; an end that was begun goes on. */
	readonly signal?: AbortSignal;
};

/**
Compares the journals with what the backends say. Runs that another living program owns are left to it. An instance that ended by itself
is noted; a request that never became an instance is closed; an end that failed is tried again. One that nobody was ever let into, and no
journal waits for, is ended; one that a journal says is gone, and yet is there, may hold work, and is returned for a person to decide on.
What carries another installation's tag is not even looked at.
*/
export async function reconcile(context: RunContext, options: ReconcileOptions): Promise<Reconciled> {
	const {backends, machine, rest = 0, names: only} = options;
	const notes: string[] = [];
	const looked: Looked[] = [];
	const names = (await runNames(context.paths)).filter(name => only?.includes(name) ?? true);
	const ledger = new Set((await readLedger(context.paths)).map(({intentId}) => intentId));
	// Each is asked while the others are: nobody who hangs keeps another from being seen to.
	const asked = only === undefined ? backends.map(backend => ({backend, listing: listLeftovers(context, backend, options)})) : [];
	const ended = new Set<string>();
	const checked = await Promise.all(
		names.map(async name => checkRun(context, name, {rest, notes, ledger, ended, machine}, options)),
	);
	const unwritten = new Unwritten();
	if (!(await unwritten.attempt('aliases', async () => sweepRunAliases(context.paths)))) {
		notes.push(`Aliases of environments that have ended could not be removed: ${unwritten.lines.join('; ')}`);
	}

	const runs = checked.filter(state => state !== undefined).sort((a, b) => b.intendedAt - a.intendedAt);
	const orphans = await Promise.all(
		asked.map(async ({backend, listing}) =>
			seeToLeftovers(context, backend, await listing, {...options, runs, notes, looked, ended}),
		),
	);
	return {runs, orphans: orphans.flat(), notes: [...new Set(notes)], looked};
}

/** A run as its backend sees it; as its journal does where that fails, or takes too long for who only lists. */
async function checkRun(
	context: RunContext,
	name: string,
	look: Look,
	{patience: limit, onUnchecked, onChecked, signal}: ReconcileOptions,
): Promise<RunState | undefined> {
	const {notes} = look;
	try {
		const checking = async (inner: AbortSignal | undefined) => reconcileRun(context, name, {...look, signal: inner});
		const wish = {what: `what there is to know of ${name}`, wayOut: leaveListing};
		const state =
			limit === undefined
				? await checking(signal)
				: await waitFor(context, {...wish, limit}, async (_, inner) => checking(either(inner, signal)));
		onChecked?.(name, state);
		return state;
	} catch (error) {
		const state = await readState(runFolder(context.paths, name)).catch(() => undefined);
		onUnchecked?.(name, `${state?.offer.backend ?? 'its backend'}: ${messageOf(error)}`);
		if (!(error instanceof WaitTimeout && limit !== undefined)) {
			notes.push(error instanceof Problem ? error.message : `${name} could not be checked: ${messageOf(error)}`);
		}

		return state;
	}
}

type Look = {
	readonly rest: number;
	readonly notes: string[];
	readonly ledger: ReadonlySet<string>;
	/** Runs whose end was confirmed meanwhile. */
	readonly ended: Set<string>;
	readonly machine: MachineId | undefined;
	readonly signal?: AbortSignal | undefined;
};

async function reconcileRun(
	context: RunContext,
	name: string,
	{rest, notes, ledger, ended, machine, signal}: Look,
): Promise<RunState | undefined> {
	const folder = runFolder(context.paths, name);
	const {events} = await readJournal(folder);
	const state = reduceAll(name, events);
	const owner = await ownership(folder);
	if (owner === 'owned') {
		const there = await ownerElsewhere(folder);
		if (there !== undefined && state && state.phase !== 'gone') {
			notes.push(neutraliseLine(`${name} is looked after on ${there}, and is left alone here`));
		}

		await tellOverdue(context, state, notes, signal);
		return state;
	}

	if (!state) {
		await settleWithoutIntent(context, folder, notes);
		return undefined;
	}

	const isResting = (timeSince(context.clock, state.stopFailure?.at) ?? Number.POSITIVE_INFINITY) < rest;
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
				`${name} was started on ${elsewhere}, and is left alone here: \`${programName} stop ${name}\` ends it all the same, unless only that machine can`,
			),
		);
		return state;
	}

	if (isResting) {
		return state;
	}

	// Let go of a moment ago: the program that goes on with it in the background is still on its way.
	if (owner === 'free' && state.instanceId === undefined) {
		const age = timeSince(context.clock, events.at(-1)?.at);
		if (age !== undefined && age < handoverLimit) {
			return state;
		}

		if (age === undefined && !(await stays(context, folder, handoverLimit, signal))) {
			return readState(folder);
		}
	}

	const settled = await settle(context, state, notes, signal);
	if (isOver(settled)) {
		ended.add(name);
	}

	return settled;
}

/** Looks at a run that nobody looks after. What is found is decided again when it is ours: another program may have been faster. */
async function settle(
	context: RunContext,
	before: RunState,
	notes: string[],
	signal: AbortSignal | undefined,
): Promise<RunState> {
	const first = before.phase === 'stopping' ? undefined : await look(context, before, false, signal);
	// Who asked may have left meanwhile: then nothing is begun any more.
	signal?.throwIfAborted();
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
		const found = state.phase === 'gone' ? undefined : await look(context, state, true, signal);
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

/** Whoever looks after a run ends it when it is late. One that does not, being suspended or stuck, must not hide that it is billed. */
async function tellOverdue(
	context: RunContext,
	state: RunState | undefined,
	notes: string[],
	signal: AbortSignal | undefined,
): Promise<void> {
	const now = context.clock.now();
	if (!state?.instanceId || !overdue(now - overdueLimit, state)) {
		return;
	}

	const backend = await context.backend(state.offer.backend);
	const found = await asking(context, state, signal, async inner => examine(backend, state, now, inner));
	if (found?.type === 'overdue') {
		const command = backend.byHand?.(state.instanceId).command;
		notes.push(
			`${state.name} could not be ended: ${overdueLine(now, state)}. Another program looks after it, and does nothing.${command === undefined ? '' : ` By hand: ${command}`}`,
		);
	}
}

/**
Ends an instance that no journal tells of, once it is certain that it is this installation's: it is listed again under its tag. Throws a
`Problem` or the backend's `BackendError`.
*/
export async function endOrphan(
	context: RunContext,
	name: string,
	{id, run, offer}: Pick<Instance, 'id' | 'run' | 'offer'>,
	installation: string,
): Promise<void> {
	const backend = await context.backend(name);
	const listed = await backend.list(installation, offer === undefined ? [] : [offer.region]);
	const found = listed.find(instance => instance.id === id);
	if (!found) {
		throw new Problem('failed', `${run} (${id}) is no instance of this installation, or is gone`, {
			next: 'Nothing was ended: look at it in the console of the cloud.',
		});
	}

	await backend.terminate(id, found.account);
}
