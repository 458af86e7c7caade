import {messageOf, Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import {finishStopping} from '../end/end-run.js';
import {refuseNewerWork, WorkChanged} from '../end/newer-work.js';
import {findStopRequest, refuseStop, type StopRequest} from '../end/stop-request.js';
import type {Consent} from '../model/consent.js';
import {Unwritten} from '../end/failed-writes.js';
import type {RunRecord} from '../journal/record.js';

/** Ends a run as another program asks for. Where there is work that came after that one has looked, it is refused, and nothing is ended. */
export async function obey(
	context: RunContext,
	record: RunRecord,
	request: StopRequest,
	end: (consent: Consent) => Promise<void>,
): Promise<void> {
	try {
		await refuseNewerWork(context, record, request.consent);
	} catch (error) {
		const problem = error instanceof Problem ? error : new Problem('failed', messageOf(error), {cause: error});
		record.note(problem.message);
		await refuseStop(request, record.name, problem);
		return;
	}

	// It may have been given up meanwhile.
	const still = await findStopRequest(record.folder);
	if (still?.place === request.place) {
		await end(request.consent);
	}
}

/** Finishes an end that another program has begun; where there is newer work its journal says so, and it goes on. */
export async function finishOrGoOn(context: RunContext, record: RunRecord): Promise<Unwritten> {
	try {
		return await finishStopping(context, record);
	} catch (error) {
		if (error instanceof WorkChanged) {
			return new Unwritten();
		}

		throw error;
	}
}
