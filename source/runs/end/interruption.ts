import type {RunContext} from '../context.js';
import {terminateInstance} from './end-run.js';
import type {RunRecord} from '../journal/record.js';
import type {RunOver} from '../steps/step.js';

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
