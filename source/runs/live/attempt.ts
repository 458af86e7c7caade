import type {Problem} from '../../system/problem.js';
import {NothingProvisioned} from '../launch/obtain-instance.js';
import {prepare} from '../prepare/prepare.js';
import {endedProblem, nothingProvisionedProblem, stepProblem} from '../words/problems.js';
import type {RunRecord} from '../journal/record.js';
import {RunOver, type Stage, StepFailed} from '../steps/step.js';

/**
One attempt at getting a run ready. Resolves with nothing when it is, or with the problem of a step that failed, which can be tried again;
rejects when the run is over, after `end` has closed it, or with the signal's reason. Where `end` says that the run goes on, so does this.
*/
export async function attempt(
	stage: Stage,
	record: RunRecord,
	end: (over: RunOver) => Promise<boolean>,
	act: (stage: Stage) => Promise<void> = prepare,
): Promise<Problem | undefined> {
	try {
		await act(stage);
		return undefined;
	} catch (error) {
		stage.signal.throwIfAborted();
		if (error instanceof RunOver) {
			if (await end(error)) {
				return await attempt(stage, record, end, act);
			}

			throw endedProblem(record.known);
		}

		if (error instanceof NothingProvisioned) {
			const problem = nothingProvisionedProblem(record.known, error.unasked);
			await end(new RunOver(`could not be provisioned: ${record.known.attempts.at(-1)?.message ?? problem.message}`, false));
			throw problem;
		}

		const {step, message, details} = StepFailed.from('instance', error);
		await stage.append({type: 'step-failed', step, message, ...details, lastLines: [...details.lastLines]});
		return stepProblem(record.known, stage.context.paths, {step, message, lastLines: details.lastLines, next: details.next});
	}
}
