import type {GuestStatus} from '../../agents/machine/status.js';
import {connect} from '../../tunnel/connection/connection.js';
import type {RunContext} from '../context.js';
import type {RunRecord} from '../journal/record.js';
import {instanceDestination} from '../link/destination.js';
import type {NewEvent} from '../model/events.js';
import type {OwnEnd} from '../model/overdue.js';
import {noteDeadline, readStatus} from '../prepare/secure-machine.js';
import {overdueReason} from '../words/overdue-words.js';
import {endRun} from './end-run.js';
import {announce, Unwritten} from './failed-writes.js';

/** Milliseconds. */
const askLimit = 10_000;

/**
Ends a run that this program owns, whose machine should have ended itself and did not. Its guard is asked before that, where it answers: what
it says holds, and is written down. False where it says that the time has not come. Throws the `Problem` of an end that is not confirmed.
*/
export async function endOverdue(
	context: RunContext,
	record: RunRecord,
	end: OwnEnd,
	unwritten = new Unwritten(),
): Promise<boolean> {
	if (await lives(context, record, unwritten)) {
		return false;
	}

	await endRun(context, record, {reason: overdueReason(end), consent: {lose: 'all'}}, unwritten);
	return true;
}

/** Whether the guard of a run that this program owns answers, and says that its machine is not to end yet: then the journal says so too. */
export async function lives(context: RunContext, record: RunRecord, unwritten = new Unwritten()): Promise<boolean> {
	const status = await askGuard(record);
	if (!status || (status.ends !== null && status.ends.at <= status.at)) {
		return false;
	}

	if (status.lease === null && !record.known.leaseLifted) {
		await announce(record, {type: 'lease-lifted'}, unwritten);
	}

	if (status.deadline === null) {
		// Nothing makes "never" of a deadline by itself: a person has told the guard so.
		await announce(record, {type: 'deadline-set', deadline: null}, unwritten);
	} else {
		const append = async (event: NewEvent) => announce(record, event, unwritten);
		const stage = {state: () => record.known, append};
		await noteDeadline(stage, status, context.clock.now());
	}

	return true;
}

/** What the guard of a run's machine says, over a connection too short to count as activity; undefined where nobody answers in time. */
async function askGuard(record: RunRecord): Promise<GuestStatus | undefined> {
	const signal = AbortSignal.timeout(askLimit);
	try {
		const link = await connect(await instanceDestination(record), signal);
		try {
			return await readStatus(link, signal);
		} finally {
			link.close();
		}
	} catch {
		// Whatever keeps it from answering: it does not look after itself.
		return undefined;
	}
}
