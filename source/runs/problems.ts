import type {BackendError} from '../backends/backend.js';
import {Problem} from '../system/problem.js';
import type {RunState} from './state.js';

/** Nothing can be done in a run that is over. */
export function endedProblem(state: RunState): Problem {
	const next =
		state.phase === 'ended'
			? `What it holds is kept; \`dstack-tui stop ${state.name}\` removes it.`
			: 'Start a new one with `dstack-tui run`.';
	return new Problem('failed', `${state.name} has ended: ${state.reason ?? 'no reason known'}`, {next});
}

/** A failed step as the person reads it. */
export const stepProblem = (step: string, message: string, lastLines: readonly string[], next: string | undefined): Problem =>
	new Problem('failed', `${step}: ${message}`, {details: lastLines, next});

/** A backend's refusal as the person reads it. */
export const provisioningProblem = (error: BackendError, backend: string): Problem =>
	new Problem('not-provisioned', `${backend}: ${error.message}`, {next: error.next, cause: error});
