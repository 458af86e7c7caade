import {BackendError} from '../backends/backend.js';
import type {Problem} from '../system/problem.js';
import {prepare} from './prepare.js';
import {endedProblem, provisioningProblem, stepProblem} from './problems.js';
import type {RunRecord} from './record.js';
import {RunOver, type Stage, StepFailed} from './stage.js';

/**
One attempt at getting a run ready. Resolves with nothing when it is, or with the problem of a step that failed, which can be tried again;
rejects when the run is over, after `end` has closed it, or with the signal's reason.
*/
export async function attempt(
	stage: Stage,
	record: RunRecord,
	end: (over: RunOver) => Promise<void>,
): Promise<Problem | undefined> {
	try {
		await prepare(stage);
		return undefined;
	} catch (error) {
		stage.signal.throwIfAborted();
		if (error instanceof RunOver) {
			await end(error);
			throw endedProblem(record.known);
		}

		if (error instanceof BackendError) {
			const {class: errorClass, message, next} = error;
			await stage.append({type: 'attempt-failed', errorClass, message, next});
			await end(new RunOver(`could not be provisioned: ${message}`, false));
			throw provisioningProblem(error, record.known.offer.backend);
		}

		const {step, message, details} = StepFailed.from('instance', error);
		await stage.append({type: 'step-failed', step, message, ...details, lastLines: [...details.lastLines]});
		return stepProblem(record.known, stage.context.paths, {step, message, lastLines: details.lastLines, next: details.next});
	}
}
