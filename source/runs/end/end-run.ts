import {type RunContext, waitFor} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import type {RunOver} from '../steps/step.js';
import {readdir, rm} from 'node:fs/promises';
import path from 'node:path';
import {type Backend, BackendError, type Instance} from '../../backends/backend.js';
import type {Paths} from '../../system/paths.js';
import {emptyIfMissing} from '../../system/files.js';
import {messageOf} from '../../system/problem.js';
import {type AliasTrouble, removeAliases} from '../../tunnel/ssh-config/install-aliases.js';
import {leaveEnd, patience} from '../words/wait-words.js';
import {readState} from '../journal/journal.js';
import {enterInLedger} from '../journal/ledger.js';
import {lookSurely} from '../launch/find-instance.js';
import {isRequestFile} from '../journal/owner-requests.js';
import {countsFile, forgetSecrets, runFolder, runNames, secretFiles, watchedFile} from '../journal/run-folder.js';
import {findInstance, refuseOtherAccount} from '../steps/run-instance.js';
import {notEndedProblem} from '../words/problems.js';
import type {NewEvent} from '../model/events.js';
import type {Consent} from '../model/consent.js';
import {type Look, refuseNewerWork, WorkChanged} from './newer-work.js';
import {isStopFile} from './stop-request.js';
import {announce, ownToEnd, Unwritten} from './failed-writes.js';
import {isOver, type RunState} from '../model/state.js';

export type End = {
	readonly reason: string;
	/** What may be lost with it. */
	readonly consent: Consent;
	/** It was agreed to in another program, or long ago. */
	readonly isLater?: boolean;
};

/**
Ends a run that this program owns, or that nobody can own on this disk: its instance first, confirmed, then everything that was kept for it.
Returns what could not be written. Throws a `Problem` where the end is not confirmed; `WorkChanged` where there is work that may not be lost.
*/
export async function endRun(context: RunContext, record: RunRecord, end: End, unwritten = new Unwritten()): Promise<Unwritten> {
	const {reason, consent, isLater = false} = end;
	const {state} = record;
	if (!state || state.phase === 'gone') {
		return unwritten;
	}

	if (state.phase !== 'stopping') {
		await refuseElsewhere(context, state);
	}

	const look = async (how: Look) => lookForWork(context, record, consent, how, unwritten);
	// What an end has left half way says nothing any more. Only where it ends by itself all the same is that left alone.
	const mayBeSilent = isLater && !(state.offer.price > 0 && typeof state.deadline === 'number');
	await look({isLater, mayBeSilent});
	if (state.phase !== 'stopping' || !isLater) {
		await announce(record, {type: 'stopping', reason, consent}, unwritten);
	}

	await terminateSurely(context, record, async () => look({isLater, mayBeSilent: true}), unwritten);
	await settleEnd(context, record, {type: 'gone', reason}, unwritten);
	return unwritten;
}

/** What belongs to an end when the instance is no matter any more: what opened doors goes, the ledger and the journal are told. */
export async function settleEnd(
	{paths, clock}: RunContext,
	record: RunRecord,
	gone: Extract<NewEvent, {type: 'gone'}>,
	unwritten: Unwritten,
): Promise<void> {
	const trouble = await tidy(paths, record.folder, unwritten);
	if (trouble) {
		record.note(`${trouble.why} ${trouble.next}`);
	}

	if (!record.owned) {
		// What has been removed made room, perhaps.
		await ownToEnd(record, unwritten);
	}

	if (!gone.kept) {
		await unwritten.attempt('ledger', async () => leaveRecord(paths, record.known, clock.now(), gone.reason));
	}

	await announce(record, gone, unwritten);
}

/** The same in an end that has begun: one that may not go on is taken back, so that nobody finishes it later. */
async function lookForWork(
	context: RunContext,
	record: RunRecord,
	consent: Consent,
	how: Look,
	unwritten: Unwritten,
): Promise<void> {
	try {
		await refuseNewerWork(context, record, consent, how);
	} catch (error) {
		if (record.known.phase === 'stopping') {
			const message = messageOf(error);
			await announce(record, {type: error instanceof WorkChanged ? 'stop-withdrawn' : 'stop-failed', message}, unwritten);
		}

		throw error;
	}
}

/** An end that cannot come about here is not even begun: under the right account it would go on by itself, long after it was asked for. */
async function refuseElsewhere(context: RunContext, state: RunState): Promise<void> {
	const backend = await context.backend(state.offer.backend);
	try {
		await refuseOtherAccount(backend, state, new AbortController().signal);
	} catch (error) {
		const id = state.instanceId;
		const {command, console: page} = (id !== undefined && backend.byHand?.(id)) || {};
		const stopFailure = {at: context.clock.now(), message: messageOf(error), command, console: page};
		throw notEndedProblem({...state, stopFailure}, error);
	}
}

/** Runs that cost nothing are no news to a ledger. */
async function leaveRecord(paths: Paths, state: RunState, at: number, reason: string): Promise<void> {
	if (hadPrice(state)) {
		await enterInLedger(paths, state, at, reason);
	}
}

const hadPrice = ({offer, attempts}: RunState): boolean => offer.price > 0 || attempts.some(each => each.offer.price > 0);

/** A cloud that does not answer is asked again so often; after that the next start of this program does. */
const mostTries = 6;
const firstDelay = 1000;

/** Every failure is told at once, with the way to end it by hand. Throws a `Problem` when it is still not confirmed. */
async function terminateSurely(
	context: RunContext,
	record: RunRecord,
	lookAgain: () => Promise<void>,
	unwritten: Unwritten,
): Promise<void> {
	const {offer} = record.known;
	for (let tries = 1; ; tries++) {
		try {
			await terminateInstance(context, record.known);
			return;
		} catch (error) {
			const id = record.known.instanceId;
			const {command, console: page} = (id && (await context.backend(offer.backend)).byHand?.(id)) || {};
			await announce(record, {type: 'stop-failed', message: messageOf(error), command, console: page}, unwritten);
			const isFinal = !(error instanceof BackendError) || error.class !== 'transient';
			if (offer.price === 0 || tries === mostTries || isFinal) {
				throw notEndedProblem(record.known, error);
			}

			await context.clock.sleep(firstDelay * 2 ** (tries - 1));
			await lookAgain();
		}
	}
}

/** What it takes to end an instance. */
export type Ended = Pick<RunState, 'name' | 'offer' | 'account' | 'instanceId' | 'intentId' | 'unanswered'>;

/** Ends the instance of a run, also one that was made and never heard of. No instance is no error. Told as a wait, which has an end. */
export async function terminateInstance(context: RunContext, state: Ended): Promise<void> {
	const {name, offer} = state;
	const backend = await context.backend(offer.backend);
	const id = state.instanceId ?? (await unheardOf(context, backend, state));
	if (id !== undefined) {
		const what = `${offer.backend} to confirm that ${name} (${id}) has ended`;
		await waitFor(context, {what, limit: patience.end, wayOut: leaveEnd(name)}, async (_, signal) =>
			backend.terminate(id, state.account, signal),
		);
	}
}

/** What an unanswered request made. A cloud may tell of it only after a while. */
async function unheardOf(context: RunContext, backend: Backend, state: Ended): Promise<string | undefined> {
	if (state.offer.price === 0) {
		return (await findInstance(backend, state))?.id;
	}

	return state.unanswered ? (await unansweredInstance(context, backend, state))?.id : undefined;
}

/** The living instance that a request made whose answer was not heard, looked for as long as a cloud may keep silent about it. */
export async function unansweredInstance(
	context: RunContext,
	backend: Backend,
	state: Ended,
	leaving?: AbortSignal,
): Promise<Instance | undefined> {
	const {name, offer, account, intentId: id} = state;
	const {clock, random} = context;
	const what = `${offer.backend} to tell whether it made an instance for ${name} (${offer.instanceType} in ${offer.region})`;
	const limit = patience.unanswered;
	// The wait itself ends a cloud that hangs; one that fails is given up at the same time.
	return waitFor(context, {what, limit: limit + patience.question, wayOut: leaveEnd(name)}, async (trouble, over) => {
		const signal = leaving ? AbortSignal.any([over, leaving]) : over;
		return lookSurely({backend, intent: {id, offer, account}, clock, random, limit, signal}, ({text}) => trouble(text));
	});
}

/** Goes on with an end in whose middle a program died, unless there is newer work. Only the owner may. Returns what could not be written. */
export async function finishStopping(context: RunContext, record: RunRecord, unwritten = new Unwritten()): Promise<Unwritten> {
	const {state} = record;
	if (state?.phase !== 'stopping') {
		return unwritten;
	}

	const {reason = 'stopped', stopConsent: consent = {lose: 'nothing'}} = state;
	return endRun(context, record, {reason, consent, isLater: true}, unwritten);
}

/**
Writes down that a run is over by itself. What it keeps stays; everything else goes, and what opened doors before that is told. Returns what
could not be written.
*/
export async function closeRun(
	context: RunContext,
	record: RunRecord,
	{message, kept, work}: RunOver,
	unwritten = new Unwritten(),
): Promise<Unwritten> {
	const {offer, instanceId} = record.known;
	if (!kept) {
		await terminateInstance(context, record.known);
	} else if (instanceId !== undefined) {
		await (await context.backend(offer.backend)).quieten?.(instanceId);
	}

	await settleEnd(context, record, {type: 'gone', reason: message, kept, work}, unwritten);
	return unwritten;
}

/**
Takes away what opened doors: aliases, keys, secrets. Journal and logs stay for the record. A config of the person's that cannot be written
any more is no failure: what stays in it leads nowhere. Whatever the disk keeps is noted in `unwritten`.
*/
export async function tidy(paths: Paths, folder: string, unwritten: Unwritten): Promise<AliasTrouble | undefined> {
	let trouble: AliasTrouble | undefined;
	await unwritten.attempt('keys', async () => forgetSecrets(folder));
	await unwritten.attempt('requests', async () => removeRequests(folder));
	await unwritten.attempt('aliases', async () => {
		trouble = await removeAliases(paths, folder, async () => anyAlias(paths, path.basename(folder)));
	});
	return trouble;
}

async function removeRequests(folder: string): Promise<void> {
	const asked = (await readdir(folder).catch(emptyIfMissing)).filter(file => isRequestFile(file) || isStopFile(file));
	for (const file of [countsFile, watchedFile, ...asked]) {
		await rm(path.join(folder, file), {force: true});
	}
}

/** What an end could not remove or write down, when the disk can be written again. Nothing to do is the rule. */
export async function settleGone(
	{paths}: RunContext,
	folder: string,
	state: RunState,
	ledger: ReadonlySet<string>,
	unwritten: Unwritten,
): Promise<void> {
	const entries = await readdir(folder);
	if (entries.some(entry => secretFiles.has(entry))) {
		await unwritten.attempt('keys', async () => forgetSecrets(folder));
	}

	if (state.endedAt !== undefined && hadPrice(state) && !ledger.has(state.specification.intentId)) {
		const at = state.endedAt;
		await unwritten.attempt('ledger', async () => leaveRecord(paths, state, at, state.reason ?? 'stopped'));
	}
}

async function anyAlias(paths: Paths, without: string): Promise<boolean> {
	const names = (await runNames(paths)).filter(name => name !== without);
	const states = await Promise.all(names.map(async name => readState(runFolder(paths, name)).catch(() => undefined)));
	return states.some(state => state?.address !== undefined && !isOver(state));
}

/**
Whether the run goes on with another instance where its own has gone. It does where the cloud took a spot instance back and the
configuration says to try again then. What the old one left is ended first, for certain.
*/
export async function goOnAfter(context: RunContext, record: RunRecord, over: RunOver): Promise<boolean> {
	const {phase, specification} = record.known;
	const wanted = specification.retry?.on.includes('interruption') === true;
	if (!over.interrupted || over.kept || !wanted || phase === 'stopping') {
		return false;
	}

	await terminateInstance(context, record.known);
	await record.append({type: 'instance-lost', reason: over.message, interrupted: true});
	return true;
}
