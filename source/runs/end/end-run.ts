import {existsSync} from 'node:fs';
import {access, readdir, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {type Backend, BackendError} from '../../backends/backend.js';
import type {Paths} from '../../system/paths.js';
import {isMissing} from '../../system/files.js';
import {messageOf} from '../../system/problem.js';
import {type AliasTrouble, removeAliases, sweepAliases} from '../../tunnel/ssh-config/install-aliases.js';
import type {RunContext} from '../context.js';
import {readState} from '../journal/journal.js';
import {enterInLedger} from '../journal/ledger.js';
import {lookSurely} from '../launch/find-instance.js';
import type {RunOver} from '../steps/step.js';
import {countsFile, isPortRequest, watchedFile} from '../journal/port-files.js';
import {notEndedProblem} from '../words/problems.js';
import type {RunRecord} from '../journal/record.js';
import {forgetSecrets, runFolder, runNames} from '../journal/run-folder.js';
import {isOver, type RunState} from '../model/state.js';

/** Ends a run that this program owns: its instance first, confirmed, then everything that was kept for it. Throws a `Problem`. */
export async function endRun(context: RunContext, record: RunRecord, reason: string): Promise<void> {
	const {state} = record;
	if (!state || state.phase === 'gone') {
		return;
	}

	if (state.phase !== 'stopping') {
		await record.append({type: 'stopping', reason});
	}

	await terminateSurely(context, record);
	await tidyOf(context, record);
	await leaveRecord(context, record, reason);
	await record.append({type: 'gone', reason});
}

/** Runs that cost nothing are no news to a ledger. */
async function leaveRecord({paths, clock}: RunContext, {known}: RunRecord, reason: string): Promise<void> {
	const hadPrice = known.offer.price > 0 || known.attempts.some(({offer}) => offer.price > 0);
	if (hadPrice) {
		await enterInLedger(paths, known, clock.now(), reason);
	}
}

/** A cloud that does not answer is asked again so often; after that the next start of this program does. */
const mostTries = 6;
const firstDelay = 1000;

/** Every failure is told at once, with the way to end it by hand. Throws a `Problem` when it is still not confirmed. */
async function terminateSurely(context: RunContext, record: RunRecord): Promise<void> {
	const {offer} = record.known;
	for (let tries = 1; ; tries++) {
		try {
			await terminateInstance(context, record.known);
			return;
		} catch (error) {
			const id = record.known.instanceId;
			const {command, console: page} = (id && (await context.backend(offer.backend)).byHand?.(id)) || {};
			await record.append({type: 'stop-failed', message: messageOf(error), command, console: page});
			if (offer.price === 0 || tries === mostTries || (error instanceof BackendError && error.class !== 'transient')) {
				throw notEndedProblem(record.known, error);
			}

			await context.clock.sleep(firstDelay * 2 ** (tries - 1));
		}
	}
}

/** Ends the instance of a run, also one that was made and never heard of. No instance is no error. */
export async function terminateInstance(context: RunContext, state: RunState): Promise<void> {
	const backend = await context.backend(state.offer.backend);
	const id = state.instanceId ?? (await unheardOf(context, backend, state));
	if (id !== undefined) {
		await backend.terminate(id);
	}
}

/** What an unanswered request made. A cloud may tell of it only after a while. */
async function unheardOf({clock, random}: RunContext, backend: Backend, state: RunState): Promise<string | undefined> {
	const {offer, intentId: id, unanswered} = state;
	if (offer.price === 0) {
		return (await backend.find(id, offer))?.id;
	}

	return unanswered ? (await lookSurely({backend, intent: {id, offer}, clock, random}, () => undefined))?.id : undefined;
}

/** Goes on with an end in whose middle a program died. Only the owner may. */
export async function finishStopping(context: RunContext, record: RunRecord): Promise<void> {
	if (record.state?.phase === 'stopping') {
		await endRun(context, record, record.state.reason ?? 'stopped');
	}
}

/** Writes down that a run is over by itself. What it keeps stays; everything else goes, and what opened doors before that is told. */
export async function closeRun(context: RunContext, record: RunRecord, {message, kept, work}: RunOver): Promise<void> {
	const {offer, instanceId} = record.known;
	if (!kept) {
		await terminateInstance(context, record.known);
	} else if (instanceId !== undefined) {
		await (await context.backend(offer.backend)).quieten?.(instanceId);
	}

	await tidyOf(context, record);
	if (!kept) {
		await leaveRecord(context, record, message);
	}

	await record.append({type: 'gone', reason: message, kept, work});
}

async function tidyOf({paths}: RunContext, record: RunRecord): Promise<void> {
	const trouble = await tidy(paths, record.folder);
	if (trouble) {
		record.note(`${trouble.why} ${trouble.next}`);
	}
}

/**
Takes away what opened doors: aliases, keys, secrets. Journal and logs stay for the record. A config of the person's that cannot be written
any more is no failure: what stays in it leads nowhere.
*/
export async function tidy(paths: Paths, folder: string): Promise<AliasTrouble | undefined> {
	const trouble = await removeAliases(paths, folder, async () => anyAlias(paths, path.basename(folder)));
	await forgetSecrets(folder);
	const asked = (await readdir(folder).catch(emptyIfMissing)).filter(isPortRequest);
	for (const file of [stopFile, countsFile, watchedFile, ...asked]) {
		await rm(path.join(folder, file), {force: true});
	}

	return trouble;
}

function emptyIfMissing(error: unknown): string[] {
	if (isMissing(error)) {
		return [];
	}

	throw error;
}

async function anyAlias(paths: Paths, without: string): Promise<boolean> {
	const names = (await runNames(paths)).filter(name => name !== without);
	const states = await Promise.all(names.map(async name => readState(runFolder(paths, name)).catch(() => undefined)));
	return states.some(state => state?.address !== undefined && !isOver(state));
}

/** Takes away the aliases of runs that ended without it, or whose folders are gone. One that nothing is known of keeps its own. */
export async function sweepRunAliases(paths: Paths): Promise<void> {
	await sweepAliases(paths, async name => {
		const folder = runFolder(paths, name);
		if (!existsSync(folder)) {
			return false;
		}

		const state = await readState(folder).catch(() => undefined);
		return state === undefined || (state.address !== undefined && !isOver(state));
	});
}

const stopFile = 'stop-requested';
const stopRequest = (folder: string): string => path.join(folder, stopFile);

/** Asks the run's owner, another program, to end it. */
export const requestStop = async (folder: string): Promise<void> => writeFile(stopRequest(folder), '', {mode: 0o600});

/** Whether another program asked for the run's end. */
export const isStopRequested = async (folder: string): Promise<boolean> =>
	access(stopRequest(folder)).then(
		() => true,
		() => false,
	);
