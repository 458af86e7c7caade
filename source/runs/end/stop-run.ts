import {Problem} from '../../system/problem.js';
import {type RunContext, waitFor} from '../context.js';
import {leaveEnd, quietOwner} from '../words/wait-words.js';
import {keepCachesBeforeEnd} from '../prepare/caches.js';
import {endRun, terminateInstance} from './end-run.js';
import {goOnAsking, readRefusal, requestStop, withdrawStop} from './stop-request.js';
import {refuseNewerWork} from './newer-work.js';
import type {Consent} from '../model/consent.js';
import {OwnerWatch} from '../journal/ownership.js';
import type {RunRecord} from '../journal/record.js';
import {programName} from '../../system/program-name.js';
import {ownToEnd, release, Unwritten, UnwrittenEnd} from './failed-writes.js';

const pollInterval = 500;
const stopLimit = 120_000;
/** The saving itself ends before that. */
const cacheLimit = 12 * 60_000;

/**
Ends a run: itself where this program is its owner or can become it, else by asking the owner. Whoever ends it looks for work just before
that, and ends nothing where `consent` does not cover what is there. Throws a `Problem`: `WorkChanged` then, an `UnwrittenEnd` where the end is
confirmed, and this machine's disk did not take all that belongs to it.
*/
export async function stopRecord(
	context: RunContext,
	record: RunRecord,
	reason: string,
	consent: Consent = {lose: 'nothing'},
): Promise<void> {
	const unwritten = new Unwritten();
	let isOurs = await ownToEnd(record, unwritten);
	if (!isOurs && (await askOwnerToStop(context, record, consent, unwritten))) {
		const what = `the program that looks after ${record.name} to end it`;
		await waitFor(context, {what, limit: 2 * stopLimit, wayOut: leaveEnd(record.name)}, async trouble =>
			awaitOwner(context, record, trouble),
		);
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

			await endRun(context, record, {reason, consent}, unwritten);
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
async function askOwnerToStop(context: RunContext, record: RunRecord, consent: Consent, unwritten: Unwritten): Promise<boolean> {
	if (await unwritten.attempt('request', async () => requestStop(record.folder, consent))) {
		return true;
	}

	const {instanceId, name} = record.known;
	if (instanceId === undefined) {
		throw new Problem('failed', `The program that looks after ${name} cannot be asked to end it`, {
			details: unwritten.lines,
			next: `End that program, then try again: ${programName} stop ${name}`,
		});
	}

	await refuseNewerWork(context, record, consent);
	await terminateInstance(context, record.known);
	return false;
}

/**
Waits until the owner, another program, has ended the run, or has died or answers no more, so that it can be ended from here. Throws the owner's own `Problem` where
it refuses. Nobody is asked any more after that.
*/
async function awaitOwner({clock}: RunContext, record: RunRecord, trouble: (words: string) => void): Promise<void> {
	const watch = new OwnerWatch(record.folder);
	try {
		for (const start = clock.elapsed(); clock.elapsed() - start < stopLimit;) {
			await clock.sleep(pollInterval);
			await goOnAsking(record.folder);
			await record.catchUp();
			const {isQuiet, owner, silent} = await watch.look();
			if (isQuiet && owner) {
				trouble(quietOwner(owner));
			}

			if (record.state?.phase === 'gone' || (await record.own(silent))) {
				return;
			}

			const refusal = await readRefusal(record.folder);
			if (refusal) {
				throw refusal;
			}
		}
	} finally {
		await withdrawStop(record.folder);
	}

	throw new Problem('failed', `The program that looks after ${record.name} did not end it, and is not asked for that any more`, {
		next: 'End that program and try again.',
	});
}
