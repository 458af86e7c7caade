import {existsSync} from 'node:fs';
import path from 'node:path';
import type {Backend} from '../../backends/backend.js';
import {unsavedWork} from '../../environment/work.js';
import {Problem} from '../../system/problem.js';
import type {Link} from '../../system/link.js';
import {type RunContext, waitFor} from '../context.js';
import {leaveEnd, leaveQuestion} from '../words/wait-words.js';
import {openEnvironment} from '../link/destination.js';
import {keepCachesBeforeEnd} from '../prepare/caches.js';
import {endRun, terminateInstance, tidy} from './end-run.js';
import {requestStop, withdrawStop} from './stop-request.js';
import {listIn, regionsToAsk} from './regions-to-ask.js';
import type {UnsavedWork} from '../model/run-handle.js';
import {readJournal} from '../journal/journal.js';
import {reduceAll} from '../model/reduce.js';
import type {RunRecord} from '../journal/record.js';
import {removeRunFolder, runFolder, runNames} from '../journal/run-folder.js';
import {describeInstance} from '../steps/run-instance.js';
import {stepContext} from '../steps/step.js';
import type {RunState} from '../model/state.js';
import {keptLines} from '../words/event-words.js';
import {self} from '../../system/program-name.js';
import {ownToEnd, release, Unwritten, UnwrittenEnd} from './unwritten.js';

const pollInterval = 500;
const stopLimit = 120_000;
const askLimit = 30_000;
/** The saving itself ends before that. */
const cacheLimit = 12 * 60_000;

/**
Ends a run: itself where this program is its owner or can become it, else by asking the owner. Throws a `Problem`; an `UnwrittenEnd` where
the end is confirmed, and this machine's disk did not take all that belongs to it.
*/
export async function stopRecord(context: RunContext, record: RunRecord, reason: string): Promise<void> {
	const unwritten = new Unwritten();
	let isOurs = await ownToEnd(record, unwritten);
	if (!isOurs && (await askOwnerToStop(context, record, unwritten))) {
		const what = `the program that looks after ${record.name} to end it`;
		await waitFor(context, {what, limit: 2 * stopLimit, wayOut: leaveEnd(record.name)}, async () => awaitOwner(context, record));
		isOurs = record.owned;
	}

	if (isOurs) {
		try {
			// Steps are written down before they are taken; a cache is nobody's only copy.
			if (record.owned) {
				const what = `the caches of ${record.name} to be kept for the next one`;
				const wish = {what, limit: cacheLimit, wayOut: leaveEnd(record.name)};
				await waitFor(context, wish, async () => keepCachesBeforeEnd(context, record));
			}

			await endRun(context, record, reason, unwritten);
		} finally {
			await release(record, unwritten);
		}
	}

	if (!unwritten.isEmpty) {
		throw new UnwrittenEnd(record.name, unwritten);
	}
}

/**
Asks the owner, another program, to end it. Where the disk has no room for that, the instance itself is ended, which the owner finds out: then
nobody need be waited for, and it is false. Throws a `Problem` where no instance is known, and the owner may be about to make one.
*/
async function askOwnerToStop(context: RunContext, record: RunRecord, unwritten: Unwritten): Promise<boolean> {
	if (await unwritten.attempt('request', async () => requestStop(record.folder))) {
		return true;
	}

	const {instanceId, name} = record.known;
	if (instanceId === undefined) {
		throw new Problem('failed', `The program that looks after ${name} cannot be asked to end it`, {
			details: unwritten.lines,
			next: `End that program, then try again: ${self} stop ${name}`,
		});
	}

	await terminateInstance(context, record.known);
	return false;
}

/** Waits until the owner, another program, has ended the run, or has died so that it can be ended from here. */
async function awaitOwner({clock}: RunContext, record: RunRecord): Promise<void> {
	for (const start = clock.now(); clock.now() - start < stopLimit;) {
		await clock.sleep(pollInterval);
		await record.catchUp();
		if (record.state?.phase === 'gone' || (await record.own())) {
			return;
		}
	}

	await withdrawStop(record.folder);
	throw new Problem('failed', `The program that looks after ${record.name} did not end it, and is not asked for that any more`, {
		next: 'End that program and try again.',
	});
}

/** Does something over a connection of its own into the environment, without taking the run up. Rejects where it cannot be reached. */
export async function overOwnLink<T>(record: RunRecord, act: (link: Link) => Promise<T>): Promise<T> {
	const link = await openEnvironment(record, AbortSignal.timeout(askLimit));
	try {
		return await act(link);
	} finally {
		link.close();
	}
}

/** Whether there is no place in which work could be: nothing was copied there yet, or its end was decided on already. */
export const isEmpty = ({phase, address, opened, steps}: RunState): boolean =>
	phase === 'gone' || phase === 'stopping' || !address || !opened || !steps.some(({id}) => id === 'code');

const nothing: UnsavedWork = {changed: false, lines: []};

/** What ending a run would lose. Undefined where its environment cannot be asked. */
export async function findUnsavedWork(context: RunContext, record: RunRecord): Promise<UnsavedWork | undefined> {
	const {known} = record;
	if (known.phase === 'ended') {
		return {changed: true, lines: keptLines(known).slice(0, -1)};
	}

	if (isEmpty(known)) {
		return nothing;
	}

	if (known.halted) {
		// Nothing answers there, and its disk may hold work.
		return undefined;
	}

	try {
		const wish = {what: `${known.name} to say what work it holds`, limit: 2 * askLimit, wayOut: leaveQuestion};
		return await waitFor(context, wish, async () => overOwnLink(record, async link => unsavedWork(link, stepContext(known))));
	} catch (error) {
		record.note(`could not be asked for unsaved work: ${String(error)}`);
		return (await isLost(context, known)) ? nothing : undefined;
	}
}

/** Whether the backend is sure that nothing is left of the instance that could be saved. */
async function isLost(context: RunContext, known: RunState): Promise<boolean> {
	try {
		const instance = await describeInstance(await context.backend(known.offer.backend), known);
		return instance === undefined || instance.state === 'terminated' || instance.state === 'ending';
	} catch {
		// Whoever cannot be asked is sure of nothing.
		return false;
	}
}

/** Whether a run has left something whose journal does not even begin with its intent: nothing is known of it. */
export async function isDamaged(context: RunContext, name: string): Promise<boolean> {
	if (!(await runNames(context.paths)).includes(name)) {
		return false;
	}

	const folder = runFolder(context.paths, name);
	const {events, damaged} = await readJournal(folder);
	return !reduceAll(name, events) && (damaged.length > 0 || existsSync(path.join(folder, 'instance')));
}

/**
Ends what a run left whose journal does not even begin with its intent: the instances that carry its name and our tag, then its folder.
False where there is no such run.
*/
export async function endDamaged(
	context: RunContext,
	name: string,
	ofInstallation: () => Promise<string>,
	backends: readonly Backend[],
): Promise<boolean> {
	if (!(await isDamaged(context, name))) {
		return false;
	}

	const folder = runFolder(context.paths, name);
	const installation = await ofInstallation();
	for (const backend of backends) {
		const regions = await regionsToAsk(context.paths, backend, true);
		const {instances} = await listIn(backend, installation, regions, (_, error) => {
			throw error;
		});
		for (const instance of instances) {
			if (instance.run === name) {
				await backend.terminate(instance.id, instance.account);
			}
		}
	}

	const unwritten = new Unwritten();
	await tidy(context.paths, folder, unwritten);
	await unwritten.attempt('journal', async () => removeRunFolder(folder));
	if (!unwritten.isEmpty) {
		throw new UnwrittenEnd(name, unwritten);
	}

	return true;
}
